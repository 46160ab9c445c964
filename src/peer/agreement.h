// What two descriptions have agreed on, or one proposes: m-lines, numbers, transport. Values: to take a
// proposal or to drop it is an assignment, which is all of a rollback. Used by Negotiator's files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "negotiate/jsep_numbers.h"
#include "negotiate/jsep_remote.h"
#include "peer/transceiver.h"
#include "sluice/dtls_parameters.h"
#include "sluice/ice_parameters.h"

namespace sluice::peer {

/// One m-line.
struct Line {
  std::string mid;
  std::string media;  ///< "audio", "video", "application".
  std::string protocol = "UDP/TLS/RTP/SAVPF";
  std::vector<std::string> formats;  ///< Of a rejected one, and of data.
  std::optional<TransceiverId> transceiver;
  bool data = false;
  bool rejected = false;
  bool named = true;  ///< Has a=mid: an offer without it is answered without it.

  // As our newest description has it.
  sdp::Direction direction = sdp::Direction::kInactive;
  std::vector<RtpCodecParameters> codecs;
  std::vector<RtpHeaderExtensionParameters> extensions;
  std::vector<std::string> stream_ids;
  std::vector<std::string> rids;  ///< Of a simulcast that we send.

  // As both have it.
  sdp::Direction remote_direction = sdp::Direction::kInactive;  ///< The other side's view.
  std::optional<RtpParameters> send;
  std::optional<RtpParameters> receive;
  std::string remote_track_id;
  std::vector<std::string> remote_stream_ids;
};

/// RFC 8841.
struct DataTransport {
  std::uint16_t remote_port = 5000;
  std::uint64_t max_message_size = 65'536;  ///< That the other side takes; 0: any. 64 KiB when it is silent.
};

/// A candidate list of one generation of the other side's.
struct RemoteIce {
  IceParameters parameters;
  std::vector<IceCandidate> candidates;
  bool ended = false;
};

struct Agreement {
  std::vector<Line> lines;
  negotiate::jsep::BundleNumbers numbers;
  std::vector<std::string> bundle;  ///< Mids on the one transport; the first describes it.
  IceParameters local_ice;
  std::optional<RemoteIce> remote_ice;
  std::vector<DtlsFingerprint> remote_fingerprints;
  std::optional<std::string> remote_tls_id;
  std::uint32_t association = 0;  ///< Which DTLS association of this connection it is (RFC 8842 §5).
  std::optional<DtlsRole> role;   ///< Ours, kClient or kServer; for the life of the association.
  std::optional<DataTransport> data;
  bool offered_by_us = false;
  std::uint32_t next_mid = 0;

  [[nodiscard]] const Line* line_of(TransceiverId id) const {
    for (const Line& line : lines)
      if (line.transceiver == id) return &line;
    return nullptr;
  }
  [[nodiscard]] const Line* data_line() const {
    for (const Line& line : lines)
      if (line.data && !line.rejected) return &line;
    return nullptr;
  }
};

}  // namespace sluice::peer
