// Who sends on a client's m-line: its encodings, cname and msid (RFC 5576, 8830, 8851, 8853). Used by
// jsep_remote.cc.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sdp/description.h"
#include "sluice/rtp_parameters.h"

namespace sluice::negotiate::jsep {

struct Sources {
  std::vector<RtpEncodingParameters> encodings;
  sdp::Simulcast::Streams streams;  ///< The rids taken; empty without simulcast.
  std::string cname;
  std::string msid;
};

/// `rids`: both sides have the RTP stream id extension. `rtx`: RTX was negotiated.
Sources read_sources(const sdp::MediaDescription& media, bool rids, bool rtx);

/// More than one track on the m-line: Plan B.
bool is_plan_b(const sdp::MediaDescription& media);

}  // namespace sluice::negotiate::jsep
