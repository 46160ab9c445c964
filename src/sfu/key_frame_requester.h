// Decides when the publisher of a video stream is asked for a key frame: requests of many viewers are merged,
// throttled and repeated until a key frame comes.
#pragma once

#include <algorithm>

#include "sluice/time.h"

namespace sluice::sfu {

class KeyFrameRequester {
 public:
  /// `delay`: at least this long between two key frames on request (keyFrameRequestDelay); never less than
  /// kMinInterval.
  explicit KeyFrameRequester(Duration delay) : interval_(std::max<Duration>(delay, kMinInterval)) {}

  /// Somebody needs a key frame.
  void request(Instant now);
  void on_key_frame(Instant now);
  /// True when a PLI is to be sent now.
  bool advance(Instant now);
  [[nodiscard]] Instant next_deadline() const { return due_; }

 private:
  static constexpr Duration kMinInterval =
      100ms;                                 ///< Encoders make one frame in this time at the very least.
  static constexpr Duration kRetry = 500ms;  ///< No key frame by then: the request or the frame was lost.
  static constexpr int kMaxTries = 10;

  Duration interval_;
  Instant due_ = kNever;  ///< When the next PLI leaves.
  Instant last_sent_{};
  bool sent_ever_ = false;
  bool waiting_ = false;  ///< A PLI is out and unanswered.
  int tries_ = 0;
};

}  // namespace sluice::sfu
