// A media track going out to one receiver: chooses its layers, plans each packet's rewrite, answers NACK from
// the producer's history, reports.
//
// Invariants: a viewer of video starts on a key frame and gets nothing that it cannot decode; sequence
// numbers, timestamps and picture ids are continuous over pauses, layers left out and changes of stream; a
// producer's active list holds exactly the consumers that may forward. Owned by the MediaSession of its
// transport.
//
// consumer.cc: life, and the packet's way. consumer_layers.cc: what is wanted and what is had.
// consumer_repair.cc: retransmission. consumer_reports.cc: RTCP, scores, statistics.
#pragma once

#include <array>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/prefetch.h"
#include "base/random.h"
#include "codec/red.h"
#include "rtcp/report_block.h"
#include "rtcp/sender_report.h"
#include "rtp/retransmission_budget.h"
#include "rtp/rtx.h"
#include "rtp/stream_score.h"
#include "sfu/explanation.h"
#include "sfu/layer_selector.h"
#include "sfu/left_out.h"
#include "sfu/media_packet.h"
#include "sfu/playout_hold.h"
#include "sfu/producer.h"
#include "sfu/rewriter.h"
#include "sfu/sent_packets.h"
#include "sfu/totals.h"
#include "sluice/reply.h"
#include "sluice/stats.h"
#include "transport/media_sender.h"

namespace sluice::sfu {

class Consumer {
 public:
  static constexpr std::uint8_t kNoPayloadType = Producer::kNoPayloadType;
  struct Options {
    std::string id;
    MediaKind kind = MediaKind::kAudio;
    RtpParameters parameters;  ///< As the receiver was told.
    /// The producer's payload type → ours, and → our RTX's for it; kNoPayloadType where there is none.
    std::array<std::uint8_t, 128> payload_types{};
    std::array<std::uint8_t, 128> rtx_payload_types{};
    bool paused = false;
    std::optional<ConsumerLayers> preferred_layers{};
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

  /// StoredPacket::tag begins to repeat: a number given under an old one must not be given again (RFC 7714
  /// §8.1).
  void forget_numbers() { rewriter_.forget(); }

  /// The packet's way: nothing when this packet is not for this consumer.
  std::optional<Rewrite> plan(const MediaPacket& packet, Instant now) {
    return passes_by(packet) ? std::nullopt : plan_rest(packet, now);
  }
  void forward(const MediaPacket& packet, Instant now) {
    if (!passes_by(packet)) forward_rest(packet, now);
  }
  /// Packets are to be forwarded soon. Three steps, each once the one before has had time to come: the
  /// consumer, its sender, its keys.
  void prefetch() const {
    const auto* start = reinterpret_cast<const char*>(this);
    sluice::prefetch(start, static_cast<std::size_t>(reinterpret_cast<const char*>(&options_) - start));
    rewriter_.prefetch();
  }
  void prefetch_sender() const { sender_->prefetch(); }
  void prefetch_keys() const { sender_->prefetch_keys(); }
  /// Several of the producer's, in its order.
  void forward(std::span<const MediaPacket> burst, Instant now) {
    for (const MediaPacket& packet : burst) forward(packet, now);
  }

  // --- Layers (simulcast and SVC)

  /// "simple", "simulcast" or "svc": the producer's.
  [[nodiscard]] std::string_view type() const { return producer_->type(); }
  /// Gives what holds: within what the producer has. Nothing when it has no layers.
  std::optional<ConsumerLayers> set_preferred_layers(const ConsumerLayers& layers, Instant now);
  [[nodiscard]] std::optional<ConsumerLayers> preferred_layers() const;
  /// What is forwarded now; nothing before the first key frame, or when the producer has no layers.
  [[nodiscard]] std::optional<ConsumerLayers> current_layers() const;
  /// 1 to 255. Who shares the transport's bitrate out looks at it.
  void set_priority(std::uint8_t priority, Instant now);
  [[nodiscard]] std::uint8_t priority() const { return priority_; }
  [[nodiscard]] bool active() const { return active_; }
  /// bps of each choice of layers up to the preferred one, ascending.
  [[nodiscard]] std::vector<std::uint32_t> bitrate_steps(Instant now) const;
  /// bps that it may use; nothing: as much as it wants.
  void set_target_bitrate(std::optional<std::uint32_t> bitrate, Instant now);
  /// What the producer's streams, what is preferred or the target bitrate have changed.
  void select_layers(Instant now);
  /// The stream's numbers are about to begin anew.
  void on_stream_begins_anew(std::uint8_t stream, Instant now);
  [[nodiscard]] Explanation explain(Instant now) const;
  [[nodiscard]] ConsumerScore score() const;
  void tell_score();
  /// Which events are told, by bit (TraceType).
  void set_trace(std::uint8_t types) { trace_ = types; }

