// Candidates that the client trickles (RFC 8838): checked, and kept until there is a transport to give them
// to.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "negotiate/jsep_remote.h"

namespace sluice::negotiate::jsep {

/// "candidate:…" with or without "a=". Nothing for the end of candidates, for kinds not known and for RTCP's
/// component, which has nothing to do here.
struct TrickledCandidate {
  std::optional<IceCandidate> candidate;
  std::string username_fragment;  ///< As the line itself names it; empty when it does not.
};
Result<TrickledCandidate> read_candidate(std::string_view text);

class CandidateQueue {
 public:
  Result<void> push(IceCandidate candidate, std::string username_fragment);
  /// Those of the generation (or of none in particular); all others are dropped.
  std::vector<IceCandidate> take(std::string_view username_fragment);

 private:
  struct Waiting {
    IceCandidate candidate;
    std::string username_fragment;
  };
  std::vector<Waiting> waiting_;
};

}  // namespace sluice::negotiate::jsep
