// The other side's description, read for what this end can use; and every reason to refuse the whole, by name
// and line. Pure functions; called by Negotiator.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "negotiate/jsep_remote.h"
#include "peer/agreement.h"
#include "sdp/description.h"
#include "sluice/session_description.h"

namespace sluice::peer {

/// One m-line: RTP as src/negotiate reads it, or data.
struct RemoteSection : negotiate::jsep::RemoteSection {
  sdp::MediaDescription source;  ///< As it stands, for what depends on what we choose.
};

struct RemoteDescription {
  sdp::SessionDescription parsed;
  std::vector<RemoteSection> sections;
  std::vector<std::string> bundle;  ///< Mids of the one group that is taken; the first has the transport.
  bool bundled = false;             ///< There is a group at all.
  /// Absent when no m-line can be used.
  std::optional<RemoteIce> ice;
  std::vector<DtlsFingerprint> fingerprints;
  std::optional<std::string> tls_id;
  sdp::Setup setup = sdp::Setup::kActpass;
};

/// `ours`: all codecs and extensions of this end. M-lines that it has no codec for, or that need a transport
/// of their own, are `unusable`. Refused: Plan B, m-lines without ICE, DTLS or (RTP) rtcp-mux.
Result<RemoteDescription> read_remote(std::string_view text, SdpType type, const RtpCapabilities& ours);

}  // namespace sluice::peer
