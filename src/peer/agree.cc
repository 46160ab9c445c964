// What an m-line of the other side's and a transceiver of ours have in common, and what its description says
// of the transport.
#include <algorithm>
#include <set>

#include "negotiate/codec_match.h"
#include "negotiate/jsep_codecs.h"
#include "negotiate/jsep_sources.h"
#include "negotiate/media_codecs.h"
#include "peer/negotiator.h"

namespace sluice::peer {
namespace jsep = negotiate::jsep;
namespace {

/// Of the codecs that match one of ours, those that the transceiver may use, and their RTX.
std::vector<jsep::MatchedCodec> allowed(const std::vector<jsep::MatchedCodec>& matches,
                                        const Transceiver& t) {
  std::vector<jsep::MatchedCodec> out;
  const auto may = [&](const jsep::MatchedCodec& m) {
    return std::find(t.codecs.begin(), t.codecs.end(), m.room_payload_type) != t.codecs.end();
  };
  std::set<std::int64_t> kept;
  for (const auto& m : matches)
    if (!negotiate::is_rtx(m.codec.mime_type) && may(m)) kept.insert(m.codec.payload_type);
  for (const auto& m : matches) {
    const bool rtx = negotiate::is_rtx(m.codec.mime_type);
    if (rtx ? t.kind == MediaKind::kVideo &&
                  kept.contains(negotiate::integer_parameter_or(m.codec.parameters, "apt", -1))
            : kept.contains(m.codec.payload_type))
      out.push_back(m);
  }
  return out;
}

bool has_rtx(const std::vector<RtpCodecParameters>& codecs) {
  return std::any_of(codecs.begin(), codecs.end(),
                     [](const RtpCodecParameters& c) { return negotiate::is_rtx(c.mime_type); });
}

/// The rids of ours that the other side receives (RFC 8853 §5.3.2).
std::vector<std::string> received_rids(const std::vector<std::string>& ours,
                                       const sdp::MediaDescription& media) {
  std::vector<std::string> out;
  if (!media.simulcast) return out;
  for (const std::string& rid : ours)
    for (const auto& alternatives : media.simulcast->recv)
      if (std::any_of(alternatives.begin(), alternatives.end(), [&](const auto& a) { return a.rid == rid; }))
        out.push_back(rid);
  return out;
}

}  // namespace

/// What is common to an m-line of theirs and our transceiver, for both directions.
void Negotiator::agree(const RemoteSection& section, Line& line) const {
  namespace uri = negotiate::extension_uri;
  const Transceiver* t = find(*line.transceiver);
  const bool answering = offered_.has_value();
  const auto matches = allowed(section.codecs, *t);
  line.remote_direction = section.direction;
  const sdp::Direction theirs = sdp::reversed(section.direction);
  const sdp::Direction wanted = answering ? to_sdp(t->direction) : line.direction;
  const bool sends = sdp::sends(wanted) && sdp::sends(theirs);
  const bool receives = sdp::receives(wanted) && sdp::receives(theirs);
  std::vector<RtpHeaderExtensionParameters> extensions;
  for (const RtpHeaderExtension& known : options_.capabilities.header_extensions)
    for (const sdp::Extmap& e : section.extensions)
      if (known.kind == t->kind && known.uri == e.uri)
        extensions.push_back({e.uri, static_cast<std::uint8_t>(e.id), false});
  if (answering) {
    // A simulcast that is offered to us is not taken: without a=simulcast in the answer one stream comes.
    line.rids.clear();
    line.direction = sdp::make_direction(sends, receives);
    line.codecs.clear();
    for (const auto& m : matches) line.codecs.push_back(m.codec);
    line.extensions = extensions;
    line.stream_ids = t->stream_ids;
  } else {
    line.rids = received_rids(line.rids, section.source);
  }
  line.send.reset();
  line.receive.reset();
  if (sends && !matches.empty()) {
    RtpParameters& send = line.send.emplace();
    send.mid = line.mid;
    send.codecs = jsep::sent_codecs(matches);
    send.header_extensions = extensions;
    send.rtcp.cname = cname_;
    send.rtcp.reduced_size = section.source.rtcp_rsize;
    for (const Encoding& e : t->encodings) {
      const bool taken = line.rids.empty()
                             ? send.encodings.empty()
                             : std::find(line.rids.begin(), line.rids.end(), e.rid) != line.rids.end();
      if (!taken) continue;
      RtpEncodingParameters& encoding = send.encodings.emplace_back();
      encoding.ssrc = e.ssrc;
      if (has_rtx(send.codecs)) encoding.rtx_ssrc = e.rtx_ssrc;
      if (!line.rids.empty()) encoding.rid = e.rid;
      encoding.max_bitrate = e.max_bitrate;
    }
  }
  if (!receives) return;
  RtpParameters& receive = line.receive.emplace();
  receive.mid = line.mid;
  for (const auto& m : matches) receive.codecs.push_back(m.codec);
  receive.header_extensions = std::move(extensions);
  jsep::Sources sources = jsep::read_sources(section.source, false, has_rtx(receive.codecs), std::nullopt);
  receive.encodings = std::move(sources.encodings);
  receive.rtcp.cname = std::move(sources.cname);
  receive.msid = std::move(sources.msid);
  line.remote_stream_ids = std::move(sources.stream_ids);
  std::erase(line.remote_stream_ids, std::string());
  const std::size_t space = receive.msid.find(' ');
  line.remote_track_id = space == std::string::npos ? receive.msid : receive.msid.substr(space + 1);
}

void Negotiator::learn(const RemoteDescription& remote, Agreement& next) const {
  negotiate::jsep::RemoteDescription numbers;
  for (const RemoteSection& section : remote.sections)
    if (section.usable() && section.kind) numbers.sections.push_back(section);
  next.numbers.learn(numbers);
  if (remote.ice) {
    const Agreement& now = agreement();
    if (!now.remote_ice || !(now.remote_ice->parameters == remote.ice->parameters)) {
      next.remote_ice = remote.ice;
    } else {
      // A new description of the same generation does not take back what was trickled.
      next.remote_ice = now.remote_ice;
      auto& known = next.remote_ice->candidates;
      for (const IceCandidate& c : remote.ice->candidates)
        if (known.size() < kMaxQueuedCandidates && std::find(known.begin(), known.end(), c) == known.end())
          known.push_back(c);
    }
    if (begins_association(remote, next.local_ice)) {
      next.association = now.association + 1;
      next.role.reset();
    } else {
      next.association = now.association;
      next.role = now.role;
    }
    next.remote_fingerprints = remote.fingerprints;
    next.remote_tls_id = remote.tls_id;
  }
  next.data.reset();
  for (const RemoteSection& section : remote.sections)
    if (section.data && section.usable())
      next.data = DataTransport{section.data->port, section.data->max_message_size};
}

}  // namespace sluice::peer
