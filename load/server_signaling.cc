#include "load/server_signaling.h"

#include <algorithm>

#include <nlohmann/json.hpp>
#include <unistd.h>

namespace sluice::load {
namespace {

using Json = nlohmann::json;

std::string text_of(const Json& object, const char* field) {
  const auto it = object.find(field);
  return it != object.end() && it->is_string() ? it->get<std::string>() : std::string();
}

}  // namespace

/// One participant's place in a room of the server.
class ServerSignaling::Seat : public WebSocket::Handler {
 public:
  Seat(ServerSignaling& owner, Participant& participant, std::string room)
      : owner_(owner),
        participant_(participant),
        room_(std::move(room)),
        jsep_(participant.member->peer, owner.swarm_->shared().random),
        socket_(owner.sockets_->open("/signaling", *this)) {}

  [[nodiscard]] const Participant& participant() const { return participant_; }
  [[nodiscard]] bool pending() const {
    return participant_.signaled == kNever && participant_.failure.empty();
  }

  void leave() {
    if (std::exchange(left_, true)) return;
    if (joined_) send("leave", Json::object());
    socket_.close();
  }

 private:
  void on_open() override {
    send("join", {{"room", room_},
                  {"name", participant_.id},
                  {"audio", participant_.publishes && owner_.options_.audio},
                  {"video", participant_.publishes && !owner_.plan_->layers().empty()},
                  {"offers", participant_.publishes}});
  }

  void on_closed(const std::string& reason) override { fail(reason); }

  void on_text(std::string_view text) override {
    const Json message = Json::parse(text, nullptr, false);
    if (!message.is_object()) return fail("the server sent something that is not a JSON object");
    const std::string type = text_of(message, "message_type");
    const auto found = message.find("content");
    const Json content = found != message.end() && found->is_object() ? *found : Json::object();
    const auto id = message.find("id");
    if (type == "joined") on_joined();
    if (type == "answer") on_answer(content);
    if (type == "offer") on_offer(content, id == message.end() ? Json() : *id);
    if (type == "error")
      fail("the server says: " + text_of(content, "code") + ": " + text_of(content, "message"));
    if (type == "ping") send("pong", Json::object(), id == message.end() ? Json() : *id);
  }

  void on_joined() {
    joined_ = true;
    if (!participant_.publishes) return;
    for (const MediaKind kind : owner_.plan_->kinds()) {
      const std::uint32_t stream = MediaPlan::stream_of(participant_, kind);
      if (kind == MediaKind::kVideo && owner_.plan_->simulcast()) {
        jsep_.add_simulcast_track(stream, owner_.plan_->layers());
      } else {
        jsep_.add_track(
            kind, stream,
            kind == MediaKind::kVideo ? owner_.plan_->layers()[0] : client::VideoSource::Options{},
            owner_.plan_->audio());
      }
    }
    offering_ = true;
    send("offer", {{"type", "offer"}, {"sdp", jsep_.create_offer()}}, ++offers_);
  }

  void on_answer(const Json& content) {
    if (!std::exchange(offering_, false)) return;
    if (auto taken = jsep_.set_answer(text_of(content, "sdp"), now()); !taken)
      return fail("the server's answer: " + taken.error().message);
    signaled();
  }

  /// The server is the polite side: an offer that meets ours comes again (docs/signaling.md).
  void on_offer(const Json& content, const Json& id) {
    if (offering_) return;
    auto answer = jsep_.answer(text_of(content, "sdp"), now());
    if (!answer) return fail("the server's offer: " + answer.error().message);
    send("answer", {{"type", "answer"}, {"sdp", *answer}}, id);
    signaled();
  }

  void signaled() {
    if (participant_.signaled == kNever) participant_.signaled = now();
    owner_.swarm_->touch(*participant_.member);
  }

  void send(const char* type, Json content, const Json& id = Json()) {
    Json message = {{"message_type", type}, {"content", std::move(content)}};
    if (!id.is_null()) message["id"] = id;
    socket_.send(message.dump());
  }

  void fail(const std::string& reason) {
    if (!left_ && participant_.failure.empty()) participant_.failure = reason;
  }
  [[nodiscard]] Instant now() const { return owner_.swarm_->now(); }

  ServerSignaling& owner_;
  Participant& participant_;
  std::string room_;
  client::JsepSignaling jsep_;
  bool joined_ = false;
  bool offering_ = false;
  bool left_ = false;
  int offers_ = 0;
  WebSocket& socket_;  // last: it may call back
};

Result<std::unique_ptr<ServerSignaling>> ServerSignaling::create(const Options& options) {
  auto sockets = WebSockets::create(options.server.host, options.server.port);
  if (!sockets) return sockets.error();
  return std::unique_ptr<ServerSignaling>(new ServerSignaling(options, std::move(*sockets)));
}

ServerSignaling::ServerSignaling(const Options& options, std::unique_ptr<WebSockets> sockets)
    : options_(options),
      sockets_(std::move(sockets)),
      room_prefix_("load-" + std::to_string(getpid()) + "-") {}

ServerSignaling::~ServerSignaling() {
  sockets_.reset();
}

std::string ServerSignaling::target() const {
  return "the conference server at http://" + options_.server.host + ":" + options_.server.port;
}

void ServerSignaling::start(Swarm& swarm, const MediaPlan& plan, std::vector<Participant>& /*participants*/) {
  swarm_ = &swarm;
  plan_ = &plan;
}

void ServerSignaling::join(Participant& participant) {
  auto member = swarm_->add();
  if (!member) {
    participant.failure = member.error().message;
    return;
  }
  participant.member = *member;
  if (options_.light > 0 && !participant.publishes)
    participant.member->peer.set_light(static_cast<std::uint32_t>(options_.light));
  seats_.push_back(
      std::make_unique<Seat>(*this, participant, room_prefix_ + std::to_string(participant.room)));
}

void ServerSignaling::leave(Participant& participant) {
  for (auto& seat : seats_) {
    if (&seat->participant() == &participant) seat->leave();
  }
}

void ServerSignaling::finish() {
  const Instant end = swarm_->read_clock() + 2s;
  while (sockets_->busy() && swarm_->read_clock() < end) {
    sockets_->poll();
    swarm_->step(swarm_->now() + 5ms, sockets_->fd());
  }
}

Result<void> ServerSignaling::poll() {
  sockets_->poll();
  return {};
}

std::size_t ServerSignaling::pending() const {
  return static_cast<std::size_t>(
      std::count_if(seats_.begin(), seats_.end(), [](const auto& seat) { return seat->pending(); }));
}

}  // namespace sluice::load
