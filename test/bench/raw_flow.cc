#include "bench/raw_flow.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <netinet/udp.h>
#include <time.h>
#include <unistd.h>

namespace sluice::bench {
namespace {

constexpr Duration kTurn = 3ms;  // as UdpPeers drains

int open_or_exit() {
  const auto fd = open_udp();
  if (fd) return *fd;
  std::fprintf(stderr, "forward_bench: %s\n", fd.error().message.c_str());
  std::exit(1);
}

void wait_until(Instant at) {
  const auto nanos = duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count();
  const timespec time{nanos / 1'000'000'000, nanos % 1'000'000'000};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr);
}

Instant next_of(const std::variant<client::VideoSource, client::AudioSource>& source) {
  return std::visit([](const auto& one) { return one.next_deadline(); }, source);
}

}  // namespace

RawFlow::RawFlow(Options options)
    : options_(options), sender_(options.burst), reader_(64, options.kind), fd_(open_or_exit()) {
  for (std::size_t i = 0; i < options_.receivers; ++i) {
    const int fd = receivers_.emplace_back(open_or_exit());
    if (options_.kind == Receivers::kGro) set_option(fd, SOL_UDP, UDP_GRO, 1);
    if (options_.timestamps) set_option(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
  }
}

RawFlow::~RawFlow() {
  close(fd_);
  for (const int fd : receivers_) close(fd);
}

std::vector<std::uint16_t> RawFlow::receiver_ports() const {
  std::vector<std::uint16_t> out;
  for (const int fd : receivers_) out.push_back(port_of(fd));
  return out;
}

void RawFlow::run(const Traffic& traffic, std::uint16_t port, Duration time) {
  to_ = *SocketAddress::parse("127.0.0.1", port);
  std::vector<Source> sources;
  for (int i = 0; i < traffic.videos; ++i)
    sources.emplace_back(client::VideoSource(traffic.video, 1, random_));
  for (int i = 0; i < traffic.audios; ++i) {
    client::AudioSource audio({}, 1, random_);
    audio.set_interval(traffic.audio_interval, traffic.video.catch_up);
    sources.emplace_back(audio);
  }
  const Instant start = read_clock();
  // Spread over a frame's time, as senders are that know nothing of each other.
  const Duration spread(33'000 / static_cast<std::int64_t>(sources.size()));
  for (std::size_t i = 0; i < sources.size(); ++i)
    std::visit([&](auto& one) { one.start(start + spread * static_cast<int>(i)); }, sources[i]);
  Instant turn = start;
  for (Instant at = start; at < start + time; at = read_clock()) {
    send_due(sources, at);
    if (at >= turn) {
      drain();
      turn = at + kTurn;
    }
    Instant next = turn;
    for (const Source& source : sources) next = std::min(next, next_of(source));
    wait_until(next);
  }
  for (int i = 0; i < 10; ++i) {
    wait_until(read_clock() + 5ms);
    drain();
  }
}

void RawFlow::send_due(std::vector<Source>& sources, Instant at) {
  burst_.clear();
  for (Source& source : sources) {
    while (const auto unit = std::visit([&](auto& one) { return one.next(at); }, source)) {
      auto& packet = burst_.emplace_back(kHeader + unit->size);
      unit->write_payload(MutableBytes(packet).subspan(kHeader));
    }
  }
  if (burst_.empty()) return;
  const std::int64_t departure = read_wall_nanos();
  for (auto& packet : burst_) {
    std::memcpy(packet.data() + 12, &departure, sizeof departure);
    sender_.add(to_, packet);
  }
  sent_ += burst_.size();
  sender_.flush(fd_);
}

void RawFlow::drain() {
  for (const int fd : receivers_) {
    while (reader_.read(fd, [&](const Received& packet) {
      ++received_;
      if (packet.kernel_nanos == 0 || packet.start.size() < 20) return;
      std::int64_t departure = 0;
      std::memcpy(&departure, packet.start.data() + 12, sizeof departure);
      samples_.push_back(packet.kernel_nanos - departure);
    })) {
    }
  }
}

}  // namespace sluice::bench
