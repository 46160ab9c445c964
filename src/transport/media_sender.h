// The sending half of a transport's media: writes an RTP header and encrypts the shared payload straight into
// a send slot.
//
// Nothing is sent before a path is there, and keys too unless the transport has said that it does without
// SRTP. Used by the sfu for every packet of every consumer: no allocation.
#pragma once

#include <optional>
#include <span>

#include "base/prefetch.h"
#include "rtp/header_writer.h"
#include "rtp/rate_meter.h"
#include "sluice/packet.h"
#include "srtp/outbound.h"
#include "transport/send_batch.h"
#include "transport/send_stamp.h"

namespace sluice::transport {

/// One packet for one receiver: a new header over a shared payload.
struct OutgoingRtp {
  rtp::Header header;
  std::span<const rtp::ExtensionToWrite>
      extensions;  ///< Blank abs-send-time and transport-cc values are filled in here.
  Bytes prefix{};  ///< Plaintext between header and payload (RTX: the original number); at most 64 bytes.
  Bytes payload;   ///< Inside `packet`, read only.
  PacketRef packet;
};

class MediaSender {
 public:
  explicit MediaSender(SendBatch& batch) : batch_(&batch) {}

  void set_keys(srtp::Backend& backend, const srtp::MasterKey& key) { outbound_.emplace(backend, key); }
  void forget_keys() { outbound_.reset(); }
  /// A plain transport without SRTP: everything leaves as it is.
  void set_unprotected() { unprotected_ = true; }
  /// Of RTP and RTCP alike.
  void set_path(std::optional<Path> path) { path_ = rtcp_path_ = path; }
  /// RTCP goes a way of its own.
  void set_rtcp_path(std::optional<Path> path) { rtcp_path_ = path; }
  [[nodiscard]] bool ready() const { return has_keys() && path_.has_value(); }
  /// The same as ready() unless RTCP has a path of its own.
  [[nodiscard]] bool rtcp_ready() const { return has_keys() && rtcp_path_.has_value(); }
  /// Nothing in the clear.
  [[nodiscard]] std::optional<srtp::Suite> suite() const {
    return outbound_ ? std::optional(outbound_->suite()) : std::nullopt;
  }

  /// Packets are to be sent soon: first this object is fetched, then, once it has come, what it points at.
  void prefetch() const { sluice::prefetch(this, sizeof *this); }
  void prefetch_keys() const {
    if (outbound_) outbound_->prefetch();
  }
  /// False when not ready or the packet does not fit. `again`: the stamp of the first time, for a packet that
  /// must be the same. It takes no transport-wide number, and who keeps a record of those has it already:
  /// what feedback says of a number that left twice tells that the packet came, and nothing of delay, as it
  /// may be of either (Karn's rule, RFC 6298 §3).
  bool send_rtp(const OutgoingRtp& rtp, Instant now, const SendStamp* again = nullptr);
  /// Of what send_rtp() has just sent, not again, at `now`.
  [[nodiscard]] SendStamp last_stamp(Instant now) const {
    return {rtp::to_abs_send_time(now), transport_cc_.plus(-1)};
  }
  /// `write` fills a compound packet into the bytes it is given and returns its size; 0 sends nothing.
  template <typename Write>
  bool send_rtcp(Write write, Instant now) {
    if (!rtcp_ready()) return false;
    const MutableBytes room(batch_->slot(), kMaxRtcpSize + srtp::kMaxOverhead);
    const std::size_t size = write(room.first(kMaxRtcpSize));
    return size != 0 && finish_rtcp(room, size, now);
  }
  /// A datagram beside media (STUN, DTLS), as it is. False when it is too large.
  bool send_copy(const Path& path, Bytes bytes, Instant now);
  void forget_ssrc(Ssrc ssrc) {
    if (outbound_) outbound_->remove_ssrc(ssrc);
  }

  /// Ends the encryption of what is queued: call before the keys go away.
  void finish_batch() { batch_->finish(); }

  [[nodiscard]] std::uint64_t packets() const { return packets_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] rtp::RateMeter& rate() { return rate_; }

 private:
  static constexpr std::size_t kMaxRtcpSize = 1200;

  [[nodiscard]] bool has_keys() const { return unprotected_ || outbound_.has_value(); }
  bool finish_rtcp(MutableBytes buffer, std::size_t size, Instant now);
  void count(std::size_t size, Instant now) {
    ++packets_;
    bytes_ += size;
    rate_.add(size, now);
  }

  SendBatch* batch_;
  SendBatch::Destination destination_;
  std::optional<srtp::Outbound> outbound_;
  bool unprotected_ = false;
  std::optional<Path> path_;
  std::optional<Path> rtcp_path_;
  SequenceNumber transport_cc_;  ///< Next transport-wide number.
  std::uint64_t packets_ = 0;
  std::uint64_t bytes_ = 0;
  rtp::RateMeter rate_;
};

}  // namespace sluice::transport
