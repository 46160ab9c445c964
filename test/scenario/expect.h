// What scenarios expect of a stream, in one place.
#pragma once

#include "catch.h"
#include "net/world.h"
#include "seeds.h"

namespace sluice::net {

/// No number twice, none out of the publisher's order, every payload intact.
inline void expect_no_errors(const client::Continuity& stream) {
  const auto& counts = stream.counts();
  CAPTURE(counts.packets, counts.repaired, counts.repeated, counts.left_out, counts.lost, counts.superseded,
          counts.stragglers);
  CHECK(counts.duplicates == 0);
  CHECK(counts.bad_markers == 0);
  CHECK(counts.order_errors == 0);
  CHECK(counts.timestamp_errors == 0);
  CHECK(counts.bad_starts == 0);
}

/// `viewer` has each track of `publisher`, without errors and playing.
inline void expect_flowing(const World& world, const Participant& viewer, const Participant& publisher) {
  INFO("viewer " << viewer.id << ", publisher " << publisher.id);
  for (const auto& track : publisher.tracks) {
    const MediaKind kind = track.sender->kind();
    INFO((kind == MediaKind::kAudio ? "audio" : "video"));
    const client::MediaReceiver* receiver = world.find_receiver(viewer, publisher, kind);
    REQUIRE(receiver != nullptr);
    const client::Continuity& stream = receiver->continuity();
    expect_no_errors(stream);
    CHECK(stream.counts().packets > 0);
    CHECK(stream.stream() == track.stream);
    CHECK(stream.decoding());
  }
}

/// After quiet(): besides, all that was sent since the stream began here has come; of lossy links what stands
/// in `tail` may be missing at the end, where nothing newer tells of the gap.
inline void expect_complete(const World& world, const Participant& viewer, const Participant& publisher,
                            MediaKind kind, std::uint32_t tail = 0) {
  INFO("viewer " << viewer.id << ", publisher " << publisher.id
                 << (kind == MediaKind::kAudio ? ", audio" : ", video"));
  const client::MediaReceiver* receiver = world.find_receiver(viewer, publisher, kind);
  REQUIRE(receiver != nullptr);
  const client::Continuity& stream = receiver->continuity();
  expect_no_errors(stream);
  const auto& counts = stream.counts();
  CAPTURE(counts.packets, counts.repaired, counts.left_out, counts.lost, counts.superseded,
          receiver->given_up());
  if (tail == 0) CHECK(stream.key_frame_first());
  CHECK(stream.decoding());
  CHECK(counts.lost == 0);
  CHECK(stream.holes() == 0);
  CHECK(counts.stragglers == 0);
  const std::uint32_t sent = publisher.sender(kind)->packets();
  CHECK(stream.newest_counter() + 1 + tail >= sent);
  CHECK(counts.packets + counts.left_out + counts.superseded + stream.stale_holes() ==
        stream.newest_counter() - stream.first_counter() + 1);
}

/// Everyone stops to send, and what is under way arrives.
inline void quiet(World& world, Duration patience = 3s) {
  for (Participant* p : world.present()) {
    for (const auto& track : p->tracks) {
      for (client::MediaSender* sender : track.encodings) sender->stop();
    }
  }
  world.run_for(patience);
}

inline std::uint64_t frames_of(const World& world, const Participant& viewer, const Participant& publisher) {
  const auto* receiver = world.find_receiver(viewer, publisher, MediaKind::kVideo);
  return receiver != nullptr ? receiver->continuity().counts().frames : 0;
}

/// The judge of `viewer`'s layered video of `publisher`; null before any of it has come.
inline client::DecoderModel* model_of(const World& world, const Participant& viewer,
                                      const Participant& publisher) {
  const auto* receiver = world.find_receiver(viewer, publisher, MediaKind::kVideo);
  return receiver != nullptr ? receiver->model() : nullptr;
}

/// After quiet(): the judge is done and has nothing to complain of. Once.
inline void expect_clean(client::DecoderModel& model) {
  model.finish();
  const auto& counts = model.counts();
  INFO("packets " << counts.packets << ", pictures " << counts.pictures << ", key frames "
                  << counts.key_frames << ", switches " << counts.switches << ", lost " << counts.lost
                  << ", holes " << model.holes() << "\n"
                  << model.violations().text());
  CHECK(model.violations().empty());
}

/// How often the engine told `Wanted` so far.
template <typename Wanted, typename Matches>
std::size_t count_events(const World& world, Matches matches) {
  std::size_t count = 0;
  for (const Event& event : world.events()) {
    const auto* wanted = std::get_if<Wanted>(&event);
    if (wanted != nullptr && matches(*wanted)) ++count;
  }
  return count;
}

}  // namespace sluice::net
