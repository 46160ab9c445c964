#include "load/evaluate.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "load/process_usage.h"

namespace sluice::load {
namespace {

/// A core of which so much is used has no reserve: what is late may be late because of us.
constexpr double kSaturated = 0.8;
/// A process that waits for its core so much of the time is slow by its neighbours.
constexpr double kStarved = 0.2;
/// A video track that showed nothing for so long at the end is not live any more.
constexpr Duration kStalled = 2s;

double millis(Duration duration) {
  return static_cast<double>(duration.count()) / 1e3;
}

Percentiles percentiles_of(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) {
    const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
    return values[std::max<std::size_t>(rank, 1) - 1];
  };
  return {values.size(), at(0.5), at(0.95), at(0.99), values.back()};
}

std::string plural(std::uint64_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

/// When somebody in the room had begun to send.
std::vector<Instant> rooms_live(const Options& options, const std::vector<Participant>& participants) {
  std::vector<Instant> out(static_cast<std::size_t>(options.rooms), kNever);
  for (const Participant& one : participants) {
    if (one.publishes && one.member != nullptr)
      out[one.room] = std::min(out[one.room], one.member->peer.connection().ready_at());
  }
  return out;
}

class Joins {
 public:
  void add(const Participant& one, Instant room_live) {
    const client::Connection& connection = one.member->peer.connection();
    note(JoinStep::kSignaled, one.begun, one.signaled);
    note(JoinStep::kIceConnected, one.begun, connection.ice_connected_at());
    note(JoinStep::kReady, one.begun, connection.ready_at());
    if (connection.ready_at() != kNever) {
      first_ = std::min(first_, one.begun);
      last_ = last_ ? std::max(*last_, connection.ready_at()) : connection.ready_at();
      ++ready_;
    }
    if (room_live == kNever) return;
    // Of media, nobody waits longer than since there is some.
    Instant packet = kNever;
    Instant frame = kNever;
    for (const auto& track : one.member->peer.receivers()) {
      packet = std::min(packet, track->continuity().first_packet_at());
      if (track->kind() == MediaKind::kVideo || one.member->peer.receivers().size() == 1)
        frame = std::min(frame, track->continuity().first_frame_at());
    }
    const Instant since = std::max(one.begun, room_live);
    note(JoinStep::kFirstPacket, since, packet);
    note(JoinStep::kFirstFrame, since, frame);
  }
  void write(Results& results) const {
    for (std::size_t i = 0; i < kJoinSteps; ++i) results.joining[i] = percentiles_of(times_[i]);
    if (ready_ > 1 && *last_ > first_)
      results.join_rate = static_cast<double>(ready_) * 1e3 / millis(*last_ - first_);
  }

 private:
  void note(JoinStep step, Instant from, Instant to) {
    if (to != kNever && from != kNever)
      times_[static_cast<std::size_t>(step)].push_back(std::max(millis(to - from), 0.0));
  }
  std::array<std::vector<double>, kJoinSteps> times_;
  Instant first_ = kNever;
  std::optional<Instant> last_;
  std::uint32_t ready_ = 0;
};

bool belongs(const client::MediaReceiver& track, const Participant& viewer,
             const std::vector<Participant>& participants) {
  const auto stream = track.continuity().stream();
  if (!stream || *stream == 0) return !stream;
  const auto [owner, kind] = MediaPlan::owner_of(*stream);
  return owner < participants.size() && participants[owner].room == viewer.room &&
         participants[owner].publishes && owner != viewer.index && kind == track.kind();
}

void add_track(const client::MediaReceiver& track, bool lossy, Instant end, std::vector<double>& jitters,
               Results& results) {
  const auto& statistics = track.statistics();
  if (!statistics.started()) return;
  ++results.tracks;
  const auto& continuity = track.continuity();
  const auto& counts = continuity.counts();
  const auto reception = statistics.peek(end);
  results.bytes += statistics.bytes();
  results.network_lost += static_cast<std::uint64_t>(std::max(reception.cumulative_lost, 0));
  jitters.push_back(millis(statistics.jitter()));
  results.packets += track.light() ? statistics.packets() : counts.packets;
  if (track.light()) {
    ++results.tracks_live;
    results.lost += static_cast<std::uint64_t>(std::max(reception.cumulative_lost, 0));
    return;
  }
  results.repaired += counts.repaired;
  const std::uint64_t lost = counts.lost + continuity.holes();
  results.lost += lost;
  results.superseded += counts.superseded + continuity.stale_holes();
  if (track.kind() == MediaKind::kAudio) results.lost_audio += lost;
  results.frames += counts.frames;
  results.key_frames += counts.key_frames;
  results.freezes += continuity.freezes();
  results.longest_freeze = std::max(results.longest_freeze, millis(continuity.longest_gap()));
  results.layer_switches += counts.layer_switches;
  for (std::size_t i = 0; i < counts.frames_by_layer.size(); ++i)
    results.frames_by_layer[i] += counts.frames_by_layer[i];
  results.plis += track.plis();
  results.duplicates += counts.duplicates;
  results.damaged += counts.bad_markers;
  results.order_errors += counts.order_errors;
  results.timestamp_errors += counts.timestamp_errors;
  results.bad_starts += counts.bad_starts;
  // Where the network loses packets, the first that comes need not be the first that was sent.
  if (!lossy && track.kind() == MediaKind::kVideo && !continuity.key_frame_first()) ++results.bad_starts;
  const Instant shown = continuity.last_frame_at();
  if (shown != kNever && end - shown < kStalled) ++results.tracks_live;
}

}  // namespace

std::string_view to_string(JoinStep step) {
  constexpr std::string_view kNames[] = {"signaled", "iceConnected", "ready", "firstPacket", "firstFrame"};
  return kNames[static_cast<std::size_t>(step)];
}

std::size_t tracks_expected(const Options& options, const MediaPlan& plan, const Participant& participant) {
  if (!participant.views) return 0;
  const auto others = static_cast<std::size_t>(options.publishers - (participant.publishes ? 1 : 0));
  return others * plan.kinds().size();
}

bool sees_everything(const Participant& participant, std::size_t expected) {
  const auto& tracks = participant.member->peer.receivers();
  const auto seen = std::count_if(tracks.begin(), tracks.end(), [](const auto& track) {
    return track->light() ? track->statistics().started() : track->continuity().first_frame_at() != kNever;
  });
  return static_cast<std::size_t>(seen) >= expected;
}

void evaluate(const Options& options, const MediaPlan& plan, const std::vector<Participant>& participants,
              Instant end, Results& results) {
  if (plan.simulcast()) {
    for (const auto& layer : plan.layers())
      results.encodings.push_back(std::to_string(layer.width) + "x" + std::to_string(layer.height));
  }
  const auto live = rooms_live(options, participants);
  Joins joins;
  std::vector<double> jitters;
  std::map<std::string, std::uint32_t> failures;
  for (const Participant& one : participants) {
    if (one.begun == kNever) {
      ++results.not_begun;
      continue;
    }
    const std::size_t expected = tracks_expected(options, plan, one);
    results.tracks_expected += static_cast<std::uint32_t>(expected);
    if (one.member == nullptr) {
      ++failures[one.failure];
      continue;
    }
    joins.add(one, live[one.room]);
    const auto& peer = one.member->peer;
    if (!one.failure.empty()) {
      ++failures[one.failure];
    } else if (!peer.connection().ready()) {
      ++failures[one.signaled == kNever                           ? "no answer to the signaling"
                 : peer.connection().ice_connected_at() == kNever ? "ICE did not connect"
                                                                  : "the DTLS handshake did not end"];
    } else if (!sees_everything(one, expected)) {
      ++failures["did not see a frame of every track"];
    } else {
      ++results.joined;
    }
    for (const auto& track : peer.receivers()) {
      add_track(*track, options.impairment.loss > 0, end, jitters, results);
      if (!belongs(*track, one, participants)) ++results.misrouted;
    }
  }
  joins.write(results);
  results.jitter = percentiles_of(std::move(jitters));
  results.failures.assign(failures.begin(), failures.end());
  std::stable_sort(results.failures.begin(), results.failures.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
}

void judge(const Options& options, Results& results) {
  auto& problems = results.problems;
  const std::uint32_t failed = results.peers - results.joined - results.not_begun;
  if (failed > 0)
    problems.push_back(plural(failed, "peer") + " of " + std::to_string(results.peers) + " did not join");
  const auto violation = [&](std::uint64_t count, const std::string& noun, const char* what) {
    if (count > 0) problems.push_back(plural(count, noun) + " " + what);
  };
  violation(results.duplicates, "packet", "came twice");
  violation(results.damaged, "packet", "came damaged, or of a track that was not asked for");
  violation(results.order_errors, "packet", "came with numbers that do not keep the publisher's order");
  violation(results.timestamp_errors, "packet", "came with timestamps that jump");
  violation(results.bad_starts, "time", "video went on without a key frame");
  violation(results.misrouted, "track", "came from the wrong room or publisher");
  if (options.impairment.loss == 0 && results.lost + results.superseded > 0)
    problems.push_back(plural(results.lost + results.superseded, "packet") +
                       " got lost, though the network loses none");
  if (!results.interrupted && results.tracks_live < results.tracks)
    problems.push_back(plural(results.tracks - results.tracks_live, "track") + " stood still at the end");

  auto& warnings = results.warnings;
  const auto percent = [](double cores) {
    return std::to_string(static_cast<int>(std::lround(cores * 100))) + " %";
  };
  if (results.tool_peak_cpu > kSaturated) {
    warnings.push_back(
        "sluice-load itself used up to " + percent(results.tool_peak_cpu) +
        " of its core: latency, loss and join times may be its own. Use fewer peers, or --light");
  }
  if (const double waited = std::max(results.tool_waited, results.worker_waited); waited > kStarved) {
    warnings.push_back(
        (results.tool_waited >= results.worker_waited ? "sluice-load" : "the server") +
        std::string(" waited ") + percent(waited) +
        " of the time for a core that others used: latency, loss and join times are this machine's");
  }
  if (results.kernel_drops > 0) {
    warnings.push_back(
        plural(results.kernel_drops, "datagram") +
        " came while the sockets of sluice-load were full: lost by the tool, not by the server");
  }
  if (results.send_drops > 0)
    warnings.push_back(plural(results.send_drops, "datagram") + " of the peers were not taken by the kernel");
  if (results.light > 0) {
    warnings.push_back(
        "light viewers: one packet in " + std::to_string(results.light) +
        " was decrypted and checked, the others were counted by their headers; losses were not repaired");
  }
  if (options.target == Options::Target::kServer && !results.worker_known)
    warnings.push_back("the server's CPU time is not known: name its workers with --watch");
}

}  // namespace sluice::load
