// Transport-wide congestion control feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1): which
// of a run of transport-wide numbers arrived, and when.
//
//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                     SSRC of packet sender                     |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                      SSRC of media source                     |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |      base sequence number     |      packet status count      |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                 reference time                | fb pkt. count |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |          packet chunk         |         packet chunk          | …
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |  recv delta   |  recv delta   |  …            | zero padding  |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
#pragma once

#include <span>

#include "base/ids.h"
#include "rtcp/compound.h"
#include "sluice/time.h"

namespace sluice::rtcp {

/// A received feedback packet: a view of the bytes it was parsed from, checked to its end, so that walking it
/// cannot fail.
class TransportFeedback {
 public:
  static constexpr Duration kReferenceUnit = 64ms;
  static constexpr Duration kDeltaUnit = 250us;

  static std::optional<TransportFeedback> parse(const Packet& packet);

  [[nodiscard]] Ssrc sender() const { return sender_; }
  [[nodiscard]] Ssrc media() const { return media_; }
  [[nodiscard]] SequenceNumber base() const { return base_; }
  [[nodiscard]] std::uint16_t status_count() const { return status_count_; }
  [[nodiscard]] std::uint8_t feedback_count() const { return feedback_count_; }
  /// On the receiver's clock, in multiples of 64 ms; 24 bits signed, so it wraps after 12 days.
  [[nodiscard]] Duration reference_time() const { return reference_time_ * kReferenceUnit; }

  /// Calls `visit(SequenceNumber, std::optional<Duration> arrival)` for each status; `arrival` is on the
  /// receiver's clock (the reference time and all deltas so far), nothing when the packet had not arrived.
  template <typename Visitor>
  void for_each(Visitor&& visit) const {
    Cursor cursor(*this);
    for (std::size_t i = 0; i < status_count_; ++i) {
      visit(base_.plus(static_cast<int>(i)), cursor.next());
    }
  }

  struct Head {
    Ssrc sender;
    Ssrc media;
    std::uint8_t feedback_count = 0;
  };
  /// Appends one feedback packet on the numbers from `base`, whose arrivals these are (kNever: not received),
  /// and gives how many of them it covers: fewer when the room or the range of a delta ends. The caller goes
  /// on with the rest in another packet. 0 when not even one fits.
  static std::size_t serialize_to(ByteWriter& writer, const Head& head, SequenceNumber base,
                                  std::span<const Instant> arrivals);

 private:
  /// Walks chunks and deltas together.
  class Cursor {
   public:
    explicit Cursor(const TransportFeedback& feedback)
        : chunks_(feedback.chunks_), deltas_(feedback.deltas_), at_(feedback.reference_time()) {}
    std::optional<Duration> next();

   private:
    ByteReader chunks_;
    ByteReader deltas_;
    Duration at_;
    std::uint16_t chunk_ = 0;
    std::uint16_t used_ = 0;    ///< Statuses taken of the chunk...
    std::uint16_t length_ = 0;  ///< ...of so many.
  };

  Ssrc sender_;
  Ssrc media_;
  SequenceNumber base_;
  std::uint16_t status_count_ = 0;
  std::int32_t reference_time_ = 0;
  std::uint8_t feedback_count_ = 0;
  Bytes chunks_;
  Bytes deltas_;
};

}  // namespace sluice::rtcp
