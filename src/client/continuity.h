// Holds one received stream to what an SFU promises: each number once, the publisher's order kept, nothing
// lost for good, a key frame first, no freeze. Pure bookkeeping: no packets are kept. Owned by MediaReceiver.
//
// A hole is a number between the first and the newest that has not come. Holes before a later key frame are
// `superseded`: nobody needs them any more. Frames are rendered in order, each when it and all before it
// (back to a key frame) are there.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/ids.h"
#include "client/marker.h"
#include "sluice/rtp_parameters.h"
#include "sluice/time.h"

namespace sluice::client {

class Continuity {
 public:
  struct Arrival {
    SequenceNumber number;
    RtpTimestamp timestamp;
    bool frame_end = false;  ///< RTP marker bit; of audio every packet is a frame.
    bool key_frame = false;  ///< The first packet of one; video only.
    std::optional<Marker> marker;
    bool repair = false;    ///< Came as RTX.
    bool unmarked = false;  ///< Without a marker, and it need not have one (media_unit.h).
  };
  struct Counts {
    std::uint64_t packets = 0;           ///< Distinct numbers.
    std::uint64_t repaired = 0;          ///< Of those, by RTX.
    std::uint64_t repeated = 0;          ///< Once by itself and once as RTX, or as RTX twice: harmless.
    std::uint64_t duplicates = 0;        ///< One number twice by itself: an error.
    std::uint64_t bad_markers = 0;       ///< Payload not intact, or of another stream.
    std::uint64_t order_errors = 0;      ///< Numbers not in the order that the publisher made the packets in.
    std::uint64_t timestamp_errors = 0;  ///< A timestamp that goes back, or changes within a frame.
    std::uint64_t bad_starts = 0;        ///< Video that goes on after a pause without a key frame.
    std::uint64_t stragglers = 0;        ///< Too old to be placed.
    std::uint64_t lost = 0;              ///< Holes for good.
    std::uint64_t superseded = 0;        ///< Holes before a later key frame.
    std::uint64_t left_out =
        0;  ///< Packets of the publisher that got no number here: paused, or before the key frame.
    std::uint64_t frames = 0;  ///< Rendered.
    std::uint64_t key_frames = 0;
    std::uint64_t unmarked = 0;  ///< Checked by number and timestamp only.
    std::uint64_t layer_switches = 0;
    std::array<std::uint64_t, 4> frames_by_layer{};  ///< Rendered, by Marker::layer.
    [[nodiscard]] std::uint64_t errors() const {
      return duplicates + bad_markers + order_errors + timestamp_errors + bad_starts;
    }
  };
  static constexpr Duration kFreeze = 500ms;

  explicit Continuity(MediaKind kind);

  void on_packet(const Arrival& arrival, Instant now);

  [[nodiscard]] const Counts& counts() const { return counts_; }
  /// Holes that may still be filled. At the end of a test: all that was lost lately.
  [[nodiscard]] std::size_t holes() const { return unseen(last_key_, newest_); }
  /// Holes in the window before the newest key frame: superseded once they leave it.
  [[nodiscard]] std::size_t stale_holes() const { return unseen(first_, last_key_ - 1); }
  /// The lowest number that came started a key frame; of audio always.
  [[nodiscard]] bool key_frame_first() const { return first_is_key_; }
  /// A key frame has come and nothing is missing since; of audio always.
  [[nodiscard]] bool decoding() const { return decoding_; }
  [[nodiscard]] std::optional<std::uint32_t> stream() const { return stream_; }
  [[nodiscard]] Instant first_packet_at() const { return first_at_; }  ///< kNever before.
  [[nodiscard]] Instant first_frame_at() const { return first_frame_at_; }
  [[nodiscard]] Instant last_frame_at() const { return last_frame_at_; }  ///< kNever before.
  /// Between two rendered frames; not counting what lies before reset_freeze().
  [[nodiscard]] Duration longest_gap() const { return longest_gap_; }
  [[nodiscard]] std::uint64_t freezes() const { return freezes_; }
  /// Silence that is meant (a pause, an outage of the test's making) is not a freeze: counts from the next
  /// frame on.
  void reset_freeze();
  /// Of packets that came by themselves.
  [[nodiscard]] Duration longest_delay() const { return longest_delay_; }
  [[nodiscard]] std::uint32_t first_counter() const { return first_counter_; }
  [[nodiscard]] std::uint32_t newest_counter() const { return newest_counter_; }

 private:
  struct Slot {
    std::uint32_t counter = 0;
    std::uint32_t timestamp = 0;
    bool received = false;
    bool frame_end = false;
    bool key_frame = false;
    bool repair = false;
    bool marked = false;
    std::uint8_t layer = 0;
  };
  [[nodiscard]] Slot& slot(std::int64_t number) {
    return slots_[static_cast<std::size_t>(number) & (slots_.size() - 1)];
  }
  [[nodiscard]] const Slot& slot(std::int64_t number) const {
    return slots_[static_cast<std::size_t>(number) & (slots_.size() - 1)];
  }
  [[nodiscard]] std::int64_t oldest() const;
  [[nodiscard]] std::size_t unseen(std::int64_t from, std::int64_t to) const;
  void move_on(std::int64_t newest);
  bool take_marker(const Arrival& arrival, std::int64_t number);
  void check_order(std::int64_t number, const Slot& added);
  void check_pair(const Slot& before, const Slot& after);
  void render(Instant now);

  static constexpr std::size_t kVideoWindow = 1024;  ///< Numbers remembered; powers of two.
  static constexpr std::size_t kAudioWindow = 64;
  static constexpr std::int64_t kAudioPatience = 8;  ///< So many newer packets, and a hole is concealed.

  bool video_;
  std::vector<Slot> slots_;
  SequenceUnwrapper unwrapper_;
  bool started_ = false;
  std::int64_t first_ = 0;
  std::int64_t newest_ = 0;
  std::int64_t last_key_ = 0;  ///< Where the newest key frame starts.
  std::int64_t rendered_ = 0;  ///< All up to here is played or given up.
  bool decoding_ = false;      ///< From a key frame on, nothing missing since.
  bool first_is_key_ = false;
  std::optional<std::uint32_t> stream_;
  std::uint32_t first_counter_ = 0;
  std::uint32_t newest_counter_ = 0;
  std::int64_t newest_marked_ = 0;
  std::uint8_t layer_ = 0;  ///< Of the newest packet with a marker.
  Instant first_at_ = kNever;
  Instant first_frame_at_ = kNever;
  Instant last_frame_at_ = kNever;
  Duration longest_gap_{};
  std::uint64_t freezes_ = 0;
  Duration longest_delay_{};
  Counts counts_;
};

}  // namespace sluice::client
