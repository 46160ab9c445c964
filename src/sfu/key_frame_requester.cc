#include "sfu/key_frame_requester.h"

#include <algorithm>

namespace sluice::sfu {

void KeyFrameRequester::request(Instant now) {
  tries_ = 0;
  if (waiting_) return;  // merged with the one that is out
  waiting_ = true;
  ++number_;
  due_ = sent_ever_ ? std::max(now, last_sent_ + interval_) : now;
}

void KeyFrameRequester::on_key_frame(Instant /*now*/) {
  cancel();
}

void KeyFrameRequester::cancel() {
  waiting_ = false;
  due_ = kNever;
}

bool KeyFrameRequester::advance(Instant now) {
  if (now < due_) return false;
  if (tries_ >= kMaxTries) {
    cancel();
    return false;
  }
  ++tries_;
  last_sent_ = now;
  sent_ever_ = true;
  // Twice the round trip: the key frame is long, and may need repairs itself. The distance between key frames
  // does not hold here, as there was none.
  due_ = now + 2 * rtt_.smoothed() + kAnswer;
  return true;
}

}  // namespace sluice::sfu
