#include "client/jsep.h"

#include <algorithm>

#include "client/ortc.h"
#include "sdp/sdp.h"

namespace sluice::client {
namespace {

std::optional<std::string> shared(const std::optional<std::string>& of_media,
                                  const std::optional<std::string>& of_session) {
  return of_media ? of_media : of_session;
}

}  // namespace

JsepSignaling::JsepSignaling(Peer& peer, Random& random)
    : peer_(peer),
      random_(random),
      local_ice_(peer.connection().ice().local()),
      session_id_(random.u64() >> 1),
      cname_(random.ice_chars(12)) {}

JsepSignaling::Section* JsepSignaling::find(std::string_view mid) {
  const auto it =
      std::find_if(sections_.begin(), sections_.end(), [&](const Section& s) { return s.mid == mid; });
  return it == sections_.end() ? nullptr : &*it;
}

MediaSender* JsepSignaling::sender(std::string_view mid) const {
  const auto it =
      std::find_if(sections_.begin(), sections_.end(), [&](const Section& s) { return s.mid == mid; });
  return it == sections_.end() || it->senders.empty() ? nullptr : it->senders.front();
}

JsepSignaling::Section& JsepSignaling::add_section(MediaKind kind) {
  Section& section = sections_.emplace_back();
  section.kind = kind;
  section.ours = true;
  section.active = true;
  // The server numbers its own m-lines; ours are told apart by the letter.
  section.mid = "c" + std::to_string(sections_.size() - 1);
  return section;
}

std::string JsepSignaling::add_track(MediaKind kind, std::uint32_t stream, VideoSource::Options video,
                                     AudioSource::Options audio) {
  Section& section = add_section(kind);
  section.parameters = send_parameters(kind, section.mid, cname_, random_);
  section.parameters.msid = cname_ + " " + random_.ice_chars(8);
  section.encodings.push_back({stream, kind, {}, video, audio});
  return section.mid;
}

std::string JsepSignaling::add_simulcast_track(std::uint32_t stream,
                                               std::span<const VideoSource::Options> layers) {
  Section& section = add_section(MediaKind::kVideo);
  section.parameters = simulcast_parameters(layers.size(), section.mid, cname_, random_);
  section.parameters.msid = cname_ + " " + random_.ice_chars(8);
  for (const auto& layer : layers) section.encodings.push_back({stream, MediaKind::kVideo, {}, layer, {}});
  return section.mid;
}

void JsepSignaling::remove_track(std::string_view mid) {
  if (Section* section = find(mid); section != nullptr && section->ours) drop(*section);
}

void JsepSignaling::drop(Section& section) {
  section.active = false;
  for (MediaSender* sender : section.senders) peer_.remove_sender(*sender);
  section.senders.clear();
  if (section.receiver != nullptr) peer_.remove_receiver(*std::exchange(section.receiver, nullptr));
}

std::string JsepSignaling::create_offer(bool ice_restart) {
  if (ice_restart) {
    local_ice_ = {random_.ice_chars(8), random_.ice_chars(24)};
    restarting_ = true;
  }
  return sdp::write(describe(true));
}

Result<void> JsepSignaling::set_answer(std::string_view text, Instant now) {
  auto remote = sdp::parse(text);
  if (!remote) return remote.error();
  if (remote->media.size() != sections_.size())
    return invalid_argument("sdp", "the answer has another number of m-lines than the offer");
  if (auto taken = take_transport(*remote, false, now); !taken) return taken;
  for (std::size_t i = 0; i < sections_.size(); ++i) {
    if (remote->media[i].mid != sections_[i].mid && !remote->media[i].rejected())
      return invalid_argument("sdp", "the answer's mids are not the offer's");
    if (sections_[i].ours) take_accepted(sections_[i], remote->media[i], now);
  }
  return {};
}

Result<std::string> JsepSignaling::answer(std::string_view text, Instant now) {
  auto remote = sdp::parse(text);
  if (!remote) return remote.error();
  if (remote->media.size() < sections_.size()) return invalid_argument("sdp", "the offer leaves out m-lines");
  for (std::size_t i = 0; i < remote->media.size(); ++i) {
    const auto& media = remote->media[i];
    if (!media.mid) return invalid_argument("sdp", "an m-line has no mid");
    if (i < sections_.size() && sections_[i].mid != *media.mid)
      return invalid_argument("sdp", "a mid has changed its m-line");
    take_offered(media);
  }
  if (auto taken = take_transport(*remote, true, now); !taken) return taken.error();
  return sdp::write(describe(false));
}

/// The first m-line of the bundle carries the transport of all (RFC 8843 §9.1).
Result<void> JsepSignaling::take_transport(const sdp::SessionDescription& remote, bool offer, Instant now) {
  const auto media =
      std::find_if(remote.media.begin(), remote.media.end(), [&](const auto& m) { return !m.rejected(); });
  if (media == remote.media.end()) return {};
  const auto ufrag = shared(media->ice_ufrag, remote.ice_ufrag);
  const auto password = shared(media->ice_pwd, remote.ice_pwd);
  if (!ufrag || !password) return invalid_argument("sdp", "ice-ufrag or ice-pwd is missing");
  const IceParameters ice{*ufrag, *password, remote.ice_lite};
  Connection& connection = peer_.connection();
  if (remote_ufrag_.empty()) {
    remote_ufrag_ = *ufrag;
    const auto& fingerprints = media->fingerprints.empty() ? remote.fingerprints : media->fingerprints;
    std::vector<DtlsFingerprint> taken;
    taken.reserve(fingerprints.size());
    for (const auto& fingerprint : fingerprints) taken.push_back({fingerprint.algorithm, fingerprint.value});
    // RFC 5763 §5: who answers chooses; we choose to be active, as browsers do.
    const auto setup = media->setup ? media->setup : remote.setup;
    if (!offer)
      connection.set_dtls_role(setup == sdp::Setup::kActive ? dtls::Role::kServer : dtls::Role::kClient);
    std::vector<IceCandidate> candidates;
    for (const auto& candidate : media->candidates) candidates.push_back(candidate.ice);
    connection.set_remote_ice(ice, candidates);
    return connection.set_remote_dtls(taken, now);
  }
  if (remote_ufrag_ == *ufrag) return {};
  remote_ufrag_ = *ufrag;
  // RFC 8839 §4.4.1.1.1: changed credentials are a restart; an answerer makes new ones of its own.
  if (!std::exchange(restarting_, false)) local_ice_ = {random_.ice_chars(8), random_.ice_chars(24)};
  connection.restart_ice(local_ice_, ice);
  return {};
}

void JsepSignaling::take_accepted(Section& section, const sdp::MediaDescription& answer, Instant now) {
  const bool accepted =
      !answer.rejected() && sdp::receives(answer.direction.value_or(sdp::Direction::kSendRecv));
  if (!accepted || !section.active) {
    drop(section);
    return;
  }
  if (!section.senders.empty()) return;
  // What the server left out is not sent.
  std::erase_if(section.parameters.header_extensions, [&](const auto& ours) {
    return std::none_of(answer.extmaps.begin(), answer.extmaps.end(),
                        [&](const auto& theirs) { return theirs.uri == ours.uri && theirs.id == ours.id; });
  });
  std::erase_if(section.parameters.codecs, [&](const auto& ours) {
    return std::find(answer.formats.begin(), answer.formats.end(), std::to_string(ours.payload_type)) ==
           answer.formats.end();
  });
  if (section.parameters.codecs.empty()) {
    drop(section);
    return;
  }
  for (std::size_t i = 0; i < section.encodings.size(); ++i) {
    MediaSender::Options track = section.encodings[i];
    track.parameters = encoding_of(section.parameters, i, random_);
    section.senders.push_back(&peer_.add_sender(std::move(track), now));
  }
}

void JsepSignaling::take_offered(const sdp::MediaDescription& offer) {
  Section* section = find(*offer.mid);
  if (section == nullptr) {
    sections_.emplace_back();
    section = &sections_.back();
    section->mid = *offer.mid;
    section->kind = offer.media == "audio" ? MediaKind::kAudio : MediaKind::kVideo;
  }
  if (section->ours) return;
  RtpParameters parameters = parameters_of(offer);
  const bool sends = !offer.rejected() && sdp::sends(offer.direction.value_or(sdp::Direction::kSendRecv)) &&
                     !parameters.codecs.empty() && !parameters.encodings.empty();
  if (!sends) {
    drop(*section);
    if (!parameters.codecs.empty()) section->parameters = std::move(parameters);
    return;
  }
  if (section->receiver != nullptr && section->parameters == parameters) return;
  drop(*section);
  section->active = true;
  section->parameters = std::move(parameters);
  section->receiver = &peer_.add_receiver({section->mid, section->kind, section->parameters, true});
}

}  // namespace sluice::client
