#include "bench/call.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include <nlohmann/json.hpp>

namespace sluice::bench {
namespace {

constexpr Duration kKeyFrameInterval = 2s;
constexpr Duration kFrameTime = 33ms;

WorkerProcess start_worker(const Environment& environment) {
  return need(WorkerProcess::start({environment.worker,
                                    {"--listen", "127.0.0.1", "--srtp-backend", environment.srtp_backend},
                                    kMeasuredCore,
                                    environment.malloc_counter}),
              "cannot start the worker");
}

}  // namespace

void give_up(const std::string& what) {
  std::fprintf(stderr, "forward_bench: %s\n", what.c_str());
  std::exit(1);
}

void need(const Result<void>& result, const char* what) {
  if (!result) give_up(std::string(what) + ": " + result.error().field + " " + result.error().message);
}

Call::Call(const Environment& environment, srtp::Suite suite)
    : environment_(environment),
      suite_(suite),
      worker_(start_worker(environment)),
      peers_({{static_cast<std::uint16_t>(suite)}, environment.receivers, environment.burst}) {}

void Call::add_room(const std::string& room) {
  capabilities_ =
      need(worker_.controller().create_room({room, client::room_codecs()}), "createRoom").rtp_capabilities;
}

Participant& Call::add(const std::string& room, const std::string& id,
                       std::uint32_t consent_timeout_seconds) {
  auto& participant = *participants_.emplace_back(std::make_unique<Participant>());
  participant.id = id;
  participant.peer = need(peers_.add(), "socket");
  auto& controller = worker_.controller();
  replies_.push_back(need(controller.create_webrtc_transport({room, "", id, consent_timeout_seconds}),
                          "createWebRtcTransport"));
  need(controller.connect_transport({id, participant.peer->connection().dtls_parameters()}), "connect");
  return participant;
}

void Call::start(const Participant& participant) {
  const std::size_t i = participant.peer->connection().socket();
  need(client::connect(*participant.peer, replies_[i], peers_.now()), "connect");
  replies_[i] = {};
  peers_.touch(*participant.peer);
}

void Call::connect_all(std::size_t in_flight) {
  std::size_t ready = started_;
  const auto go_on = [&] {
    while (ready < started_ && participants_[ready]->peer->connection().ready()) ++ready;
    for (; started_ < participants_.size() && started_ < ready + in_flight; ++started_)
      start(*participants_[started_]);
    return ready == participants_.size();
  };
  peers_.run(120s, go_on);
  if (ready < participants_.size()) give_up("participant " + participants_[ready]->id + " does not connect");
}

std::string Call::publish(Participant& participant, MediaKind kind) {
  Track track;
  track.producer = "track" + std::to_string(tracks_.size());
  track.participant = &participant;
  track.kind = kind;
  client::MediaSender::Options options;
  options.stream = static_cast<std::uint32_t>(tracks_.size());
  options.kind = kind;
  options.parameters =
      client::send_parameters(kind, std::to_string(tracks_.size()), participant.id, peers_.shared().random);
  Produce produce;
  produce.transport_id = participant.id;
  produce.producer_id = track.producer;
  produce.kind = kind;
  produce.rtp_parameters = options.parameters;
  need(worker_.controller().produce(produce), "produce");
  track.sender = &participant.peer->add_sender(options, peers_.now());
  track.sender->stop();
  tracks_.push_back(track);
  return track.producer;
}

void Call::consume(Participant& viewer, const std::string& producer) {
  Consume consume;
  consume.transport_id = viewer.id;
  consume.producer_id = producer;
  consume.rtp_capabilities = capabilities_;
  client::receive(*viewer.peer, need(worker_.controller().consume(consume), "consume"));
  for (Track& track : tracks_) track.consumers += track.producer == producer ? 1 : 0;
  if (viewers_.empty() || viewers_.back() != &viewer) viewers_.push_back(&viewer);
}

void Call::drain() {
  for (const Participant* viewer : viewers_) peers_.drain(*viewer->peer);
}

void Call::start_media(const Traffic& load) {
  next_key_frame_ = peers_.now() + kKeyFrameInterval / 2;  // the first frame is one as well
  const Duration spread = kFrameTime / static_cast<int>(tracks_.size());
  for (const Track& track : tracks_) {
    const Instant now = peers_.now();
    track.sender->set_video(load.video, now);
    track.sender->set_audio_interval(load.audio_interval, load.video.catch_up);
    track.sender->start(now);
    peers_.touch(*track.participant->peer);
    if (tracks_.size() > 1) peers_.run(spread);
  }
}

void Call::stop_media() {
  for (const Track& track : tracks_) track.sender->stop();
  // After an overload the worker's socket still holds much.
  double before = -1;
  next_key_frame_ = kNever;
  for (int i = 0; i < 40 && before != received(); ++i) {
    before = received();
    peers_.run(80ms);
  }
}

void Call::run(Duration time) {
  const Instant end = peers_.now() + time;
  while (peers_.now() < end) {
    peers_.run(std::min(end, next_key_frame_) - peers_.now());
    if (peers_.now() < next_key_frame_) continue;
    next_key_frame_ += kKeyFrameInterval;
    for (const Track& track : tracks_) track.sender->on_key_frame_request(peers_.now());
  }
}

double Call::expected() const {
  double sum = 0;
  for (const Track& track : tracks_)
    sum += static_cast<double>(track.sender->packets()) * static_cast<double>(track.consumers);
  return sum;
}

std::size_t Call::consumers() const {
  std::size_t sum = 0;
  for (const Track& track : tracks_) sum += track.consumers;
  return sum;
}

std::vector<const client::Peer*> Call::viewers(std::size_t at_most) const {
  std::vector<const client::Peer*> out;
  const std::size_t count = std::clamp<std::size_t>(at_most, 1, viewers_.size());
  for (std::size_t i = 0; i < count; ++i)
    out.push_back(viewers_[count == 1 ? viewers_.size() / 2 : i * (viewers_.size() - 1) / (count - 1)]->peer);
  return out;
}

Call::Calls Call::calls() {
  const auto json =
      nlohmann::json::parse(need(worker_.controller().dump(ObjectKind::kWorker, ""), "dump"), nullptr, false);
  Calls out;
  if (!json.is_object() || !json.contains("sockets") || !json.contains("loop")) return out;
  for (const auto& socket : json.at("sockets")) {
    out.receive += socket.value("receiveCalls", 0.0);
    out.send += socket.value("sendCalls", 0.0);
  }
  out.wake_ups = json.at("loop").value("wakeUps", 0.0);
  return out;
}

std::string Call::sockets() {
  const auto json =
      nlohmann::json::parse(need(worker_.controller().dump(ObjectKind::kWorker, ""), "dump"), nullptr, false);
  return json.is_object() && json.contains("sockets") ? json.at("sockets").dump() : "";
}

std::unique_ptr<Call> make_star(const Environment& environment, srtp::Suite suite, int viewers,
                                MediaKind kind, int tracks) {
  auto call = std::make_unique<Call>(environment, suite);
  call->add_room("room");
  Participant& publisher = call->add("room", "publisher");
  for (int i = 0; i < viewers; ++i) call->add("room", "viewer" + std::to_string(i));
  call->connect_all();
  for (int i = 0; i < tracks; ++i) {
    const std::string track = call->publish(publisher, kind);
    for (auto& viewer : call->participants()) {
      if (viewer.get() != &publisher) call->consume(*viewer, track);
    }
  }
  call->drain();
  return call;
}

std::unique_ptr<Call> make_rooms(const Environment& environment, srtp::Suite suite, int rooms, int size) {
  auto call = std::make_unique<Call>(environment, suite);
  for (int room = 0; room < rooms; ++room) {
    call->add_room("room" + std::to_string(room));
    for (int i = 0; i < size; ++i)
      call->add("room" + std::to_string(room), "peer" + std::to_string(room) + "." + std::to_string(i));
  }
  call->connect_all();
  const auto members = static_cast<std::size_t>(size);
  auto& all = call->participants();
  for (std::size_t first = 0; first < all.size(); first += members) {
    std::vector<std::vector<std::string>> tracks(members);
    for (std::size_t i = 0; i < members; ++i)
      for (const MediaKind kind : {MediaKind::kAudio, MediaKind::kVideo})
        tracks[i].push_back(call->publish(*all[first + i], kind));
    for (std::size_t i = 0; i < members; ++i)
      for (std::size_t j = 0; j < members; ++j)
        for (const auto& track : tracks[j])
          if (i != j) call->consume(*all[first + i], track);
  }
  call->drain();
  return call;
}

}  // namespace sluice::bench
