// Why a consumer gets what it gets, as plain values: filled by Consumer::explain(), written as JSON by
// engine/explain.cc. For people; made on request only.
//
// Every reason is a string literal in words that a person can act on: "the producer is paused".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/command.h"
#include "sluice/time.h"

namespace sluice::sfu {

struct Explanation {
  /// Layers, and what keeps them from being others.
  struct Choice {
    std::optional<ConsumerLayers> layers;  ///< Absent: none.
    std::string_view reason;
  };
  /// A key frame that was asked for and has not come.
  struct KeyFrameWait {
    Duration since{};  ///< How long ago it was needed first.
    std::uint32_t requests_sent = 0;
    std::string_view reason;  ///< What it is needed for.
  };
  /// What the producer sends: one entry a stream, or a spatial layer of one stream.
  struct Stream {
    std::uint8_t spatial_layer = 0;
    std::uint32_t ssrc = 0;
    std::string rid;
    bool active = false;                  ///< Packets arrive.
    std::vector<std::uint32_t> bitrates;  ///< bps up to and including each temporal layer, from 0.
    std::uint8_t score = 0;
  };
  struct Dropped {
    std::string_view reason;
    std::uint64_t packets = 0;
  };

  std::string_view type;  ///< "simple", "simulcast", "svc".
  bool forwarding = false;
  bool paused_by_consumer = false;
  bool paused_by_producer = false;
  bool held_by_negotiation = false;  ///< A provisional answer does without it.
  bool transport_ready = false;
  std::uint8_t priority = 1;
  // Absent where the type has no layers:
  std::optional<Choice> preferred;
  std::optional<Choice> target;                    ///< What is aimed at.
  std::optional<Choice> current;                   ///< What is forwarded.
  std::optional<std::uint32_t> target_bitrate;     ///< bps, of the target layers.
  std::optional<std::uint32_t> available_bitrate;  ///< bps, that this consumer may use.
  std::optional<KeyFrameWait> waiting_for_key_frame;
  std::vector<Stream> streams;
  std::vector<Dropped> dropped;  ///< What was not forwarded; reasons that never happened are absent.
};

}  // namespace sluice::sfu
