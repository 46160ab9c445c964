// What two ends of a call send each other through signaling: descriptions and candidates, as values and as
// the JSON of a browser's RTCSessionDescription and RTCIceCandidate.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sluice/result.h"

namespace sluice {

/// RTCSdpType.
enum class SdpType : std::uint8_t { kOffer, kAnswer, kPranswer, kRollback };

constexpr std::string_view to_string(SdpType type) {
  constexpr std::string_view kNames[] = {"offer", "answer", "pranswer", "rollback"};
  return kNames[static_cast<std::size_t>(type)];
}

/// RTCSessionDescription (W3C WebRTC §4.6.2).
struct SessionDescription {
  SdpType type = SdpType::kOffer;
  std::string sdp;  ///< Empty in a rollback.
  friend bool operator==(const SessionDescription&, const SessionDescription&) = default;
};

/// RTCIceCandidateInit (W3C WebRTC §4.8.1). An empty `candidate` says that there will be no more.
struct IceCandidateInit {
  std::string candidate;  ///< "candidate:…" (RFC 8839 §5.1).
  std::optional<std::string> sdp_mid;
  std::optional<std::uint16_t> sdp_m_line_index;
  std::optional<std::string> username_fragment;
  friend bool operator==(const IceCandidateInit&, const IceCandidateInit&) = default;
};

/// {"type": "offer", "sdp": "v=0…"}.
std::string to_json(const SessionDescription& description);
Result<SessionDescription> session_description_from_json(std::string_view json);

/// {"candidate": "candidate:…", "sdpMid": "0", "sdpMLineIndex": 0, "usernameFragment": "…"}.
std::string to_json(const IceCandidateInit& candidate);
/// `null` and {} are the end of candidates, as `addIceCandidate()` takes them.
Result<IceCandidateInit> ice_candidate_from_json(std::string_view json);

}  // namespace sluice
