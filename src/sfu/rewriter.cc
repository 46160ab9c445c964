#include "sfu/rewriter.h"

namespace sluice::sfu {

std::int32_t Rewriter::start(const StoredPacket& packet, RtpTimestamp wanted) {
  const auto& facts = packet.facts;
  const bool fits = run_count_ == 0 || wanted.newer_than(latest_timestamp_);
  const RtpTimestamp timestamp = fits ? wanted : latest_timestamp_.plus(1);
  Run run;
  run.timestamp_offset = timestamp.value - packet.view.timestamp().value;
  run.first_number = numbers_.next();
  run.tag = packet.tag;
  run.tl0_offset = static_cast<std::uint8_t>(next_tl0_ - facts.picture.tl0_pic_idx);
  run.frame_number_offset =
      run_count_ == 0 ? 0 : static_cast<std::uint16_t>(next_frame_number_ - facts.number);
  run_ = runs_[run_count_++ % kRuns] = run;
  numbers_.start(packet.tag, packet.view.sequence_number().value);
  if (facts.picture.has_picture_id()) pictures_.start(packet.tag, packet.picture);
  left_out_ = false;
  newest_timestamp_ = latest_timestamp_ = timestamp;
  next_frame_number_ = static_cast<std::uint16_t>(facts.number + run.frame_number_offset);
  return timestamp.minus(wanted);
}

Rewrite Rewriter::make(const StoredPacket& packet, SequenceNumber number, const Run& run) {
  Rewrite out;
  out.sequence_number = number;
  out.timestamp = {packet.view.timestamp().value + run.timestamp_offset};
  out.frame_number_offset = run.frame_number_offset;
  out.tl0_pic_idx = static_cast<std::uint8_t>(packet.facts.picture.tl0_pic_idx + run.tl0_offset);
  if (packet.facts.picture.has_picture_id()) {
    const auto picture = pictures_.keep(packet.tag, packet.picture);
    out.picture_id = picture.value_or(0);
    out.empty = !picture;
  }
  const codec::Layers chosen = chosen_for(packet);
  // RFC 9628 §4.2 and its like: the marker ends a picture, whose upper layers may have been left out.
  out.marker =
      packet.view.marker() || (packet.facts.is_frame_end && packet.facts.spatial_layer == chosen.spatial);
  // A frame that was lost when it was not yet known that it was not wanted.
  if (!codec::has_layers(packet.facts.layers, chosen)) out.empty = true;
  return out;
}

std::optional<Rewrite> Rewriter::rewrite(const StoredPacket& packet) {
  if (packet.newest && left_out_) numbers_.drop_through(packet.span.previous_last.value);
  const auto number = numbers_.keep(packet.tag, packet.view.sequence_number().value);
  if (!number) return std::nullopt;
  const Run* run = packet.newest ? &run_ : run_of({*number});
  if (run == nullptr) return std::nullopt;
  auto out = make(packet, {*number}, *run);
  if (packet.newest) {
    left_out_ = false;
    move_starts_along(packet, out.sequence_number);
  }
  if (run->first_number == run_.first_number) {
    if (out.timestamp.newer_than(newest_timestamp_)) newest_timestamp_ = out.timestamp;
    go_ahead_of(out.timestamp, static_cast<std::uint8_t>(out.tl0_pic_idx + 1),
                static_cast<std::uint16_t>(packet.facts.number + run_.frame_number_offset + 1));
  }
  return out;
}

/// The starts of the run and of the choice move along, so that no comparison meets the wrap; what lies before
/// them is older than any history.
void Rewriter::move_starts_along(const StoredPacket& packet, SequenceNumber number) {
  if (number.minus({run_.first_number}) > kLongRun) {
    run_.first_number = number.plus(-kLongRun / 2).value;
    runs_[0] = run_;
    run_count_ = 1;
  }
  const RtpTimestamp picture = packet.view.timestamp();
  if (picture.minus(chosen_.picture) > kLongChoice && choice_count_ != 0) {
    chosen_.picture = picture.plus(-kLongChoice / 2);
    choices_[0] = chosen_;
    choice_count_ = 1;
  }
}

void Rewriter::go_ahead_of(RtpTimestamp timestamp, std::uint8_t next_tl0, std::uint16_t next_frame_number) {
  if (timestamp.newer_than(latest_timestamp_)) latest_timestamp_ = timestamp;
  if (static_cast<std::int8_t>(next_tl0 - next_tl0_) > 0) next_tl0_ = next_tl0;
  if (static_cast<std::int16_t>(next_frame_number - next_frame_number_) > 0)
    next_frame_number_ = next_frame_number;
}

codec::Layers Rewriter::chosen_for(const StoredPacket& packet) const {
  if (packet.tag == chosen_.tag && packet.view.timestamp().minus(chosen_.picture) >= 0) return chosen_.layers;
  for (std::uint32_t i = choice_count_; i-- > 0 && choice_count_ - i <= kChoices;) {
    const Chosen& chosen = choices_[i % kChoices];
    if (chosen.tag == packet.tag && packet.view.timestamp().minus(chosen.picture) >= 0) return chosen.layers;
  }
  return chosen_.layers;
}

void Rewriter::leave_out(const StoredPacket& packet, bool picture_too) {
  if (!packet.newest || packet.tag != run_.tag) return;
  if (left_out_) numbers_.drop_through(packet.span.previous_last.value);
  numbers_.drop(packet.span.first.value, packet.view.sequence_number().value);
  left_out_ = true;
  if (packet.span.after_gap) {
    // What is missing before it may still come, and take its place before whatever is forwarded next: only
    // a picture's first frame of T0 has none with its own index before it.
    const bool first = packet.facts.temporal_layer == 0 && packet.facts.spatial_layer == 0;
    const auto tl0 = static_cast<std::uint8_t>(packet.facts.picture.tl0_pic_idx + run_.tl0_offset);
    go_ahead_of({packet.view.timestamp().value + run_.timestamp_offset},
                static_cast<std::uint8_t>(tl0 + (first ? 0 : 1)),
                static_cast<std::uint16_t>(packet.facts.number + run_.frame_number_offset));
  }
  if (picture_too && packet.facts.picture.has_picture_id()) pictures_.drop(packet.picture, packet.picture);
}

const Rewriter::Run* Rewriter::run_of(SequenceNumber number) const {
  for (std::uint32_t i = run_count_; i-- > 0 && run_count_ - i <= kRuns;) {
    const Run& run = runs_[i % kRuns];
    if (number.minus({run.first_number}) >= 0) return &run;
  }
  return nullptr;
}

std::optional<Rewrite> Rewriter::again(const StoredPacket& packet, SequenceNumber number) {
  const Run* run = run_of(number);
  if (run == nullptr || run->tag != packet.tag) return std::nullopt;
  return make(packet, number, *run);
}

}  // namespace sluice::sfu
