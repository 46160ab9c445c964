#include "load/run.h"

#include <algorithm>
#include <cmath>

#include "load/evaluate.h"

namespace sluice::load {
namespace {

/// All at once still means: not more requests than a server can have in its queue.
constexpr std::size_t kMaxPending = 256;
/// What is on its way, and repairs of it, arrive within this after the last packet was made.
constexpr Duration kDrain = 700ms;

Swarm::Options swarm_options(const Options& options, const Signaling& signaling) {
  return {signaling.sharing(), options.seed, options.impairment};
}

double seconds(Duration duration) {
  return static_cast<double>(duration.count()) / 1e6;
}

Percentiles percentiles_of(const Histogram& histogram) {
  const auto millis = [](Duration duration) { return static_cast<double>(duration.count()) / 1e3; };
  return {histogram.count(), millis(histogram.percentile(0.5)), millis(histogram.percentile(0.95)),
          millis(histogram.percentile(0.99)), millis(histogram.max())};
}

}  // namespace

Run::Run(const Options& options, Signaling& signaling, const MediaPlan& plan,
         const volatile bool& interrupted)
    : options_(options),
      signaling_(signaling),
      plan_(plan),
      interrupted_(interrupted),
      swarm_(swarm_options(options, signaling)),
      meter_(options.record) {
  lay_out();
  signaling_.start(swarm_, plan_, participants_);
}

/// Publishers first, so that viewers have something to see when they come; rooms side by side.
void Run::lay_out() {
  for (int room = 0; room < options_.rooms; ++room) {
    for (int i = 0; i < options_.publishers + options_.viewers; ++i) {
      Participant one;
      one.index = participants_.size();
      one.room = static_cast<std::size_t>(room);
      one.publishes = i < options_.publishers;
      one.views = !one.publishes || options_.publishers_view;
      one.id = "r" + std::to_string(room) +
               (one.publishes ? "-p" + std::to_string(i) : "-v" + std::to_string(i - options_.publishers));
      participants_.push_back(std::move(one));
    }
  }
  const auto in_room = static_cast<std::size_t>(options_.publishers + options_.viewers);
  for (std::size_t i = 0; i < in_room; ++i) {
    for (std::size_t room = 0; room < static_cast<std::size_t>(options_.rooms); ++room)
      order_.push_back(room * in_room + i);
  }
}

bool Run::may_join() const {
  if (begun_ == order_.size()) return false;
  if (options_.ramp == 0) return signaling_.pending() < kMaxPending;
  return static_cast<double>(begun_) <= seconds(swarm_.now() - started_) * options_.ramp;
}

void Run::join_due() {
  while (may_join()) {
    Participant& next = participants_[order_[begun_++]];
    next.begun = swarm_.now();
    signaling_.join(next);
    if (next.member != nullptr && next.views) next.member->peer.observe(&meter_.viewer(next.id));
    if (begun_ == order_.size()) all_begun_ = swarm_.now();
  }
}

Result<void> Run::step(Instant until) {
  if (auto polled = signaling_.poll(); !polled) return polled;
  join_due();
  if (signaling_.poll_soon()) until = std::min(until, swarm_.now() + 1ms);
  if (begun_ < order_.size()) {
    until = std::min(until, options_.ramp == 0
                                ? swarm_.now() + 1ms
                                : started_ + Duration(static_cast<std::int64_t>(std::ceil(
                                                 static_cast<double>(begun_) / options_.ramp * 1e6))));
  }
  swarm_.step(std::min(until, swarm_.now() + 100ms), signaling_.fd());
  return {};
}

Result<Results> Run::run(const Progress& progress) {
  results_.target = signaling_.target();
  results_.rooms = options_.rooms;
  results_.publishers = options_.publishers;
  results_.viewers = options_.viewers;
  results_.light = options_.light;
  results_.peers = static_cast<std::uint32_t>(participants_.size());
  started_ = swarm_.read_clock();
  last_ = read_costs();
  const Duration interval = options_.duration >= 5s ? 1s : 250ms;
  next_sample_ = started_ + interval;
  while (!interrupted_ && (all_begun_ == kNever || swarm_.now() < all_begun_ + options_.duration)) {
    const Instant end = all_begun_ == kNever ? kNever : all_begun_ + options_.duration;
    if (auto stepped = step(std::min(end, next_sample_)); !stepped) return stepped.error();
    check_steady();
    if (swarm_.now() < next_sample_) continue;
    sample(progress);
    next_sample_ = std::max(next_sample_ + interval, swarm_.now());
  }
  const Instant end = swarm_.now();
  if (end - last_.at > interval / 2) sample(progress);
  const Costs at_end = read_costs();
  results_.interrupted = interrupted_;
  results_.seconds = seconds(end - started_);
  results_.steady_from = all_begun_ == kNever ? results_.seconds : seconds(all_begun_ - started_);
  if (const double span = steady_known_ ? seconds(at_end.at - steady_.at) : 0; span > 0) {
    results_.worker_user = (at_end.worker.user - steady_.worker.user) / span;
    results_.worker_system = (at_end.worker.system - steady_.worker.system) / span;
    results_.worker_cpu = results_.worker_user + results_.worker_system;
    results_.tool_cpu = (at_end.tool.cpu() - steady_.tool.cpu()) / span;
    results_.tool_waited = (at_end.tool.waited - steady_.tool.waited) / span;
    results_.worker_waited = (at_end.worker.waited - steady_.worker.waited) / span;
    const auto packets = static_cast<double>(at_end.network.received - steady_.network.received);
    if (packets > 0) results_.worker_micros_per_packet = results_.worker_cpu * span * 1e6 / packets;
  }
  results_.worker_known = !signaling_.processes().empty();
  if (auto drained = drain(); !drained) return drained.error();
  evaluate(options_, plan_, participants_, end, results_);
  meter_.take_interval();
  meter_.finish();
  results_.latency = percentiles_of(meter_.total());
  for (const auto& [value, share] : meter_.total().distribution(200))
    results_.latency_distribution.emplace_back(static_cast<double>(value.count()) / 1e3, share);
  const UdpPorts::Counts& counts = swarm_.counts();
  results_.kernel_drops = counts.kernel_drops;
  results_.send_drops = counts.send_drops;
  results_.impairment_dropped = swarm_.impairment().dropped();
  results_.sockets = static_cast<std::uint32_t>(swarm_.ports().sockets());
  results_.tool_peak_cpu = tool_peak_cpu_;
  judge(options_, results_);
  leave();
  return std::move(results_);
}

/// Half a second after the last one came, or it would be the joins that are measured.
void Run::check_steady() {
  if (steady_known_ || all_begun_ == kNever ||
      swarm_.now() < all_begun_ + std::min<Duration>(500ms, options_.duration / 4))
    return;
  steady_known_ = true;
  steady_ = read_costs();
}

Run::Costs Run::read_costs() {
  Costs costs;
  costs.at = swarm_.read_clock();
  costs.network = swarm_.counts();
  costs.tool = own_usage();
  for (const pid_t pid : signaling_.processes()) {
    const auto usage = usage_of(pid);
    if (!usage) continue;
    costs.worker.user += usage->user;
    costs.worker.system += usage->system;
    costs.worker.resident += usage->resident;
    costs.worker.waited += usage->waited;
  }
  return costs;
}

Run::Totals Run::totals() const {
  Totals out;
  for (const Participant& one : participants_) {
    if (one.member == nullptr) continue;
    for (const auto& track : one.member->peer.receivers()) {
      out.lost += track->continuity().counts().lost;
      out.freezes += track->continuity().freezes();
    }
  }
  return out;
}

void Run::sample(const Progress& progress) {
  const Costs now = read_costs();
  const Totals totals_now = totals();
  const double span = std::max(seconds(now.at - last_.at), 1e-3);
  const auto rate = [span](std::uint64_t after, std::uint64_t before) {
    return static_cast<double>(after - before) / span;
  };
  Sample sample;
  sample.at = seconds(now.at - started_);
  sample.begun = static_cast<std::uint32_t>(begun_);
  for (const Participant& one : participants_) {
    if (one.member == nullptr || !one.member->peer.connection().ready()) continue;
    ++sample.connected;
    if (one.views && sees_everything(one, tracks_expected(options_, plan_, one))) ++sample.watching;
  }
  sample.sent_bps = rate(now.network.sent_bytes, last_.network.sent_bytes) * 8;
  sample.received_bps = rate(now.network.received_bytes, last_.network.received_bytes) * 8;
  sample.received_pps = rate(now.network.received, last_.network.received);
  sample.latency = percentiles_of(meter_.take_interval());
  sample.worker_user = (now.worker.user - last_.worker.user) / span;
  sample.worker_system = (now.worker.system - last_.worker.system) / span;
  sample.worker_cpu = sample.worker_user + sample.worker_system;
  sample.worker_rss = static_cast<double>(now.worker.resident);
  sample.tool_cpu = (now.tool.cpu() - last_.tool.cpu()) / span;
  sample.tool_rss = static_cast<double>(now.tool.resident);
  sample.lost = totals_now.lost - last_totals_.lost;
  sample.freezes = totals_now.freezes - last_totals_.freezes;
  sample.kernel_drops = now.network.kernel_drops - last_.network.kernel_drops;
  tool_peak_cpu_ = std::max(tool_peak_cpu_, sample.tool_cpu);
  results_.worker_peak_rss = std::max(results_.worker_peak_rss, sample.worker_rss);
  results_.tool_peak_rss = std::max(results_.tool_peak_rss, sample.tool_rss);
  last_ = now;
  last_totals_ = totals_now;
  results_.samples.push_back(sample);
  if (progress) progress(results_, sample);
}

Result<void> Run::drain() {
  for (Participant& one : participants_) {
    if (one.member == nullptr) continue;
    for (const auto& sender : one.member->peer.senders()) sender->stop();
    swarm_.touch(*one.member);
  }
  const Instant end = swarm_.now() + kDrain + 2 * (options_.impairment.delay + options_.impairment.jitter);
  while (swarm_.now() < end) {
    if (auto polled = signaling_.poll(); !polled) return polled;
    swarm_.step(end, signaling_.fd());
  }
  return {};
}

void Run::leave() {
  for (Participant& one : participants_) {
    if (one.member == nullptr) continue;
    signaling_.leave(one);
    swarm_.leave(*one.member);
  }
  swarm_.step(swarm_.now(), signaling_.fd());  // the farewells
  signaling_.finish();
}

}  // namespace sluice::load
