#include "negotiate/jsep_candidates.h"

#include <utility>

namespace sluice::negotiate::jsep {
namespace {

constexpr std::size_t kMostWaiting = 256;

void strip_prefix(std::string_view& text, std::string_view prefix) {
  if (text.starts_with(prefix)) text.remove_prefix(prefix.size());
}

}  // namespace

Result<TrickledCandidate> read_candidate(std::string_view text) {
  TrickledCandidate out;
  strip_prefix(text, "a=");
  if (text.empty() || text == "end-of-candidates") return out;
  if (!text.starts_with("candidate:"))
    return invalid_argument("candidate", "the candidate does not begin with \"candidate:\"");
  strip_prefix(text, "candidate:");
  if (text.empty()) return out;  // the oldest browsers' end
  if (text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos)
    return invalid_argument("candidate", "the candidate has more than one line; expected one");
  sdp::CandidateResult result = sdp::parse_candidate(text);
  if (!result.candidate) {
    if (result.error == sdp::CandidateError::kUnknownKind) return out;
    return invalid_argument("candidate",
                            "the candidate is malformed; expected " + std::string(result.expected));
  }
  if (result.candidate->component != 1) return out;
  out.username_fragment = result.candidate->extension("ufrag");
  out.candidate = std::move(result.candidate->ice);
  return out;
}

Result<void> CandidateQueue::push(IceCandidate candidate, std::string username_fragment) {
  if (waiting_.size() >= kMostWaiting)
    return Error{ErrorCode::kLimitExceeded, "candidate",
                 "more than " + std::to_string(kMostWaiting) + " candidates wait for a remote description"};
  waiting_.push_back({std::move(candidate), std::move(username_fragment)});
  return {};
}

std::vector<IceCandidate> CandidateQueue::take(std::string_view username_fragment) {
  std::vector<IceCandidate> out;
  for (Waiting& w : std::exchange(waiting_, {}))
    if (w.username_fragment.empty() || w.username_fragment == username_fragment)
      out.push_back(std::move(w.candidate));
  return out;
}

}  // namespace sluice::negotiate::jsep
