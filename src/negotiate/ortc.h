// ORTC in five steps, each a pure function: a producer's parameters are mapped onto its room's
// (producer_mapping), which gives what anyone may consume (consumable_parameters), which is held against a
// peer's capabilities (can_consume) and cut to them (consumer_parameters). All input has passed validate().
// Called by the engine's handlers of produce, consume and canConsume, and by JSEP.
//
//   producer's RtpParameters ──producer_mapping──► RtpMapping ──consumable_parameters──► RtpParameters in the
//   room's numbers
//                                                                                         │ + RtpCapabilities
//                                                                                         of a peer
//                                                      consumer's RtpParameters ◄──consumer_parameters
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "sluice/result.h"
#include "sluice/rtp_parameters.h"

namespace sluice::negotiate {

/// How a producer's numbers become the room's. The producer's own parameters stay as they were: they say how
/// to recognise its packets.
struct RtpMapping {
  struct Codec {
    std::uint8_t payload_type = 0;         ///< In the producer's packets.
    std::uint8_t mapped_payload_type = 0;  ///< In the room.
    friend bool operator==(const Codec&, const Codec&) = default;
  };
  struct Encoding {
    std::optional<std::uint32_t>
        ssrc;  ///< As the producer told it; none when only a rid or the mid identifies it.
    std::string rid;
    std::string scalability_mode;
    std::uint32_t mapped_ssrc = 0;  ///< Its name in the consumable parameters.
    friend bool operator==(const Encoding&, const Encoding&) = default;
  };
  std::vector<Codec> codecs;
  std::vector<Encoding> encodings;
  /// The room's payload type of one in the producer's packets.
  [[nodiscard]] std::optional<std::uint8_t> mapped_payload_type(std::uint8_t payload_type) const;
  friend bool operator==(const RtpMapping&, const RtpMapping&) = default;
};

/// "simple", "simulcast" or "svc": what a consumer can choose from. Several encodings are simulcast. One with
/// layers is "svc" where the codec can have spatial ones (VP9, AV1, H264-SVC), else "simulcast" of one
/// encoding. SDP names no scalability mode, so of a JSEP peer's single encoding only the packets can tell:
/// this is "simple" then.
std::string_view producer_type(MediaKind kind, const RtpParameters& producer);

/// Errors name "rtpParameters.codecs[0]..." : kUnsupported when the room does not route a codec,
/// kInvalidArgument when the kind is wrong, or no codec is left but RTX.
Result<RtpMapping> producer_mapping(MediaKind kind, const RtpParameters& producer,
                                    const RtpCapabilities& room, Random& random);

/// What the room offers of this producer: the room's payload types, extensions and feedback, the producer's
/// format parameters, and one encoding for each of the producer's with the mapped SSRC. `mapping` must come
/// from the same producer and room.
RtpParameters consumable_parameters(MediaKind kind, const RtpParameters& producer,
                                    const RtpCapabilities& room, const RtpMapping& mapping);

/// Whether the peer can decode at least one of the producer's codecs.
bool can_consume(const RtpParameters& consumable, const RtpCapabilities& peer);

struct ConsumerOptions {
  bool pipe =
      false;  ///< Every encoding is forwarded as it is, each with its own SSRC, rather than one chosen.
  /// Retransmission, where the peer has it: default yes. Without it there is no generic NACK either.
  std::optional<bool> enable_rtx;
  /// Use the payload types and extension ids of the peer's capabilities rather than the room's. For a JSEP
  /// peer, whose first description has fixed what each number means in its BUNDLE group (RFC 8843 §10.1.2).
  bool peer_numbers = false;
  std::span<const std::uint32_t> taken_ssrcs;  ///< Never chosen.
};

/// What a consumer of the peer receives, with fresh SSRCs; the mid is left to the caller. kUnsupported when
/// can_consume() is false.
Result<RtpParameters> consumer_parameters(const RtpParameters& consumable, const RtpCapabilities& peer,
                                          Random& random, const ConsumerOptions& options = {});

}  // namespace sluice::negotiate
