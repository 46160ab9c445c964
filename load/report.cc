#include "load/report.h"

#include <nlohmann/json.hpp>

#include "load/assets.h"

namespace sluice::load {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const Percentiles& p) {
  return {{"count", p.count}, {"p50", p.p50}, {"p95", p.p95}, {"p99", p.p99}, {"max", p.max}};
}

Json joining(const Results& r) {
  Json steps;
  for (std::size_t i = 0; i < kJoinSteps; ++i)
    steps[std::string(to_string(static_cast<JoinStep>(i)))] = json_of(r.joining[i]);
  Json failures = Json::array();
  for (const auto& [reason, count] : r.failures) failures.push_back({{"reason", reason}, {"count", count}});
  return {{"peers", r.peers},
          {"joined", r.joined},
          {"notBegun", r.not_begun},
          {"failures", failures},
          {"peersPerSecond", r.join_rate},
          {"millis", steps}};
}

Json watching(const Results& r) {
  Json distribution = Json::array();
  for (const auto& [value, share] : r.latency_distribution) distribution.push_back({value, share});
  return {{"tracksExpected", r.tracks_expected},
          {"tracks", r.tracks},
          {"tracksLive", r.tracks_live},
          {"packets", r.packets},
          {"bytes", r.bytes},
          {"networkLost", r.network_lost},
          {"repaired", r.repaired},
          {"lost", r.lost},
          {"lostAudio", r.lost_audio},
          {"superseded", r.superseded},
          {"frames", r.frames},
          {"keyFrames", r.key_frames},
          {"keyFrameRequests", r.plis},
          {"freezes", r.freezes},
          {"longestFrameGap", r.longest_freeze},
          {"layerSwitches", r.layer_switches},
          {"encodings", r.encodings},
          {"framesByEncoding", r.frames_by_layer},
          {"latency", json_of(r.latency)},
          {"latencyDistribution", distribution},
          {"jitter", json_of(r.jitter)},
          {"violations",
           {{"duplicates", r.duplicates},
            {"damaged", r.damaged},
            {"orderErrors", r.order_errors},
            {"timestampErrors", r.timestamp_errors},
            {"badStarts", r.bad_starts},
            {"misrouted", r.misrouted}}}};
}

Json costs(const Results& r) {
  Json server = nullptr;
  if (r.worker_known) {
    server = {{"cpu", r.worker_cpu},
              {"user", r.worker_user},
              {"system", r.worker_system},
              {"peakResidentBytes", r.worker_peak_rss},
              {"microsPerPacket", r.worker_micros_per_packet},
              {"waited", r.worker_waited}};
  }
  return {{"server", server},
          {"tool",
           {{"cpu", r.tool_cpu},
            {"peakCpu", r.tool_peak_cpu},
            {"waited", r.tool_waited},
            {"peakResidentBytes", r.tool_peak_rss},
            {"sockets", r.sockets},
            {"kernelDrops", r.kernel_drops},
            {"sendDrops", r.send_drops},
            {"impairmentDropped", r.impairment_dropped}}}};
}

Json samples(const Results& r) {
  Json out = Json::array();
  for (const Sample& s : r.samples) {
    out.push_back({{"at", s.at},
                   {"begun", s.begun},
                   {"connected", s.connected},
                   {"watching", s.watching},
                   {"sentBps", s.sent_bps},
                   {"receivedBps", s.received_bps},
                   {"receivedPps", s.received_pps},
                   {"latency", json_of(s.latency)},
                   {"serverCpu", s.worker_cpu},
                   {"serverUser", s.worker_user},
                   {"serverSystem", s.worker_system},
                   {"serverResidentBytes", s.worker_rss},
                   {"toolCpu", s.tool_cpu},
                   {"toolResidentBytes", s.tool_rss},
                   {"lost", s.lost},
                   {"freezes", s.freezes},
                   {"kernelDrops", s.kernel_drops}});
  }
  return out;
}

Json whole(const Results& r) {
  return {{"version", r.version},
          {"date", r.date},
          {"command", r.command},
          {"target", r.target},
          {"media", r.media},
          {"network", r.network},
          {"rooms", r.rooms},
          {"publishers", r.publishers},
          {"viewers", r.viewers},
          {"light", r.light},
          {"seconds", r.seconds},
          {"steadyFrom", r.steady_from},
          {"interrupted", r.interrupted},
          {"ok", r.ok()},
          {"problems", r.problems},
          {"warnings", r.warnings},
          {"joining", joining(r)},
          {"watching", watching(r)},
          {"cost", costs(r)},
          {"samples", samples(r)}};
}

void replace(std::string& text, std::string_view what, std::string_view by) {
  const std::size_t at = text.find(what);
  if (at != std::string::npos) text.replace(at, what.size(), by);
}

}  // namespace

std::string json_of(const Results& results) {
  // What others named (a path, a reason) need not be UTF-8.
  return whole(results).dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string page_of(const Results& results) {
  // In a script element "</" could end it; "\u003c" is the same to JSON.
  std::string data;
  for (const char c : whole(results).dump(-1, ' ', false, Json::error_handler_t::replace)) {
    if (c == '<') {
      data += "\\u003c";
    } else {
      data += c;
    }
  }
  std::string page(assets::report_html());
  replace(page, "/*UPLOT_CSS*/", assets::uplot_css());
  replace(page, "/*UPLOT_JS*/", assets::uplot_js());
  replace(page, "/*REPORT_JS*/", assets::report_js());
  replace(page, "/*DATA*/", data);
  return page;
}

}  // namespace sluice::load
