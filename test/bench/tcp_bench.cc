// What forwarding by TCP costs: one publisher of video to N viewers through a real sluice-worker, all over
// loopback TCP. The worker has one core, all peers have the other. Run by scripts/bench; `scripts/bench
// forward` is the same by UDP.
#include <cstdio>
#include <cstdlib>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "bench/worker_process.h"
#include "net/tcp_peers.h"

namespace sluice::bench {
namespace {

using Json = nlohmann::json;

struct Settings {
  std::string worker;
  std::string malloc_counter;
  std::vector<int> viewers{1, 10, 50};
  double seconds = 5;
  std::uint32_t bitrate = 2'500'000;
};

template <typename T>
T need(Result<T> result, const char* what) {
  if (result) return std::move(result).value();
  std::fprintf(stderr, "tcp_bench: %s: %s\n", what, result.error().message.c_str());
  std::exit(1);
}

class Run {
 public:
  Run(const Settings& settings, int viewers)
      : settings_(settings),
        worker_(need(WorkerProcess::start(
                         {settings.worker, {"--listen", "tcp:127.0.0.1"}, 0, settings.malloc_counter}),
                     "cannot start the worker")) {
    const RoomReply room =
        need(worker_.controller().create_room({"bench", client::room_codecs()}), "createRoom");
    const std::string local = socket()["local"];
    server_ = *SocketAddress::parse("127.0.0.1",
                                    static_cast<std::uint16_t>(std::stoi(local.substr(local.find(':') + 1))));
    client::Peer& publisher = join("publisher");
    client::MediaSender::Options options;
    options.kind = MediaKind::kVideo;
    options.parameters = client::send_parameters(MediaKind::kVideo, "video", "bench", peers_.shared().random);
    options.video.bitrate = settings.bitrate;
    options.video.frame_rate = 30;
    Produce produce;
    produce.transport_id = "publisher";
    produce.producer_id = "video";
    produce.kind = MediaKind::kVideo;
    produce.rtp_parameters = options.parameters;
    need(worker_.controller().produce(produce), "produce");
    for (int i = 0; i < viewers; ++i) {
      Consume consume;
      consume.transport_id = "viewer" + std::to_string(i);
      client::Peer& viewer = join(consume.transport_id);
      consume.producer_id = "video";
      consume.rtp_capabilities = room.rtp_capabilities;
      client::receive(viewer, need(worker_.controller().consume(consume), "consume"));
    }
    publisher.add_sender(options, peers_.now());
  }

  void measure(int viewers) {
    peers_.run(2s, [] { return false; });
    const Json before = socket();
    const CpuTime cpu_before = worker_.process().cpu();
    const std::uint64_t allocations_before = worker_.process().allocations();
    peers_.run(Duration(static_cast<std::int64_t>(settings_.seconds * 1e6)), [] { return false; });
    const CpuTime cpu = worker_.process().cpu() - cpu_before;
    const auto allocations = static_cast<double>(worker_.process().allocations() - allocations_before);
    const Json after = socket();
    const auto grown = [&](const char* counter) {
      return static_cast<double>(after[counter].get<std::uint64_t>() - before[counter].get<std::uint64_t>());
    };
    const double frames = grown("framesSent");
    std::printf("%8d %10.2f %10.2f %10.2f %14.4f %14.2f %14.0f  %s\n", viewers, cpu.total_us / frames,
                cpu.user_us() / frames, cpu.system_us() / frames, allocations / frames,
                frames / grown("writeCalls"), frames / settings_.seconds, after["dropped"].dump().c_str());
  }

 private:
  Json socket() {
    return Json::parse(need(worker_.controller().dump(ObjectKind::kWorker, ""), "dump")).at("sockets").at(0);
  }
  client::Peer& join(const std::string& id) {
    client::Peer& peer = *need(peers_.add(server_), "connect");
    CreateWebRtcTransport command;
    command.room_id = "bench";
    command.transport_id = id;
    const auto transport =
        need(worker_.controller().create_webrtc_transport(command), "createWebRtcTransport");
    if (!worker_.controller().connect_transport({id, peer.connection().dtls_parameters()}).ok() ||
        !client::connect(peer, transport, peers_.now()).ok() ||
        !peers_.run(10s, [&] { return peer.connection().ready(); })) {
      std::fprintf(stderr, "tcp_bench: %s does not connect\n", id.c_str());
      std::exit(1);
    }
    return peer;
  }

  const Settings& settings_;
  WorkerProcess worker_;
  SocketAddress server_;
  net::TcpPeers peers_;
};

int main_checked(int argc, char** argv) {
  Settings settings;
  CLI::App app(
      "Forwarding by TCP: one publisher, N viewers, a real worker on one core and all peers on another.");
  app.add_option("--worker", settings.worker, "The sluice-worker binary")
      ->required()
      ->check(CLI::ExistingFile);
  app.add_option("--malloc-counter", settings.malloc_counter,
                 "The preload library that counts heap allocations")
      ->check(CLI::ExistingFile);
  app.add_option("--viewers", settings.viewers, "How many viewers, one run each")
      ->delimiter(',')
      ->check(CLI::Range(1, 500));
  app.add_option("--seconds", settings.seconds, "How long each run is measured")
      ->check(CLI::Range(0.5, 600.0));
  app.add_option("--bitrate", settings.bitrate, "Of the video, in bps")
      ->check(CLI::Range(100'000, 50'000'000));
  CLI11_PARSE(app, argc, argv);
  pin_to_core(1);
  std::printf("%8s %10s %10s %10s %14s %14s %14s  %s\n", "viewers", "CPU us/pkt", "user", "system",
              "allocs/pkt", "pkts/writev", "packets/s", "dropped");
  for (const int viewers : settings.viewers) Run(settings, viewers).measure(viewers);
  return 0;
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  return sluice::bench::main_checked(argc, argv);
}
