// What scenarios expect of a stream, in one place.
#pragma once

#include "catch.h"
#include "net/world.h"

namespace sluice::net {

/// `viewer` has each track of `publisher`: in order, intact, without a freeze, a key frame first; nothing
/// lost.
inline void expect_flowing(World& world, const Participant& viewer, const Participant& publisher) {
  INFO("viewer " << viewer.id << ", publisher " << publisher.id << ", at "
                 << (world.now() - publisher.joined_at).count() << " us");
  for (const auto& track : publisher.tracks) {
    const MediaKind kind = track.sender->kind();
    INFO((kind == MediaKind::kAudio ? "audio" : "video"));
    const client::MediaReceiver* receiver = world.find_receiver(viewer, publisher, kind);
    REQUIRE(receiver != nullptr);
    const client::Continuity& stream = receiver->continuity();
    const auto& counts = stream.counts();
    CAPTURE(counts.packets, counts.repaired, counts.repeated, counts.left_out, counts.lost, counts.superseded,
            counts.stragglers, receiver->given_up());
    CHECK(stream.stream() == track.stream);
    CHECK(counts.packets > 0);
    CHECK(counts.duplicates == 0);
    CHECK(counts.bad_markers == 0);
    CHECK(counts.order_errors == 0);
    CHECK(counts.timestamp_errors == 0);
    CHECK(stream.key_frame_first());
    CHECK(stream.decoding());
  }
}

}  // namespace sluice::net
