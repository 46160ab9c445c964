// A media track going out to one receiver: plans each packet's rewrite, answers NACK from the producer's
// history, reports.
//
// Invariants: a viewer of video starts on a key frame; sequence numbers are continuous over pauses; a
// producer's active list holds exactly the consumers that may forward. Owned by the MediaSession of its
// transport.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/prefetch.h"
#include "base/random.h"
#include "rtcp/report_block.h"
#include "rtcp/sender_report.h"
#include "sfu/explanation.h"
#include "sfu/media_packet.h"
#include "sfu/producer.h"
#include "sfu/sequence_rewriter.h"
#include "sluice/stats.h"
#include "transport/media_sender.h"

namespace sluice::sfu {

/// How one packet differs for one consumer.
struct Rewrite {
  PayloadType payload_type;
  SequenceNumber sequence_number;
};

class Consumer {
 public:
  static constexpr std::uint8_t kNoPayloadType = 0xFF;
  struct Options {
    std::string id;
    MediaKind kind = MediaKind::kAudio;
    RtpParameters parameters;  ///< As the receiver was told.
    /// The producer's payload type → ours, and → our RTX's for it; kNoPayloadType where there is none.
    std::array<std::uint8_t, 128> payload_types{};
    std::array<std::uint8_t, 128> rtx_payload_types{};
    bool paused = false;
    std::optional<ConsumerLayers> preferred_layers;
    bool ignore_dtx = false;
    /// Ours for the Opus inside the producer's RED; kNoPayloadType when it sends none. Where RED itself has
    /// no payload type here, the receiver gets that Opus alone.
    std::uint8_t red_block_type = kNoPayloadType;
  };

  Consumer(Options options, Producer& producer, MediaSession& session, transport::MediaSender& sender,
           Random& random);
  ~Consumer();
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  [[nodiscard]] const std::string& id() const { return options_.id; }
  [[nodiscard]] MediaKind kind() const { return options_.kind; }
  [[nodiscard]] const RtpParameters& parameters() const { return options_.parameters; }
  [[nodiscard]] Producer& producer() const { return *producer_; }
  [[nodiscard]] Ssrc ssrc() const { return ssrc_; }
  [[nodiscard]] std::optional<Ssrc> rtx_ssrc() const { return rtx_ssrc_; }
  [[nodiscard]] const std::string& cname() const { return options_.parameters.rtcp.cname; }

  /// New payload types or extension ids for the same SSRCs. Numbers go on: under one SRTP key an SSRC must
  /// never use a number twice.
  void renegotiate(Options options);

  std::optional<ConsumerLayers> set_preferred_layers(const ConsumerLayers& layers, Instant) {
    if (producer_->type() == "simple") return std::nullopt;
    const auto last = static_cast<std::uint8_t>(producer_->streams().size() - 1);
    options_.preferred_layers = ConsumerLayers{std::min(layers.spatial, last), layers.temporal};
    return options_.preferred_layers;
  }
  [[nodiscard]] std::optional<ConsumerLayers> preferred_layers() const { return options_.preferred_layers; }
  [[nodiscard]] std::optional<ConsumerLayers> current_layers() const { return std::nullopt; }
  void set_priority(std::uint8_t priority, Instant) { priority_ = priority; }
  [[nodiscard]] std::uint8_t priority() const { return priority_; }
  [[nodiscard]] ConsumerScore score() const { return {}; }
  void set_trace(std::uint8_t) {}
  [[nodiscard]] Explanation explain(Instant) const {
    Explanation out;
    out.type = producer_->type();
    out.priority = priority_;
    out.paused_by_consumer = options_.paused;
    out.paused_by_producer = producer_->paused();
    return out;
  }

  /// The packet's way: nothing when this packet is not for this consumer.
  std::optional<Rewrite> plan(const MediaPacket& packet);
  void forward(const MediaPacket& packet, Instant now);
  /// Packets are to be forwarded soon. Three steps, each once the one before has had time to come: the
  /// consumer, its sender, its keys.
  void prefetch() const {
    const auto* start = reinterpret_cast<const char*>(this);
    sluice::prefetch(start, static_cast<std::size_t>(reinterpret_cast<const char*>(&options_) - start));
  }
  void prefetch_sender() const { sender_->prefetch(); }
  void prefetch_keys() const { sender_->prefetch_keys(); }
  /// Several of the producer's, in its order.
  void forward(std::span<const MediaPacket> burst, Instant now) {
    for (const MediaPacket& packet : burst) forward(packet, now);
  }

