// What forwarding costs: one publisher of video to N viewers through a real sluice-worker over loopback UDP.
// The worker has one core, all peers have the other. Run by scripts/bench.
//
// For each N: CPU µs of the worker per forwarded packet with everything included (receive, RTCP, timers),
// heap allocations per forwarded packet, resident bytes per consumer with its transport, and the packets/s at
// which the worker has no CPU left.
#include <cstdio>
#include <fstream>
#include <iostream>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "bench/udp_peers.h"
#include "bench/worker_process.h"

namespace sluice::bench {
namespace {

using Json = nlohmann::ordered_json;

struct Settings {
  std::string worker;
  std::string malloc_counter;
  std::vector<int> viewers{1, 10, 100, 400};
  double seconds = 5;
  std::uint32_t bitrate = 2'500'000;
  std::string srtp_backend = "auto";
  std::string json;
};

struct Row {
  int viewers = 0;
  double user_us = 0;
  double system_us = 0;
  double allocations = 0;
  double resident_kib = 0;
  double saturation = 0;
  double join_ms = 0;
};

template <typename T>
T need(Result<T> result, const char* what) {
  if (result) return std::move(result).value();
  std::fprintf(stderr, "forward_bench: %s: %s %s\n", what, result.error().field.c_str(),
               result.error().message.c_str());
  std::exit(1);
}
void need(Result<void> result, const char* what) {
  if (result) return;
  std::fprintf(stderr, "forward_bench: %s: %s %s\n", what, result.error().field.c_str(),
               result.error().message.c_str());
  std::exit(1);
}

class Run {
 public:
  Run(const Settings& settings, int viewers)
      : settings_(settings),
        worker_(need(WorkerProcess::start({settings.worker,
                                           {"--listen", "127.0.0.1", "--srtp-backend", settings.srtp_backend},
                                           0,
                                           settings.malloc_counter}),
                     "cannot start the worker")) {
    room_ = need(worker_.controller().create_room({"bench", client::room_codecs()}), "createRoom");
    publisher_ = &join("publisher");
    until([&] { return publisher_->connection().ready(); }, "the publisher does not connect");
    const std::uint64_t before = worker_.resident();
    const Instant start = peers_.now();
    for (int i = 0; i < viewers; ++i) viewers_.push_back(&join("viewer" + std::to_string(i)));
    until(
        [&] {
          return std::all_of(viewers_.begin(), viewers_.end(),
                             [](client::Peer* peer) { return peer->connection().ready(); });
        },
        "the viewers do not connect");
    row_.viewers = viewers;
    row_.join_ms = static_cast<double>((peers_.now() - start).count()) / 1000.0;
    publish(settings.bitrate, 30);
    row_.resident_kib = static_cast<double>(worker_.resident() - before) / 1024.0 / viewers;
  }

  Row measure() {
    peers_.run(1s, [] { return false; });
    // The dumps cost too: they lie outside of what is measured.
    const std::uint64_t sent_before = datagrams_sent();
    const CpuTime cpu_before = worker_.cpu();
    const std::uint64_t allocations_before = worker_.allocations();
    peers_.run(Duration(static_cast<std::int64_t>(settings_.seconds * 1e6)), [] { return false; });
    const CpuTime cpu_after = worker_.cpu();
    const std::uint64_t allocations_after = worker_.allocations();
    const auto packets = static_cast<double>(datagrams_sent() - sent_before);
    const CpuTime cpu = cpu_after - cpu_before;
    row_.user_us = cpu.user_us() / packets;
    row_.system_us = cpu.system_us() / packets;
    row_.allocations = static_cast<double>(allocations_after - allocations_before) / packets;
    row_.saturation = saturate();
    return row_;
  }

 private:
  client::Peer& join(const std::string& id) {
    client::Peer& peer = *need(peers_.add(), "socket");
    const auto transport =
        need(worker_.controller().create_webrtc_transport({"bench", "", id, 0}), "createWebRtcTransport");
    need(worker_.controller().connect_transport({id, peer.connection().dtls_parameters()}), "connect");
    need(client::connect(peer, transport, peers_.now()), "connect");
    return peer;
  }

  template <typename Done>
  void until(Done done, const char* what) {
    peers_.run(60s, done);
    if (done()) return;
    std::fprintf(stderr, "forward_bench: %s\n", what);
    std::exit(1);
  }

  /// A new video track of this bitrate, consumed by every viewer in place of the one before.
  void publish(std::uint32_t bitrate, std::uint32_t frame_rate) {
    auto& controller = worker_.controller();
    if (sender_ != nullptr) {
      publisher_->remove_sender(*sender_);
      need(controller.close(ObjectKind::kProducer, producer_), "close");
    }
    producer_ = "video" + std::to_string(++published_);
    client::MediaSender::Options options;
    options.stream = published_;
    options.kind = MediaKind::kVideo;
    options.parameters =
        client::send_parameters(MediaKind::kVideo, producer_, "bench", peers_.shared().random);
    options.video.bitrate = bitrate;
    options.video.frame_rate = frame_rate;
    Produce produce;
    produce.transport_id = "publisher";
    produce.producer_id = producer_;
    produce.kind = MediaKind::kVideo;
    produce.rtp_parameters = options.parameters;
    need(controller.produce(produce), "produce");
    for (std::size_t i = 0; i < viewers_.size(); ++i) {
      Consume consume;
      consume.transport_id = "viewer" + std::to_string(i);
      consume.producer_id = producer_;
      consume.rtp_capabilities = room_.rtp_capabilities;
      const auto consumer = need(controller.consume(consume), "consume");
      if (!draining_) client::receive(*viewers_[i], consumer);
    }
    sender_ = &publisher_->add_sender(options, peers_.now());
  }

