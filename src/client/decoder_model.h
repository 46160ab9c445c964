// A decoder without a codec: from the packets that a viewer got it tells which frames came whole and could be
// decoded, as a browser's packet buffer and reference finder would find, and complains of all that a server
// did wrong: a frame that was forwarded though what it refers to was not, a layer entered where one cannot
// enter it, numbers that do not fit (packet_order.h). What loss explains is no violation; how long the
// picture stood still is told apart.
//
// The truth comes with the payload (frame_info.h). Pure bookkeeping that keeps all it saw: made for tests of
// minutes. Owned by MediaReceiver, and by test/sfu/layers_rig.h.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "client/layered_packet.h"
#include "client/packet_order.h"
#include "client/violations.h"

namespace sluice::client {

class DecoderModel {
 public:
  using Options = PacketOrder::Options;
  struct Arrival {
    SequenceNumber number;
    RtpTimestamp timestamp;
    bool marker_bit = false;
    Bytes payload;
    std::optional<Bytes> dependency{};  ///< The dependency descriptor, when the packet has one.
    bool repair = false;                ///< Came as RTX.
  };
  /// What is shown: the highest layer of a picture that could be decoded.
  struct Layer {
    std::uint8_t encoding = 0;
    std::uint8_t spatial = 0;
    std::uint8_t temporal = 0;
    std::uint16_t width = 0;
    std::uint16_t height = 0;
    friend bool operator==(const Layer&, const Layer&) = default;
    [[nodiscard]] bool same_size(const Layer& o) const {
      return encoding == o.encoding && spatial == o.spatial;
    }
  };
  struct Counts {
    std::uint64_t packets = 0;
    std::uint64_t repaired = 0;
    std::uint64_t repeated = 0;    ///< The same packet again; the network or RTX does that.
    std::uint64_t empty = 0;       ///< Without a payload: places of what was left out.
    std::uint64_t damaged = 0;     ///< Not layered media, or not intact. A violation.
    std::uint64_t pictures = 0;    ///< Shown.
    std::uint64_t late = 0;        ///< Decoded after a newer picture was shown.
    std::uint64_t key_frames = 0;  ///< Decoded.
    std::uint64_t lost = 0;        ///< Frames whole here, but what they refer to was lost.
    std::uint64_t switches = 0;    ///< Of encoding or spatial layer.
  };

  explicit DecoderModel(Options options);
  DecoderModel(const DecoderModel&) = delete;
  DecoderModel& operator=(const DecoderModel&) = delete;

  /// What was read; nothing when the packet is empty, or damaged.
  std::optional<LayeredPacket> on_packet(const Arrival& arrival, Instant now);
  /// Judges what could not be judged while more might have come. Once, at the end.
  void finish();

  [[nodiscard]] const Violations& violations() const { return violations_; }
  [[nodiscard]] const Counts& counts() const { return counts_; }
  [[nodiscard]] std::size_t holes() const { return order_.holes(); }
  [[nodiscard]] Duration timestamp_error() const { return order_.timestamp_error(); }
  /// Of the newest picture that is complete; nothing before there is one.
  [[nodiscard]] const std::optional<Layer>& current() const { return shown_; }
  /// Pictures shown with this layer as their highest.
  [[nodiscard]] std::uint64_t pictures_of(std::uint8_t encoding, std::uint8_t spatial,
                                          std::uint8_t temporal) const;
  [[nodiscard]] Instant first_picture_at() const { return first_picture_at_; }
  [[nodiscard]] Instant last_picture_at() const { return last_picture_at_; }  ///< kNever before.
  /// Between two pictures shown; not counting what lies before reset_freeze().
  [[nodiscard]] Duration longest_gap() const { return longest_gap_; }
  void reset_freeze();

 private:
  struct Frame {
    FrameInfo info;
    std::uint8_t encoding = 0;
    std::int64_t first = 0;  ///< Number of its first packet.
    std::uint16_t received = 0;
    bool decoded = false;
    [[nodiscard]] bool complete() const { return received == info.count; }
    [[nodiscard]] std::int64_t end() const { return first + info.count; }
  };
  using FrameKey = std::pair<std::uint64_t, std::uint32_t>;  ///< Source, number.

  Frame* find(std::uint64_t source, std::uint32_t number);
  [[nodiscard]] bool decodable(const FrameKey& key, const Frame& frame);
  void decode_waiting(Instant now);
  void show(const Frame& frame, Instant now);
  void end_picture();
  void judge(const FrameKey& key, const Frame& frame);
  [[nodiscard]] std::int64_t end_of_row(const Frame& frame) const;
  [[nodiscard]] bool lost_on_the_way(const FrameKey& missing, std::int64_t start) const;
  [[nodiscard]] std::int64_t last_key_before(std::int64_t number) const;

  Violations violations_;
  PacketOrder order_;
  LayeredCodec codec_;
  SequenceUnwrapper unwrapper_;
  std::map<FrameKey, Frame> frames_;
  std::map<std::int64_t, FrameKey> waiting_;  ///< Complete and not yet decodable, by their first numbers.
  std::set<std::int64_t> keys_;               ///< Where key pictures start.
  Counts counts_;
  std::optional<std::uint32_t> newest_time_;  ///< Media time of the newest picture shown.
  Layer newest_;                              ///< As far as it is decoded.
  std::optional<Layer> shown_;
  std::map<std::uint32_t, std::uint64_t> pictures_by_layer_;
  Instant first_picture_at_ = kNever;
  Instant last_picture_at_ = kNever;
  Duration longest_gap_{};
};

}  // namespace sluice::client
