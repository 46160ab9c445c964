// What a receiver receives: one SSRC and its retransmissions, put together to frames, with losses asked for.
// Owned by Media.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "packetize/frame_receiver.h"
#include "peer/transceiver.h"
#include "rtp/nack_generator.h"
#include "rtp/packet_view.h"
#include "rtp/receive_statistics.h"

namespace sluice::peer {

class IncomingStream {
 public:
  struct Counters {
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
    std::uint64_t retransmissions = 0;  ///< Packets that came by RTX.
    std::uint64_t unknown_payload_type = 0;
    std::uint32_t nacks = 0;  ///< RTCP packets sent.
    std::uint32_t plis = 0;
  };

  IncomingStream(MediaKind kind, const RtpParameters& parameters);
  void set_parameters(const RtpParameters& parameters);

  /// Decrypted packet of this track; gives it as it was first sent, nothing when it is not of use.
  std::optional<rtp::PacketView> receive(const rtp::PacketView& packet, Instant now);
  void on_sender_report(std::uint64_t ntp, RtpTimestamp timestamp, std::uint32_t packets,
                        std::uint32_t octets, Instant now);
  void advance(Instant now);
  [[nodiscard]] Instant next_deadline() const;
  /// Numbers to ask for now.
  std::span<const SequenceNumber> missing(Instant now);
  /// A key frame should be asked for; says so at most once a kKeyFrameInterval.
  bool take_key_frame_needed(Instant now);
  void want_key_frame() { key_frame_wanted_ = true; }
  bool take_frame(EncodedFrame& out) { return frames_ && frames_->take(out); }
  void set_round_trip_time(Duration rtt) {
    if (nack_) nack_->set_round_trip_time(rtt);
  }

  [[nodiscard]] std::optional<Ssrc> ssrc() const { return ssrc_; }
  [[nodiscard]] std::optional<Ssrc> rtx_ssrc() const { return rtx_ssrc_; }
  [[nodiscard]] bool is_rtx(std::uint8_t payload_type) const;
  [[nodiscard]] bool knows(std::uint8_t payload_type) const;
  void set_ssrc(Ssrc ssrc);
  void set_rtx_ssrc(Ssrc ssrc) { rtx_ssrc_ = ssrc; }
  [[nodiscard]] rtp::ReceiveStatistics& statistics() { return *statistics_; }
  [[nodiscard]] const rtp::ReceiveStatistics& statistics() const { return *statistics_; }
  [[nodiscard]] Counters& counters() { return counters_; }
  [[nodiscard]] const Counters& counters() const { return counters_; }
  [[nodiscard]] const packetize::FrameReceiver* frames() const { return frames_ ? &*frames_ : nullptr; }
  [[nodiscard]] std::optional<std::uint8_t> payload_type() const { return payload_type_; }
  [[nodiscard]] const RtpParameters& parameters() const { return parameters_; }
  struct RemoteReport {
    std::uint32_t packets = 0;
    std::uint32_t octets = 0;
    std::uint32_t reports = 0;
  };
  [[nodiscard]] const RemoteReport& remote_report() const { return remote_report_; }

 private:
  static constexpr Duration kKeyFrameInterval = 500ms;
  static constexpr Duration kStartPatience = 300ms;  ///< The first frame has several packets.

  void use(std::uint8_t payload_type);
  [[nodiscard]] Instant key_frame_due() const;

  MediaKind kind_;
  RtpParameters parameters_;
  std::optional<Ssrc> ssrc_;
  std::optional<Ssrc> rtx_ssrc_;
  std::optional<std::uint8_t> payload_type_;  ///< Of the codec that comes.
  std::optional<rtp::ReceiveStatistics> statistics_;
  std::optional<rtp::NackGenerator> nack_;
  std::optional<packetize::FrameReceiver> frames_;
  bool key_frame_wanted_ = false;
  Instant key_frame_asked_{};
  Instant started_at_ = kNever;
  RemoteReport remote_report_;
  Counters counters_;
};

}  // namespace sluice::peer
