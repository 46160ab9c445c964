// What making packets of a frame costs, and a frame of packets: CPU time and allocations per packet of 1,200
// bytes, by format. No header, no encryption, no sockets.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <new>

#include "packetize/frames.h"

namespace {

std::atomic<std::uint64_t> allocations{0};

}  // namespace

void* operator new(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size)) return memory;
  std::abort();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace sluice::packetize {
namespace {

double cpu_ns() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

struct Cost {
  double ns = 0;
  std::uint64_t allocations = 0;
};

template <typename Work>
Cost measure(Work&& work) {
  const std::uint64_t before = allocations;
  const double start = cpu_ns();
  work();
  return {cpu_ns() - start, allocations - before};
}

void run(Format format) {
  constexpr int kFrames = 3000;
  Random random(1);
  FrameSender::Options options;
  options.packetizer.format = format;
  options.max_payload = 1200;
  FrameSender sender = *FrameSender::make(options);
  FrameReceiver::Options receiving;
  receiving.format = format;
  FrameReceiver receiver(receiving);
  const EncodedFrame key = make_frame(format, 40'000, true, 0, random);
  EncodedFrame frame = make_frame(format, 20'000, false, 3000, random);
  EncodedFrame out;
  const auto give = [&](std::span<const FrameSender::Packet> packets) {
    for (const FrameSender::Packet& packet : packets)
      receiver.receive({packet.number, packet.timestamp, packet.marker, packet.payload}, Instant());
    if (!receiver.take(out)) std::abort();
  };
  give(sender.send({key.data, key.metadata}));
  give(sender.send({frame.data, frame.metadata}));
  Cost sending;
  Cost receive;
  std::size_t packets = 0;
  for (int i = 0; i < kFrames; ++i) {
    frame.metadata.rtp_timestamp += 3000;
    std::span<const FrameSender::Packet> sent;
    const Cost one = measure([&] { sent = sender.send({frame.data, frame.metadata}); });
    const Cost other = measure([&] { give(sent); });
    sending = {sending.ns + one.ns, sending.allocations + one.allocations};
    receive = {receive.ns + other.ns, receive.allocations + other.allocations};
    packets += sent.size();
  }
  const auto count = static_cast<double>(packets);
  std::printf("%-5s %12.0f %12.3f %12.0f %12.3f\n", name_of(format).c_str(), sending.ns / count,
              static_cast<double>(sending.allocations) / count, receive.ns / count,
              static_cast<double>(receive.allocations) / count);
}

}  // namespace
}  // namespace sluice::packetize

int main() {
  std::printf("%-5s %12s %12s %12s %12s\n", "", "send ns", "allocations", "receive ns", "allocations");
  for (const auto format : sluice::packetize::kVideoFormats) sluice::packetize::run(format);
  return 0;
}