  /// The receiver misses `number`; it is sent again if the history still has it.
  void on_nack(SequenceNumber number, Instant now);
  void on_nack_packet(Instant now);
  void on_key_frame_request(bool fir, Instant now);
  /// Whether it tells of packets that were sent since the one before.
  bool on_report_block(const rtcp::ReportBlock& block, std::uint64_t ntp_now);
  /// Asked once a report: whether RTP was sent since the report before the last, so that a sender report is
  /// due (RFC 3550 §6.4).
  [[nodiscard]] bool is_sender();
  /// What to report at `ntp`; nothing before the publisher has told its clock, or before anything was sent.
  [[nodiscard]] std::optional<rtcp::SenderReport> sender_report(std::uint64_t ntp) const;

  [[nodiscard]] bool paused() const { return options_.paused; }
  void set_paused(bool paused, Instant now);
  /// Negotiation has taken its m-line back for a while: as paused, but not by who owns it.
  void set_held(bool held, Instant now);
  /// The transport can send (or no longer can), the producer was paused or resumed: forwarding starts or
  /// stops.
  void update(Instant now);
  [[nodiscard]] std::optional<Duration> round_trip_time() const { return rtt_; }

  [[nodiscard]] std::uint64_t bytes_sent() const { return bytes_; }
  [[nodiscard]] std::uint64_t rtx_bytes_sent() const { return rtx_bytes_; }
  [[nodiscard]] RtpStreamStats stats(Instant now) const;
  [[nodiscard]] TrackCounts counts() const {
    return {packets_,   bytes_,     packets_retransmitted_, nack_count_, nack_packet_count_,
            pli_count_, fir_count_, key_frame_count_};
  }
  void add_left_out(LeftOutCounts& out) const {
    for (std::size_t i = 0; i < kLeftOutReasons; ++i) out[i] += left_out_[i];
  }

 private:
  /// What is written into each header: in this order, with these ids.
  struct OutgoingExtension {
    rtp::Extension extension;
    std::uint8_t id;
    friend bool operator==(const OutgoingExtension&, const OutgoingExtension&) = default;
  };

  using Extensions = std::array<rtp::ExtensionToWrite, rtp::kExtensionCount>;
  /// What stands before the shared payload of a packet: its original number when it is repeated (RFC 4588),
  /// the rewritten start of its payload descriptor or RED's block headers; the rewritten dependency
  /// descriptor; the playout delay that is asked for.
  struct Scratch {
    std::array<std::uint8_t, rtp::kOsnSize + codec::Red::kMaxHeadersSize> prefix;
    std::array<std::uint8_t, 256> descriptor;
    std::array<std::uint8_t, rtp::kPlayoutDelaySize> playout_delay;
  };

  void activate(bool active, Instant now);
  void start_run(const MediaPacket& packet);
  void note_clock();
  struct Start {
    RtpTimestamp timestamp;
    bool guessed = false;
  };
  [[nodiscard]] Start start_of(const StoredPacket& packet) const;
  /// Most packets of a simulcast do: decided in a few instructions, without a call.
  bool passes_by(const StoredPacket& packet) {
    if (!selector_.passes_by(packet)) return false;
    ++left_out_[static_cast<std::size_t>(LeftOut::kOtherStream)];
    return true;
  }
  /// What does not pass by.
  std::optional<Rewrite> plan_rest(const MediaPacket& packet, Instant now);
  void forward_rest(const MediaPacket& packet, Instant now);
  /// The start of a key frame that came so late that the stream which the viewer has meanwhile went on is far
  /// ahead: it would see a part of its past again, and everything later from there on. Another key frame is
  /// asked for.
  [[nodiscard]] bool is_left_behind(const StoredPacket& packet) {
    return video_ && !packet.newest && packet.facts.is_key_frame && lies_far_back(packet);
  }
  [[nodiscard]] bool lies_far_back(const StoredPacket& packet);
  bool send(const MediaPacket& packet, const Rewrite& rewrite, Instant now);
  void replay_from(const MediaPacket& start, Instant now);
  void note_layers();
  void explain_layers(Explanation& out, Instant now) const;
  [[nodiscard]] LayerSelector::Choice best_layers(Instant now) const;
  [[nodiscard]] LayerSelector::Choice best_within(std::uint8_t stream, codec::Layers limit,
                                                  Instant now) const;
  void request_wanted_key_frame(Instant now);
  void trace(TraceType type, const StoredPacket* packet, Instant now) const;
  [[nodiscard]] bool traces(TraceType type) const { return (trace_ >> static_cast<unsigned>(type) & 1) != 0; }

