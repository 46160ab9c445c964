// One RTP stream of a producer: what was received, what is missing, what can be sent again, which layers it
// has, and when a key frame is asked for. Owned by Producer; its feedback is sent by MediaSession.
#pragma once

#include <array>
#include <cmath>
#include <optional>
#include <string>

#include "codec/frame_reader.h"
#include "rtp/nack_generator.h"
#include "rtp/rate_meter.h"
#include "rtp/receive_statistics.h"
#include "rtp/sequence_window.h"
#include "rtp/stream_score.h"
#include "sfu/arrival_clock.h"
#include "sfu/frame_tracker.h"
#include "sfu/history.h"
#include "sfu/key_frame_requester.h"
#include "sfu/layer_pattern.h"
#include "sfu/stream_liveness.h"
#include "sfu/totals.h"
#include "sluice/rtp_parameters.h"

namespace sluice::sfu {

struct ProducerStream {
  ProducerStream(MediaKind kind, std::uint8_t place, std::uint32_t hertz, Duration key_frame_delay)
      : index(place),
        tag(place),
        clock_rate(hertz),
        media(hertz),
        repair(hertz),
        arrivals(hertz),
        history(kind == MediaKind::kVideo ? History() : History(kAudioHistory)),
        key_frames(key_frame_delay) {}

  [[nodiscard]] Instant next_deadline() const {
    return std::min({nack.next_deadline(), key_frames.next_deadline(), history.next_deadline()});
  }
  /// The publisher goes on under another SSRC: what is known of the numbers so far holds no more.
  void begin_anew(Ssrc new_ssrc) {
    packets_before += media.packets();
    bytes_before += media.bytes();
    ssrc = new_ssrc;
    tag = static_cast<std::uint8_t>(tag + kTagStep);
    media = rtp::ReceiveStatistics(clock_rate);
    fraction_lost = 0;
    scored = {};
    ended = false;
    newest_before = newest;
    seen.clear();
    nack.restart();
    history = History(history.capacity());
    reader = {};
    tracker = {};
    arrivals = ArrivalClock(clock_rate);
    pattern = {};
  }
  /// How a packet's time fits those before.
  enum class Fit : std::uint8_t {
    kGoesOn,
    kRestart,   ///< Not at all: a publisher that restarted under its SSRC, a source that was replaced.
    kOutdated,  ///< It fits those before the restart: it was late, or is a repair.
  };
  /// `number`: of the packet, when it is one.
  [[nodiscard]] Fit fit(RtpTimestamp timestamp, Instant arrival,
                        std::optional<SequenceNumber> number = {}) const {
    // Ahead of all others, and long before them: frames out of their order are nearer to each other.
    if (media.started() && number && number->newer_than(last_number) &&
        newest.timestamp.minus(timestamp) > static_cast<std::int64_t>(clock_rate))
      return Fit::kRestart;
    if (!media.started() || newest.is_near(timestamp, arrival, clock_rate)) return Fit::kGoesOn;
    const bool lately = arrival - newest_before.arrival < kMemory;
    return lately && newest_before.is_near(timestamp, arrival, clock_rate) ? Fit::kOutdated : Fit::kRestart;
  }
  /// The publisher's NTP time (32.32) at an RTP time, by its last sender report; nothing before the first.
  [[nodiscard]] std::optional<std::uint64_t> capture_time(RtpTimestamp timestamp) const {
    const auto& report = media.last_sender_report();
    if (!report) return std::nullopt;
    const std::int64_t ticks = timestamp.minus(report->timestamp);
    return report->ntp + static_cast<std::uint64_t>(ticks * (std::int64_t{1} << 32) / clock_rate);
  }
  [[nodiscard]] TrackCounts counts() const {
    return {packets_before + media.packets(),
            bytes_before + media.bytes(),
            repair.packets(),
            nack_count,
            nack.requested(),
            pli_count,
            fir_count,
            key_frame_count};
  }
  /// Bits per second of what a viewer of these layers gets of this stream.
  [[nodiscard]] std::uint32_t bitrate(codec::Layers layers, Instant now) const {
    std::uint32_t sum = 0;
    for (std::uint8_t s = 0; s < codec::kMaxSpatialLayers; ++s) {
      for (std::uint8_t t = 0; t < codec::kMaxTemporalLayers; ++t) {
        if (codec::has_layers(needed_by[s][t], layers)) sum += layer_rates[s][t].bitrate(now);
      }
    }
    return sum;
  }