  /// The receiver misses `number`; it is sent again if the history still has it.
  void on_nack(SequenceNumber number, Instant now);
  void on_nack_packet() { ++nack_count_; }
  void on_key_frame_request(bool fir, Instant now);
  void on_report_block(const rtcp::ReportBlock& block, std::uint64_t ntp_now);
  /// Asked once a report: whether RTP was sent since the report before the last, so that a sender report is
  /// due (RFC 3550 §6.4).
  [[nodiscard]] bool is_sender();
  /// What to report at `ntp`; nothing before the publisher has told its clock, or before anything was sent.
  [[nodiscard]] std::optional<rtcp::SenderReport> sender_report(std::uint64_t ntp) const;

  [[nodiscard]] bool paused() const { return options_.paused; }
  void set_paused(bool paused, Instant now);
  /// The transport can send (or no longer can), the producer was paused or resumed: forwarding starts or
  /// stops.
  void update(Instant now);
  [[nodiscard]] std::optional<Duration> round_trip_time() const { return rtt_; }

  [[nodiscard]] std::uint64_t bytes_sent() const { return bytes_; }
  [[nodiscard]] std::uint64_t rtx_bytes_sent() const { return rtx_bytes_; }
  [[nodiscard]] RtpStreamStats stats(Instant now) const;

 private:
  /// What is written into each header: in this order, with these ids.
  struct OutgoingExtension {
    rtp::Extension extension;
    std::uint8_t id;
  };

  void activate(bool active, Instant now);
  std::size_t write_extensions(const MediaPacket& packet,
                               std::array<rtp::ExtensionToWrite, rtp::kExtensionCount>& out) const;
  void find_extensions();
  [[nodiscard]] std::span<const OutgoingExtension> extensions() const {
    return {extensions_.data(), extension_count_};
  }
  [[nodiscard]] std::uint8_t payload_type_for(PayloadType type);
  [[nodiscard]] bool retransmitted_lately(SequenceNumber number, Instant now);
  [[nodiscard]] bool may_repeat_in_band() const;

  // Read or written for every packet; kept side by side, for prefetch().
  transport::MediaSender* sender_;
  Ssrc ssrc_;
  bool active_ = false;
  bool needs_key_frame_ = false;
  bool video_;
  /// The last payload type looked up in options_, and ours for it.
  std::uint8_t type_in_ = kNoPayloadType;
  std::uint8_t type_out_ = kNoPayloadType;
  std::uint8_t extension_count_ = 0;
  std::array<OutgoingExtension, rtp::kExtensionCount> extensions_{};
  Bytes mid_;  ///< Within options_, most often in the string itself.
  SequenceRewriter sequence_;
  mutable rtp::RateMeter rate_;
  std::uint64_t packets_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint32_t payload_octets_ = 0;
  Options options_;

  // The rest.
  Producer* producer_;
  MediaSession* session_;  ///< Of the transport that it sends on.
  std::optional<Ssrc> rtx_ssrc_;
  SequenceNumber rtx_sequence_;

  struct Repeat {
    SequenceNumber number;
    std::uint32_t at_ms = 0;
  };
  std::uint8_t priority_ = 1;
  std::array<Repeat, 64> repeats_{};  ///< By number modulo 64.

  std::array<std::uint64_t, 2> packets_reported_{};  ///< `packets_` at the last report and the one before.
  std::uint64_t packets_retransmitted_ = 0;
  std::uint64_t rtx_bytes_ = 0;
  std::uint64_t nack_count_ = 0;
  std::uint64_t nack_packet_count_ = 0;
  std::uint64_t pli_count_ = 0;
  std::uint64_t fir_count_ = 0;
  std::uint64_t key_frame_count_ = 0;
  std::int32_t lost_ = 0;
  std::uint8_t fraction_lost_ = 0;
  std::uint32_t jitter_ = 0;
  std::optional<Duration> rtt_;
};

}  // namespace sluice::sfu
