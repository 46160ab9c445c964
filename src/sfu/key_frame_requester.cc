#include "sfu/key_frame_requester.h"

#include <algorithm>

namespace sluice::sfu {

void KeyFrameRequester::request(Instant now) {
  tries_ = 0;
  if (waiting_ && due_ != kNever) return;  // merged with the one that is out
  waiting_ = true;
  due_ = sent_ever_ ? std::max(now, last_sent_ + interval_) : now;
}

void KeyFrameRequester::on_key_frame(Instant /*now*/) {
  waiting_ = false;
  due_ = kNever;
}

bool KeyFrameRequester::advance(Instant now) {
  if (now < due_) return false;
  if (tries_ >= kMaxTries) {
    waiting_ = false;
    due_ = kNever;
    return false;
  }
  ++tries_;
  last_sent_ = now;
  sent_ever_ = true;
  due_ = now + std::max(kRetry, interval_);
  return true;
}

}  // namespace sluice::sfu
