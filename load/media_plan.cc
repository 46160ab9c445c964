#include "load/media_plan.h"

#include <algorithm>

#include "load/capture.h"

namespace sluice::load {

Result<MediaPlan> MediaPlan::make(const Options& options) {
  MediaPlan plan;
  if (options.audio) plan.kinds_.push_back(MediaKind::kAudio);
  if (!options.audio_capture.empty()) {
    auto clip = read_ogg_opus(options.audio_capture);
    if (!clip) return clip.error();
    plan.audio_clip_ = std::make_unique<client::AudioClip>(std::move(*clip));
  }
  client::VideoSource::Options video;
  video.frame_rate = options.frame_rate;
  video.bitrate = options.bitrate;
  if (!options.video_capture.empty()) {
    auto clip = read_ivf(options.video_capture);
    if (!clip) return clip.error();
    plan.video_clip_ = std::make_unique<client::VideoClip>(std::move(*clip));
    video.clip = plan.video_clip_.get();
    plan.layers_ = {video};
  } else if (options.video) {
    for (const int part : options.video->simulcast ? std::vector<int>{4, 2, 1} : std::vector<int>{1}) {
      const VideoFormat format{static_cast<std::uint16_t>(std::max(options.video->width / part, 1)),
                               static_cast<std::uint16_t>(std::max(options.video->height / part, 1)), false};
      const double share = static_cast<double>(usual_bitrate(format, options.frame_rate)) /
                           usual_bitrate(*options.video, options.frame_rate);
      video.width = format.width;
      video.height = format.height;
      video.bitrate = static_cast<std::uint32_t>(options.bitrate * share);
      video.layer = static_cast<std::uint8_t>(plan.layers_.size());
      plan.layers_.push_back(video);
    }
  }
  if (!plan.layers_.empty()) plan.kinds_.push_back(MediaKind::kVideo);
  return plan;
}

}  // namespace sluice::load
