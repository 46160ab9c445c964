// Whether a stream of a producer still comes in: of simulcast, an encoder that lacks bandwidth or power stops
// the large pictures and goes on with the small ones.
//
// A stream is gone when it has been quiet for longer than its frames are apart while another stream of the
// producer went on. When all are quiet (a camera switched off, a network cut) nothing is gone: there is
// nothing to replace it.
#pragma once

#include <algorithm>

#include "sluice/time.h"

namespace sluice::sfu {

class StreamLiveness {
 public:
  void on_packet(bool frame_start, Instant now) {
    if (frame_start) {
      if (last_frame_ != Instant{}) {
        const Duration apart = std::min<Duration>(now - last_frame_, kMaxInterval);
        interval_ += (apart - interval_) / 8;
      }
      last_frame_ = now;
    }
    last_packet_ = now;
    alive_ = true;
  }
  /// `producer_packet`: when any stream of the producer last had one. True when it has just been found gone.
  bool check(Instant producer_packet) {
    if (!alive_ || producer_packet - last_packet_ < std::clamp<Duration>(3 * interval_, kMinQuiet, kMaxQuiet))
      return false;
    alive_ = false;
    return true;
  }
  [[nodiscard]] bool alive() const { return alive_; }
  [[nodiscard]] Instant last_packet() const { return last_packet_; }

 private:
  static constexpr Duration kMinQuiet = 350ms;
  static constexpr Duration kMaxQuiet = 700ms;  ///< Leaves 300 ms to bring another stream's key frame.
  static constexpr Duration kMaxInterval = 500ms;

  Instant last_packet_{};
  Instant last_frame_{};
  Duration interval_ = 33ms;
  bool alive_ = false;
};

}  // namespace sluice::sfu
