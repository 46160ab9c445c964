// Protection of what leaves: the keys and roll-over counters of one transport, and the batch that finishes
// many packets at once.
//
// Invariants: a packet index is never lower than RFC 3711 §3.3.1 would have it, so retransmissions of older
// sequence numbers are encrypted exactly as the first time; no allocation for an SSRC already known. Used by
// transport/send, one Outbound a transport, one Batch an engine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "base/ids.h"
#include "srtp/backend.h"
#include "srtp/packet_index.h"
#include "srtp/ssrc_table.h"
#include "srtp/suite.h"

namespace sluice::srtp {

/// One transport's sending side.
class Outbound {
 public:
  Outbound(Backend& backend, const MasterKey& key);

  [[nodiscard]] Suite suite() const { return suite_; }

  /// Protects in place, at once: `size` bytes of (compound) RTCP at the start of `buffer`, which has
  /// rtcp_overhead(suite()) more bytes of room. Gives the new size; 0 when it is no RTCP packet or the key is
  /// used up (2^31 packets of one SSRC).
  std::size_t protect_rtcp(MutableBytes buffer, std::size_t size);

  /// RTP is to be protected soon.
  void prefetch() const { cipher_->prefetch(); }
  /// Ends a stream: its roll-over counter is forgotten. A later packet of that SSRC starts at zero again, so
  /// an SSRC must not come back under the same key.
  void remove_ssrc(Ssrc ssrc);
  [[nodiscard]] std::size_t ssrc_count() const { return streams_.size(); }

 private:
  friend class Batch;
  struct Stream {
    IndexEstimator rtp;
    std::uint32_t rtcp_index = 0;
  };
  std::size_t protect_rtp(std::uint8_t* out, std::size_t header_size, std::size_t prefix_size, Bytes payload);

  Backend* backend_;
  Suite suite_;
  std::unique_ptr<Cipher> cipher_;
  SsrcTable<Stream> streams_;
};

/// The packets of one flush, over all transports.
class Batch {
 public:
  explicit Batch(Backend& backend) : backend_(&backend) {}

  /// Protects from a shared, immutable payload into the send slot `out`, where the caller has written the
  /// whole RTP header (CSRCs and extensions included) and `prefix_size` bytes of plaintext that go before the
  /// payload. Gives the packet's final size, or 0 when it cannot be protected (key used up) and must not be
  /// sent. The packet is complete after flush(); until then `out` and `payload` stay as they are. `out` has
  /// kMaxOverhead bytes of room after the payload.
  std::size_t protect_rtp(Outbound& context, std::uint8_t* out, std::size_t header_size,
                          std::size_t prefix_size, Bytes payload);
  void flush() { backend_->flush(); }
  [[nodiscard]] std::size_t pending() const { return backend_->pending(); }

 private:
  Backend* backend_;
};

}  // namespace sluice::srtp
