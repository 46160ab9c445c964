// What the parts of getStats() write into. Used by connection_stats.cc and media_stats.cc.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "peer/media.h"
#include "sluice/peer_stats.h"

namespace sluice::peer {

inline constexpr const char* kTransportId = "T01";

/// The report as it is written: entries with one time.
class StatsWriter {
 public:
  StatsWriter(PeerStats& out, std::int64_t timestamp) : out_(out), timestamp_(timestamp) {}
  template <typename Stats>
  void add(std::string id, Stats stats) {
    stats.id = std::move(id);
    stats.timestamp = timestamp_;
    out_.entries.emplace_back(std::move(stats));
  }
  [[nodiscard]] bool has(std::string_view id) const {
    const auto is = [&](const auto& stats) { return stats.id == id; };
    return std::any_of(out_.entries.begin(), out_.entries.end(),
                       [&](const PeerStatsEntry& entry) { return std::visit(is, entry); });
  }

 private:
  PeerStats& out_;
  std::int64_t timestamp_;
};

/// The streams of one track: codecs, both directions, and what the other side reports of them
/// (media_stats.cc).
void add_streams(const Media::Track& track, const Line& line, Instant now, StatsWriter& writer);

}  // namespace sluice::peer