  static constexpr std::size_t kAudioHistory = 256;  ///< Two seconds, also of 10 ms each.
  static constexpr std::uint8_t kTagStep = 16;       ///< A producer has fewer streams.
  std::uint8_t index;                                ///< Its place among the encodings.
  std::uint8_t tag;                                  ///< StoredPacket::tag of what it receives now.
  std::uint32_t clock_rate;
  std::optional<Ssrc> ssrc;  ///< Known from signaling, or learned from the first packet.
  std::optional<Ssrc> rtx_ssrc;
  std::string rid;
  Instant last_received{};
  rtp::ReceiveStatistics media;    ///< As the report blocks tell: without repairs.
  rtp::ReceiveStatistics repair;   ///< The RTX stream.
  std::uint8_t fraction_lost = 0;  ///< As last reported, of 256.
  ArrivalClock arrivals;
  rtp::SequenceWindow seen;  ///< Media and repairs together: nothing is forwarded twice.
  rtp::NackGenerator nack;
  History history;
  codec::FrameReader reader;
  FrameTracker tracker;
  LayerPattern pattern;
  StreamLiveness liveness;
  KeyFrameRequester key_frames;
  rtp::RateMeter rate;
  /// By spatial and temporal layer of the packets.
  mutable std::array<std::array<rtp::RateMeter, codec::kMaxTemporalLayers>, codec::kMaxSpatialLayers>
      layer_rates{};
  /// What was last seen to need packets of that layer.
  std::array<std::array<codec::LayerMask, codec::kMaxTemporalLayers>, codec::kMaxSpatialLayers> needed_by{};
  codec::Layers declared;  ///< The highest layers by its scalability mode...
  codec::Layers highest;   ///< ...and seen.
  rtp::StreamScore score;
  /// What the score has been told of, in packets since the start.
  struct Scored {
    std::uint64_t packets = 0;
    std::int64_t lost = 0;
    std::uint64_t repaired = 0;
  };
  Scored scored;
  SequenceNumber last_number;  ///< Of the newest packet.
  /// The newest packet, and the last one from before the stream began anew.
  struct Newest {
    RtpTimestamp timestamp;
    Instant arrival{};
    [[nodiscard]] bool is_near(RtpTimestamp other, Instant at, std::uint32_t hertz) const {
      constexpr double kSeconds = 5;
      const double told = other.minus(timestamp) / static_cast<double>(hertz);
      const double waited = std::chrono::duration<double>(at - arrival).count();
      return std::abs(told - waited) <= kSeconds;
    }
  };
  static constexpr Duration kMemory = 5s;
  Newest newest;
  Newest newest_before;
  bool ends_discardable = false;     ///< No other frame needs its frame.
  bool ended = false;                ///< Its publisher said goodbye, and nothing came since.
  std::uint8_t red_distrust = 0;     ///< So many more packets are not taken for RED that could be read.
  std::uint64_t packets_before = 0;  ///< Of before it began anew, as bytes_before.
  std::uint64_t bytes_before = 0;
  std::uint64_t packets_discarded = 0;
  std::uint64_t rtx_packets_discarded = 0;
  std::uint64_t nack_count = 0;
  std::uint64_t pli_count = 0;
  std::uint64_t fir_count = 0;
  std::uint64_t key_frame_count = 0;
};

}  // namespace sluice::sfu
