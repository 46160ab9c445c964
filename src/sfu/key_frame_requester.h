// Decides when the publisher of a video stream is asked for a key frame: requests of many viewers are merged,
// throttled and repeated until a key frame comes.
//
// Whether it is asked by PLI (RFC 4585 §6.3.1) or FIR (RFC 5104 §4.3.1) is a matter of what was negotiated;
// the rhythm is the same, and request_number() is what a FIR carries. Held by ProducerStream, driven by
// MediaSession.
#pragma once

#include <algorithm>
#include <cstdint>

#include "rtp/round_trip_time.h"
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
  /// The stream has ended: nobody answers.
  void cancel();
  /// A measurement. RFC 5104 §3.5.1: a request is repeated only once its answer could have been here.
  void set_round_trip_time(Duration rtt) { rtt_.on_sample(rtt); }
  /// True when a request is to be sent now.
  bool advance(Instant now);
  [[nodiscard]] Instant next_deadline() const { return due_; }
  /// RFC 5104 §4.3.1.1: counts requests; a repeat of an unanswered one keeps its number.
  [[nodiscard]] std::uint8_t request_number() const { return number_; }

 private:
  /// Encoders make one frame in this time at the very least.
  static constexpr Duration kMinInterval = 100ms;
  /// An encoder's answer on top of the round trips: libwebrtc's makes a key frame every 300 ms at most.
  static constexpr Duration kAnswer = 300ms;
  static constexpr int kMaxTries = 10;

  Duration interval_;
  rtp::RoundTripTime rtt_;
  Instant due_ = kNever;  ///< When the next request leaves.
  Instant last_sent_{};
  bool sent_ever_ = false;
  bool waiting_ = false;  ///< A request is out, or about to be, and unanswered.
  std::uint8_t number_ = 0;
  int tries_ = 0;
};

}  // namespace sluice::sfu
