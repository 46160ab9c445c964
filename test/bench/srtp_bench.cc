// What protecting and unprotecting a packet costs in each backend and suite: 1,200 bytes of payload, 500
// transports in turn, as in an SFU that forwards one packet to 500 viewers. CPU time a packet is the figure
// to read.
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "base/random.h"
#include "srtp/inbound.h"
#include "srtp/outbound.h"

namespace {

using namespace sluice;
using namespace sluice::srtp;

constexpr std::size_t kTransports = 500;
constexpr std::size_t kPayload = 1200;
constexpr std::size_t kHeader = 20;  // with a header extension of one word
constexpr std::size_t kSlot = 1536;

MasterKey random_key(Random& random, Suite suite) {
  MasterKey key;
  key.suite = suite;
  random.fill(key.bytes);
  return key;
}

void write_header(std::uint8_t* out, std::uint16_t sequence) {
  const std::uint8_t header[kHeader] = {0x90, 96, 0,    0,    0, 0, 0,    0, 0, 0,
                                        0,    1,  0xBE, 0xDE, 0, 1, 0x31, 1, 2, 0};
  std::copy_n(header, kHeader, out);
  store16(out + 2, sequence);
}

void protect_rtp(benchmark::State& state, BackendKind kind, Suite suite) {
  const std::size_t batch_size = static_cast<std::size_t>(state.range(0));
  const auto backend = make_backend(kind);
  Random random(1);
  std::vector<Outbound> transports;
  for (std::size_t i = 0; i < kTransports; ++i) transports.emplace_back(*backend, random_key(random, suite));
  std::vector<std::uint8_t> payload(kPayload);
  random.fill(payload);
  std::vector<std::uint8_t> slots(kSlot * batch_size);
  Batch batch(*backend);
  std::size_t next = 0;
  std::uint16_t sequence = 0;
  for (auto _ : state) {
    for (std::size_t i = 0; i < batch_size; ++i) {
      std::uint8_t* slot = slots.data() + i * kSlot;
      write_header(slot, sequence);
      benchmark::DoNotOptimize(batch.protect_rtp(transports[next], slot, kHeader, 0, payload));
      if (++next == kTransports) {
        next = 0;
        ++sequence;
      }
    }
    batch.flush();
  }
  const auto packets = static_cast<double>(state.iterations()) * static_cast<double>(batch_size);
  state.counters["per_packet"] =
      benchmark::Counter(packets, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void unprotect_rtp(benchmark::State& state, BackendKind kind, Suite suite) {
  const auto backend = make_backend(kind);
  Random random(2);
  std::vector<Outbound> senders;
  std::vector<Inbound> receivers;
  for (std::size_t i = 0; i < kTransports; ++i) {
    const MasterKey key = random_key(random, suite);
    senders.emplace_back(*backend, key);
    receivers.emplace_back(*backend, key);
  }
  std::vector<std::uint8_t> payload(kPayload);
  std::vector<std::uint8_t> slots(kSlot * kTransports);
  std::uint16_t sequence = 0;
  std::size_t size = 0;
  for (auto _ : state) {
    state.PauseTiming();
    Batch batch(*backend);
    for (std::size_t i = 0; i < kTransports; ++i) {
      write_header(slots.data() + i * kSlot, sequence);
      size = batch.protect_rtp(senders[i], slots.data() + i * kSlot, kHeader, 0, payload);
    }
    batch.flush();
    ++sequence;
    state.ResumeTiming();
    for (std::size_t i = 0; i < kTransports; ++i) {
      if (!receivers[i].unprotect_rtp({slots.data() + i * kSlot, size}).ok()) state.SkipWithError("refused");
    }
  }
  const auto packets = static_cast<double>(state.iterations()) * static_cast<double>(kTransports);
  state.counters["per_packet"] =
      benchmark::Counter(packets, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

}  // namespace

int main(int argc, char** argv) {
  for (const BackendKind kind : {BackendKind::kIpsecMb, BackendKind::kOpenssl, BackendKind::kLibsrtp}) {
    if (!backend_available(kind)) continue;
    for (const Suite suite : kSuites) {
      const std::string name = std::string(to_string(kind)) + "/" + std::string(to_string(suite));
      auto* protect = benchmark::RegisterBenchmark(("protect/" + name).c_str(), protect_rtp, kind, suite);
      for (const int batch_size : {1, 4, 8, 16, 64}) protect->Arg(batch_size);
      benchmark::RegisterBenchmark(("unprotect/" + name).c_str(), unprotect_rtp, kind, suite);
    }
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
