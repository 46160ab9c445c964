// What a receiver knows of one SSRC (RFC 3550 §6.4.1, appendices A.1, A.3, A.8): loss, jitter, duplicates,
// and the numbers of its report block.
//
// One per received SSRC, held by ingress; transport/rtcp turns reception() into an RTCP report block field by
// field. Retransmissions have an SSRC of their own and are counted there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/ids.h"
#include "rtp/sequence_window.h"
#include "sluice/time.h"

namespace sluice::rtp {

/// The values of a report block (RFC 3550 §6.4.1), in its units.
struct Reception {
  std::uint8_t fraction_lost = 0;      ///< Of 256, since the report before.
  std::int32_t cumulative_lost = 0;    ///< 24 bits signed; negative with duplicates.
  std::uint32_t extended_highest = 0;  ///< Cycles in the upper half.
  std::uint32_t jitter = 0;            ///< RTP timestamp units.
  std::uint32_t last_sr = 0;  ///< Middle 32 bits of the sender report's NTP time; 0 before the first.
  std::uint32_t delay_since_last_sr = 0;  ///< Units of 1/65536 s.
  // Not in the block: what fraction_lost is made of.
  std::uint32_t expected_since = 0;  ///< Packets since the report before.
  std::uint32_t lost_since = 0;      ///< Of them; none when repairs in-band or duplicates outweigh it.
};

class ReceiveStatistics {
 public:
  explicit ReceiveStatistics(std::uint32_t clock_rate) : clock_rate_(clock_rate) {}

  /// A packet of `size` bytes (header and payload). Gives where it stands among those before it.
  Arrival on_packet(SequenceNumber number, RtpTimestamp timestamp, std::size_t size, Instant arrival);
  void on_sender_report(std::uint64_t ntp, RtpTimestamp timestamp, Instant arrival);

  /// For an RTCP report: starts a new interval of fraction_lost.
  Reception report(Instant now);
  /// The same without starting a new interval, for statistics.
  [[nodiscard]] Reception peek(Instant now) const;

  struct SenderReportTimes {
    std::uint64_t ntp = 0;
    RtpTimestamp timestamp;
    Instant arrival{};
  };
  [[nodiscard]] const std::optional<SenderReportTimes>& last_sender_report() const { return sender_report_; }
  [[nodiscard]] std::uint64_t packets() const { return packets_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t duplicates() const { return duplicates_; }
  [[nodiscard]] std::uint64_t reordered() const { return reordered_; }
  [[nodiscard]] Duration jitter() const;
  [[nodiscard]] bool started() const { return started_; }

 private:
  static constexpr int kMaxDropout =
      3000;  ///< RFC 3550 A.1: a longer jump needs a second packet to be believed.
  static constexpr int kMaxMisorder = 1000;  ///< A.1 has 100; retransmission and large bursts want more.
  static constexpr std::int64_t kMaxTransitSeconds = 5;
  Arrival place(SequenceNumber number);
  void restart(SequenceNumber number);
  void update_jitter(RtpTimestamp timestamp, Instant arrival);
  [[nodiscard]] std::int64_t expected() const { return highest_ - base_ + 1; }

  SequenceWindow window_;
  std::optional<SenderReportTimes> sender_report_;
  std::uint64_t packets_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t duplicates_ = 0;
  std::uint64_t reordered_ = 0;
  std::int64_t base_ = 0;      ///< Extended number of the first packet.
  std::int64_t highest_ = 0;   ///< Extended number of the newest packet: cycles * 65536 + number.
  std::int64_t received_ = 0;  ///< Packets since base_, duplicates included as RFC 3550 A.3 has it.
  std::int64_t expected_prior_ = 0;
  std::int64_t received_prior_ = 0;
  std::uint32_t clock_rate_;
  std::optional<std::uint32_t> last_transit_;  ///< Arrival minus timestamp, in timestamp units.
  std::uint32_t jitter_scaled_ = 0;            ///< Sixteen times the estimate (RFC 3550 A.8).
  std::optional<SequenceNumber> expected_after_jump_;
  bool started_ = false;
};

}  // namespace sluice::rtp
