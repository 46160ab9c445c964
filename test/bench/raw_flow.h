// The same traffic as a publisher's, as plain datagrams: to the yardstick, whose output is drained here, or
// straight to a receiver, for what the loopback itself costs in time.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "base/random.h"
#include "bench/udp_io.h"
#include "client/audio_source.h"
#include "client/video_source.h"

namespace sluice::bench {

/// What publishers send: so many tracks of each kind, all alike.
struct Traffic {
  int videos = 1;
  int audios = 0;
  client::VideoSource::Options video;
  Duration audio_interval = 20ms;  ///< As long as an Opus packet usually lasts.
};

class RawFlow {
 public:
  struct Options {
    std::size_t receivers = 1;
    Receivers kind = Receivers::kPlain;
    Burst burst = Burst::kSendmmsg;
    bool timestamps = false;  ///< Take a sample of every packet received.
  };
  explicit RawFlow(Options options);
  ~RawFlow();
  RawFlow(const RawFlow&) = delete;
  RawFlow& operator=(const RawFlow&) = delete;

  [[nodiscard]] std::vector<std::uint16_t> receiver_ports() const;
  /// Sends traffic to 127.0.0.1:`port` for so long, then waits until what is under way has arrived.
  void run(const Traffic& traffic, std::uint16_t port, Duration time);
  [[nodiscard]] std::uint64_t sent() const { return sent_; }
  [[nodiscard]] std::uint64_t received() const { return received_; }
  /// From the call that sent a packet to its arrival, ns.
  [[nodiscard]] const std::vector<std::int64_t>& samples() const { return samples_; }

 private:
  using Source = std::variant<client::VideoSource, client::AudioSource>;
  /// RTP header, abs-send-time, transport-wide number and MID, as synthetic peers send them.
  static constexpr std::size_t kHeader = 32;

  void send_due(std::vector<Source>& sources, Instant at);
  void drain();

  Options options_;
  Random random_{1};
  BurstSender sender_;
  DatagramReader reader_;
  SocketAddress to_;
  int fd_ = -1;
  std::vector<int> receivers_;
  std::vector<std::vector<std::uint8_t>> burst_;
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
  std::vector<std::int64_t> samples_;
};

}  // namespace sluice::bench
