// The other side's offers and answers (RFC 8829 §5.8 to §5.11): checked against what is agreed, put on
// transceivers.
#include <algorithm>
#include <set>

#include "negotiate/codec_match.h"
#include "negotiate/jsep_codecs.h"
#include "negotiate/jsep_sources.h"
#include "negotiate/media_codecs.h"
#include "peer/negotiator.h"
#include "sdp/sdp.h"

namespace sluice::peer {
namespace jsep = negotiate::jsep;
namespace {

std::string number_of(std::size_t index) {
  return "the m= section number " + std::to_string(index + 1);
}

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

/// The DTLS association outlives descriptions (RFC 8842 §5): neither certificate nor roles change.
Result<void> Negotiator::check_association(const RemoteDescription& remote, std::string_view text) const {
  if (!remote.ice || current_.remote_fingerprints.empty()) return {};
  const char* const kNew = "; a new DTLS association needs a new peer connection";
  if (remote.fingerprints != current_.remote_fingerprints)
    return jsep::refuse(text, sdp::kSession, "a=fingerprint",
                        std::string("a=fingerprint differs from the session's") + kNew,
                        ErrorCode::kUnsupported);
  if (remote.tls_id && current_.remote_tls_id && remote.tls_id != current_.remote_tls_id)
    return jsep::refuse(text, sdp::kSession, "a=tls-id",
                        std::string("a=tls-id differs from the session's") + kNew, ErrorCode::kUnsupported);
  const auto other = current_.role == DtlsRole::kClient ? sdp::Setup::kActive : sdp::Setup::kPassive;
  if (remote.setup == other)
    return jsep::refuse(text, sdp::kSession, "a=setup",
                        "a=setup is " + std::string(to_string(remote.setup)) +
                            "; expected the role that the other side has had so far");
  return {};
}

Result<void> Negotiator::check_offer(const RemoteDescription& offer, std::string_view text) const {
  if (offer.sections.size() < current_.lines.size())
    return invalid_argument("m=", "the offer has " + std::to_string(offer.sections.size()) +
                                      " m= sections; expected the session's " +
                                      std::to_string(current_.lines.size()) + " or more (RFC 3264 §8)");
  for (std::size_t i = 0; i < current_.lines.size(); ++i) {
    const Line& line = current_.lines[i];
    const RemoteSection& section = offer.sections[i];
    if (line.rejected || section.rejected) continue;
    if (section.mid != line.mid && (line.named || !section.mid.empty()))
      return jsep::refuse(
          text, i, "a=mid",
          number_of(i) + " has the mid \"" + section.mid + "\"; expected \"" + line.mid + "\", as before");
    if (section.media != line.media)
      return jsep::refuse(
          text, i, "m=" + section.media,
          number_of(i) + " is m=" + section.media + "; expected m=" + line.media + ", as before");
  }
  return check_association(offer, text);
}

Result<void> Negotiator::check_answer(const RemoteDescription& answer, std::string_view text) const {
  if (answer.sections.size() != pending_->lines.size())
    return invalid_argument("m=", "the answer has " + std::to_string(answer.sections.size()) +
                                      " m= sections; expected the offer's " +
                                      std::to_string(pending_->lines.size()));
  for (std::size_t i = 0; i < answer.sections.size(); ++i) {
    const RemoteSection& section = answer.sections[i];
    const Line& line = pending_->lines[i];
    if (section.media != line.media)
      return jsep::refuse(
          text, i, "m=" + section.media,
          number_of(i) + " of the answer is m=" + section.media + "; expected m=" + line.media);
    if (section.rejected) continue;
    if (line.rejected)
      return jsep::refuse(text, i, "m=" + section.media,
                          number_of(i) + " of the answer has a port; expected 0, as in the offer");
    if (section.mid != line.mid && !section.mid.empty())
      return jsep::refuse(
          text, i, "a=mid",
          number_of(i) + " of the answer has the mid \"" + section.mid + "\"; expected \"" + line.mid + '"');
    if (!section.unusable.empty())
      return jsep::refuse(text, i, "m=" + section.media,
                          number_of(i) + " is accepted, and cannot be had: " + section.unusable,
                          ErrorCode::kUnsupported);
  }
  // RFC 8829 §5.10: an answer has new credentials exactly when the offer restarts ICE.
  if (answer.ice && current_.remote_ice) {
    const bool asked = !(current_.local_ice == pending_->local_ice);
    const bool restarted = !(current_.remote_ice->parameters == answer.ice->parameters);
    if (asked != restarted)
      return jsep::refuse(
          text, sdp::kSession, "a=ice-ufrag",
          asked ? "the offer restarts ICE and the answer keeps its credentials; expected new ones"
                : "the answer has new ICE credentials; expected the present ones, as the "
                  "offer restarts nothing");
  }
  return check_association(answer, text);
}

/// What is common to an m-line of theirs and our transceiver, for both directions.
void Negotiator::agree(const RemoteSection& section, Line& line) const {
  namespace uri = negotiate::extension_uri;
  const Transceiver* t = find(*line.transceiver);
  const bool answering = !pending_ || pending_remote_.has_value();
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
    // A new description of the same generation does not take back what was trickled.
    const bool same = current_.remote_ice && current_.remote_ice->parameters == remote.ice->parameters;
    if (!same) {
      next.remote_ice = remote.ice;
    } else {
      auto& known = next.remote_ice->candidates;
      for (const IceCandidate& c : remote.ice->candidates)
        if (known.size() < kMaxQueuedCandidates && std::find(known.begin(), known.end(), c) == known.end())
          known.push_back(c);
    }
    next.remote_fingerprints = remote.fingerprints;
    next.remote_tls_id = remote.tls_id;
  }
  next.data.reset();
  for (const RemoteSection& section : remote.sections)
    if (section.data && section.usable())
      next.data = DataTransport{section.data->port, section.data->max_message_size};
}

/// RFC 8829 §5.10: which transceiver an m-line of the other side's is.
void Negotiator::associate(const RemoteSection& section, std::size_t index, Agreement& next) {
  const bool known = index < current_.lines.size() && !current_.lines[index].rejected;
  Line& line = next.lines[index];
  const bool keeps = known && !section.rejected;
  if (!known) line = Line{};
  line.media = section.media;
  line.protocol = section.protocol;
  line.formats = section.formats;
  line.named = !section.mid.empty();
  if (!keeps || line.named) line.mid = section.mid;
  line.data = section.data.has_value();
  line.rejected = section.rejected;
  line.remote_direction = section.direction;
  if (line.mid.empty() && !section.rejected) line.mid = new_mid(next);
  if (section.rejected || line.transceiver || !section.kind || !section.usable()) return;
  Transceiver* found = nullptr;
  if (sdp::receives(section.direction))
    for (const auto& t : transceivers_)
      if (found == nullptr && t->kind == *section.kind && t->by_add_track && !t->stopping &&
          next.line_of(t->id) == nullptr)
        found = t.get();
  if (found == nullptr && transceivers_.size() < kMaxTransceivers) {
    found = &make_transceiver(*section.kind);
    found->direction = TransceiverDirection::kRecvOnly;
    found->by_remote = true;
  }
  if (found != nullptr) line.transceiver = found->id;
}

Result<void> Negotiator::take_offer(const SessionDescription& offer) {
  auto remote = read_remote(offer.sdp, SdpType::kOffer, options_.capabilities);
  if (!remote) return remote.error();
  if (auto checked = check_offer(*remote, offer.sdp); !checked) return checked;
  // W3C §4.4.1.5: an offer that meets ours rolls ours back; one that replaces another drops that.
  if (state_ != SignalingState::kStable) {
    const SignalingState before = state_;
    const std::size_t told = events_.size();
    rollback();
    if (before == SignalingState::kHaveRemoteOffer)  // stays there
      std::erase_if(events_, [&, i = std::size_t{0}](const NegotiatorEvent& e) mutable {
        return i++ >= told && e.type == NegotiatorEvent::Type::kSignalingState;
      });
  }
  Agreement next = current_;
  next.offered_by_us = false;
  next.lines.resize(remote->sections.size());
  for (std::size_t i = 0; i < remote->sections.size(); ++i) associate(remote->sections[i], i, next);
  learn(*remote, next);
  Description description;
  description.type = SdpType::kOffer;
  description.text = offer.sdp;
  description.value = remote->parsed;
  if (remote->ice) description.ufrag = remote->ice->parameters.username_fragment;
  offered_ = std::move(*remote);
  pending_ = std::move(next);
  pending_remote_ = std::move(description);
  set_state(SignalingState::kHaveRemoteOffer);
  take_tracks(*pending_);
  for (const IceCandidateInit& early : std::exchange(early_candidates_, {})) {
    if (!add_remote_candidate(early)) continue;  // of another generation
  }
  return {};
}

Result<void> Negotiator::take_answer(const SessionDescription& answer) {
  auto remote = read_remote(answer.sdp, SdpType::kAnswer, options_.capabilities);
  if (!remote) return remote.error();
  if (auto checked = check_answer(*remote, answer.sdp); !checked) return checked;
  Agreement next = *pending_;
  next.bundle = remote->bundle;
  for (std::size_t i = 0; i < next.lines.size(); ++i) {
    Line& line = next.lines[i];
    const RemoteSection& section = remote->sections[i];
    if (section.rejected) {
      line.rejected = true;
      line.formats = section.formats;
      line.send.reset();
      line.receive.reset();
      line.remote_direction = sdp::Direction::kInactive;
    } else if (!line.data && line.transceiver) {
      agree(section, line);
    }
  }
  learn(*remote, next);
  // RFC 5763 §5: the other side chose.
  if (remote->ice && !next.role)
    next.role = remote->setup == sdp::Setup::kActive ? DtlsRole::kServer : DtlsRole::kClient;
  Description description;
  description.type = SdpType::kAnswer;
  description.text = answer.sdp;
  description.value = remote->parsed;
  if (remote->ice) description.ufrag = remote->ice->parameters.username_fragment;
  current_local_ = std::exchange(pending_local_, std::nullopt);
  current_remote_ = std::move(description);
  take_tracks(next);
  commit(std::move(next));
  for (const IceCandidateInit& early : std::exchange(early_candidates_, {})) {
    if (!add_remote_candidate(early)) continue;
  }
  return {};
}

/// W3C §4.4.1.5: who begins or ends to send to us.
void Negotiator::take_tracks(const Agreement& next) {
  for (const Line& line : next.lines) {
    Transceiver* t = line.transceiver ? get(*line.transceiver) : nullptr;
    if (t == nullptr) continue;
    const bool sends = !line.rejected && sdp::sends(line.remote_direction);
    if (t->receiving == sends) continue;
    t->receiving = sends;
    events_.push_back(
        {sends ? NegotiatorEvent::Type::kTrack : NegotiatorEvent::Type::kTrackRemoved, state_, t->id});
  }
}

}  // namespace sluice::peer
