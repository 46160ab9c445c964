// Why a received packet went no further. Always on: one array of counters a transport and one an engine,
// shown in statistics and dumps.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace sluice::transport {

enum class DropReason : std::uint8_t {
  kEmpty,          ///< No bytes.
  kUnknownClass,   ///< First byte of no protocol we speak (RFC 7983).
  kUnknownSource,  ///< Not STUN, from an address that no transport has validated; or not the one endpoint of
                   ///< a plain transport.
  kUnknownUfrag,   ///< STUN for no transport of ours.
  kStunMalformed,
  kStunUnauthorized,  ///< Integrity or username wrong.
  kStunUnexpected,    ///< A class, method or role that we do not answer.
  kDtlsUnexpected,    ///< Before connect() or after the end.
  kDtlsMalformed,
  kDtlsQueueFull,  ///< Too many handshakes wait.
  kSrtpNotReady,   ///< Media before the DTLS handshake is done, or before connect() has told the key.
  kSrtpMalformed,
  kSrtpAuthFailed,
  kSrtpReplayed,
  kSrtpTooOld,
  kSrtpTooManySsrcs,
  kRtpMalformed,
  kRtpUnknownStream,  ///< No producer takes this SSRC, MID, RID and payload type.
  kRtpUnknownPayloadType,
  kRtpDuplicate,
  kRtpOutdated,  ///< Of before its stream began anew.
  kRtxMalformed,
  kRtxUnknownStream,
  kProducerPaused,
  kRtcpMalformed,
  kNotConnected,         ///< A plain transport that nobody has connected yet.
  kControllerQueueFull,  ///< Of a direct transport: the controller does not read fast enough.
  kDataUnknownStream,    ///< A message of a stream that no data producer takes.
  kSctpUnexpected,       ///< Application data of DTLS, on a transport without data channels.
};
inline constexpr std::size_t kDropReasonCount = static_cast<std::size_t>(DropReason::kSctpUnexpected) + 1;

/// "srtp-auth-failed": the names in statistics.
std::string_view to_string(DropReason reason);

/// Counts by reason.
class DropCounters {
 public:
  void add(DropReason reason) { ++counts_[static_cast<std::size_t>(reason)]; }
  DropCounters& operator+=(const DropCounters& other) {
    for (std::size_t i = 0; i < kDropReasonCount; ++i) counts_[i] += other.counts_[i];
    return *this;
  }
  [[nodiscard]] std::uint64_t operator[](DropReason reason) const {
    return counts_[static_cast<std::size_t>(reason)];
  }

  template <typename Visit>
  void for_each(Visit visit) const {
    for (std::size_t i = 0; i < kDropReasonCount; ++i) {
      if (counts_[i] != 0) visit(to_string(static_cast<DropReason>(i)), counts_[i]);
    }
  }

 private:
  std::array<std::uint64_t, kDropReasonCount> counts_{};
};

}  // namespace sluice::transport
