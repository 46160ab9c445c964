// What a Configuration asks for, checked, as the parts of a Connection take it. Called by Connection; an
// error names the field.
#pragma once

#include <cstdint>
#include <vector>

#include "dtls/certificate.h"
#include "ice/full_agent.h"
#include "ice/full_types.h"
#include "sluice/peer_configuration.h"

namespace sluice::peer {

struct Settings {
  dtls::Certificate certificate;
  RtpCapabilities capabilities;
  ice::FullAgent::Options ice;
  std::vector<std::uint16_t> srtp_profiles;  ///< DTLS-SRTP's numbers.
};

Result<Settings> read_settings(const Configuration& configuration, std::int64_t unix_seconds);
/// What may change under way is servers and policy; anything else is refused.
Result<ice::FullAgent::Options> read_changed_settings(const Configuration& before,
                                                      const Configuration& after);

}  // namespace sluice::peer
