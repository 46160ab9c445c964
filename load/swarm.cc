#include "load/swarm.h"

#include <algorithm>

#include <sys/epoll.h>
#include <unistd.h>

namespace sluice::load {
namespace {

/// A wake-up that finds hundreds of packets to send lets the kernel have them in between.
constexpr std::size_t kFlushAt = 512;

}  // namespace

Swarm::Swarm(const Options& options)
    : moment_(worker::read_clocks()),
      wall_clock_{moment_.now, moment_.unix_nanos / 1000},
      random_(options.seed),
      dtls_(dtls::Certificate::generate(wall_clock_.unix_micros / 1'000'000)),
      srtp_(srtp::make_fastest_backend()),
      batch_(*srtp_),
      shared_{random_, wall_clock_, dtls_, *srtp_, batch_, pool_},
      ports_(options.sharing),
      impairment_(options.impairment),
      epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  epoll_event event{};
  event.events = EPOLLIN;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, ports_.epoll_fd(), &event);
}

Swarm::~Swarm() {
  members_.clear();
  batch_.finish();
  close(epoll_);
}

Instant Swarm::read_clock() {
  moment_ = worker::read_clocks();
  return moment_.now;
}

Result<Swarm::Member*> Swarm::add() {
  auto port = ports_.open();
  if (!port) return port.error();
  client::Connection::Options options;
  options.socket = *port;
  members_.push_back(std::make_unique<Member>(shared_, options));
  return members_.back().get();
}

void Swarm::touch(Member& member) {
  if (std::exchange(member.dirty, true)) return;
  dirty_.push_back(&member);
}

void Swarm::leave(Member& member) {
  if (std::exchange(member.gone, true)) return;
  member.peer.close(moment_.now);
  deadlines_.remove(member.deadline);
}

void Swarm::step(Instant until, int watched) {
  if (watched != watched_ && watched >= 0) {
    epoll_event event{};
    event.events = EPOLLIN;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, watched, &event);
    watched_ = watched;
  }
  settle();
  flush();
  const Instant next = std::min({until, deadlines_.next(), impairment_.next_deadline()});
  const auto wait =
      more_ ? Duration::zero() : std::clamp<Duration>(next - read_clock(), Duration::zero(), 1s);
  const timespec timeout{wait.count() / 1'000'000, wait.count() % 1'000'000 * 1000};
  std::array<epoll_event, 2> ready;
  epoll_pwait2(epoll_, ready.data(), static_cast<int>(ready.size()), &timeout, nullptr);
  read_clock();
  more_ = ports_.receive(moment_, *this);
  while (auto due = impairment_.pop_due(moment_.now)) {
    if (due->direction == Impairment::Direction::kReceive) {
      deliver(due->path.socket, *due->packet, due->path.remote);
      continue;
    }
    delayed_.push_back({due->path, due->packet->bytes()});
    delayed_packets_.push_back(std::move(due->packet));
  }
  advance();
}

void Swarm::on_datagram(SocketId port, Packet& packet, const SocketAddress& from) {
  if (impairment_.applies(Impairment::Direction::kReceive)) {
    impairment_.take(Impairment::Direction::kReceive, packet.bytes(), {from, port}, packet.arrival);
  } else {
    deliver(port, packet, from);
  }
}

void Swarm::deliver(SocketId port, Packet& packet, const SocketAddress& from) {
  Member& member = *members_[port];
  if (member.gone) return;
  member.peer.receive(packet, {from, port}, moment_.now);
  touch(member);
  if (batch_.pending() >= kFlushAt) flush();
}

void Swarm::advance() {
  settle();
  while (Deadline* deadline = deadlines_.pop_due(moment_.now)) {
    Member& member = *static_cast<Member*>(deadline->owner());
    member.peer.advance(moment_.now);
    touch(member);
    if (batch_.pending() >= kFlushAt) flush();
  }
}

/// Each peer that something happened to is asked once when it wants to be woken.
void Swarm::settle() {
  for (Member* member : dirty_) {
    member->dirty = false;
    if (!member->gone) deadlines_.set(member->deadline, member->peer.next_deadline());
  }
  dirty_.clear();
}

void Swarm::flush() {
  batch_.finish();
  const auto datagrams = batch_.take();
  if (impairment_.applies(Impairment::Direction::kSend)) {
    for (const OutgoingDatagram& one : datagrams)
      impairment_.take(Impairment::Direction::kSend, one.bytes, one.path, moment_.now);
  } else {
    ports_.send(datagrams);
  }
  batch_.clear();
  if (delayed_.empty()) return;
  ports_.send(delayed_);
  delayed_.clear();
  delayed_packets_.clear();
}

}  // namespace sluice::load
