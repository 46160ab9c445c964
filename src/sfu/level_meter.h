// How loud one producer was lately, as its packets tell (RFC 6464): fed on the packet's way, read by the
// observer that owns it.
//
// Keeps the last 1.5 s in slots of 20 ms, each with how far the producer stood above its own noise, in steps
// of 5 dB; and the mean volume since it was last taken. A slot without a packet is as the one before for as
// long as Opus's longest packet (120 ms), then silent. Constant memory and time; no clock.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "rtp/header_extensions.h"
#include "sluice/time.h"

namespace sluice::sfu {

class LevelMeter {
 public:
  static constexpr Duration kSlot = 20ms;
  static constexpr std::size_t kSlots = 75;
  static constexpr int kMaxSteps = 13;

  void on_level(rtp::AudioLevel level, Instant now);

  /// Fills the slots up to `now`; before reading them.
  void advance(Instant now) { fill(slot_of(now)); }
  /// Steps above noise in the slot that is `age` before the newest; 0 is silence. age < kSlots.
  [[nodiscard]] int steps(std::size_t age) const {
    const std::int64_t slot = current_ - static_cast<std::int64_t>(age);
    return slot < 0 ? 0 : slots_[static_cast<std::size_t>(slot) % kSlots];
  }

  /// dBov (-127 to 0), the mean since the last call; nothing when fewer than `least` packets told it.
  std::optional<std::int8_t> take_volume(std::uint32_t least);

 private:
  static constexpr std::int64_t kHold = 120ms / kSlot;
  /// dB over -127 dBov. Noise is taken to lie between -75 and -50 dBov, so that neither digital silence nor
  /// somebody who never pauses puts it where no speech is.
  static constexpr int kLeastNoise = 127 - 75;
  static constexpr int kMostNoise = 127 - 50;

  static std::int64_t slot_of(Instant at) { return at.time_since_epoch() / kSlot; }
  void fill(std::int64_t slot);
  void follow_noise(int loudness);

  std::array<std::uint8_t, kSlots> slots_{};
  std::int64_t current_ = -1;    ///< The newest slot.
  std::int64_t heard_ = -1;      ///< The slot of the last packet.
  std::uint8_t last_steps_ = 0;  ///< Of the last packet.
  bool tells_voice_ = false;     ///< Its voice flag was set once, so its absence means something.
  std::uint8_t since_rise_ = 0;
  int noise_ = kMostNoise;
  std::uint32_t sum_ = 0;  ///< Of -dBov, of `count_` packets.
  std::uint32_t count_ = 0;
};

}  // namespace sluice::sfu
