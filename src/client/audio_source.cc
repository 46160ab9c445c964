#include "client/audio_source.h"

#include "client/opus_clip.h"

namespace sluice::client {
namespace {

constexpr std::int64_t kClockRate = 48'000;

}  // namespace

AudioSource::AudioSource(const Options& options, std::uint32_t stream, Random& random)
    : options_(options), stream_(stream), random_(random), first_timestamp_{random.u32()} {
  if (options_.clip == nullptr) humming_ = make_humming();
}

void AudioSource::start(Instant now) {
  if (next_ != kNever) return;
  if (counter_ == 0) started_ = now;
  next_ = now;
}

std::optional<MediaUnit> AudioSource::next(Instant now) {
  if (now < next_) return std::nullopt;
  if (turn_left_-- == 0) {
    level_.voice = !level_.voice;
    turn_left_ = 25 + random_.below(100);
  }
  level_.level = static_cast<std::uint8_t>(level_.voice ? 15 + random_.below(20) : 100 + random_.below(20));
  const bool silent = !level_.voice && !clip().silence.empty();
  if (!silent) position_ = (position_ + 1) % clip().voice.size();
  const AudioClip::Packet& packet = silent ? clip().silence.front() : clip().voice[position_];
  MediaUnit unit;
  unit.kind = MediaUnit::Kind::kAudio;
  unit.coded = packet.head;
  unit.size = static_cast<std::uint16_t>(packet.head.size() + Marker::kSize);
  unit.timestamp = timestamp_at(now);
  unit.marker = {stream_, counter_++, now};
  const Duration interval = interval_ != Duration::zero() ? interval_ : packet.duration;
  next_ += interval;
  if (next_ + catch_up_ <= now) next_ = now + interval;  // late: no burst to catch up
  return unit;
}

RtpTimestamp AudioSource::timestamp_at(Instant at) const {
  const std::int64_t elapsed = (at - started_).count();
  const auto drift = static_cast<std::int64_t>(static_cast<double>(elapsed) * options_.drift_ppm * 1e-6);
  const std::int64_t ticks = (elapsed + drift) * kClockRate / 1'000'000;
  return {static_cast<std::uint32_t>(first_timestamp_.value + static_cast<std::uint64_t>(ticks))};
}

}  // namespace sluice::client
