#include "transport/endpoint.h"

namespace sluice::transport {

DropReason reason_of(srtp::UnprotectStatus status) {
  switch (status) {
    case srtp::UnprotectStatus::kAuthFailed:
      return DropReason::kSrtpAuthFailed;
    case srtp::UnprotectStatus::kReplayed:
      return DropReason::kSrtpReplayed;
    case srtp::UnprotectStatus::kTooOld:
      return DropReason::kSrtpTooOld;
    case srtp::UnprotectStatus::kTooManySsrcs:
      return DropReason::kSrtpTooManySsrcs;
    default:
      return DropReason::kSrtpMalformed;
  }
}

}  // namespace sluice::transport