  /// All that the worker sent: almost only forwarded packets.
  std::uint64_t datagrams_sent() {
    const auto json = Json::parse(need(worker_.controller().dump(ObjectKind::kWorker, ""), "dump"));
    std::uint64_t sent = 0;
    for (const auto& socket : json.at("sockets")) sent += socket.at("datagramsSent").get<std::uint64_t>();
    return sent;
  }

  /// Raises the rate until packets are lost, twice in a row; gives the highest rate that arrived with less
  /// than 0.1 % missing.
  double saturate() {
    draining_ = true;
    for (client::Peer* viewer : viewers_) peers_.drain_only(*viewer);
    double best = 0;
    int failures = 0;
    const auto viewers = static_cast<double>(viewers_.size());
    for (double rate = 2'000.0 + 150.0 * viewers; rate < 4e6 && failures < 2;) {
      const double source = rate / viewers;  // packets/s of the publisher
      if (source > 60'000) break;            // more than one peer can make
      publish(static_cast<std::uint32_t>(source * 1100 * 8),
              static_cast<std::uint32_t>(std::clamp(source / 4, 30.0, 1000.0)));
      const std::uint64_t before = peers_.drained();
      const Instant start = peers_.now();
      peers_.run(1s, [] { return false; });
      const double seconds = static_cast<double>((peers_.now() - start).count()) / 1e6;
      sender_->stop();
      peers_.run(200ms, [] { return false; });  // what is under way arrives
      const double expected = static_cast<double>(sender_->packets()) * viewers;
      const auto arrived = static_cast<double>(peers_.drained() - before);
      if (arrived < expected * 0.999) {
        ++failures;
        continue;
      }
      failures = 0;
      best = std::max(best, arrived / seconds);
      rate *= 1.2;
    }
    return best;
  }

  const Settings& settings_;
  WorkerProcess worker_;
  UdpPeers peers_;
  RoomReply room_;
  client::Peer* publisher_ = nullptr;
  std::vector<client::Peer*> viewers_;
  client::MediaSender* sender_ = nullptr;
  std::string producer_;
  std::uint32_t published_ = 0;
  bool draining_ = false;
  Row row_;
};

void print(const std::vector<Row>& rows) {
  std::printf("%8s %10s %10s %10s %14s %14s %14s %10s\n", "viewers", "CPU us/pkt", "user", "system",
              "allocs/pkt", "KiB/consumer", "packets/s", "join ms");
  for (const Row& row : rows) {
    std::printf("%8d %10.2f %10.2f %10.2f %14.4f %14.1f %14.0f %10.0f\n", row.viewers,
                row.user_us + row.system_us, row.user_us, row.system_us, row.allocations, row.resident_kib,
                row.saturation, row.join_ms);
  }
}

void write_json(const Settings& settings, const std::vector<Row>& rows) {
  Json out = {{"bitrate", settings.bitrate},
              {"srtpBackend", settings.srtp_backend},
              {"seconds", settings.seconds},
              {"rows", Json::array()}};
  for (const Row& row : rows) {
    out["rows"].push_back({{"viewers", row.viewers},
                           {"cpuMicrosPerPacket", row.user_us + row.system_us},
                           {"userMicrosPerPacket", row.user_us},
                           {"systemMicrosPerPacket", row.system_us},
                           {"allocationsPerPacket", row.allocations},
                           {"residentKibPerConsumer", row.resident_kib},
                           {"packetsPerSecondAtSaturation", row.saturation},
                           {"joinMillis", row.join_ms}});
  }
  std::ofstream(settings.json) << out.dump(2) << "\n";
}

int main_checked(int argc, char** argv) {
  Settings settings;
  CLI::App app(
      "Forwarding benchmark: one publisher, N viewers, a real worker on one core and all peers on another.");
  app.add_option("--worker", settings.worker, "The sluice-worker binary")
      ->required()
      ->check(CLI::ExistingFile);
  app.add_option("--malloc-counter", settings.malloc_counter,
                 "The preload library that counts heap allocations")
      ->check(CLI::ExistingFile);
  app.add_option("--viewers", settings.viewers, "How many viewers, one run each")
      ->delimiter(',')
      ->check(CLI::Range(1, 5000));
  app.add_option("--seconds", settings.seconds, "How long each run is measured")
      ->check(CLI::Range(0.5, 600.0));
  app.add_option("--bitrate", settings.bitrate, "Of the video, in bps")
      ->check(CLI::Range(100'000, 50'000'000));
  app.add_option("--srtp-backend", settings.srtp_backend, "auto, ipsec-mb, openssl or libsrtp");
  app.add_option("--json", settings.json, "Also write the results here");
  CLI11_PARSE(app, argc, argv);
  pin_to_core(1);
  std::vector<Row> rows;
  for (const int viewers : settings.viewers) {
    std::fprintf(stderr, "measuring %d viewer%s ...\n", viewers, viewers == 1 ? "" : "s");
    rows.push_back(Run(settings, viewers).measure());
  }
  print(rows);
  if (!settings.json.empty()) write_json(settings, rows);
  return 0;
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  return sluice::bench::main_checked(argc, argv);
}
