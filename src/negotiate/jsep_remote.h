// The client's description, read for what the server can use: each m-line held against the room, the one
// transport, and every reason to refuse the whole. Pure functions; called by JsepSession when a remote
// description is set.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sdp/description.h"
#include "sluice/command.h"
#include "sluice/dtls_parameters.h"
#include "sluice/ice_parameters.h"
#include "sluice/result.h"
#include "sluice/rtp_parameters.h"

namespace sluice::negotiate::jsep {

/// A codec of the client that the room routes: payload type the client's, parameters and feedback as both
/// agree.
struct MatchedCodec {
  RtpCodecParameters codec;
  std::uint8_t room_payload_type = 0;
};

/// One m-line of the client.
struct RemoteSection {
  std::string mid;
  std::string media;
  std::string protocol;
  std::vector<std::string> formats;
  std::optional<MediaKind> kind;  ///< None: not RTP; such an m-line is answered with port 0.
  bool rejected = false;
  sdp::Direction direction = sdp::Direction::kSendRecv;  ///< The client's view.
  std::vector<MatchedCodec> codecs;                      ///< In the client's order, RTX included.
  std::vector<sdp::Extmap> extensions;                   ///< All, ids up to 255, a URI once.
  std::vector<std::uint8_t> payload_types;               ///< Every number the m-line gives a meaning to.
  /// What the client sends, when it does: one media codec, and the rids to receive for simulcast.
  RtpParameters sent;
  sdp::Simulcast::Streams streams;
};

/// Where and how the client is reached.
struct RemoteTransport {
  IceParameters ice;
  std::vector<DtlsFingerprint> fingerprints;
  sdp::Setup setup = sdp::Setup::kActpass;
  std::vector<IceCandidate> candidates;
};

struct RemoteDescription {
  std::vector<RemoteSection> sections;
  std::optional<RemoteTransport> transport;  ///< None when every m-line is rejected.
  bool extmap_allow_mixed = false;
};

/// Refuses Plan B, m-lines without mid, ICE, DTLS, rtcp-mux or BUNDLE, and an ICE-lite client. Errors name
/// the attribute.
Result<RemoteDescription> read_remote(const sdp::SessionDescription& description, SdpType type,
                                      const RtpCapabilities& room);

/// "minptime=10;useinbandfec=1" as parameters and back. A word without "=" is a name with an empty value.
std::vector<CodecParameter> parse_fmtp(std::string_view config);
std::string write_fmtp(const std::vector<CodecParameter>& parameters);

}  // namespace sluice::negotiate::jsep
