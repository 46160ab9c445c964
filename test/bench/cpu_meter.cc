#include "bench/cpu_meter.h"

#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>

#include <linux/perf_event.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace sluice::bench {
namespace {

constexpr std::uint64_t kSamplePeriodNanos = 499'979;  // prime, so that no timer of the process falls in step
constexpr std::size_t kRingPages = 64;

std::size_t ring_size() {
  return (kRingPages + 1) * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

double nanos_of(clockid_t clock) {
  timespec at{};
  if (clock_gettime(clock, &at) != 0) return 0;
  return static_cast<double>(at.tv_sec) * 1e9 + static_cast<double>(at.tv_nsec);
}

}  // namespace

double own_cpu_us() {
  return nanos_of(CLOCK_THREAD_CPUTIME_ID) / 1e3;
}

CpuMeter::CpuMeter(pid_t pid) : pid_(pid) {
  open_sampler();
}

CpuMeter::CpuMeter(CpuMeter&& other) noexcept
    : pid_(other.pid_),
      event_(std::exchange(other.event_, -1)),
      ring_(std::exchange(other.ring_, nullptr)),
      user_(other.user_),
      system_(other.system_) {}

CpuMeter::~CpuMeter() {
  if (ring_ != nullptr) munmap(ring_, ring_size());
  if (event_ >= 0) close(event_);
}

void CpuMeter::open_sampler() {
  perf_event_attr attributes{};
  attributes.size = sizeof attributes;
  attributes.type = PERF_TYPE_SOFTWARE;
  attributes.config = PERF_COUNT_SW_CPU_CLOCK;
  attributes.sample_period = kSamplePeriodNanos;
  attributes.sample_type = PERF_SAMPLE_TID;
  event_ = static_cast<int>(syscall(SYS_perf_event_open, &attributes, pid_, -1, -1, PERF_FLAG_FD_CLOEXEC));
  if (event_ < 0) return;
  void* ring = mmap(nullptr, ring_size(), PROT_READ | PROT_WRITE, MAP_SHARED, event_, 0);
  if (ring != MAP_FAILED) ring_ = ring;
}

CpuTime CpuMeter::read() {
  if (ring_ != nullptr) {
    drain_samples();
  } else {
    read_ticks();
  }
  clockid_t clock = 0;
  const double total = clock_getcpuclockid(pid_, &clock) == 0 ? nanos_of(clock) / 1e3 : 0;
  return {total, user_, system_};
}

void CpuMeter::drain_samples() {
  auto* head = static_cast<perf_event_mmap_page*>(ring_);
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const auto* records = static_cast<const std::uint8_t*>(ring_) + page;
  const std::uint64_t end = __atomic_load_n(&head->data_head, __ATOMIC_ACQUIRE);
  std::uint64_t at = head->data_tail;
  while (at < end) {
    perf_event_header record{};  // eight bytes and aligned to them: never across the ring's end
    std::memcpy(&record, records + at % (kRingPages * page), sizeof record);
    const auto mode = record.misc & PERF_RECORD_MISC_CPUMODE_MASK;
    if (record.type == PERF_RECORD_SAMPLE) ++(mode == PERF_RECORD_MISC_USER ? user_ : system_);
    at += record.size;
  }
  __atomic_store_n(&head->data_tail, end, __ATOMIC_RELEASE);
}

void CpuMeter::read_ticks() {
  // utime and stime are fields 14 and 15 of proc(5).
  std::ifstream file("/proc/" + std::to_string(pid_) + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (text.empty()) return;
  std::istringstream fields(text.substr(text.rfind(')') + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  fields >> user_ >> system_;
}

}  // namespace sluice::bench
