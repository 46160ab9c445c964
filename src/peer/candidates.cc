// Candidates in descriptions, and beside them (RFC 8829 §4.1.19, RFC 8838): ours as they are gathered, the
// other side's as they come.
#include <algorithm>

#include "negotiate/jsep_candidates.h"
#include "peer/negotiator.h"
#include "sluice/address.h"

namespace sluice::peer {
namespace {

sdp::Candidate as_line(const IceCandidate& candidate, std::string_view related_address,
                       std::uint16_t related_port) {
  sdp::Candidate out{candidate, 1, std::string(related_address), std::nullopt, {}};
  if (!related_address.empty()) out.related_port = related_port;
  return out;
}

sdp::MediaDescription* tagged(sdp::SessionDescription& description) {
  std::string first;
  for (const sdp::Group& group : description.groups)
    if (group.semantics == "BUNDLE" && !group.mids.empty()) first = group.mids.front();
  for (sdp::MediaDescription& media : description.media)
    if (!media.rejected() && (first.empty() || media.mid == first)) return &media;
  return nullptr;
}

std::uint16_t index_of(const sdp::SessionDescription& description, const sdp::MediaDescription& media) {
  return static_cast<std::uint16_t>(&media - description.media.data());
}

/// RFC 8839 §4.2.1.2: the default candidate stands in m= and c=; without one that others can reach, 9.
void set_default_address(sdp::MediaDescription& media) {
  for (const sdp::Candidate& candidate : media.candidates) {
    if (candidate.ice.protocol != IceProtocol::kUdp) continue;
    const auto address = SocketAddress::parse(candidate.ice.address, candidate.ice.port);
    if (!address || address->family() != IpFamily::kIPv4) continue;
    media.port = candidate.ice.port;
    for (sdp::Line& line : media.lines)
      if (line.type == 'c') line.value = "IN IP4 " + candidate.ice.address;
    return;
  }
}

}  // namespace

void Negotiator::fill_candidates(Description& description) const {
  sdp::MediaDescription* media = tagged(description.value);
  if (media == nullptr || description.ufrag != local_candidates_.ufrag) return;
  media->candidates = local_candidates_.list;
  media->end_of_candidates = local_candidates_.ended;
  set_default_address(*media);
}

bool Negotiator::add_local_candidate(std::string_view ufrag, const IceCandidate& candidate,
                                     std::string_view related_address, std::uint16_t related_port) {
  if (local_candidates_.ufrag != ufrag) local_candidates_ = {std::string(ufrag), {}, false};
  local_candidates_.list.push_back(as_line(candidate, related_address, related_port));
  auto& description = pending_local_ ? pending_local_ : current_local_;
  if (!description || description->ufrag != ufrag) return false;
  fill_candidates(*description);
  return true;
}

void Negotiator::local_candidates_ended() {
  local_candidates_.ended = true;
  auto& description = pending_local_ ? pending_local_ : current_local_;
  if (description) fill_candidates(*description);
}

IceCandidateInit Negotiator::candidate_init(const IceCandidate& candidate, std::string_view related_address,
                                            std::uint16_t related_port) const {
  IceCandidateInit out;
  auto description = pending_local_ ? pending_local_ : current_local_;
  if (!description) return out;
  sdp::Candidate line = as_line(candidate, related_address, related_port);
  line.extensions.emplace_back("ufrag", description->ufrag);
  out.candidate = "candidate:" + sdp::write_candidate(line);
  if (const sdp::MediaDescription* media = tagged(description->value)) {
    out.sdp_mid = media->mid;
    out.sdp_m_line_index = index_of(description->value, *media);
  }
  out.username_fragment = description->ufrag;
  return out;
}

Result<void> Negotiator::add_remote_candidate(const IceCandidateInit& init) {
  if (state_ == SignalingState::kClosed)
    return Error{ErrorCode::kInvalidState, "signalingState", "the peer connection is closed"};
  auto read = negotiate::jsep::read_candidate(init.candidate);
  if (!read) return read.error();
  if (!init.candidate.empty() && !init.sdp_mid && !init.sdp_m_line_index)
    return invalid_argument("sdpMid", "neither sdpMid nor sdpMLineIndex is given; expected at least one");
  auto& newest = pending_remote_ ? pending_remote_ : current_remote_;
  if (!newest) {
    if (early_candidates_.size() >= kMaxQueuedCandidates)
      return Error{
          ErrorCode::kLimitExceeded, "candidate",
          "more than " + std::to_string(kMaxQueuedCandidates) + " candidates wait for a remote description"};
    early_candidates_.push_back(init);
    return {};
  }
  std::string ufrag = init.username_fragment.value_or("");
  if (ufrag.empty()) ufrag = read->username_fragment;
  // A candidate names its generation; without a name it is of the newest (W3C §4.4.1.8).
  const bool older = !ufrag.empty() && ufrag != newest->ufrag;
  if (older && !(pending_remote_ && current_remote_ && current_remote_->ufrag == ufrag))
    return Error{ErrorCode::kNotFound, "usernameFragment",
                 "no remote description has the ICE user name fragment \"" + ufrag + '"'};
  Description& description = older ? *current_remote_ : *newest;
  sdp::SessionDescription& value = description.value;
  sdp::MediaDescription* media = nullptr;
  if (init.sdp_mid) {
    for (sdp::MediaDescription& m : value.media)
      if (m.mid == *init.sdp_mid) media = &m;
    if (media == nullptr)
      return Error{ErrorCode::kNotFound, "sdpMid",
                   "no m= section of the remote description has the mid \"" + *init.sdp_mid + '"'};
  } else if (init.sdp_m_line_index) {
    if (*init.sdp_m_line_index >= value.media.size())
      return Error{ErrorCode::kNotFound, "sdpMLineIndex",
                   "the remote description has " + std::to_string(value.media.size()) +
                       " m= sections; expected an index below"};
    media = &value.media[*init.sdp_m_line_index];
  }
  // All that knows the generation: what was agreed, what is offered, what was answered for now.
  std::vector<RemoteIce*> known;
  for (Agreement* a : {&current_, pending_ ? &*pending_ : nullptr, provisional_ ? &*provisional_ : nullptr})
    if (a != nullptr && a->remote_ice && a->remote_ice->parameters.username_fragment == description.ufrag)
      known.push_back(&*a->remote_ice);
  if (init.candidate.empty() || !read->candidate) {
    if (init.candidate.empty() || init.candidate.find("end-of-candidates") != std::string::npos)
      for (RemoteIce* ice : known) ice->ended = true;
    if (media == nullptr) media = tagged(value);
    if (media != nullptr && init.candidate.empty()) media->end_of_candidates = true;
    return {};
  }
  if (known.empty()) return {};  // every m-line is rejected
  for (const RemoteIce* ice : known)
    if (ice->candidates.size() >= kMaxQueuedCandidates)
      return Error{ErrorCode::kLimitExceeded, "candidate",
                   "the other side has more than " + std::to_string(kMaxQueuedCandidates) + " candidates"};
  for (RemoteIce* ice : known) ice->candidates.push_back(*read->candidate);
  if (media != nullptr) media->candidates.push_back({*read->candidate, 1, {}, {}, {}});
  return {};
}

}  // namespace sluice::peer
