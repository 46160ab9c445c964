#include "load/worker_signaling.h"

#include <algorithm>

#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "client/ortc.h"

namespace sluice::load {
namespace {

/// The ids of rooms and transports are unique in a worker, which others may use as well.
std::string prefix() {
  return "load-" + std::to_string(getpid()) + "-";
}

std::string describe(const Error& error) {
  return error.field.empty() ? error.message : error.field + ": " + error.message;
}

}  // namespace

Result<std::unique_ptr<WorkerSignaling>> WorkerSignaling::create(const Options& options) {
  WorkerProcess process;
  int channel = -1;
  pid_t pid = 0;
  std::string target;
  if (options.target == Options::Target::kControl) {
    auto connected = connect_to_worker(options.control);
    if (!connected) return connected.error();
    channel = connected->channel;
    pid = connected->pid;
    target = "the worker at unix:" + options.control;
  } else {
    const std::string binary = options.worker.empty() ? find_worker() : options.worker;
    if (binary.empty())
      return Error{ErrorCode::kNotFound, "worker",
                   "there is no sluice-worker beside sluice-load or on the PATH; name it"};
    WorkerProcess::Options start{
        binary, {"--listen", options.listen}, options.pin ? options.pin->worker : -1};
    start.arguments.insert(start.arguments.end(), options.worker_arguments.begin(),
                           options.worker_arguments.end());
    auto started = WorkerProcess::start(start);
    if (!started) return started.error();
    channel = started->channel;
    process = std::move(started->process);
    pid = process.pid();
    target = binary;
  }
  auto controller = control::PipelinedController::connect(channel);
  if (!controller) {
    const std::string ended = process.ended();
    return ended.empty() ? controller.error() : Error{ErrorCode::kInternal, "", "the worker " + ended};
  }
  std::unique_ptr<WorkerSignaling> out(
      new WorkerSignaling(options, std::move(process), std::move(*controller)));
  out->pid_ = pid;
  out->target_ = std::move(target);
  if (auto made = out->make_rooms(); !made) return made.error();
  return out;
}

WorkerSignaling::WorkerSignaling(const Options& options, WorkerProcess process,
                                 control::PipelinedController controller)
    : options_(options),
      process_(std::move(process)),
      controller_(std::move(controller)),
      epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  epoll_event event{};
  event.events = EPOLLIN;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, controller_.fd(), &event);
}

WorkerSignaling::~WorkerSignaling() {
  close(epoll_);
}

