#include "sfu/media_session.h"

#include <algorithm>

namespace sluice::sfu {
namespace {

/// How long an SSRC has been silent before another one of the same stream is believed: with a MID or RID that
/// names the stream, and without.
constexpr Duration kQuietNamed = 200ms;
/// So long packets of a closed producer may still be on their way. Not longer: its sender may go on with
/// another.
constexpr Duration kLateness = 300ms;
constexpr Duration kQuiet = 1s;

}  // namespace

MediaSession::MediaSession(transport::MediaSender& sender, transport::DropCounters& drops, Shared shared,
                           void* owner)
    : sender_(sender),
      drops_(drops),
      shared_(shared),
      owner_(owner),
      own_ssrc_({shared.random.u32() | 1}),
      own_cname_(shared.random.ice_chars(16)) {}

MediaSession::~MediaSession() {
  consumers_.clear();
  for (auto& producer : producers_) shared_.router.forget(*producer);
  producers_.clear();
  std::erase(shared_.dirty, this);
}

void MediaSession::mark_dirty() {
  if (std::exchange(dirty_, true)) return;
  shared_.dirty.push_back(this);
}

Producer& MediaSession::add_producer(Producer::Options options) {
  producers_.push_back(std::make_unique<Producer>(std::move(options)));
  Producer& producer = *producers_.back();
  producer.session = this;
  for (auto& stream : producer.streams()) {
    if (producer.kind() == MediaKind::kAudio) stream->nack.set_policy(rtp::NackPolicy::audio());
    if (rtt_.known()) stream->nack.set_round_trip_time(rtt_.smoothed());
    if (rtt_.known()) stream->key_frames.set_round_trip_time(rtt_.smoothed());
    if (stream->ssrc) routes_[*stream->ssrc] = {&producer, stream.get()};
    if (stream->rtx_ssrc) routes_[*stream->rtx_ssrc] = {&producer, stream.get()};
  }
  mark_dirty();
  return producer;
}

void MediaSession::remove_producer(Producer& producer) {
  shared_.router.forget(producer);
  for (const auto& stream : producer.streams()) {
    for (const auto ssrc : {stream->ssrc, stream->rtx_ssrc})
      if (ssrc) left_over_[left_over_count_++ % left_over_.size()] = {*ssrc, stream->last_received};
  }
  shared_.totals.producers[static_cast<std::size_t>(producer.kind())] += producer.counts();
  std::erase_if(routes_, [&](const auto& entry) { return entry.second.producer == &producer; });
  std::erase_if(producers_, [&](const auto& entry) { return entry.get() == &producer; });
}

Consumer& MediaSession::add_consumer(Consumer::Options options, Producer& producer, Instant now) {
  consumers_.push_back(
      std::make_unique<Consumer>(std::move(options), producer, *this, sender_, shared_.random));
  Consumer& consumer = *consumers_.back();
  consumer_by_ssrc_[consumer.ssrc()] = &consumer;
  if (consumer.rtx_ssrc()) consumer_by_ssrc_[*consumer.rtx_ssrc()] = &consumer;
  consumer.update(now);
  mark_dirty();
  return consumer;
}

void MediaSession::remove_consumer(Consumer& consumer) {
  say_goodbye(consumer);
  shared_.totals.consumers[static_cast<std::size_t>(consumer.kind())] += consumer.counts();
  consumer.add_left_out(shared_.totals.left_out);
  std::erase_if(consumer_by_ssrc_, [&](const auto& entry) { return entry.second == &consumer; });
  std::erase_if(consumers_, [&](const auto& entry) { return entry.get() == &consumer; });
}

void MediaSession::on_ready_changed(Instant now) {
  for (auto& consumer : consumers_) consumer->update(now);
  start_reports(now);
  // Whatever was asked before there was a way to ask.
  for (auto& producer : producers_) {
    if (!producer->active.empty()) producer->request_key_frame(now);
  }
  mark_dirty();
}

// --- Receiving
// ------------------------------------------------------------------------------------------------------------

void MediaSession::on_rtp(const PacketRef& packet, Instant now) {
  const auto view = rtp::PacketView::parse(packet->bytes());
  if (!view) {
    drops_.add(transport::DropReason::kRtpMalformed);
    return;
  }
  const Route route = find_route(*view, now);
  if (route.producer == nullptr) {
    drops_.add(transport::DropReason::kRtpUnknownStream);
    return;
  }
  route.stream->ended = false;
  start_reports(now);
  mark_dirty();
  if (const auto value = route.producer->extensions().find(*view, rtp::Extension::kTransportCc)) {
    if (const auto number = rtp::read_transport_cc(*value))
      note_transport_cc(*number, view->size(), *route.stream, packet->arrival);
  }
  transport::DropReason reason{};
  auto media = route.producer->receive(*route.stream, packet, *view, now, reason);
  if (!media) {
    drops_.add(reason);
    return;
  }
  shared_.router.add(*route.producer, std::move(*media), now);
}

void MediaSession::note_transport_cc(SequenceNumber number, std::size_t size, const ProducerStream& stream,
                                     Instant arrival) {
  transport_cc_.note(number, size, arrival);
  if (stream.ssrc) transport_cc_media_ = *stream.ssrc;
}

MediaSession::Route MediaSession::find_route(const rtp::PacketView& view, Instant now) {
  const auto it = routes_.find(view.ssrc());
  return it != routes_.end() ? it->second : learn_route(view, now);
}

/// RFC 8843 §9.2: a packet of an unknown SSRC belongs where its MID says, else where its payload type alone
/// says.
Producer* MediaSession::match_producer(const rtp::PacketView& view) const {
  Producer* by_type = nullptr;
  int matches = 0;
  for (const auto& producer : producers_) {
    if (!producer->has_payload_type(view.payload_type())) continue;
    const std::string& mid = producer->parameters().mid;
    if (const auto value = producer->extensions().find(view, rtp::Extension::kMid); value && !mid.empty()) {
      if (as_text(*value) == mid) return producer.get();
      continue;
    }
    by_type = producer.get();
    ++matches;
  }
  return matches == 1 ? by_type : nullptr;
}

bool MediaSession::is_left_over(Ssrc ssrc, Instant now) const {
  return std::any_of(left_over_.begin(), left_over_.end(), [&](const LeftOver& one) {
    return one.last_received != kNever && one.ssrc == ssrc && now - one.last_received < kLateness;
  });
}

MediaSession::Route MediaSession::learn_route(const rtp::PacketView& view, Instant now) {
  if (is_left_over(view.ssrc(), now)) return {};
  Producer* producer = match_producer(view);
  if (producer == nullptr) return {};
  const bool rtx = producer->is_rtx(view.payload_type());
  const auto rid =
      producer->extensions().find(view, rtx ? rtp::Extension::kRepairedRid : rtp::Extension::kRid);
  for (auto& stream : producer->streams()) {
    if (rid ? as_text(*rid) != stream->rid : producer->streams().size() != 1) continue;
    auto& known = rtx ? stream->rtx_ssrc : stream->ssrc;
    if (known) {
      // One SSRC at a time, so that made-up ones take no memory. A publisher that restarts goes on under
      // another one (RFC 3550 §8): believed when the last one has gone quiet.
      const bool named = rid || producer->extensions().find(view, rtp::Extension::kMid);
      if (now - stream->last_received < (named ? kQuietNamed : kQuiet)) continue;
      routes_.erase(*known);
      if (!rtx) producer->begin_anew(*stream, view.ssrc(), now);
    }
    known = view.ssrc();
    return routes_[view.ssrc()] = {producer, stream.get()};
  }
  return {};
}

Consumer* MediaSession::find_consumer(Ssrc ssrc) const {
  const auto it = consumer_by_ssrc_.find(ssrc);
  return it == consumer_by_ssrc_.end() ? nullptr : it->second;
}

// --- Time
// -----------------------------------------------------------------------------------------------------------------

void MediaSession::advance(Instant now) {
  if (sender_.rtcp_ready()) {
    send_feedback(now);
    send_transport_feedback(now);
    if (!leaving_.empty()) send_goodbyes(now);
    if (remb_due_) send_remb(now);
    if (now >= next_report_) send_reports(now);
  }
  for (auto& producer : producers_) {
    for (auto& stream : producer->streams()) stream->history.advance(now);
  }
}

Instant MediaSession::next_deadline() const {
  Instant next = kNever;
  if (sender_.rtcp_ready()) {
    if (!leaving_.empty() || remb_due_) return {};
    next = std::min(next_report_, transport_cc_.next_deadline());
  }
  for (const auto& producer : producers_) {
    for (const auto& stream : producer->streams()) {
      next = std::min(next, sender_.rtcp_ready() ? stream->next_deadline() : stream->history.next_deadline());
    }
  }
  return next;
}

void MediaSession::on_active_changed(bool active, Instant now) {
  active_consumers_ += active ? 1 : -1;
  if (active) start_reports(now);
}

}  // namespace sluice::sfu
