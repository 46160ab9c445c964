// The sending half of a transport's media: writes an RTP header and encrypts the shared payload straight into
// a send slot.
//
// Nothing is sent before both a path and keys are there. Used by the sfu for every packet of every consumer:
// no allocation.
#pragma once

#include <optional>
#include <span>

#include "rtp/header_writer.h"
#include "rtp/rate_meter.h"
#include "sluice/packet.h"
#include "srtp/outbound.h"
#include "transport/send_batch.h"

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
  void set_path(std::optional<Path> path) { path_ = path; }
  [[nodiscard]] bool ready() const { return outbound_.has_value() && path_.has_value(); }
  [[nodiscard]] std::optional<srtp::Suite> suite() const {
    return outbound_ ? std::optional(outbound_->suite()) : std::nullopt;
  }

  /// False when not ready or the packet does not fit.
  bool send_rtp(const OutgoingRtp& rtp, Instant now);
  /// `write` fills a compound packet into the bytes it is given and returns its size; 0 sends nothing.
  template <typename Write>
  bool send_rtcp(Write write, Instant now) {
    if (!ready()) return false;
    const MutableBytes room(batch_->slot(), kMaxRtcpSize + srtp::kMaxOverhead);
    const std::size_t size = write(room.first(kMaxRtcpSize));
    return size != 0 && finish_rtcp(room, size, now);
  }
  void forget_ssrc(Ssrc ssrc) {
    if (outbound_) outbound_->remove_ssrc(ssrc);
  }

  [[nodiscard]] std::uint64_t packets() const { return packets_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] rtp::RateMeter& rate() { return rate_; }
  /// Datagrams sent beside media (STUN, DTLS) count too.
  void count(std::size_t size, Instant now) {
    ++packets_;
    bytes_ += size;
    rate_.add(size, now);
  }

 private:
  static constexpr std::size_t kMaxRtcpSize = 1200;

  bool finish_rtcp(MutableBytes buffer, std::size_t size, Instant now);

  SendBatch* batch_;
  std::optional<srtp::Outbound> outbound_;
  std::optional<Path> path_;
  SequenceNumber transport_cc_;  ///< Next transport-wide number.
  std::uint64_t packets_ = 0;
  std::uint64_t bytes_ = 0;
  rtp::RateMeter rate_;
};

}  // namespace sluice::transport
