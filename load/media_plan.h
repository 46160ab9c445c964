// What the publishers of a run send, and which stream id each track has in its markers: so that a viewer can
// tell whose track it got.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "client/media_sender.h"
#include "load/options.h"
#include "load/participant.h"

namespace sluice::load {

/// Outlives every peer: their packets point into its clips.
class MediaPlan {
 public:
  static Result<MediaPlan> make(const Options& options);

  [[nodiscard]] const std::vector<MediaKind>& kinds() const { return kinds_; }
  [[nodiscard]] bool simulcast() const { return layers_.size() > 1; }
  /// The smallest first; one without simulcast.
  [[nodiscard]] const std::vector<client::VideoSource::Options>& layers() const { return layers_; }
  [[nodiscard]] client::AudioSource::Options audio() const { return {audio_clip_.get()}; }

  static std::uint32_t stream_of(const Participant& publisher, MediaKind kind) {
    return static_cast<std::uint32_t>(publisher.index * 2 + (kind == MediaKind::kVideo ? 1 : 0)) + 1;
  }
  /// Which participant sends this stream, and what.
  static std::pair<std::size_t, MediaKind> owner_of(std::uint32_t stream) {
    return {(stream - 1) / 2, (stream - 1) % 2 == 1 ? MediaKind::kVideo : MediaKind::kAudio};
  }

 private:
  MediaPlan() = default;
  std::vector<MediaKind> kinds_;
  std::vector<client::VideoSource::Options> layers_;
  std::unique_ptr<client::VideoClip> video_clip_;  ///< Of --capture.
  std::unique_ptr<client::AudioClip> audio_clip_;
};

}  // namespace sluice::load
