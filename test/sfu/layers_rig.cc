#include "sfu/layers_rig.h"

#include <algorithm>

#include "rtcp/fir.h"
#include "rtcp/nack.h"
#include "rtcp/pli.h"
#include "rtcp/sender_report.h"
#include "rtp/rtx.h"

namespace sluice::sfu::testing {
namespace {

constexpr std::uint32_t kTrack = 1;
constexpr std::uint32_t kFirstSsrc = 7000;  ///< Of the viewers' consumers; RTX one above.
constexpr std::size_t kRemembered = 600;    ///< Packets for NACKs, an encoding.
constexpr Duration kPliPatience = 1s;

const char* mime_type(client::LayeredCodec codec) {
  switch (codec) {
    case client::LayeredCodec::kVp9:
      return "video/VP9";
    case client::LayeredCodec::kAv1:
      return "video/AV1";
    default:
      return "video/VP8";
  }
}

std::string mode_of(client::Scalability scalability) {
  return "L" + std::to_string(scalability.spatial) + "T" + std::to_string(scalability.temporal) +
         (scalability.key_only ? "_KEY" : "");
}

LayersOptions one_encoding(std::uint64_t seed, client::LayeredCodec codec, client::Scalability scalability) {
  LayersOptions out;
  out.seed = seed;
  client::LayeredSource::Options source;
  source.codec = codec;
  source.scalability = scalability;
  source.bitrate = 900'000;
  source.width = 1280;
  source.height = 720;
  out.encodings = {source};
  return out;
}

}  // namespace

LayersOptions vp8_simulcast(std::uint64_t seed, std::size_t encodings) {
  LayersOptions out;
  out.seed = seed;
  for (std::size_t i = 0; i < encodings; ++i) {
    client::LayeredSource::Options source;
    source.bitrate = i == 0 ? 150'000 : i == 1 ? 450'000 : 1'200'000;
    source.width = static_cast<std::uint16_t>(320U << i);
    source.height = static_cast<std::uint16_t>(180U << i);
    source.encoding = static_cast<std::uint8_t>(i);
    out.encodings.push_back(source);
  }
  return out;
}

LayersOptions vp9_svc(std::uint64_t seed, bool key_only, std::uint8_t spatial) {
  return one_encoding(seed, client::LayeredCodec::kVp9, {spatial, 3, key_only});
}

LayersOptions av1_svc(std::uint64_t seed, std::uint8_t spatial, bool key_only) {
  return one_encoding(seed, client::LayeredCodec::kAv1, {spatial, 3, key_only});
}

LayersRig::Viewer::Viewer(std::size_t number, Side& its_side, Consumer& its_consumer,
                          client::DecoderModel::Options judge)
    : index(number), side(its_side), consumer(its_consumer), model(judge) {}

LayersRig::LayersRig(LayersOptions its_options)
    : options(std::move(its_options)),
      publisher(rig.add_side()),
      producer(make_producer()),
      random_(options.seed),
      next_report_(rig.now + 50ms) {
  rig.random = Random(options.seed + 1);
  make_encoders(true);
}

RtpParameters LayersRig::parameters(std::uint32_t ssrc, bool with_encodings) const {
  RtpParameters out = video(ssrc, options.rtx, with_encodings ? "v" : "9");
  out.codecs[0].mime_type = mime_type(options.encodings[0].codec);
  out.codecs[0].rtcp_feedback.push_back({"ccm", "fir"});
  out.header_extensions.push_back(extension(rtp::Extension::kDependencyDescriptor, kDependencyId));
  if (!with_encodings) {
    out.encodings[0].scalability_mode = mode_of(options.encodings[0].scalability);
    if (options.encodings.size() > 1)
      out.encodings[0].scalability_mode[1] = static_cast<char>('0' + options.encodings.size());
    return out;
  }
  out.header_extensions.push_back(extension(rtp::Extension::kRid, kRidId));
  out.header_extensions.push_back(extension(rtp::Extension::kRepairedRid, kRepairedRidId));
  out.encodings.assign(options.encodings.size(), {});
  for (std::size_t i = 0; i < out.encodings.size(); ++i) {
    out.encodings[i].scalability_mode = mode_of(options.encodings[i].scalability);
    if (options.by_rid) {
      out.encodings[i].rid = "r" + std::to_string(i);
    } else {
      out.encodings[i].ssrc = static_cast<std::uint32_t>(100 + 10 * i);
    }
  }
  return out;
}

Producer& LayersRig::make_producer() {
  Producer::Options out;
  out.id = "producer";
  out.kind = MediaKind::kVideo;
  out.parameters = parameters(0, true);
  out.consumable = out.parameters;
  return publisher.session.add_producer(std::move(out));
}

void LayersRig::make_encoders(bool new_ssrcs) {
  ++incarnation_;
  std::vector<Encoder> made(options.encodings.size());
  for (std::size_t i = 0; i < made.size(); ++i) {
    Encoder& encoder = made[i];
    encoder.rid = "r" + std::to_string(i);
    const auto make = [&] {
      encoder.source =
          std::make_unique<client::LayeredSource>(options.encodings[i], incarnation_ << 24 | kTrack, random_);
    };
    make();
    // Times of a restart that happen to go on from those before cannot be told from a pause.
    const auto goes_on = [&] {
      const int ticks =
          encoder.source->timestamp_at(rig.now).minus(encoders_[i].source->timestamp_at(rig.now));
      return std::abs(ticks) < 10 * 90'000;
    };
    while (!encoders_.empty() && goes_on()) make();
    if (encoders_.empty() || (new_ssrcs && options.by_rid)) {
      encoder.ssrc = {options.by_rid ? random_.u32() | 1 : static_cast<std::uint32_t>(100 + 10 * i)};
      encoder.next = {static_cast<std::uint16_t>(random_.u32())};
    } else {
      encoder.ssrc = encoders_[i].ssrc;
      encoder.next = encoders_[i].next;
    }
    encoder.source->start(rig.now);
  }
  encoders_ = std::move(made);
}

void LayersRig::restart_publisher(bool new_ssrcs) {
  make_encoders(new_ssrcs);
  next_report_ = rig.now + 50ms;
}

LayersRig::Viewer& LayersRig::add_viewer() {
  Side& side = rig.add_side();
  const auto ssrc = static_cast<std::uint32_t>(kFirstSsrc + 2 * viewers.size());
  Consumer::Options consumer = consumer_of(producer, options.rtx, ssrc);
  consumer.id = "viewer" + std::to_string(viewers.size());
  consumer.parameters = parameters(ssrc, false);
  const client::LayeredCodec codec = options.encodings[0].codec;
  const int picture_step = codec == client::LayeredCodec::kVp9 ? 4 : 1;
  viewers.push_back(std::make_unique<Viewer>(
      viewers.size(), side, side.session.add_consumer(std::move(consumer), producer, rig.now),
      client::DecoderModel::Options{codec, options.timestamp_tolerance, options.strict, picture_step}));
  return *viewers.back();
}

void LayersRig::set_active(std::size_t encoding, bool active) {
  encoders_[encoding].active = active;
  if (active) {
    encoders_[encoding].source->start(rig.now);
  } else {
    encoders_[encoding].source->stop();
  }
}

void LayersRig::pause_producer(bool paused) {
  producer.set_paused(paused);
  for (Consumer* consumer : std::vector(producer.consumers)) consumer->update(rig.now);
}

// --- Time

Instant LayersRig::next_event() const {
  Instant next = std::min(publisher.session.next_deadline(), options.sender_reports ? next_report_ : kNever);
  if (!flights_.empty()) next = std::min(next, flights_.begin()->first);
  for (const Encoder& encoder : encoders_) next = std::min(next, encoder.source->next_deadline());
  for (const auto& viewer : viewers) {
    next = std::min({next, viewer->side.session.next_deadline(), viewer->key_frame_due});
    if (options.nack) next = std::min(next, viewer->nack.next_deadline());
  }
  return next;
}

void LayersRig::step(Instant limit) {
  // Whatever is due at once is served once; time goes on.
  rig.now = std::min(limit, std::max(rig.now + Duration(100), next_event()));
  while (!flights_.empty() && flights_.begin()->first <= rig.now) {
    const Flight flight = std::move(flights_.begin()->second);
    flights_.erase(flights_.begin());
    deliver(flight);
  }
  send_media();
  if (options.sender_reports && next_report_ <= rig.now) send_reports();
  rig.advance(0ms);
  for (MediaSession* session : rig.dirty) session->clear_dirty();
  rig.dirty.clear();
  take_sent();
  for (const auto& viewer : viewers) serve_viewer(*viewer);
}

void LayersRig::run(Duration duration) {
  const Instant end = rig.now + duration;
  while (rig.now < end) step(end);
}

bool LayersRig::run_until(const std::function<bool()>& done, Duration limit) {
  const Instant end = rig.now + limit;
  while (!done()) {
    if (rig.now >= end) return false;
    step(end);
  }
  return true;
}

void LayersRig::quiet(Duration patience) {
  for (std::size_t i = 0; i < encoders_.size(); ++i) set_active(i, false);
  run(patience);
}

void LayersRig::expect_clean() {
  INFO("seed " << options.seed);
  for (const auto& viewer : viewers) {
    viewer->model.finish();
    const auto& counts = viewer->model.counts();
    INFO("viewer " << viewer->index << ": packets " << counts.packets << ", pictures " << counts.pictures
                   << ", key frames " << counts.key_frames << ", switches " << counts.switches << ", lost "
                   << counts.lost << ", holes " << viewer->model.holes() << "\n"
                   << viewer->model.violations().text());
    CHECK(viewer->model.violations().empty());
  }
}

// --- Links

void LayersRig::fly(const LinkKnobs& link, Flight flight, Duration more) {
  if (link.loss > 0 && random_.chance(link.loss)) return;
  const auto at = [&] {
    const auto jitter = static_cast<std::uint32_t>(link.jitter.count());
    return rig.now + link.delay + more + Duration(jitter > 0 ? random_.below(jitter) : 0);
  };
  if (link.duplication > 0 && random_.chance(link.duplication) && !flight.rtcp)
    flights_.emplace(at(), flight);
  flights_.emplace(at(), std::move(flight));
}

void LayersRig::deliver(const Flight& flight) {
  if (flight.to != Flight::kServer) {
    Viewer& viewer = *viewers[flight.to];
    if (!flight.rtcp) return deliver_to_viewer(viewer, flight.bytes);
    return viewer.side.session.on_rtcp(flight.bytes, rig.now);
  }
  if (flight.rtcp) return publisher.session.on_rtcp(flight.bytes, rig.now);
  PacketRef packet = rig.pool.allocate();
  std::copy(flight.bytes.begin(), flight.bytes.end(), packet->data);
  packet->size = static_cast<std::uint16_t>(flight.bytes.size());
  packet->arrival = rig.now;
  publisher.session.on_rtp(packet, rig.now);
}

// --- The publisher

void LayersRig::send_media() {
  for (std::size_t i = 0; i < encoders_.size(); ++i) {
    while (const auto unit = encoders_[i].source->next(rig.now)) send_unit(i, *unit);
  }
}

PacketRef LayersRig::make_packet(std::size_t index, const client::MediaUnit& unit) {
  Encoder& encoder = encoders_[index];
  RtpToMake rtp{kVp8, encoder.next.value, encoder.ssrc.value, {}, unit.timestamp.value, unit.marker_bit, {}};
  encoder.next = encoder.next.plus(1);
  rtp.payload.resize(unit.size);
  unit.write_payload(rtp.payload);
  rtp.extensions.push_back({rtp::Extension::kMid, kMidId, as_bytes("v")});
  if (options.by_rid) rtp.extensions.push_back({rtp::Extension::kRid, kRidId, as_bytes(encoder.rid)});
  if (!unit.dependency.empty())
    rtp.extensions.push_back({rtp::Extension::kDependencyDescriptor, kDependencyId, unit.dependency});
  ++encoder.packets;
  encoder.octets += unit.size;
  return rig.make(rtp);
}

void LayersRig::send_unit(std::size_t index, const client::MediaUnit& unit) {
  Encoder& encoder = encoders_[index];
  const std::uint16_t number = encoder.next.value;
  const PacketRef packet = make_packet(index, unit);
  const Bytes bytes = packet->bytes();
  encoder.sent[number] = {bytes.begin(), bytes.end()};
  encoder.sent.erase(static_cast<std::uint16_t>(number - kRemembered));
  if (lose && lose(index, unit)) return;
  fly(options.up, {Flight::kServer, {bytes.begin(), bytes.end()}, false}, delay ? delay(index, unit) : 0ms);
}

void LayersRig::send_reports() {
  next_report_ = rig.now + 500ms + Duration(random_.below(1'000'000));
  for (const Encoder& encoder : encoders_) {
    if (encoder.packets == 0) continue;
    rtcp::SenderReport report;
    report.ssrc = encoder.ssrc;
    report.ntp = rig.wall_clock.ntp(rig.now);
    report.rtp_timestamp = encoder.source->timestamp_at(rig.now);
    report.packet_count = encoder.packets;
    report.octet_count = encoder.octets;
    std::array<std::uint8_t, 200> buffer{};
    ByteWriter writer(buffer);
    report.serialize_to(writer);
    fly(options.up, {Flight::kServer, {writer.written().begin(), writer.written().end()}, true});
  }
}

LayersRig::Encoder* LayersRig::find_encoder(Ssrc ssrc) {
  for (Encoder& encoder : encoders_) {
    if (encoder.ssrc == ssrc) return &encoder;
  }
  return nullptr;
}

void LayersRig::on_publisher_rtcp(Bytes compound) {
  const auto want_key_frame = [&](Ssrc ssrc) {
    ++key_frame_requests_;
    if (Encoder* encoder = find_encoder(ssrc)) encoder->source->request_key_frame();
  };
  rtcp::CompoundReader reader(compound);
  while (const auto packet = reader.next()) {
    if (const auto pli =
            packet->type == rtcp::PacketType::kPayloadFeedback ? rtcp::Pli::parse(*packet) : std::nullopt)
      want_key_frame(pli->media);
    if (const auto fir =
            packet->type == rtcp::PacketType::kPayloadFeedback ? rtcp::Fir::parse(*packet) : std::nullopt) {
      for (const auto& request : fir->requests) want_key_frame(request.ssrc);
    }
    const auto nack =
        packet->type == rtcp::PacketType::kRtpFeedback ? rtcp::Nack::parse(*packet) : std::nullopt;
    Encoder* encoder = nack ? find_encoder(nack->media()) : nullptr;
    if (encoder == nullptr || !options.nack) continue;
    nack->for_each([&](SequenceNumber number) {
      ++nacked_;
      const auto sent = encoder->sent.find(number.value);
      if (sent != encoder->sent.end()) fly(options.up, {Flight::kServer, sent->second, false});
    });
  }
}

// --- Viewers

void LayersRig::take_sent() {
  for (Sent& sent : rig.drain()) {
    if (sent.side == publisher.id) {
      if (sent.rtcp && !(options.down.loss > 0 && random_.chance(options.down.loss)))
        on_publisher_rtcp(sent.bytes);
      continue;
    }
    if (sent.rtcp) continue;
    for (const auto& viewer : viewers) {
      if (viewer->side.id != sent.side) continue;
      ++viewer->packets;
      if (lose_down && lose_down(*viewer, sent.view())) continue;
      fly(options.down, {viewer->index, std::move(sent.bytes), false});
      break;
    }
  }
}

void LayersRig::deliver_to_viewer(Viewer& viewer, Bytes bytes) {
  const auto parsed = rtp::PacketView::parse(bytes);
  REQUIRE(parsed.has_value());
  const bool repair = parsed->ssrc() != viewer.consumer.ssrc();
  const auto view = repair ? rtp::unwrap_rtx(*parsed, viewer.consumer.ssrc(), {101}) : parsed;
  if (!view) return;  // padding
  client::DecoderModel::Arrival arrival;
  arrival.number = view->sequence_number();
  arrival.timestamp = view->timestamp();
  arrival.marker_bit = view->marker();
  arrival.payload = view->payload();
  arrival.dependency = view->extension(kDependencyId);
  arrival.repair = repair;
  const auto packet = viewer.model.on_packet(arrival, rig.now);
  viewer.nack.on_packet(view->sequence_number(), rig.now);
  if (packet && packet->frame.key && packet->frame.is_first() && packet->frame.spatial == 0)
    viewer.nack.on_key_frame(view->sequence_number());
  if (const auto pictures = viewer.model.counts().pictures; pictures != viewer.pictures_seen) {
    viewer.pictures_seen = pictures;
    viewer.key_frame_due = kNever;
  } else if (viewer.key_frame_due == kNever) {
    viewer.key_frame_due = rig.now + kPliPatience;
  }
}

/// Asks for what is missing, and for a key frame when packets come but nothing can be shown.
void LayersRig::serve_viewer(Viewer& viewer) {
  std::array<std::uint8_t, 1000> buffer{};
  const auto send = [&](const ByteWriter& writer) {
    const auto bytes = std::vector<std::uint8_t>(buffer.begin(),
                                                 buffer.begin() + static_cast<std::ptrdiff_t>(writer.size()));
    fly(options.up, {viewer.index, bytes, true});
  };
  bool pli = viewer.key_frame_due <= rig.now;
  if (options.nack && viewer.nack.next_deadline() <= rig.now) {
    const auto missing = viewer.nack.advance(rig.now);
    if (!missing.empty()) {
      ByteWriter writer(buffer);
      rtcp::Nack::serialize_to(writer, {1}, viewer.consumer.ssrc(), missing);
      send(writer);
    }
    pli = viewer.nack.take_key_frame_needed() || pli;
  }
  if (!pli) return;
  viewer.key_frame_due = rig.now + kPliPatience;
  ++viewer.plis;
  ByteWriter writer(buffer);
  rtcp::Pli{{1}, viewer.consumer.ssrc()}.serialize_to(writer);
  send(writer);
}

}  // namespace sluice::sfu::testing
