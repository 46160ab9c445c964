// Who sends on a client's m-line: its encodings, cname and msid (RFC 5576, 8830, 8851, 8853). Used by
// jsep_remote.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sdp/description.h"
#include "sluice/rtp_parameters.h"

namespace sluice::negotiate::jsep {

struct Sources {
  std::vector<RtpEncodingParameters> encodings;
  sdp::Simulcast::Streams streams;  ///< The rids taken; empty without simulcast.
  std::vector<sdp::Rid> rids;       ///< Those taken, as the client describes them.
  std::string cname;
  std::string msid;                     ///< "stream track" of the first stream, as RtpParameters has it.
  std::vector<std::string> stream_ids;  ///< All; none for "-". One empty: the client says nothing.
};

/// `rids`: both sides have the RTP stream id extension. `rtx`: RTX was negotiated. `payload_type`: that of
/// the codec taken; streams that may not use it are left out (RFC 8851 §5).
Sources read_sources(const sdp::MediaDescription& media, bool rids, bool rtx,
                     std::optional<std::uint8_t> payload_type);

/// What the first stream's rid allows by pt=; empty: anything.
std::vector<std::uint8_t> payload_types_of_rids(const sdp::MediaDescription& media);

/// A rid that a=simulcast sends and no a=rid line describes; null when there is none.
const std::string* find_undescribed_rid(const sdp::MediaDescription& media);

/// More than one track on the m-line: Plan B.
bool is_plan_b(const sdp::MediaDescription& media);

}  // namespace sluice::negotiate::jsep
