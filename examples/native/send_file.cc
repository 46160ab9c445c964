// A large file from one peer connection to another over a data channel, in pieces of 64 KiB, with no more
// than 4 MiB waiting at any time. Prints bytes, checksums (FNV-1a), throughput and the memory used. Usage:
// example_send_file [MEGABYTES]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include <sys/resource.h>

#include "sluice/native.h"

using sluice::native::PeerConnection;

namespace {

constexpr std::size_t kPiece = 64 * 1024;
constexpr std::size_t kMostWaiting = 4 << 20;

template <typename Result>
void check(const Result& result) {
  if (result.ok()) return;
  std::fprintf(stderr, "%s: %s\n", result.error().field.c_str(), result.error().message.c_str());
  std::exit(1);
}

class Checksum {
 public:
  void add(const std::uint8_t* bytes, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) value_ = (value_ ^ bytes[i]) * 1099511628211ULL;
  }
  [[nodiscard]] unsigned long long value() const { return value_; }

 private:
  std::uint64_t value_ = 14695981039346656037ULL;
};

}  // namespace

int main(int argc, char** argv) {
  const std::size_t size = (argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 100) * 1'000'000;
  sluice::native::Loop loop;
  auto first = PeerConnection::create(loop, {}, {.addresses = {"127.0.0.1"}});
  auto second = PeerConnection::create(loop, {}, {.addresses = {"127.0.0.1"}});
  check(first);
  check(second);
  const std::unique_ptr<PeerConnection> from = std::move(*first);
  const std::unique_ptr<PeerConnection> to = std::move(*second);

  auto channel = from->create_data_channel("file");
  check(channel);
  channel->set_buffered_amount_low_threshold(kMostWaiting / 2);
  Checksum sent;
  Checksum received;
  std::size_t sent_bytes = 0;
  std::size_t received_bytes = 0;
  std::uint64_t state = 1;  // of the file's content, so that no piece is like another
  std::vector<std::uint8_t> piece(kPiece);
  const auto send = [&] {
    while (sent_bytes < size && channel->buffered_amount() < kMostWaiting) {
      const std::size_t length = std::min(kPiece, size - sent_bytes);
      for (std::size_t i = 0; i < length; i += 8) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        for (std::size_t k = 0; k < 8 && i + k < length; ++k)
          piece[i + k] = static_cast<std::uint8_t>(state >> (8 * k));
      }
      check(channel->send(std::span<const std::uint8_t>(piece.data(), length), from->now()));
      sent.add(piece.data(), length);
      sent_bytes += length;
    }
  };
  std::chrono::steady_clock::time_point start;
  from->on_open = [&](sluice::DataChannel) {
    start = std::chrono::steady_clock::now();
    send();
  };
  from->on_buffered_amount_low = [&](sluice::DataChannel) { send(); };
  to->on_message = [&](const sluice::event::ChannelMessage& message) {
    received.add(message.data.data(), message.data.size());
    received_bytes += message.data.size();
    if (received_bytes >= size) loop.stop();
  };
  from->on_ice_candidate = [&](const auto& c) {
    (void)to->add_ice_candidate(c.value_or(sluice::IceCandidateInit{}));
  };
  to->on_ice_candidate = [&](const auto& c) {
    (void)from->add_ice_candidate(c.value_or(sluice::IceCandidateInit{}));
  };
  check(from->set_local_description());
  check(to->set_remote_description(*from->local_description()));
  check(to->set_local_description());
  check(from->set_remote_description(*to->local_description()));
  loop.after(std::chrono::seconds(300), [&] {
    std::fprintf(stderr, "%zu of %zu bytes within five minutes\n", received_bytes, size);
    std::exit(1);
  });
  loop.run();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const double cpu = static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                     static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
  std::printf("sent %zu bytes, checksum %016llx\n", sent_bytes, sent.value());
  std::printf("received %zu bytes, checksum %016llx\n", received_bytes, received.value());
  std::printf("%.1f MB/s, %.2f ms of CPU per MB (both ends), %ld KiB of memory at most\n",
              static_cast<double>(size) / 1e6 / seconds, cpu * 1e9 / static_cast<double>(size),
              usage.ru_maxrss);
  from->close();
  to->close();
  return sent.value() == received.value() && sent_bytes == received_bytes ? 0 : 1;
}
