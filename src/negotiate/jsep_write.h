// A state as our description, offer or answer.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "negotiate/jsep_state.h"

namespace sluice::negotiate::jsep {

struct WriteOptions {
  std::uint64_t session_id = 0;
  std::uint64_t session_version = 0;
  SdpType type = SdpType::kOffer;
  sdp::Setup setup = sdp::Setup::kActpass;
};

/// What stays the same for the life of the session.
struct WriteLocal {
  const std::vector<DtlsFingerprint>& fingerprints;
  const std::optional<LocalData>& data;  ///< Present when an m-line of data channels is.
};

/// Every live m-line, those agreed first and in the agreed order, so that the one which describes the
/// transport goes on to (RFC 8829 §5.2.2).
std::vector<std::string> bundle_order(const State& state);

std::string write_description(const State& state, const WriteLocal& local, const WriteOptions& options);

}  // namespace sluice::negotiate::jsep
