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

/// An m-line of data channels (RFC 8841).
struct RemoteData {
  std::uint16_t port = 5000;           ///< Of SCTP.
  std::uint64_t max_message_size = 0;  ///< Bytes that the client takes in one message; 0: any number.
  friend bool operator==(const RemoteData&, const RemoteData&) = default;
};

/// One m-line of the client.
struct RemoteSection {
  std::string mid;  ///< Empty when the client gives none (RFC 8829 §5.10: ours to make up).
  std::string media;
  std::string protocol;
  std::vector<std::string> formats;
  std::optional<MediaKind> kind;   ///< None: not RTP.
  std::optional<RemoteData> data;  ///< With neither the m-line is answered with port 0.
  bool rejected = false;
  std::string
      unusable;  ///< Why an m-line that the client does offer is answered with port 0; empty: it is not.
  sdp::Direction direction = sdp::Direction::kSendRecv;  ///< The client's view.
  std::vector<MatchedCodec> codecs;                      ///< In the client's order, RTX included.
  std::vector<sdp::Extmap> extensions;                   ///< All, ids up to 255, a URI once.
  std::vector<std::uint8_t> payload_types;               ///< Every number the m-line gives a meaning to.
  bool extmap_allow_mixed = false;                       ///< RFC 8285 §6.
  std::optional<std::uint64_t> max_bitrate;              ///< bps that the client wants to get at most.
  /// What the client sends, when it does: one media codec, and the rids to receive for simulcast.
  RtpParameters sent;
  sdp::Simulcast::Streams streams;
  std::vector<sdp::Rid> rids;           ///< Of `streams`, and of a single one without simulcast.
  std::vector<std::string> stream_ids;  ///< RFC 8830: none for "-".

  /// Goes on after the answer, as far as the client is concerned.
  [[nodiscard]] bool usable() const { return !rejected && unusable.empty(); }
};

/// Where and how the client is reached.
struct RemoteTransport {
  IceParameters ice;
  std::vector<DtlsFingerprint> fingerprints;
  sdp::Setup setup = sdp::Setup::kActpass;
  std::optional<std::string> tls_id;
  std::vector<IceCandidate> candidates;
};

struct RemoteDescription {
  std::string text;  ///< As it came.
  std::vector<RemoteSection> sections;
  std::optional<RemoteTransport> transport;  ///< None when no m-line goes on.
  /// Mids of the one BUNDLE group that is taken, in its order, as the client wrote it.
  std::optional<std::vector<std::string>> bundle;
  std::vector<std::vector<std::string>> lip_sync;  ///< a=group:LS (RFC 5888 §7).
  std::vector<std::string> ice_options;
  std::optional<std::uint64_t> max_bitrate;  ///< b=CT: of everything together, in bps.
};

/// A provisional answer is read as an answer (RFC 8829 §4.1.10.1).
constexpr bool is_answer(SdpType type) {
  return type == SdpType::kAnswer || type == SdpType::kPranswer;
}

/// Refuses Plan B, m-lines without ICE, DTLS or rtcp-mux, and an ICE-lite client; errors name the attribute
/// and the line. M-lines that cannot share one transport are `unusable`.
/// `takes_data`: m-lines of data channels can be had.
Result<RemoteDescription> read_remote(std::string_view text, SdpType type, const RtpCapabilities& room,
                                      bool takes_data = true);

/// The refusal of a description: `message` and the line at fault, which begins with `field` (see
/// sdp::find_line).
Error refuse(std::string_view text, std::size_t section, std::string field, std::string message,
             ErrorCode code = ErrorCode::kInvalidArgument);

/// "minptime=10;useinbandfec=1" as parameters and back. A word without "=" is a name with an empty value.
std::vector<CodecParameter> parse_fmtp(std::string_view config);
std::string write_fmtp(const std::vector<CodecParameter>& parameters);

}  // namespace sluice::negotiate::jsep
