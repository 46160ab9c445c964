// How one viewer's packets differ from the publisher's: numbers, times and picture ids that go on without a
// seam, over pauses, layers left out and changes of stream.
//
// A run is what is forwarded of one stream from a start to the next: one offset for its timestamps, one for
// TL0PICIDX and one for frame numbers. The last runs are remembered, so that what is late or sent again gets
// what it would have had. Owned by Consumer.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/prefetch.h"
#include "sfu/media_packet.h"
#include "sfu/number_map.h"

namespace sluice::sfu {

/// How one packet differs for one viewer. Small, and made for each: the packet itself is shared.
struct Rewrite {
  PayloadType payload_type;
  SequenceNumber sequence_number;
  RtpTimestamp timestamp;
  bool marker = false;
  std::uint8_t tl0_pic_idx = 0;
  std::uint16_t picture_id = 0;
  std::uint16_t frame_number_offset = 0;  ///< To be added in the dependency descriptor.
  /// The picture was left out, but the number was given before that could be known: sent without a payload,
  /// so that the viewer does not wait for it.
  bool empty = false;
};

class Rewriter {
 public:
  Rewriter(SequenceNumber first_number, std::uint16_t first_picture, std::uint8_t first_tl0)
      : next_tl0_(first_tl0), numbers_(first_number.value), pictures_(first_picture) {}

  /// The tags of streams begin to repeat: what was given under them so far is neither late nor sent again.
  void forget() {
    numbers_.forget();
    pictures_.forget();
    choice_count_ = 0;
  }
  /// A run begins with this packet, whose timestamp becomes `wanted`; more, if that is not ahead of all
  /// before. Gives how many ticks more.
  std::int32_t start(const StoredPacket& packet, RtpTimestamp wanted);
  /// Nothing new is forwarded until start().
  void stop() {
    numbers_.stop();
    pictures_.stop();
  }
  /// Of a packet that is forwarded; nothing when its place was given away or is too old. The payload type
  /// is the caller's.
  std::optional<Rewrite> rewrite(const StoredPacket& packet);
  /// From the picture of this packet on, which is ahead of all before it, these layers are forwarded.
  void choose(codec::Layers layers, const StoredPacket& packet) {
    if (choice_count_ != 0 && chosen_.layers == layers && chosen_.tag == packet.tag) return;
    chosen_ = choices_[choice_count_++ % kChoices] = {packet.view.timestamp(), layers, packet.tag};
  }
  /// A packet of the stream that is followed is left out. `picture_too`: its whole picture is.
  void leave_out(const StoredPacket& packet, bool picture_too);

  /// The rewrite of one that has been sent as `number`, whose original this is.
  [[nodiscard]] std::optional<Rewrite> again(const StoredPacket& packet, SequenceNumber number);
  [[nodiscard]] std::optional<NumberMap::Original> original(SequenceNumber number) const {
    return numbers_.original(number.value);
  }
  /// Its stream was followed beyond it.
  [[nodiscard]] bool is_past(const StoredPacket& packet) const {
    return numbers_.is_past(packet.tag, packet.view.sequence_number().value);
  }
  /// The run that goes on, or went on last, is of the stream with this tag.
  [[nodiscard]] bool follows(std::uint8_t tag) const { return run_count_ != 0 && run_.tag == tag; }
  /// The newest timestamp sent, of a stream's `timestamp`; nothing before the first.
  [[nodiscard]] std::optional<RtpTimestamp> newest_timestamp() const {
    return run_count_ == 0 ? std::nullopt : std::optional(newest_timestamp_);
  }
  /// The next run has to lie ahead of it: the newest sent, or of what may still come late and be.
  [[nodiscard]] RtpTimestamp latest_timestamp() const { return latest_timestamp_; }
  /// Its next packet comes soon (base/prefetch.h); the rest of it lies at its start.
  void prefetch() const { sluice::prefetch(&pictures_, 64); }

  /// What is added to the publisher's timestamps now.
  [[nodiscard]] std::uint32_t timestamp_offset() const { return run_.timestamp_offset; }

 private:
  struct Run {
    std::uint32_t timestamp_offset = 0;
    std::uint16_t first_number = 0;
    std::uint16_t frame_number_offset = 0;
    std::uint8_t tl0_offset = 0;
    std::uint8_t tag = 0;
  };
  /// Which layers were forwarded from a picture on: what comes late, or again, is judged as the rest of its
  /// picture was.
  struct Chosen {
    RtpTimestamp picture;
    codec::Layers layers;
    std::uint8_t tag = 0;
  };
  static constexpr std::size_t kRuns = 8;
  static constexpr std::size_t kChoices = 16;
  static constexpr int kLongRun = 0x4000;
  static constexpr int kLongChoice = 1 << 29;  ///< Ticks.

  [[nodiscard]] codec::Layers chosen_for(const StoredPacket& packet) const;
  /// What comes next has to lie ahead of these.
  void go_ahead_of(RtpTimestamp timestamp, std::uint8_t next_tl0, std::uint16_t next_frame_number);
  void move_starts_along(const StoredPacket& packet, SequenceNumber number);
  [[nodiscard]] const Run* run_of(SequenceNumber number) const;
  [[nodiscard]] Rewrite make(const StoredPacket& packet, SequenceNumber number, const Run& run);

  // Looked at for every packet, before what is looked at seldom.
  Run run_;
  Chosen chosen_;
  RtpTimestamp newest_timestamp_;  ///< Of what was forwarded...
  RtpTimestamp latest_timestamp_;  ///< ...or may still come late and be.
  std::uint32_t run_count_ = 0;
  std::uint16_t next_frame_number_ = 0;
  std::uint8_t next_tl0_;
  bool left_out_ = false;  ///< The newest packet was.
  NumberMap numbers_;
  NumberMap pictures_;
  std::array<Run, kRuns> runs_{};           ///< The last ones, run_ among them.
  std::array<Chosen, kChoices> choices_{};  ///< The last ones, chosen_ among them.
  std::uint32_t choice_count_ = 0;
};

}  // namespace sluice::sfu
