// Offers (RFC 8829 §5.2) and answers (§5.3) as agreements that are proposed.
#include <algorithm>
#include <set>

#include "negotiate/codec_match.h"
#include "negotiate/jsep_codecs.h"
#include "negotiate/media_codecs.h"
#include "peer/negotiator.h"

namespace sluice::peer {
namespace jsep = negotiate::jsep;

std::vector<RtpCodecParameters> Negotiator::codecs_of(const Transceiver& transceiver,
                                                      jsep::BundleNumbers& numbers) const {
  std::vector<RtpCodecParameters> out;
  const auto add = [&](const RtpCodecCapability& codec, std::optional<std::uint8_t> apt) {
    const auto type = numbers.payload_type(*codec.preferred_payload_type);
    if (!type) return std::optional<std::uint8_t>();
    RtpCodecParameters& added = out.emplace_back(RtpCodecParameters{
        codec.mime_type, *type, codec.clock_rate, codec.channels, codec.parameters, codec.rtcp_feedback});
    if (apt) negotiate::set_parameter(added.parameters, "apt", std::int64_t{*apt});
    return type;
  };
  const auto& all = options_.capabilities.codecs;
  for (const std::uint8_t ours : transceiver.codecs) {
    const RtpCodecCapability* codec = negotiate::find_payload_type(all, ours);
    const auto type = codec != nullptr ? add(*codec, std::nullopt) : std::nullopt;
    // RFC 4588; audio is concealed rather than repeated.
    const RtpCodecCapability* rtx =
        type && transceiver.kind == MediaKind::kVideo ? negotiate::find_rtx(all, ours) : nullptr;
    if (rtx != nullptr) add(*rtx, type);
  }
  return out;
}

std::vector<RtpHeaderExtensionParameters> Negotiator::extensions_of(MediaKind kind, bool simulcast,
                                                                    jsep::BundleNumbers& numbers) const {
  namespace uri = negotiate::extension_uri;
  std::vector<RtpHeaderExtensionParameters> out;
  for (const RtpHeaderExtension& e : options_.capabilities.header_extensions) {
    if (e.kind != kind || ((e.uri == uri::kRid || e.uri == uri::kRrid) && !simulcast)) continue;
    if (const auto id = numbers.extension_id(e.uri, e.preferred_id)) out.push_back({e.uri, *id, false});
  }
  return out;
}

std::string Negotiator::new_mid(Agreement& next) const {
  const auto taken = [&](const std::string& mid) {
    const auto is = [&](const Line& line) { return line.mid == mid; };
    return std::any_of(next.lines.begin(), next.lines.end(), is) ||
           std::any_of(current_.lines.begin(), current_.lines.end(), is);
  };
  std::string mid;
  do mid = std::to_string(next.next_mid++);
  while (taken(mid));
  return mid;
}

/// RFC 8829 §5.2.2: an m-line that both have seen rejected may be used again, by another mid.
Line& Negotiator::free_line(Agreement& next, const std::string& media) {
  std::string mid = new_mid(next);
  Line* line = nullptr;
  for (std::size_t i = 0; i < current_.lines.size() && line == nullptr; ++i)
    if (current_.lines[i].rejected && next.lines[i].rejected) line = &next.lines[i];
  if (line == nullptr) line = &next.lines.emplace_back();
  *line = Line{};
  line->mid = std::move(mid);
  line->media = media;
  return *line;
}

void Negotiator::place(const Transceiver& t, Agreement& next) {
  Line& line = free_line(next, std::string(negotiate::kind_name(t.kind)));
  line.transceiver = t.id;
  line.direction = to_sdp(t.direction);
  line.codecs = codecs_of(t, next.numbers);
  if (t.encodings.size() > 1)
    for (const Encoding& e : t.encodings) line.rids.push_back(e.rid);
  line.extensions = extensions_of(t.kind, !line.rids.empty(), next.numbers);
  line.stream_ids = t.stream_ids;
}

Agreement Negotiator::propose_offer() {
  Agreement next = current_;
  next.offered_by_us = true;
  if (restart_) next.local_ice = *restart_;
  for (Line& line : next.lines) {
    if (line.rejected) continue;
    line.named = true;  // RFC 8829 §5.2.2, though the other side's offer had no a=mid
    if (line.data) {    // whatever form it was offered in
      line.protocol = "UDP/DTLS/SCTP";
      line.formats = {"webrtc-datachannel"};
      continue;
    }
    const Transceiver* t = line.transceiver ? find(*line.transceiver) : nullptr;
    if (t == nullptr || t->stopping) {
      line.rejected = true;
      line.direction = sdp::Direction::kInactive;
      continue;
    }
    line.direction = to_sdp(t->direction);
    line.stream_ids = t->stream_ids;
  }
  for (const auto& t : transceivers_)
    if (!t->stopping && current_.line_of(t->id) == nullptr) place(*t, next);
  if (data_wanted_ && next.data_line() == nullptr) {
    Line& line = free_line(next, "application");
    line.data = true;
    line.protocol = "UDP/DTLS/SCTP";
    line.formats = {"webrtc-datachannel"};
  }
  // The m-line that describes the transport goes on to, where it can.
  std::vector<std::string> bundle;
  const auto lives = [&](const std::string& mid) {
    return std::any_of(next.lines.begin(), next.lines.end(),
                       [&](const Line& l) { return !l.rejected && l.mid == mid; });
  };
  std::copy_if(current_.bundle.begin(), current_.bundle.end(), std::back_inserter(bundle), lives);
  for (const Line& line : next.lines)
    if (!line.rejected && std::find(bundle.begin(), bundle.end(), line.mid) == bundle.end())
      bundle.push_back(line.mid);
  next.bundle = std::move(bundle);
  return next;
}

/// `pending_` is the other side's offer, with our transceivers on its m-lines.
Agreement Negotiator::propose_answer() {
  Agreement next = *pending_;
  next.bundle.clear();
  for (std::size_t i = 0; i < next.lines.size(); ++i) {
    Line& line = next.lines[i];
    const RemoteSection& section = offered_->sections[i];
    const Transceiver* t = line.transceiver ? find(*line.transceiver) : nullptr;
    const bool refused = !section.usable() || (!line.data && (t == nullptr || t->stopping));
    if (!refused && !line.data) agree(section, line);
    line.rejected = refused || (!line.data && line.codecs.empty());
    if (line.rejected) {
      line.direction = sdp::Direction::kInactive;
      line.formats = section.formats;
      line.send.reset();
      line.receive.reset();
    }
  }
  for (const std::string& mid : offered_->bundle)
    if (std::any_of(next.lines.begin(), next.lines.end(),
                    [&](const Line& l) { return !l.rejected && l.mid == mid; }))
      next.bundle.push_back(mid);
  if (next.bundle.empty())  // an offer without a group, or without mids
    for (const Line& line : next.lines)
      if (!line.rejected && next.bundle.empty()) next.bundle.push_back(line.mid);
  if (!offered_->ice) return next;
  // RFC 8839 §4.4.1.1.1: changed credentials are a restart, which is answered with new ones.
  const bool restarted =
      current_.remote_ice && !(current_.remote_ice->parameters == offered_->ice->parameters);
  if (restarted) {
    if (!restart_) restart_ = IceParameters{random_.ice_chars(8), random_.ice_chars(24), false};
    next.local_ice = *restart_;
  }
  if (!next.role) {
    switch (offered_->setup) {  // RFC 8842 §5.3
      case sdp::Setup::kActive:
        next.role = DtlsRole::kServer;
        break;
      case sdp::Setup::kPassive:
        next.role = DtlsRole::kClient;
        break;
      default:
        next.role = options_.answer_role == DtlsRole::kServer ? DtlsRole::kServer : DtlsRole::kClient;
    }
  }
  return next;
}

}  // namespace sluice::peer
