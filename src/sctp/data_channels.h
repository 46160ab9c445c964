// The data channels of one connection (RFC 8831): DCEP, stream ids, messages and their queues over one SCTP
// association.
//
// Sans-IO: SCTP packets (what DTLS carries) and time in, SCTP packets and events out. After every call take
// the events (poll_event until it gives none), then the packets (pop_packet until it gives none).
//
// Invariants: an event of a channel comes after its kChannel or the create() that gave its handle, and none
// after its kClosed. A stream id is used again only when both sides have reset it (RFC 8831 §6.7). Memory is
// bounded by Options: channels, names, messages queued to send, messages that wait to be taken. Messages that
// nobody takes fill the receive window, and the peer stops sending. Called by the transports and the client.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "base/bytes.h"
#include "base/random.h"
#include "sctp/association.h"
#include "sctp/channel.h"
#include "sctp/data_channel.h"
#include "sctp/dcep.h"
#include "sctp/inbox.h"
#include "sctp/options.h"
#include "sluice/result.h"
#include "sluice/time.h"

namespace sluice::sctp {

class DataChannels {
 public:
  /// `random` must outlive the object.
  DataChannels(const Options& options, Random& random);
  DataChannels(const DataChannels&) = delete;
  DataChannels& operator=(const DataChannels&) = delete;
  ~DataChannels();

  // --- The association ---------------------------------------------------------------------------------

  /// kNew → kConnecting: DTLS is up. Both sides do this, at any time (RFC 8841 §9.3). Again: no effect.
  void start(bool is_dtls_client, Instant now);
  /// What a DTLS record held.
  void receive(Bytes packet, Instant now);
  void advance(Instant now);
  [[nodiscard]] Instant next_deadline() const;
  /// The next SCTP packet to send; valid until the next call.
  std::optional<Bytes> pop_packet();
  /// The next event. Taking events lets the peer send more: packets may follow.
  std::optional<Event> poll_event(Instant now);
  /// Tells the peer by an ABORT and ends: kClosed for every channel, then State::kClosed. Nothing is
  /// delivered or sent afterwards, but for that packet.
  void abort(Instant now);

  /// Whoever carried the association is being made anew: as abort(), and then kNew again, with new channels
  /// to be made. Handles go on counting.
  void reset(Instant now);

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] Counters counters() const;
  /// From signaling, when it comes later than the association.
  void set_max_send_message_size(std::size_t bytes) { options_.max_send_message_size = bytes; }
  /// Likewise, before start().
  void set_remote_port(std::uint16_t port) { options_.remote_port = port; }
  /// What INIT has agreed on, and what was added since: zero before kConnected.
  [[nodiscard]] std::uint16_t outgoing_streams() const;
  [[nodiscard]] std::uint16_t incoming_streams() const;

  // --- Channels ----------------------------------------------------------------------------------------

  /// In any state but the final ones. The refusal names the field of ChannelOptions.
  Result<ChannelHandle> create(const ChannelOptions& options, Instant now);
  SendStatus send(ChannelHandle channel, MessageKind kind, Bytes message, Instant now);
  /// What is queued is sent first. kClosed follows when the peer has closed too. Unknown handles: no effect.
  void close(ChannelHandle channel, Instant now);

  [[nodiscard]] ChannelState channel_state(ChannelHandle channel) const;  ///< kClosed when unknown.
  [[nodiscard]] const ChannelOptions* channel_options(ChannelHandle channel) const;  ///< Null when unknown.
  /// Absent before it is assigned.
  [[nodiscard]] std::optional<std::uint16_t> stream_id(ChannelHandle channel) const;
  [[nodiscard]] ChannelHandle channel_of(std::uint16_t stream_id) const;  ///< kNone when there is none.
  [[nodiscard]] std::size_t channel_count() const { return channels_.size(); }
  /// Bytes of messages that were given to send() and have not been transmitted once.
  [[nodiscard]] std::size_t buffered_amount(ChannelHandle channel) const;
  [[nodiscard]] std::size_t buffered_amount() const { return buffered_; }  ///< Of all.
  /// 0 at first. kBufferedAmountLow comes once each time that the amount falls from above it.
  void set_buffered_amount_low_threshold(ChannelHandle channel, std::size_t bytes);
  [[nodiscard]] std::size_t buffered_amount_low_threshold(ChannelHandle channel) const;

 private:
  // data_channels.cc
  [[nodiscard]] Channel* find(ChannelHandle handle) const;
  [[nodiscard]] Channel* find(std::uint16_t stream_id) const;
  [[nodiscard]] Result<void> check(const ChannelOptions& options) const;
  Channel& add(ChannelOptions options);
  void announce(Event::Type type, const Channel& channel, std::string text = {});
  void after(Instant now);

  // data_channels_open.cc: from a name to an open channel, and away again
  bool assign_id(Channel& channel);
  void open_all(Instant now);
  void open(Channel& channel);
  bool grow(std::uint16_t stream_id, Instant now);
  void fail(Channel& channel, std::string why);
  void close(Channel& channel);
  void drop_queue(Channel& channel);
  void reset_closing(Instant now);
  void finish_if_reset(Channel& channel);
  void remove(Channel& channel);
  void end(State state, const std::string& why);

  // data_channels_receive.cc
  void read(Instant now);
  void take(const Notice& notice, Instant now);
  void take_connected(Instant now);
  void take_piece(const Notice& notice, Instant now);
  void take_message(std::uint16_t stream_id, std::uint32_t ppid);
  void take_dcep(std::uint16_t stream_id, Instant now);
  void take_open(std::uint16_t stream_id, const dcep::Open& message, Instant now);
  void take_reset(const Notice& notice);
  void take_streams_refused();

  // data_channels_send.cc
  void queue_control(Channel& channel, std::vector<std::uint8_t> data);
  void schedule(Channel& channel);
  void send_queued(Instant now);
  bool take_turn(Channel& channel, Instant now);
  void hand_over(Channel& channel, OutgoingMessage& message, Bytes data, Instant now);
  void drop_expired(Channel& channel, Instant now);
  void count_transmitted();
  void take_abandoned(const Notice& notice);
  void take_from_stack(Channel& channel, std::size_t bytes);
  void lower_buffered(Channel& channel, std::size_t& part, std::size_t bytes);

  Options options_;
  Random& random_;
  State state_ = State::kNew;
  std::optional<bool> dtls_client_;
  std::unique_ptr<Association> association_;  ///< From start() on.
  Inbox inbox_;

  std::map<ChannelHandle, std::unique_ptr<Channel>> channels_;  ///< In the order in which they were made.
  std::unordered_map<std::uint16_t, Channel*> by_id_;
  std::vector<Channel*> opening_;                ///< In the order of create(), until they are open.
  std::vector<ChannelHandle> closing_;           ///< To be reset once their queue is empty.
  std::unordered_set<std::uint16_t> spent_ids_;  ///< Closed with a peer that cannot reset streams.
  std::uint32_t last_handle_ = 0;
  std::uint32_t last_number_ = 0;     ///< Of a message.
  std::uint32_t last_abandoned_ = 0;  ///< Likewise: it is told of each of its chunks.
  std::uint32_t next_id_ = 0;         ///< Even: below it none is free.
  std::size_t name_bytes_ = 0;
  std::size_t buffered_ = 0;
  bool growing_ = false;  ///< More outgoing streams have been asked for.

  std::deque<Channel*> ring_;  ///< Channels with something to send, in the order of their turns.
  std::deque<Event> events_;
  std::size_t event_bytes_ = 0;
  Counters counters_;
};

}  // namespace sluice::sctp
