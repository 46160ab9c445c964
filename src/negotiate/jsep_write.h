// A state as our description, offer or answer.
#pragma once

#include <cstdint>
#include <string>

#include "negotiate/jsep_state.h"

namespace sluice::negotiate::jsep {

struct WriteOptions {
  std::uint64_t session_id = 0;
  std::uint64_t session_version = 0;
  sdp::Setup setup = sdp::Setup::kActpass;
};

std::string write_description(const State& state, const std::vector<DtlsFingerprint>& fingerprints,
                              const WriteOptions& options);

}  // namespace sluice::negotiate::jsep
