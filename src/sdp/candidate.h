// The candidate line of ICE (RFC 8839 §5.1), in descriptions and trickled alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sluice/ice_parameters.h"

namespace sluice::sdp {

struct Candidate {
  IceCandidate ice;
  std::uint16_t component = 1;  ///< 1 is RTP (and RTCP, with rtcp-mux).
  std::string related_address;
  std::optional<std::uint16_t> related_port;
  /// "generation 0 ufrag x7fB network-id 1", pair by pair.
  std::vector<std::pair<std::string, std::string>> extensions;
  friend bool operator==(const Candidate&, const Candidate&) = default;

  /// The value of an extension, or empty.
  [[nodiscard]] std::string_view extension(std::string_view name) const;
};

enum class CandidateError : std::uint8_t {
  kMalformed,
  kUnknownKind,  ///< A transport or type that is not known: to be ignored (RFC 8839 §5.1).
};

/// What stands after "candidate:": "1 1 udp 2130706431 192.0.2.1 5000 typ host".
struct CandidateResult {
  std::optional<Candidate> candidate;
  CandidateError error = CandidateError::kMalformed;
  std::string_view expected;  ///< For a sentence, when malformed.
};
CandidateResult parse_candidate(std::string_view value);

/// The same without "candidate:".
std::string write_candidate(const Candidate& candidate);

}  // namespace sluice::sdp
