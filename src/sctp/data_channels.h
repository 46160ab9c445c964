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

#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/random.h"
#include "sctp/data_channel.h"
#include "sluice/result.h"
#include "sluice/time.h"

namespace sluice::sctp {

struct Options {
  std::uint16_t local_port = 5000;   ///< a=sctp-port of ours.
  std::uint16_t remote_port = 5000;  ///< a=sctp-port of the remote.
  /// Bytes of an SCTP packet: 1200 of UDP payload less what DTLS adds. Without path MTU discovery, as in
  /// browsers.
  std::size_t mtu = 1160;
  /// Announced in INIT. The first grows by itself (RFC 6525 §5.1.5) when a channel needs more and the peer
  /// allows it; a peer may ask for as many as the second. 72 and 40 bytes each.
  std::uint16_t outgoing_streams = 1024;
  std::uint16_t incoming_streams = 2048;
  std::size_t max_send_message_size = 262'144;     ///< The remote's a=max-message-size; 0: any size.
  std::size_t max_receive_message_size = 262'144;  ///< Ours.
  std::size_t send_buffer_size = 2'000'000;        ///< bufferedAmount of all channels together.
  std::size_t per_channel_send_limit = 2'000'000;  ///< bufferedAmount of one.
  std::size_t receive_buffer_size = 5'242'880;     ///< The receive window.
  std::size_t max_channels = 65'535;
  std::size_t max_name_bytes = 1 << 20;  ///< Labels and protocols of all channels together.
  /// RFC 9260 §8.3. Off where something else notices that the peer is gone, as ICE consent does.
  Duration heartbeat_interval = Duration::zero();
};

/// Always on.
struct Counters {
  std::uint64_t messages_sent = 0;
  std::uint64_t messages_received = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t packets_sent = 0;
  std::uint64_t packets_received = 0;
  std::uint64_t packets_malformed = 0;   ///< Too short or too long to be SCTP, or with a wrong checksum.
  std::uint64_t packets_dropped = 0;     ///< Ours, because nobody took them.
  std::uint64_t messages_abandoned = 0;  ///< Ours, partially reliable and given up.
  std::uint64_t unknown_channel = 0;     ///< Messages on streams without a channel.
  std::uint64_t unknown_ppid = 0;
  std::uint64_t dcep_malformed = 0;
  std::uint64_t dcep_refused =
      0;  ///< Well-formed, but over a limit, on a stream in use or of the wrong parity.
  std::uint64_t retransmissions = 0;
};

class DataChannels {
 public:
  /// `random` must outlive the object.
  DataChannels(const Options& options, Random& random);
  DataChannels(const DataChannels&) = delete;
  DataChannels& operator=(const DataChannels&) = delete;
  ~DataChannels();

  // --- The association
  // -----------------------------------------------------------------------------------------

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

  [[nodiscard]] State state() const;
  [[nodiscard]] const Options& options() const;
  [[nodiscard]] const Counters& counters() const;
  /// From signaling, when it comes later than the association.
  void set_max_send_message_size(std::size_t bytes);
  /// What INIT has agreed on: zero before kConnected.
  [[nodiscard]] std::uint16_t negotiated_outgoing_streams() const;
  [[nodiscard]] std::uint16_t negotiated_incoming_streams() const;

  // --- Channels
  // ------------------------------------------------------------------------------------------------

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
  [[nodiscard]] std::size_t channel_count() const;
  /// Bytes of messages that were given to send() and have not been transmitted once.
  [[nodiscard]] std::size_t buffered_amount(ChannelHandle channel) const;
  [[nodiscard]] std::size_t buffered_amount() const;  ///< Of all.
  /// 0 at first. kBufferedAmountLow comes once each time that the amount falls from above it.
  void set_buffered_amount_low_threshold(ChannelHandle channel, std::size_t bytes);
  [[nodiscard]] std::size_t buffered_amount_low_threshold(ChannelHandle channel) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::sctp
