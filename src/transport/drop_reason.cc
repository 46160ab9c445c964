#include "transport/drop_reason.h"

namespace sluice::transport {

std::string_view to_string(DropReason reason) {
  static constexpr std::string_view kNames[] = {
      "empty",
      "unknown-class",
      "unknown-source",
      "unknown-ufrag",
      "stun-malformed",
      "stun-unauthorized",
      "stun-unexpected",
      "dtls-unexpected",
      "dtls-malformed",
      "dtls-queue-full",
      "srtp-not-ready",
      "srtp-malformed",
      "srtp-auth-failed",
      "srtp-replayed",
      "srtp-too-old",
      "srtp-too-many-ssrcs",
      "rtp-malformed",
      "rtp-unknown-stream",
      "rtp-unknown-payload-type",
      "rtp-duplicate",
      "rtp-outdated",
      "rtx-malformed",
      "rtx-unknown-stream",
      "producer-paused",
      "rtcp-malformed",
      "not-connected",
      "sctp-unexpected",
  };
  static_assert(std::size(kNames) == kDropReasonCount);
  return kNames[static_cast<std::size_t>(reason)];
}

}  // namespace sluice::transport
