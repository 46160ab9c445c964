// One stream's packetizer, of whatever codec: frames to RTP payloads. Sequence numbers, timestamps and
// markers are FrameSender's, which holds it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "codec/codec.h"
#include "packetize/audio_packetizer.h"
#include "packetize/av1_packetizer.h"
#include "packetize/h264_packetizer.h"
#include "packetize/payloads.h"
#include "packetize/scalability.h"
#include "packetize/vp8_packetizer.h"
#include "packetize/vp9_packetizer.h"
#include "sluice/encoded_frame.h"
#include "sluice/result.h"
#include "sluice/time.h"

namespace sluice::packetize {

/// What can be sent and received as frames.
enum class Format : std::uint8_t { kOpus, kPcmu, kPcma, kVp8, kVp9, kH264, kAv1 };

/// "video/VP8", in any case; nothing for what has no packetizer.
std::optional<Format> format_of(std::string_view mime_type);
constexpr bool is_audio(Format format) {
  return format == Format::kOpus || format == Format::kPcmu || format == Format::kPcma;
}
/// What parsers know it by; kOther for G.711.
codec::Kind kind_of(Format format);

/// What a coded frame's own bytes tell of it (key frame, size, of AV1 its layers), for who reads frames from
/// a file. H.264: an Annex B access unit. The rest is left as it is.
void inspect(Format format, Bytes frame, FrameMetadata& metadata);

class Packetizer {
 public:
  struct Options {
    Format format = Format::kVp8;
    Scalability scalability{};                     ///< As the encoder was told.
    bool vp9_flexible = false;                     ///< RFC 9628 §3.3: references in each packet.
    H264Format h264_format = H264Format::kAnnexB;  ///< Of the frames that come.
    Duration ptime = 20ms;                         ///< PCMU and PCMA: of a packet.
    std::uint16_t first_picture_id = 0;            ///< Random, for VP8 and VP9 (RFC 7741 §4.2).
  };
  /// The error names the option and what was expected.
  static Result<Packetizer> make(const Options& options);

  /// Replaces what `out` holds. False for what is no frame of the format, and nothing is to be sent.
  bool packetize(const EncodedFrameView& frame, const Limits& limits, Payloads& out);
  /// G.711: what is left of the last samples, as payloads with offsets from `timestamp`.
  void flush(std::uint32_t timestamp, Payloads& out);
  /// H264Packetizer::set_parameter_sets; false for other formats.
  bool set_parameter_sets(Bytes nals);

 private:
  using State = std::variant<OpusPacketizer, PcmPacketizer, Vp8Packetizer, Vp9Packetizer, H264Packetizer,
                             Av1Packetizer>;
  explicit Packetizer(State state) : state_(std::move(state)) {}

  State state_;
};

}  // namespace sluice::packetize
