// One SSRC that a sender sends: frames cut into packets, or payloads that are cut already; numbered, kept for
// a while, and repeated when asked for (RFC 4588 where it was agreed). Owned by Media.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "packetize/frame_sender.h"
#include "peer/transceiver.h"
#include "rtcp/report_block.h"
#include "rtcp/sender_report.h"
#include "rtp/header_writer.h"
#include "sluice/encoded_frame.h"
#include "sluice/packet.h"
#include "transport/media_sender.h"

namespace sluice::peer {

class OutgoingStream {
 public:
  static constexpr std::size_t kHistory = 512;  ///< Packets that can be repeated.

  struct Counters {
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;  ///< Of payloads, as sender reports count.
    std::uint64_t retransmitted = 0;
    std::uint32_t nacks = 0;
    std::uint32_t plis = 0;
    std::uint32_t firs = 0;
  };

  /// `parameters` as agreed; `encoding`: which of its encodings this is. Both borrowed objects outlive it.
  OutgoingStream(const RtpParameters& parameters, std::size_t encoding, PacketPool& pool, Random& random);

  /// The codec, numbers of extensions and the like may change. SSRC and sequence numbers go on for as long as
  /// the SRTP key: to begin them anew would encrypt two packets alike (RFC 3711 §9.1). So a stream that is
  /// not sent for a while is inactive and stays.
  void set_parameters(const RtpParameters& parameters, std::size_t encoding);

  void set_active(bool active) { active_ = active; }
  [[nodiscard]] bool active() const { return active_; }

  bool send_frame(const EncodedFrameView& frame, Instant now, transport::MediaSender& out);
  bool send_payload(const RtpPayload& payload, Instant now, transport::MediaSender& out);
  void on_nack(SequenceNumber number, Instant now, transport::MediaSender& out);
  void on_report_block(const rtcp::ReportBlock& block, std::uint64_t ntp_now);
  /// Nothing before the first packet.
  [[nodiscard]] std::optional<rtcp::SenderReport> sender_report(Instant now, const WallClock& clock) const;

  [[nodiscard]] Ssrc ssrc() const { return ssrc_; }
  [[nodiscard]] std::optional<Ssrc> rtx_ssrc() const { return rtx_ssrc_; }
  [[nodiscard]] const std::string& rid() const { return rid_; }
  /// That it is sent in, or was last.
  [[nodiscard]] const RtpCodecParameters& codec() const { return codec_; }
  [[nodiscard]] Counters& counters() { return counters_; }
  [[nodiscard]] const Counters& counters() const { return counters_; }
  [[nodiscard]] const packetize::FrameSender* frames() const { return frames_ ? &*frames_ : nullptr; }
  [[nodiscard]] const std::optional<rtcp::ReportBlock>& last_report() const { return last_report_; }
  [[nodiscard]] std::optional<Duration> round_trip_time() const { return rtt_; }
  [[nodiscard]] Duration total_round_trip_time() const { return total_rtt_; }
  [[nodiscard]] std::uint32_t round_trip_times() const { return rtt_count_; }
  [[nodiscard]] std::uint32_t clock_rate() const { return clock_rate_; }

 private:
  struct Sent {
    PacketRef payload;
    SequenceNumber number;
    RtpTimestamp timestamp;
    bool marker = false;
  };
  bool send(const Sent& packet, bool again, Instant now, transport::MediaSender& out);
  bool send_new(Bytes payload, SequenceNumber number, RtpTimestamp timestamp, bool marker, Instant now,
                transport::MediaSender& out);
  void set_extensions(const RtpParameters& parameters);

  PacketPool& pool_;
  Random& random_;
  bool active_ = true;
  std::string mid_;
  std::string rid_;
  Ssrc ssrc_;
  std::optional<Ssrc> rtx_ssrc_;
  RtpCodecParameters codec_;
  std::uint8_t payload_type_ = 0;
  std::uint8_t rtx_payload_type_ = 0;
  std::uint32_t clock_rate_ = 90'000;
  std::optional<packetize::Format> format_;
  std::array<rtp::ExtensionToWrite, 4> extensions_{};
  std::array<rtp::ExtensionToWrite, 4> rtx_extensions_{};
  std::size_t extension_count_ = 0;
  std::size_t rtx_extension_count_ = 0;
  std::optional<packetize::FrameSender> frames_;  ///< From the first frame on.
  SequenceNumber next_number_;
  SequenceNumber next_rtx_;
  RtpTimestamp timestamp_offset_;
  RtpTimestamp last_timestamp_;
  Instant last_sent_{};
  std::vector<Sent> history_;  ///< By number modulo kHistory; empty: nothing is repeated.
  Counters counters_;
  std::optional<rtcp::ReportBlock> last_report_;
  std::optional<Duration> rtt_;
  Duration total_rtt_{};
  std::uint32_t rtt_count_ = 0;
};

}  // namespace sluice::peer