  /// The header, the start of the payload and the extensions as this viewer gets them; `extensions` and
  /// `scratch` have to outlive the result.
  [[nodiscard]] transport::OutgoingRtp outgoing(const MediaPacket& packet, const Rewrite& rewrite,
                                                Extensions& extensions, Scratch& scratch, bool repeat) const;
  std::size_t write_extensions(const MediaPacket& packet, const Rewrite& rewrite, Extensions& out,
                               Scratch& scratch) const;
  /// RED as the viewer takes it: with its payload types in the headers, which `out` gets in front of what is
  /// returned; or the primary block alone.
  Bytes rewrite_red(const StoredPacket& packet, MutableBytes out, std::size_t& written) const;
  void find_extensions();
  [[nodiscard]] std::span<const OutgoingExtension> extensions() const {
    return {extensions_.data(), extension_count_};
  }
  [[nodiscard]] std::uint8_t payload_type_for(const StoredPacket& packet);
  /// The producer's payload type that options_ has the viewer's for.
  [[nodiscard]] std::uint8_t known_type(const StoredPacket& packet) const;
  /// What is repeated without RTX has to be the same bit for bit.
  [[nodiscard]] bool repeats_exactly() const {
    const auto suite = sender_->suite();
    return suite && srtp::is_aead(*suite);
  }
  /// Starts or ends to note what is sent.
  void update_sent_packets();
  [[nodiscard]] bool is_of_use(const History::Entry& entry, SequenceNumber number, Instant now) const;

  // Read or written for every packet; kept side by side, for prefetch().
  transport::MediaSender* sender_;
  Ssrc ssrc_;
  bool active_ = false;
  bool held_ = false;
  bool video_;
  /// The last payload type looked up in options_, and ours for it.
  std::uint8_t type_in_ = kNoPayloadType;
  std::uint8_t type_out_ = kNoPayloadType;
  std::uint8_t extension_count_ = 0;
  std::uint8_t trace_ = 0;
  std::array<OutgoingExtension, rtp::kExtensionCount> extensions_{};
  Bytes mid_;  ///< Within options_, most often in the string itself.
  LayerSelector selector_;
  LayerSelector::Choice told_;  ///< The layers of the last LayersChange.
  bool told_any_ = false;
  RtpTimestamp last_in_;  ///< Of the newest picture forwarded, the publisher's time.
  mutable rtp::RateMeter rate_;
  std::uint64_t packets_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint32_t payload_octets_ = 0;
  std::array<std::uint32_t, kLeftOutReasons> left_out_{};
  std::unique_ptr<SentPackets> sent_packets_;  ///< Where a repeat needs it; else null.
  Rewriter rewriter_;
  Options options_;
  rtp::RetransmissionBudget budget_;
  PlayoutHold hold_;

  // The rest.
  Producer* producer_;
  MediaSession* session_;  ///< Of the transport that it sends on.
  std::optional<Ssrc> rtx_ssrc_;
  SequenceNumber rtx_sequence_;
  Instant last_arrival_{};        ///< When the picture of last_in_ should have come.
  std::uint8_t last_stream_ = 0;  ///< Place of the stream that the current run is of.
  std::uint8_t priority_ = 1;
  rtp::StreamScore score_;
  bool scored_ever_ = false;
  SequenceNumber key_frame_;  ///< The number that the newest key frame began with.
  Instant key_frame_at_{};
  std::optional<std::uint32_t> target_bitrate_;
  Instant waiting_since_{};
  /// A point of the viewer's timeline, as the publisher's reports told it: what later runs are put by.
  struct Anchor {
    std::uint64_t ntp = 0;
    RtpTimestamp timestamp;
    [[nodiscard]] RtpTimestamp at(std::uint64_t time, std::uint32_t clock_rate) const {
      const double seconds = static_cast<double>(static_cast<std::int64_t>(time - ntp)) / 4294967296.0;
      return {timestamp.value + static_cast<std::uint32_t>(std::llround(seconds * clock_rate))};
    }
  };
  std::optional<Anchor> anchor_;
  /// How many ticks the run is ahead of the anchor's timeline, as far as is known: its first picture had to
  /// lie ahead of what had been sent. Where it was put by when that came, reports tell later.
  std::int32_t timeline_error_ = 0;
  bool timeline_guessed_ = false;

  std::array<std::uint64_t, 2> scored_{};  ///< Packets and retransmissions that the score has been told of.
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
