#include "rtp/sequence_window.h"

namespace sluice::rtp {

Arrival SequenceWindow::insert(SequenceNumber number) {
  if (!started_) {
    started_ = true;
    newest_ = number;
    set(number.value);
    return Arrival::kNewest;
  }
  const int ahead = number.minus(newest_);
  if (ahead > 0) {
    if (ahead >= kSize) {
      bits_ = {};
    } else {
      for (int i = 1; i < ahead; ++i) reset(newest_.plus(i).value);
    }
    newest_ = number;
    set(number.value);
    return Arrival::kNewest;
  }
  if (ahead <= -kSize) return Arrival::kTooOld;
  if (test(number.value)) return Arrival::kDuplicate;
  set(number.value);
  return Arrival::kReordered;
}

}  // namespace sluice::rtp
