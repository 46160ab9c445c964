// One track that a synthetic peer sends: packets from its source, retransmissions on NACK, key frames on PLI,
// its sender reports.
//
// Remembers units, not payloads: a retransmission is written anew, byte for byte. Owned by Peer.
#pragma once

#include <array>
#include <optional>
#include <variant>
#include <vector>

#include "client/audio_source.h"
#include "client/layered_source.h"
#include "client/red.h"
#include "client/shared.h"
#include "client/video_source.h"
#include "rtcp/report_block.h"
#include "rtcp/sender_report.h"
#include "rtp/header_writer.h"
#include "sluice/rtp_parameters.h"
#include "transport/media_sender.h"

namespace sluice::client {

class MediaSender {
 public:
  struct Options {
    std::uint32_t stream = 0;  ///< In every marker.
    MediaKind kind = MediaKind::kAudio;
    RtpParameters parameters;  ///< As the server was told; one encoding with an SSRC.
    VideoSource::Options video;
    AudioSource::Options audio{};
    std::optional<LayeredSource::Options> layered{};  ///< Instead of `video`.
    /// The clock of its sender reports runs fast by so much: what a host's tracks have in common.
    double clock_drift_ppm = 0;
  };

  MediaSender(Options options, const Shared& shared);

  void start(Instant now);
  /// A muted track: nothing is sent until start().
  void stop();
  /// The encoder starts anew under the same SSRC, as after a change of camera; its markers say `stream` from
  /// now on.
  void restart(std::uint32_t stream, Instant now);
  /// Forces the next sequence number, for tests of the wrap; before start().
  void set_next_number(SequenceNumber number) { number_ = number; }

  /// Another load from the next packet on: video's options, audio's time between packets.
  void set_video(const VideoSource::Options& video, Instant now);
  void set_audio_interval(Duration interval, Duration catch_up);

  void advance(Instant now, transport::MediaSender& out);
  [[nodiscard]] Instant next_deadline() const;

  void on_nack(SequenceNumber number, Instant now, transport::MediaSender& out);
  void on_key_frame_request(Instant now);
  void on_report_block(const rtcp::ReportBlock& block, std::uint64_t ntp_now);
  /// Nothing before the first packet.
  [[nodiscard]] std::optional<rtcp::SenderReport> sender_report(Instant now) const;

  [[nodiscard]] Ssrc ssrc() const { return ssrc_; }
  [[nodiscard]] std::optional<Ssrc> rtx_ssrc() const { return rtx_ssrc_; }
  [[nodiscard]] std::uint32_t stream() const { return options_.stream; }
  [[nodiscard]] MediaKind kind() const { return options_.kind; }
  [[nodiscard]] const RtpParameters& parameters() const { return options_.parameters; }
  /// Packets made so far; the next marker's counter.
  [[nodiscard]] std::uint32_t packets() const;
  [[nodiscard]] std::uint64_t frames() const;
  [[nodiscard]] std::uint64_t key_frames() const;
  [[nodiscard]] std::uint64_t retransmitted() const { return retransmitted_; }
  [[nodiscard]] std::uint64_t nacked() const { return nacked_; }
  [[nodiscard]] std::uint64_t key_frame_requests() const { return key_frame_requests_; }
  [[nodiscard]] Instant last_key_frame_request() const { return last_key_frame_request_; }
  /// The shortest time between two key frame requests; kNever before the second.
  [[nodiscard]] Duration shortest_request_interval() const { return shortest_request_interval_; }
  [[nodiscard]] std::optional<Duration> round_trip_time() const { return rtt_; }
  [[nodiscard]] const std::optional<rtcp::ReportBlock>& last_report() const { return last_report_; }

 private:
  static constexpr std::size_t kHistory = 512;

  void read_parameters();
  void write_payload(const MediaUnit& unit, Packet& packet);
  bool send(const MediaUnit& unit, SequenceNumber number, bool rtx, Instant now, transport::MediaSender& out);

  Options options_;
  const Shared& shared_;
  std::variant<AudioSource, VideoSource, LayeredSource> source_;
  Ssrc ssrc_;
  std::optional<Ssrc> rtx_ssrc_;
  std::uint8_t payload_type_ = 0;
  std::uint8_t rtx_payload_type_ = 0;
  std::optional<RedWriter> red_;  ///< Audio whose first codec is RED, and the second the Opus inside.
  std::array<rtp::ExtensionToWrite, rtp::kExtensionCount> extensions_{};
  std::array<rtp::ExtensionToWrite, rtp::kExtensionCount> rtx_extensions_{};
  std::uint8_t dependency_id_ =
      0;  ///< Of the dependency descriptor, whose value every packet has its own of.
  std::size_t extension_count_ = 0;
  std::size_t rtx_extension_count_ = 0;
  std::uint8_t level_byte_ = 0;  ///< The audio level extension's value points here.

  SequenceNumber number_;
  SequenceNumber rtx_number_;
  struct Sent {
    MediaUnit unit;
    SequenceNumber number;
  };
  std::vector<Sent> history_;  ///< By number modulo kHistory; empty when nothing is repeated.

  std::uint32_t octets_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t retransmitted_ = 0;
  std::uint64_t nacked_ = 0;
  std::uint64_t key_frame_requests_ = 0;
  Instant last_key_frame_request_{};
  Duration shortest_request_interval_ = Duration::max();
  std::optional<Duration> rtt_;
  std::optional<rtcp::ReportBlock> last_report_;
};

}  // namespace sluice::client
