// The signaling of a world: what a controller and its clients would say to each other, by ORTC or by JSEP.
#include <algorithm>

#include "base/base64.h"
#include "catch.h"
#include "net/world.h"

namespace sluice::net {

Participant& World::join(JoinOptions options) {
  if (rooms_.insert(options.room).second) {
    const bool more = std::any_of(options.layered.begin(), options.layered.end(), [](const auto& source) {
      return source.codec != client::LayeredCodec::kVp8;
    });
    const auto codecs = more ? client::layered_room_codecs() : client::room_codecs(options.red);
    capabilities_[options.room] = request<RoomReply>(CreateRoom{options.room, codecs}).rtp_capabilities;
  }
  const auto index = static_cast<std::uint16_t>(participants_.size() + 1);
  participants_.push_back(std::make_unique<Participant>());
  Participant& p = *participants_.back();
  p.id = "p" + std::to_string(index);
  p.options = options;
  p.joined_at = now_;
  p.socket = index;
  p.address = options.address ? *options.address
              : options.family == IpFamily::kIPv4
                  ? *SocketAddress::parse(
                        "10.0." + std::to_string(index / 200) + "." + std::to_string(index % 200 + 1), 5000)
                  : *SocketAddress::parse("2001:db8:1::" + std::to_string(index), 5000);
  network_.add_host(p.address, options.up.value_or(options_.up), options.down.value_or(options_.down));
  by_address_[p.address] = &p;

  p.peer = std::make_unique<client::Peer>(
      shared_, client::Connection::Options{index, options.family, options.dtls_role});
  if (options.jsep) {
    join_jsep(p);
  } else if (options.plain) {
    join_plain(p);
  } else {
    join_ortc(p);
  }
  settle_signaling();
  touch(p);
  return p;
}

void World::join_ortc(Participant& p) {
  execute(CreatePeer{p.options.room, p.id, p.id, Subscription::kManual});
  const auto transport =
      request<WebRtcTransportReply>(CreateWebRtcTransport{p.options.room,
                                                          p.id,
                                                          "t-" + p.id,
                                                          p.options.consent_timeout_seconds,
                                                          {},
                                                          p.options.data.value_or(SctpOptions{})});
  p.transport_id = transport.transport_id;
  if (p.options.data) p.peer->connection().enable_data({}, now_);
  REQUIRE(client::connect(*p.peer, transport, now_).ok());
  execute(ConnectTransport{p.transport_id, p.peer->connection().dtls_parameters()});
  if (p.options.audio) produce(p, MediaKind::kAudio);
  if (p.options.video) produce(p, MediaKind::kVideo);
  consume_others(p);
}

void World::join_plain(Participant& p) {
  const PlainOptions& plain = *p.options.plain;
  const SocketAddress local =
      server(p.options.family).with_port(static_cast<std::uint16_t>(20'000 + servers_.size()));
  const auto id = static_cast<SocketId>(servers_.size());
  servers_.push_back(local);
  network_.add_server(local);
  plain_sockets_.insert(id);

  execute(CreatePeer{p.options.room, p.id, p.id, Subscription::kManual});
  CreatePlainTransport create;
  create.room_id = p.options.room;
  create.peer_id = p.id;
  create.transport_id = "t-" + p.id;
  create.comedia = plain.comedia;
  create.enable_srtp = plain.suite.has_value();
  if (plain.suite) create.srtp_crypto_suite = to_string(*plain.suite);
  create.socket = ListenSocket{id, local, ""};
  const auto transport = request<PlainTransportReply>(create);
  p.transport_id = transport.transport_id;

  ConnectPlainTransport connect;
  connect.transport_id = p.transport_id;
  if (!plain.comedia) {
    const SocketAddress outer = network_.outer(p.address);
    connect.ip = outer.ip();
    connect.port = outer.port();
  }
  std::optional<srtp::MasterKey> own_key;
  std::optional<srtp::MasterKey> server_key;
  if (plain.suite) {
    std::vector<std::uint8_t> bytes(srtp::key_size(*plain.suite) + srtp::salt_size(*plain.suite));
    random_.fill(bytes);
    own_key = srtp::MasterKey::from_bytes(*plain.suite, bytes);
    server_key =
        srtp::MasterKey::from_bytes(*plain.suite, *base64::decode(transport.srtp_parameters->key_base64));
    connect.srtp_parameters = {std::string(to_string(*plain.suite)), base64::encode(bytes)};
  }
  execute(connect);
  p.peer->connection().connect_plain({local, p.socket}, own_key, server_key, now_);
  if (p.options.audio) produce(p, MediaKind::kAudio);
  if (p.options.video) produce(p, MediaKind::kVideo);
  consume_others(p);
  p.peer->advance(now_);
}

void World::consume_others(Participant& p) {
  if (!p.options.consume) return;
  for (Participant* other : present()) {
    if (other == &p || other->options.room != p.options.room) continue;
    for (const auto& track : other->tracks) consume(p, track.producer_id);
  }
}

void World::join_jsep(Participant& p) {
  p.jsep = std::make_unique<client::JsepSignaling>(*p.peer, random_);
  execute(CreatePeer{p.options.room, p.id, p.id, Subscription::kAll});
  if (p.options.audio) p.jsep->add_track(MediaKind::kAudio, next_stream_++);
  if (p.options.video) p.jsep->add_track(MediaKind::kVideo, next_stream_++, p.options.video_options);
  if (p.options.audio || p.options.video) offer_from_client(p);
}

void World::produce(Participant& p, MediaKind kind) {
  if (p.jsep) {
    p.jsep->add_track(kind, next_stream_++, p.options.video_options);
    offer_from_client(p);
    return settle_signaling();
  }
  const std::string mid = std::to_string(p.tracks.size());
  const bool layered = kind == MediaKind::kVideo && !p.options.layered.empty();
  const bool red = kind == MediaKind::kAudio && p.options.red;
  RtpParameters parameters = layered ? client::layered_parameters(p.options.layered, mid, p.id, random_)
                             : red   ? client::red_parameters(mid, p.id, random_)
                                     : client::send_parameters(kind, mid, p.id, random_);
  if (p.options.plain && p.options.plain->bare) {
    parameters.mid.clear();
    parameters.header_extensions.clear();
    parameters.codecs.resize(1);
    parameters.encodings[0].rtx_ssrc.reset();
  }
  const auto reply = request<ProducerReply>(
      Produce{p.transport_id, "", kind, parameters, false, p.options.key_frame_request_delay_ms});
  client::MediaSender::Options sender;
  sender.stream = next_stream_++;
  sender.kind = kind;
  sender.video = p.options.video_options;
  sender.audio.drift_ppm = p.options.audio_drift_ppm;
  sender.clock_drift_ppm = p.options.clock_drift_ppm;
  Participant::Track track{mid, reply.producer_id, sender.stream};
  for (std::size_t i = 0; i < parameters.encodings.size(); ++i) {
    sender.parameters = client::encoding_of(parameters, i, random_);
    if (layered) sender.layered = p.options.layered[i];
    track.encodings.push_back(&p.peer->add_sender(sender, now_));
  }
  track.sender = track.encodings.front();
  p.tracks.push_back(std::move(track));
  for (Participant* other : present()) {
    if (other != &p && !other->jsep && other->options.room == p.options.room && other->options.consume)
      consume(*other, reply.producer_id);
  }
  touch(p);
}

void World::set_active(Participant& p, std::size_t encoding, bool active) {
  for (const Participant::Track& track : p.tracks) {
    if (track.sender->kind() != MediaKind::kVideo) continue;
    if (active) {
      track.encodings.at(encoding)->start(now_);
    } else {
      track.encodings.at(encoding)->stop();
    }
  }
  touch(p);
}

void World::restart_video(Participant& p) {
  for (Participant::Track& track : p.tracks) {
    if (track.sender->kind() != MediaKind::kVideo) continue;
    track.stream += 1U << 24;  // the same track, another encoder (client/layered_packet.h)
    for (client::MediaSender* sender : track.encodings) sender->restart(track.stream, now_);
  }
  touch(p);
}

void World::close_producer(Participant& p, MediaKind kind) {
  const std::string id = p.producer_id(kind);
  const auto track =
      std::find_if(p.tracks.begin(), p.tracks.end(), [&](const auto& t) { return t.producer_id == id; });
  const std::string mid = track->mid;
  const auto encodings = track->encodings;
  p.tracks.erase(track);
  if (p.jsep) {
    p.jsep->remove_track(mid);
    offer_from_client(p);
  } else {
    for (client::MediaSender* sender : encodings) p.peer->remove_sender(*sender);
    execute(Close{ObjectKind::kProducer, id});
  }
  settle_signaling();
  touch(p);
}

client::MediaReceiver* World::consume(Participant& viewer, const std::string& producer_id, bool paused) {
  for (const auto& [consumer, producer] : viewer.consumers) {
    if (producer == producer_id) return nullptr;
  }
  Consume command;
  command.transport_id = viewer.transport_id;
  command.producer_id = producer_id;
  command.rtp_capabilities = capabilities_.at(viewer.options.room);
  std::erase_if(command.rtp_capabilities.codecs, [&](const RtpCodecCapability& codec) {
    const auto& lacks = viewer.options.lacks;
    return std::find(lacks.begin(), lacks.end(), codec.mime_type) != lacks.end();
  });
  command.paused = paused;
  const auto reply = request<ConsumerReply>(command);
  viewer.consumers[reply.consumer_id] = producer_id;
  client::MediaReceiver::Options receiver{reply.consumer_id, reply.kind, reply.rtp_parameters,
                                          viewer.options.nack, viewer.options.judge};
  client::MediaReceiver& out = viewer.peer->add_receiver(std::move(receiver));
  touch(viewer);
  return &out;
}

client::MediaReceiver* World::find_receiver(const Participant& viewer, const Participant& publisher,
                                            MediaKind kind) const {
  const std::string consumer = consumer_id(viewer, publisher, kind);
  if (!viewer.jsep) return viewer.peer->find_receiver(consumer);
  const auto mid = viewer.mids.find(consumer);
  return mid == viewer.mids.end() ? nullptr : viewer.peer->find_receiver(mid->second);
}

std::string World::consumer_id(const Participant& viewer, const Participant& publisher,
                               MediaKind kind) const {
  const std::string& wanted = publisher.producer_id(kind);
  for (const auto& [consumer, producer] : viewer.consumers) {
    if (producer == wanted) return consumer;
  }
  return {};
}

void World::leave(Participant& p) {
  while (!p.consumers.empty()) retire(p, p.consumers.begin()->first);
  p.peer->close(now_);
  p.present = false;
  flush_clients();
  p.tracks.clear();
  execute(Close{ObjectKind::kPeer, p.id});
  settle_signaling();
  touch(p);
}

void World::vanish(Participant& p) {
  network_.cut(p.address, true);
  p.present = false;
  deadlines_.remove(p.deadline);
}

void World::restart_ice(Participant& p) {
  if (p.jsep) {
    offer_from_client(p, true);
  } else {
    const auto reply = request<IceParametersReply>(RestartIce{p.transport_id, ""});
    p.peer->connection().restart_ice(reply.ice_parameters);
  }
  p.peer->advance(now_);
  flush_clients();
  settle_signaling();
  touch(p);
}

void World::rebind(Participant& p) {
  network_.rebind(p.address, p.address.with_port(next_outer_port_++));
}

// --- Offer and answer
// -----------------------------------------------------------------------------------------------------

void World::offer_from_client(Participant& p, bool ice_restart) {
  execute(SetRemoteDescription{p.id, SdpType::kOffer, p.jsep->create_offer(ice_restart)});
  execute(CreateAnswer{p.id});
  const auto answer = request<DescriptionReply>(SetLocalDescription{p.id, SdpType::kAnswer, ""});
  const auto taken = p.jsep->set_answer(answer.sdp, now_);
  if (!taken) FAIL("the server's answer: " << taken.error().message << "\n" << answer.sdp);
  take_sections(p, answer);
}

void World::offer_from_server(Participant& p) {
  execute(CreateOffer{p.id});
  const auto offer = request<DescriptionReply>(SetLocalDescription{p.id, SdpType::kOffer, ""});
  const auto answer = p.jsep->answer(offer.sdp, now_);
  if (!answer) FAIL("the server's offer: " << answer.error().message << "\n" << offer.sdp);
  take_sections(p, request<DescriptionReply>(SetRemoteDescription{p.id, SdpType::kAnswer, *answer}));
}

void World::take_sections(Participant& p, const DescriptionReply& reply) {
  for (const SectionInfo& section : reply.sections) {
    if (!section.sending || section.consumer_id.empty()) continue;
    p.consumers[section.consumer_id] = section.producer_id;
    p.mids[section.consumer_id] = section.mid;
  }
  touch(p);
}

void World::on_produced(const ProducerCreated& created) {
  const auto it = std::find_if(participants_.begin(), participants_.end(),
                               [&](const auto& p) { return p->id == created.peer_id; });
  REQUIRE(it != participants_.end());
  Participant& p = **it;
  client::MediaSender* sender = p.jsep->sender(created.rtp_parameters.mid);
  REQUIRE(sender != nullptr);
  p.tracks.push_back({created.rtp_parameters.mid, created.producer_id, sender->stream(), sender, {sender}});
  for (Participant* other : present()) {
    if (other != &p && !other->jsep && other->options.room == p.options.room && other->options.consume)
      consume(*other, created.producer_id);
  }
}

void World::settle_signaling() {
  for (int rounds = 0; !to_negotiate_.empty() || !produced_.empty(); ++rounds) {
    if (rounds > 1000) FAIL("negotiation does not come to an end");
    for (const ProducerCreated& created : std::exchange(produced_, {})) on_produced(created);
    for (const std::string& id : std::exchange(to_negotiate_, {})) {
      const auto it = std::find_if(participants_.begin(), participants_.end(),
                                   [&](const auto& p) { return p->id == id; });
      if (it != participants_.end() && (*it)->present) offer_from_server(**it);
    }
  }
}

// --- Events
// ---------------------------------------------------------------------------------------------------------------

void World::take_events() {
  for (Event& event : engine_->take_events()) {
    if (const auto* closed = std::get_if<ObjectClosed>(&event)) on_closed(*closed);
    if (const auto* needed = std::get_if<NegotiationNeeded>(&event)) to_negotiate_.push_back(needed->peer_id);
    if (const auto* created = std::get_if<ProducerCreated>(&event)) produced_.push_back(*created);
    if (const auto* made = std::get_if<PeerTransportCreated>(&event)) {
      for (auto& p : participants_) {
        if (p->id == made->peer_id) p->transport_id = made->transport_id;
      }
    }
    events_.push_back(std::move(event));
  }
}

void World::on_closed(const ObjectClosed& closed) {
  if (closed.kind != ObjectKind::kConsumer) return;
  for (auto& p : participants_) {
    if (p->consumers.contains(closed.id)) return retire(*p, closed.id);
  }
}

void World::retire(Participant& viewer, const std::string& consumer_id) {
  const std::string id = consumer_id;
  const auto mid = viewer.mids.find(id);
  client::MediaReceiver* receiver = viewer.peer->find_receiver(mid != viewer.mids.end() ? mid->second : id);
  viewer.consumers.erase(id);
  viewer.mids.erase(id);
  if (receiver == nullptr) return;
  finished_.push_back(
      {viewer.id, receiver->kind(), receiver->continuity(), receiver->given_up(), receiver->take_model()});
  if (!viewer.jsep) viewer.peer->remove_receiver(*receiver);  // by JSEP its m-line goes with the next offer
}

}  // namespace sluice::net
