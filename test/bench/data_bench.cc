// What messages of data channels cost: one sender to N receivers through a real sluice-worker, native peers,
// all over loopback UDP. The worker has one core, all peers have the other. Run by scripts/bench data.
//
// The sender keeps a megabyte ahead of the slowest receiver, so that no queue overflows: reliable, ordered,
// as a file goes.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "bench/udp_peers.h"
#include "bench/worker_process.h"

namespace sluice::bench {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kWindow = 1U << 20;

struct Settings {
  std::string worker;
  std::vector<int> receivers{1, 3, 10};
  std::vector<std::size_t> sizes{1'000, 16'000, 100'000};
  double seconds = 4;
};

template <typename T>
T need(Result<T> result, const char* what) {
  if (result) return std::move(result).value();
  std::fprintf(stderr, "data_bench: %s: %s\n", what, result.error().message.c_str());
  std::exit(1);
}
void need(const Result<void>& result, const char* what) {
  if (result) return;
  std::fprintf(stderr, "data_bench: %s: %s\n", what, result.error().message.c_str());
  std::exit(1);
}

struct Receiver {
  client::Peer* peer = nullptr;
  std::uint64_t bytes = 0;
};

class Run {
 public:
  Run(const Settings& settings, int receivers)
      : settings_(settings),
        worker_(need(WorkerProcess::start({settings.worker, {"--listen", "127.0.0.1"}, 0, ""}),
                     "cannot start the worker")),
        peers_({}) {
    (void)need(worker_.controller().create_room({"bench", client::room_codecs()}), "createRoom");
    sender_ = &join("sender");
    channel_ = channel(*sender_, 0);
    need(worker_.controller().produce_data({"sender", "data", SctpStreamParameters{}, "bench"}),
         "produceData");
    for (int i = 0; i < receivers; ++i) {
      const std::string id = "receiver" + std::to_string(i);
      Receiver receiver{&join(id)};
      const auto reply = need(worker_.controller().consume_data({id, "", "data"}), "consumeData");
      (void)channel(*receiver.peer, reply.sctp_stream_parameters->stream_id);
      receivers_.push_back(receiver);
    }
  }

  void measure(std::size_t size) {
    message_.assign(size, 0x5A);
    transfer(0.5);
    const CpuTime cpu_before = worker_.process().cpu();
    const std::uint64_t before = received();
    const Instant started = peers_.now();
    transfer(settings_.seconds);
    const CpuTime cpu = worker_.process().cpu() - cpu_before;
    const double seconds = static_cast<double>((peers_.now() - started).count()) / 1e6;
    const double megabytes = static_cast<double>(received() - before) / 1e6;
    std::printf("%9zu %10zu %14.1f %18.2f %12.0f\n", receivers_.size(), size, megabytes / seconds,
                cpu.total_us / 1000 / megabytes, megabytes * 1e6 / static_cast<double>(size) / seconds);
  }

 private:
  client::Peer& join(const std::string& id) {
    client::Peer& peer = *need(peers_.add(), "socket");
    CreateWebRtcTransport command;
    command.room_id = "bench";
    command.transport_id = id;
    command.sctp.enable = true;
    const auto transport =
        need(worker_.controller().create_webrtc_transport(command), "createWebRtcTransport");
    peer.connection().enable_data({}, peers_.now());
    need(worker_.controller().connect_transport({id, peer.connection().dtls_parameters()}), "connect");
    need(client::connect(peer, transport, peers_.now()), "connect");
    peers_.touch(peer);
    peers_.run(10s, [&] { return poll(peer, nullptr).state() == sctp::State::kConnected; });
    if (peer.connection().data()->state() != sctp::State::kConnected) {
      std::fprintf(stderr, "data_bench: %s does not connect\n", id.c_str());
      std::exit(1);
    }
    return peer;
  }

  sctp::ChannelHandle channel(client::Peer& peer, std::uint16_t stream) {
    sctp::ChannelOptions options;
    options.negotiated = true;
    options.id = stream;
    return need(peer.connection().data()->create(options, peers_.now()), "channel");
  }

  sctp::DataChannels& poll(client::Peer& peer, std::uint64_t* bytes) {
    sctp::DataChannels& data = *peer.connection().data();
    while (const auto event = data.poll_event(peers_.now())) {
      if (event->type == sctp::Event::Type::kMessage && bytes != nullptr) *bytes += event->data.size();
    }
    peer.connection().flush_data(peers_.now());
    peers_.touch(peer);
    return data;
  }

  void transfer(double seconds) {
    const Instant end = peers_.now() + Duration(static_cast<std::int64_t>(seconds * 1e6));
    peers_.run(Duration(static_cast<std::int64_t>(seconds * 1e6)), [&] {
      std::uint64_t least = sent_;
      for (Receiver& receiver : receivers_) {
        poll(*receiver.peer, &receiver.bytes);
        least = std::min(least, receiver.bytes);
      }
      sctp::DataChannels& data = poll(*sender_, nullptr);
      while (sent_ - least < kWindow && data.buffered_amount() < kWindow &&
             data.send(channel_, sctp::MessageKind::kBinary, message_, peers_.now()) ==
                 sctp::SendStatus::kSent)
        sent_ += message_.size();
      sender_->connection().flush_data(peers_.now());
      peers_.touch(*sender_);
      return peers_.now() >= end;
    });
  }

  [[nodiscard]] std::uint64_t received() const {
    std::uint64_t sum = 0;
    for (const Receiver& receiver : receivers_) sum += receiver.bytes;
    return sum;
  }

  const Settings& settings_;
  WorkerProcess worker_;
  UdpPeers peers_;
  client::Peer* sender_ = nullptr;
  sctp::ChannelHandle channel_ = sctp::ChannelHandle::kNone;
  std::vector<Receiver> receivers_;
  std::vector<std::uint8_t> message_;
  std::uint64_t sent_ = 0;
};

int main_checked(int argc, char** argv) {
  Settings settings;
  CLI::App app(
      "Messages of data channels: one sender, N receivers, a real worker on one core and all peers on "
      "another.");
  app.add_option("--worker", settings.worker, "The sluice-worker binary")
      ->required()
      ->check(CLI::ExistingFile);
  app.add_option("--receivers", settings.receivers, "How many receivers, one run each")
      ->delimiter(',')
      ->check(CLI::Range(1, 200));
  app.add_option("--sizes", settings.sizes, "Bytes of a message, one measurement each")
      ->delimiter(',')
      ->check(CLI::Range(1, 262'144));
  app.add_option("--seconds", settings.seconds, "How long each is measured")->check(CLI::Range(0.5, 600.0));
  CLI11_PARSE(app, argc, argv);
  pin_to_core(1);
  std::printf("%9s %10s %14s %18s %12s\n", "receivers", "bytes", "MB/s received", "worker CPU ms/MB",
              "messages/s");
  for (const int receivers : settings.receivers) {
    Run run(settings, receivers);
    for (const std::size_t size : settings.sizes) run.measure(size);
  }
  return 0;
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  return sluice::bench::main_checked(argc, argv);
}
