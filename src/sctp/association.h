// One SCTP association (RFC 9260) in both roles at once, as WebRTC has them (RFC 8841 §9.3: both sides send
// INIT): streams that carry pieces of messages, are reset (RFC 6525) and grow in number, partial reliability
// (RFC 3758, 7496), interleaving (RFC 8260).
//
// Sans-IO. Invariants: read() gives what happened in its order; what is not read fills the receive window.
// Every byte that write() has taken is told once, by transmitted() when it is first sent or by a kAbandoned
// notice. Called by DataChannels.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "sctp/early_resets.h"
#include "sctp/options.h"
#include "sctp/sent_chunks.h"
#include "sctp/stack.h"

struct socket;

namespace sluice::sctp {

/// Something that happened, or a part of a message.
struct Notice {
  enum class Type : std::uint8_t {
    kConnected,
    kClosed,         ///< Both sides have ended it in peace.
    kLost,           ///< Aborted, or the peer is gone: `reason`.
    kPiece,          ///< `data` of a message on `stream_id`; the last one when `end_of_message`.
    kPieceAborted,   ///< The rest of a message, begun on `stream_id`, will not come.
    kIncomingReset,  ///< The peer will send no more on `streams` (all, when empty), until it begins anew.
    kOutgoingReset,  ///< So have we, on `streams` (all, when empty).
    kResetRefused,   ///< The peer would not have it.
    kStreamsAdded,
    kStreamsRefused,
    kAbandoned,  ///< A part of message `number` on `stream_id` was given up, and so all of it (RFC 3758).
  };
  Type type = Type::kConnected;
  std::uint16_t stream_id = 0;
  bool unordered = false;
  bool end_of_message = false;
  std::uint32_t ppid = 0;
  Bytes data;  ///< Valid until the next read().
  std::uint32_t number = 0;
  std::vector<std::uint16_t> streams;
  std::string reason;
};

/// A part of a message to send.
struct Piece {
  std::uint16_t stream_id = 0;
  std::uint32_t number = 0;  ///< Of the message, for kAbandoned.
  std::uint32_t ppid = 0;
  bool unordered = false;
  std::optional<std::uint32_t> lifetime_ms;
  std::optional<std::uint32_t> max_retransmits;
  Bytes data;
  bool end_of_message = true;
};

class Association {
 public:
  Association(const Options& options, Random& random);
  Association(const Association&) = delete;
  Association& operator=(const Association&) = delete;
  ~Association();

  void connect(Instant now);
  void receive(Bytes packet, Instant now);
  void advance(Instant now);
  [[nodiscard]] Instant next_deadline() const { return user_.next_deadline(); }
  std::optional<Bytes> pop_packet() { return user_.packets().pop(); }
  /// An ABORT to the peer, when there is one. Nothing more is read or sent.
  void abort(Instant now);

  bool read(Notice& notice, Instant now);

  /// How many bytes it has taken: all, fewer when its buffer is full, and nullopt when the association is no
  /// more.
  std::optional<std::size_t> write(const Piece& piece, Instant now);
  /// Of all streams: taken, not sent once.
  [[nodiscard]] std::size_t unsent() const { return unsent_; }
  /// Of those, some that will never be sent, after kAbandoned.
  void forget_unsent(std::size_t bytes) { unsent_ -= std::min(unsent_, bytes); }
  /// What was sent for the first time since the last call, by stream.
  [[nodiscard]] std::vector<SentChunks::Sent> take_transmitted() { return sent_.take(); }

  enum class Reset : std::uint8_t { kRequested, kUnsupported };
  /// What has been written goes out first.
  Reset reset_stream(std::uint16_t stream_id, Instant now);
  /// Asks for `count` more to send on. kBusy: the peer has yet to answer another request.
  enum class Growth : std::uint8_t { kRequested, kBusy, kUnsupported };
  Growth add_outgoing_streams(std::uint16_t count, Instant now);

  [[nodiscard]] std::uint16_t outgoing_streams() const { return outgoing_streams_; }
  [[nodiscard]] std::uint16_t incoming_streams() const { return incoming_streams_; }
  /// Messages of several streams may be written at once, piece by piece.
  [[nodiscard]] bool interleaving() const { return interleaving_; }
  [[nodiscard]] std::uint64_t retransmitted() const { return sent_.retransmitted(); }
  [[nodiscard]] std::uint64_t packets_refused() { return user_.packets().refused(); }
  [[nodiscard]] std::uint64_t packets_sent() const { return sent_.packets(); }
  [[nodiscard]] std::uint64_t packets_malformed() const { return packets_malformed_; }

 private:
  class Call;  // whatever enters usrsctp
  void open_socket();
  void set_options();
  void close_socket();
  void pass(Bytes packet);
  void pass_due_reset();
  void look_at_sent();
  bool take_notification(Bytes bytes, Notice& notice);
  bool take_change(Bytes bytes, Notice& notice);

  Options options_;
  StackUser user_;
  SentChunks sent_;
  EarlyResets early_resets_;
  struct socket* socket_ = nullptr;  // usrsctp's
  std::size_t unsent_ = 0;
  std::uint16_t outgoing_streams_ = 0;
  std::uint16_t incoming_streams_ = 0;
  bool interleaving_ = false;
  bool partial_reliability_ = false;  ///< Both sides can.
  bool in_notification_ = false;      ///< The rest of one is to be read.
  std::uint64_t packets_malformed_ = 0;
  std::vector<std::uint8_t> read_buffer_;
};

}  // namespace sluice::sctp
