// Who of a session's consumers gets how much of a bitrate that does not do for all.
#include <algorithm>
#include <vector>

#include "sfu/media_session.h"

namespace sluice::sfu {
namespace {

/// What a consumer of video can be raised to, step by step.
struct Step {
  Consumer* consumer = nullptr;
  std::vector<std::uint32_t> bitrates;  ///< Of each step, ascending.
  std::size_t taken = 0;                ///< Steps granted.
  [[nodiscard]] std::uint32_t granted() const { return taken == 0 ? 0 : bitrates[taken - 1]; }
};

}  // namespace

void MediaSession::set_bitrate_limit(BitrateLimit limit, std::uint32_t bitrate, Instant now) {
  switch (limit) {
    case BitrateLimit::kMaxOutgoing:
      available_bitrate_ = bitrate == 0 ? std::nullopt : std::optional(bitrate);
      allocate_bitrate(now);
      break;
    case BitrateLimit::kMinOutgoing:
      min_outgoing_bitrate_ = bitrate;
      allocate_bitrate(now);
      break;
    case BitrateLimit::kMaxIncoming:
      set_max_incoming_bitrate(bitrate);
      break;
  }
}

/// Sound first, then in rounds: by priority each consumer of video gets its next layers if they fit. So
/// everyone has a picture before anyone has a large one, and who has a higher priority has the larger one.
void MediaSession::allocate_bitrate(Instant now) {
  if (!available_bitrate_) {
    for (auto& consumer : consumers_) consumer->set_target_bitrate(std::nullopt, now);
    return;
  }
  std::int64_t left = std::max(*available_bitrate_, min_outgoing_bitrate_);
  std::vector<Step> steps;
  for (auto& consumer : consumers_) {
    if (!consumer->active()) continue;
    if (consumer->kind() == MediaKind::kAudio) {
      left -= consumer->producer().stream(0).rate.bitrate(now);
    } else {
      steps.push_back({consumer.get(), consumer->bitrate_steps(now), 0});
    }
  }
  std::stable_sort(steps.begin(), steps.end(), [](const Step& a, const Step& b) {
    return a.consumer->priority() > b.consumer->priority();
  });
  for (bool raised = true; raised;) {
    raised = false;
    for (Step& step : steps) {
      // Who has twice the priority may take two steps a round.
      for (int i = 0; i < 1 + step.consumer->priority() / 64 && step.taken < step.bitrates.size(); ++i) {
        const std::int64_t more = std::int64_t{step.bitrates[step.taken]} - step.granted();
        if (more > left) break;
        left -= more;
        ++step.taken;
        raised = true;
      }
    }
  }
  for (const Step& step : steps) step.consumer->set_target_bitrate(step.granted(), now);
}

}  // namespace sluice::sfu
