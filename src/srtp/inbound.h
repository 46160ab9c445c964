// Unprotection of what arrives: the keys, roll-over counters and replay windows of one transport. The network
// is hostile: nothing about an SSRC is kept before a packet of it has proved authentic, and their number is
// bounded. Used by transport/receive.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/bytes.h"
#include "base/ids.h"
#include "srtp/backend.h"
#include "srtp/packet_index.h"
#include "srtp/replay_window.h"
#include "srtp/ssrc_table.h"
#include "srtp/suite.h"

namespace sluice::srtp {

/// What became of an arriving packet; everything but kOk is a reason to drop it.
enum class UnprotectStatus : std::uint8_t {
  kOk,
  kTooShort,      ///< Shorter than its header says, or than header and tag.
  kMalformed,     ///< Not RTP/RTCP version 2.
  kNotEncrypted,  ///< SRTCP with the E bit off, which our suites do not allow.
  kAuthFailed,    ///< The tag does not fit: forged, damaged, or another key.
  kReplayed,      ///< This packet index was received before.
  kTooOld,        ///< Behind the replay window.
  kTooManySsrcs,  ///< A new SSRC beyond the limit.
};
inline constexpr std::size_t kUnprotectStatusCount = 8;
/// "ok", "too_short", ... for statistics.
std::string_view to_string(UnprotectStatus status);

struct UnprotectResult {
  UnprotectStatus status;
  std::size_t size;  ///< Of the plain packet, at the start of the same buffer. Zero unless ok.
  [[nodiscard]] bool ok() const { return status == UnprotectStatus::kOk; }
};

/// One transport's receiving side.
class Inbound {
 public:
  static constexpr std::size_t kDefaultMaxSsrcs = 1024;

  Inbound(Backend& backend, const MasterKey& key, std::size_t max_ssrcs = kDefaultMaxSsrcs);

  [[nodiscard]] Suite suite() const { return suite_; }

  /// A packet whose check has begun.
  struct Begun {
    const Inbound* by = nullptr;  ///< Null: it has not, by nobody's fault.
    std::uint64_t index = 0;
    PendingTag tag;
  };

  /// Decrypts in place. A packet that is refused changes no state of this object; its bytes are then
  /// unspecified.
  UnprotectResult unprotect_rtp(MutableBytes packet, const Begun* begun = nullptr);
  /// Optional, where Backend::batches_unprotect(): of many packets that have arrived together each is begun;
  /// Backend::flush() then does the work for all of them side by side, and unprotect_rtp() finds it done. The
  /// packet's tag is gone then, so it must come with its `begun`, which stays where it is until flush().
  void begin_rtp(MutableBytes packet, Begun& begun);
  UnprotectResult unprotect_rtcp(MutableBytes packet);

  /// Ends a stream and gives its place free. Its old packets would be accepted again as new, so only call it
  /// when the SSRC's owner is gone.
  void remove_ssrc(Ssrc ssrc);
  [[nodiscard]] std::size_t ssrc_count() const { return streams_.size(); }

 private:
  struct Stream {
    IndexEstimator rtp;
    ReplayWindow<1024> rtp_window;  // Retransmissions under the same SSRC come a round trip late.
    ReplayWindow<128> rtcp_window;
  };
  [[nodiscard]] bool full() const { return streams_.size() >= max_ssrcs_; }

  Suite suite_;
  std::size_t max_ssrcs_;
  std::unique_ptr<Cipher> cipher_;
  SsrcTable<Stream> streams_;
};

}  // namespace sluice::srtp
