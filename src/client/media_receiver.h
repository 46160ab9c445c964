// One track that a synthetic peer receives: retransmissions unwrapped, losses asked for, reception reported,
// every packet held to what it should be (continuity.h). Owned by Peer.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "client/continuity.h"
#include "client/decoder_model.h"
#include "client/red.h"
#include "rtp/nack_generator.h"
#include "rtp/packet_view.h"
#include "rtp/receive_statistics.h"
#include "sluice/rtp_parameters.h"

namespace sluice::client {

class MediaReceiver {
 public:
  struct Options {
    std::string id;  ///< The consumer's, or whatever the owner knows the track by.
    MediaKind kind = MediaKind::kAudio;
    RtpParameters parameters;       ///< As the server told; one encoding with an SSRC.
    bool nack = true;               ///< False: losses are left as they are.
    DecoderModel::Options judge{};  ///< Of layered media; its codec is that of the parameters.
    bool light = false;             ///< Counted by header; no continuity, no NACK (Peer::set_light).
  };

  explicit MediaReceiver(Options options);

  struct Received {
    rtp::PacketView packet;  ///< Unwrapped.
    Continuity::Arrival facts;
    Bytes coded;               ///< The payload without VP8's descriptor: what a decoder gets, in parts.
    bool frame_start = false;  ///< Of audio every packet is a frame.
  };
  /// A packet under ssrc() or rtx_ssrc(). Nothing when it is not of this track.
  std::optional<Received> on_rtp(const rtp::PacketView& packet, Instant arrival, Instant now);
  /// A packet under ssrc() of which only the header was read: reception is reported, nothing is asked for.
  void on_unread(const rtp::PacketView& header, std::size_t size, Instant arrival) {
    media_.on_packet(header.sequence_number(), header.timestamp(), size, arrival);
  }
  void on_sender_report(std::uint64_t ntp, RtpTimestamp timestamp, Instant now) {
    media_.on_sender_report(ntp, timestamp, now);
  }

  /// Numbers to ask for now; valid until the next call of anything here.
  std::span<const SequenceNumber> missing(Instant now);
  [[nodiscard]] Instant next_deadline() const { return nack_ ? nack_->next_deadline() : kNever; }
  /// True when a PLI should leave now: losses were given up, or there has been nothing to decode for long.
  bool take_key_frame_needed(Instant now);
  /// Asks for a key frame at the next opportunity.
  void want_key_frame() { key_frame_wanted_ = true; }
  void set_round_trip_time(Duration rtt) {
    if (nack_) nack_->set_round_trip_time(rtt);
  }

  [[nodiscard]] const std::string& id() const { return options_.id; }
  [[nodiscard]] MediaKind kind() const { return options_.kind; }
  [[nodiscard]] bool light() const { return options_.light; }
  [[nodiscard]] const RtpParameters& parameters() const { return options_.parameters; }
  [[nodiscard]] Ssrc ssrc() const { return ssrc_; }
  [[nodiscard]] std::optional<Ssrc> rtx_ssrc() const { return rtx_ssrc_; }
  [[nodiscard]] Continuity& continuity() { return continuity_; }
  [[nodiscard]] const Continuity& continuity() const { return continuity_; }
  /// The judge of layered media, which needs no continuity; null while none has come.
  [[nodiscard]] DecoderModel* model() const { return model_.get(); }
  [[nodiscard]] std::unique_ptr<DecoderModel> take_model() { return std::move(model_); }
  /// How far the newest packet's capture time, as sender reports tell it, is ahead of the truth: equal for
  /// the tracks of one publisher, or they are out of step. Nothing before the first report.
  [[nodiscard]] std::optional<Duration> capture_offset(const WallClock& clock) const;
  [[nodiscard]] rtp::ReceiveStatistics& statistics() { return media_; }
  [[nodiscard]] const rtp::ReceiveStatistics& statistics() const { return media_; }
  [[nodiscard]] std::uint64_t requested() const { return nack_ ? nack_->requested() : 0; }
  [[nodiscard]] std::uint64_t spurious() const { return nack_ ? nack_->spurious() : 0; }
  [[nodiscard]] std::uint64_t given_up() const { return nack_ ? nack_->given_up() : 0; }
  [[nodiscard]] std::uint64_t plis() const { return plis_; }
  [[nodiscard]] std::uint64_t malformed() const { return malformed_; }
  /// Packets of RED, in good order; what was wrong with others is among malformed().
  [[nodiscard]] std::uint64_t red_packets() const { return red_packets_; }
  /// RTP timestamp and send time of the newest packet, to hold sender reports against.
  [[nodiscard]] RtpTimestamp newest_timestamp() const { return newest_timestamp_; }
  [[nodiscard]] Instant newest_sent_at() const { return newest_sent_at_; }

 private:
  static constexpr Duration kStartPatience = 300ms;
  static constexpr Duration kStallPatience = 1s;
  static constexpr Duration kSilence = 500ms;  ///< After it the patience starts anew: the track was paused.

  /// Of layered media: which packet, for losses and key frames. Judged by the model.
  bool take_layered(const rtp::PacketView& view, bool repair, Instant now);
  [[nodiscard]] std::uint64_t frames() const {
    return continuity_.counts().frames + (model_ ? model_->counts().pictures : 0);
  }
  void wait_for_frame(Instant now);
  [[nodiscard]] Received read(const rtp::PacketView& packet, bool repair);

  Options options_;
  Ssrc ssrc_;
  std::optional<Ssrc> rtx_ssrc_;
  std::uint8_t payload_type_ = 0;
  std::uint8_t red_type_ = 0;     ///< Of RED, whose blocks are of payload_type_;
  std::optional<RedReader> red_;  ///< where it was negotiated.
  std::optional<rtp::NackGenerator> nack_;
  rtp::ReceiveStatistics media_;
  Continuity continuity_;
  std::unique_ptr<DecoderModel> model_;
  std::uint8_t dependency_id_ = 0;
  RtpTimestamp newest_timestamp_;
  Instant newest_sent_at_{};
  bool key_frame_wanted_ = false;
  Instant key_frame_due_ = kNever;  ///< When to ask, unless a frame is shown before.
  std::uint64_t frames_shown_ = 0;
  Instant last_packet_at_{};
  std::uint64_t plis_ = 0;
  std::uint64_t malformed_ = 0;
  std::uint64_t red_packets_ = 0;
};

}  // namespace sluice::client
