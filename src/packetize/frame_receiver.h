// RTP packets of one track to frames: packets in any order, frames in decoding order. What comes out of order
// waits, and a gap is waited for until patience ends; then the frames that it was part of are given up, and
// of video those up to the next key frame, as they refer to what was lost. Sans-IO. Owned by a receiver of
// PeerConnection, which asks for retransmissions and key frames.
//
// A frame's packets are those of one timestamp, in a row. Bounded: Options::max_packets and max_bytes are all
// that ever waits; what does not fit is given up, oldest first, and counted.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/ids.h"
#include "packetize/depacketizer.h"
#include "packetize/packet_window.h"
#include "sluice/encoded_frame.h"
#include "sluice/time.h"

namespace sluice::packetize {

class FrameReceiver {
 public:
  struct Options {
    Format format = Format::kVp8;
    Duration patience = 500ms;  ///< How long a gap may hold up what comes after it.
    /// Video: false gives frames that cannot be decoded as they should, right after a loss.
    bool wait_for_key_frame = true;
    std::size_t max_packets = 4096;    ///< Between the oldest and the newest that wait; 16 to 16,384.
    std::size_t max_bytes = 4U << 20;  ///< Of payloads that wait, so of a frame as well.
  };
  struct Packet {
    SequenceNumber number;  ///< The original one, of a retransmission (RFC 4588).
    RtpTimestamp timestamp;
    bool marker = false;
    Bytes payload;  ///< Empty for a packet of padding only.
  };
  struct Counters {
    std::uint64_t packets = 0;
    std::uint64_t frames = 0;
    std::uint64_t key_frames = 0;
    std::uint64_t duplicates = 0;
    std::uint64_t late = 0;        ///< Packets that came after their place had been given up or delivered.
    std::uint64_t lost = 0;        ///< Packets that were waited for in vain.
    std::uint64_t incomplete = 0;  ///< Frames of which packets were lost.
    std::uint64_t skipped = 0;     ///< Whole frames that were left out up to a key frame.
    std::uint64_t malformed = 0;   ///< Frames whose payloads do not add up.
    std::uint64_t overflowed = 0;  ///< Frames given up as too much was waiting, or nobody took them.
    std::uint64_t restarts = 0;    ///< The sender's numbers went on somewhere else.
  };

  explicit FrameReceiver(const Options& options);

  void receive(const Packet& packet, Instant now);
  /// Gives up what has been waited for long enough.
  void advance(Instant now);
  [[nodiscard]] Instant next_deadline() const { return deadline_; }
  /// The next frame, if it is whole: call until false, after each receive() and advance(). What `out` holds
  /// is replaced, its capacity used.
  bool take(EncodedFrame& out);

  /// Video: a frame was lost, or none has come yet, and only a key frame helps. Until it comes; how often it
  /// is asked for is the owner's choice.
  [[nodiscard]] bool needs_key_frame() const { return started_ && needs_key_frame_; }
  /// Numbers that are missing between those that wait, at most `max`: to be asked for (RFC 4585 §6.2.1).
  void missing(std::vector<SequenceNumber>& out, std::size_t max = 64) const;
  [[nodiscard]] const Counters& counters() const { return counters_; }
  /// Bytes of payloads that wait.
  [[nodiscard]] std::size_t waiting_bytes() const { return window_.bytes(); }
  /// H.264: sprop-parameter-sets of SDP, in Annex B.
  void set_parameter_sets(Bytes nals) { depacketizer_.set_parameter_sets(nals); }

 private:
  /// A step of sequence numbers that nothing but a restart of the sender explains.
  static constexpr std::int64_t kMaxStep = 3000;
  /// How far before the first packet that came there may be others of the same frame.
  static constexpr std::int64_t kMaxStartReordering = 64;
  /// How long the first packet that came is not yet taken for the first one, when no key frame begins with
  /// it.
  static constexpr Duration kStartPatience = 100ms;

  std::optional<std::int64_t> place(SequenceNumber number);
  bool make_room(std::int64_t number, std::size_t size);
  void look();
  void note_gap();
  [[nodiscard]] bool has_gap() const { return !end_ && scan_ <= newest_; }
  [[nodiscard]] bool misses_start() const;
  [[nodiscard]] bool holds_back() const {
    return is_video() && needs_key_frame_ && options_.wait_for_key_frame;
  }
  void give_up();
  void give_up_gap();
  void drop_front();
  void skip_to(std::int64_t number);
  void release_to(std::int64_t number);
  void lose();
  [[nodiscard]] bool is_video() const { return !is_audio(options_.format); }

  Options options_;
  Depacketizer depacketizer_;
  PacketWindow window_;
  std::vector<Bytes> payloads_;  ///< Of one frame; kept for its capacity.
  // Numbers are unwrapped. All of [next_, scan_) are here.
  std::int64_t next_ = 0;     ///< The oldest that is neither delivered nor given up.
  std::int64_t scan_ = 0;     ///< The first that was not looked at: missing, where a frame is waited for.
  std::int64_t newest_ = -1;  ///< The highest that came.
  std::optional<std::int64_t> end_;        ///< Where the frame at next_ ends, once all of it is here.
  std::optional<RtpTimestamp> frame_of_;   ///< The timestamp of the frame at next_, once one of it was seen.
  std::optional<SequenceNumber> suspect_;  ///< Of a step that the next packet may confirm.
  Instant deadline_ = kNever;              ///< Until when what is missing is waited for.
  bool started_ = false;
  bool delivered_ = false;      ///< Something before next_ was delivered or given up.
  bool is_continuous_ = false;  ///< The packet before next_ ended a frame.
  bool needs_key_frame_;
  bool lost_ = false;  ///< Since the last frame was given.
  Counters counters_;
};

}  // namespace sluice::packetize