Result<void> WorkerSignaling::wait() {
  while (controller_.pending() > 0) {
    if (auto polled = controller_.poll(); !polled) return polled;
    if (controller_.pending() == 0) break;
    pollfd ready{controller_.fd(), static_cast<short>(POLLIN | (controller_.wants_to_write() ? POLLOUT : 0)),
                 0};
    if (::poll(&ready, 1, 10'000) == 0) return Error{ErrorCode::kInternal, "", "the worker does not answer"};
  }
  return {};
}

Result<void> WorkerSignaling::make_rooms() {
  rooms_.resize(static_cast<std::size_t>(options_.rooms));
  std::optional<Error> failed;
  for (std::size_t i = 0; i < rooms_.size(); ++i) {
    rooms_[i].id = prefix() + std::to_string(i);
    controller_.create_room({rooms_[i].id, client::room_codecs()},
                            [this, i, &failed](Result<RoomReply> reply) {
                              if (reply) {
                                rooms_[i].capabilities = std::move(reply->rtp_capabilities);
                              } else {
                                failed = reply.error();
                              }
                            });
  }
  if (auto waited = wait(); !waited) return waited;
  if (failed) return *failed;
  return probe();
}

Result<void> WorkerSignaling::probe() {
  Result<WebRtcTransportReply> transport = Error{};
  const std::string id = prefix() + "probe";
  controller_.create_webrtc_transport(
      {rooms_[0].id, "", id}, [&](Result<WebRtcTransportReply> reply) { transport = std::move(reply); });
  controller_.close({ObjectKind::kTransport, id}, [](const Result<Done>&) {});
  if (auto waited = wait(); !waited) return waited;
  if (!transport) return transport.error();
  const bool loopback =
      std::any_of(transport->ice_candidates.begin(), transport->ice_candidates.end(), [](const auto& one) {
        const auto address = SocketAddress::parse(one.address, one.port);
        return address && address->family() == IpFamily::kIPv4 && address->is_loopback();
      });
  sharing_ = loopback ? PortSharing::kLoopback : PortSharing::kNone;
  return {};
}

void WorkerSignaling::start(Swarm& swarm, const MediaPlan& plan, std::vector<Participant>& participants) {
  swarm_ = &swarm;
  plan_ = &plan;
  participants_ = &participants;
}

std::vector<pid_t> WorkerSignaling::processes() const {
  return pid_ > 0 ? std::vector<pid_t>{pid_} : std::vector<pid_t>{};
}

Result<void> WorkerSignaling::poll() {
  auto polled = controller_.poll();
  if (fatal_) return *fatal_;
  if (polled) return {};
  const std::string ended = process_.ended();
  return ended.empty() ? polled : Error{ErrorCode::kInternal, "", "the worker " + ended};
}

void WorkerSignaling::refuse(Participant& participant, const char* request, const Error& error) {
  if (participant.failure.empty()) participant.failure = std::string(request) + ": " + describe(error);
}

void WorkerSignaling::join(Participant& participant) {
  auto member = swarm_->add();
  if (!member) {
    participant.failure = member.error().message;
    return;
  }
  participant.member = *member;
  if (options_.light > 0 && !participant.publishes)
    participant.member->peer.set_light(static_cast<std::uint32_t>(options_.light));
  const std::string transport = prefix() + participant.id;
  controller_.create_webrtc_transport({rooms_[participant.room].id, "", transport},
                                      [this, &participant](Result<WebRtcTransportReply> reply) {
                                        if (!reply)
                                          return refuse(participant, "createWebRtcTransport", reply.error());
                                        connect(participant, *reply);
                                      });
}

/// The transport is there: all else is asked for at once.
void WorkerSignaling::connect(Participant& participant, const WebRtcTransportReply& transport) {
  WebRtcTransportReply ours = transport;
  if (sharing_ == PortSharing::kLoopback) {
    // Shared sockets stand for addresses of loopback, from which nothing else can be reached.
    std::erase_if(ours.ice_candidates, [](const auto& one) {
      const auto address = SocketAddress::parse(one.address, one.port);
      return !address || !address->is_loopback();
    });
  }
  client::Peer& peer = participant.member->peer;
  if (auto connected = client::connect(peer, ours, swarm_->now()); !connected)
    return refuse(participant, "connect", connected.error());
  swarm_->touch(*participant.member);
  participant.signaled = swarm_->now();
  controller_.connect_transport({transport.transport_id, peer.connection().dtls_parameters()},
                                [this, &participant](const Result<Done>& done) {
                                  if (!done) refuse(participant, "connectTransport", done.error());
                                });
  if (participant.publishes) {
    for (const MediaKind kind : plan_->kinds()) publish(participant, kind);
  }
  if (!participant.views) return;
  Room& room = rooms_[participant.room];
  room.viewers.push_back(participant.index);
  for (const Producer& producer : room.producers) consume(participant, producer);
}

void WorkerSignaling::publish(Participant& participant, MediaKind kind) {
  Random& random = swarm_->shared().random;
  const bool several = kind == MediaKind::kVideo && plan_->simulcast();
  Produce produce;
  produce.transport_id = prefix() + participant.id;
  produce.producer_id = produce.transport_id + (kind == MediaKind::kVideo ? "-video" : "-audio");
  produce.kind = kind;
  const std::string mid = kind == MediaKind::kVideo ? "v" : "a";
  produce.rtp_parameters =
      several ? client::simulcast_parameters(plan_->layers().size(), mid, participant.id, random)
              : client::send_parameters(kind, mid, participant.id, random);
  controller_.produce(produce, [this, &participant, produce, several](const Result<ProducerReply>& reply) {
    if (several && (!reply || reply->type == "simple")) {
      fatal_ = reply ? Error{ErrorCode::kUnsupported, "video",
                             "simulcast: the worker takes three encodings as one \"simple\" producer, of "
                             "which it forwards one"}
                     : Error{reply.error().code, "video",
                             "simulcast: the worker refuses: " + describe(reply.error())};
      return;
    }
    if (!reply) return refuse(participant, "produce", reply.error());
    if (participant.member->gone) return;
    client::Peer& peer = participant.member->peer;
    for (std::size_t i = 0; i < produce.rtp_parameters.encodings.size(); ++i) {
      client::MediaSender::Options track;
      track.stream = MediaPlan::stream_of(participant, produce.kind);
      track.kind = produce.kind;
      track.parameters = client::encoding_of(produce.rtp_parameters, i, swarm_->shared().random);
      if (produce.kind == MediaKind::kVideo) track.video = plan_->layers()[i];
      track.audio = plan_->audio();
      peer.add_sender(std::move(track), swarm_->now());
    }
    swarm_->touch(*participant.member);
    Room& room = rooms_[participant.room];
    room.producers.push_back({produce.producer_id, participant.index});
    for (const std::size_t viewer : room.viewers) consume((*participants_)[viewer], room.producers.back());
  });
}

/// Paused at first: nothing comes before the peer knows what it is.
void WorkerSignaling::consume(Participant& viewer, const Producer& producer) {
  if (producer.owner == viewer.index) return;
  Consume consume;
  consume.transport_id = prefix() + viewer.id;
  consume.consumer_id = viewer.id + "<" + producer.id;
  consume.producer_id = producer.id;
  consume.rtp_capabilities = rooms_[viewer.room].capabilities;
  consume.paused = true;
  controller_.consume(consume, [this, &viewer](const Result<ConsumerReply>& reply) {
    if (!reply) return refuse(viewer, "consume", reply.error());
    if (viewer.member->gone) return;
    client::receive(viewer.member->peer, *reply);
    swarm_->touch(*viewer.member);
    resume(viewer, reply->consumer_id);
  });
}

void WorkerSignaling::resume(Participant& viewer, const std::string& consumer) {
  controller_.resume({ObjectKind::kConsumer, consumer}, [this, &viewer](const Result<Done>& done) {
    if (!done) refuse(viewer, "resume", done.error());
  });
}

void WorkerSignaling::finish() {
  for (const Room& room : rooms_) controller_.close({ObjectKind::kRoom, room.id}, [](const Result<Done>&) {});
  (void)wait();  // a worker that is gone has no rooms either
}

void WorkerSignaling::leave(Participant& participant) {
  if (participant.member == nullptr) return;
  controller_.close({ObjectKind::kTransport, prefix() + participant.id}, [](const Result<Done>&) {});
}

}  // namespace sluice::load
