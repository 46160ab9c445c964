// Which of a producer's streams and layers one viewer gets, frame by frame.
//
// Knows what is wanted (set_target) and what could be decoded: of every choice of layers whether the viewer
// has had each frame that it needs, as a set of bits. A change waits for a frame that can be decoded with
// what the viewer has had, within the stream for a switch point, to another stream or spatial layer for a key
// frame. Owned by Consumer.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "codec/layers.h"
#include "sfu/layer_pattern.h"
#include "sfu/media_packet.h"
#include "sfu/rewriter.h"

namespace sluice::sfu {

class LayerSelector {
 public:
  /// `starts_anywhere`: of a codec whose key frames cannot be told.
  explicit LayerSelector(bool starts_anywhere) : starts_anywhere_(starts_anywhere) {}

  struct Choice {
    std::uint8_t stream = 0;
    codec::Layers layers;
    friend bool operator==(const Choice&, const Choice&) = default;
  };
  enum class Verdict : std::uint8_t {
    kForward,
    kStart,       ///< Forwarded, and the first of a stream: numbers and times begin anew.
    kLeaveOut,    ///< Of the stream that is followed, in a layer that is not.
    kAwaitStart,  ///< Nothing is followed yet, and one cannot begin here.
    kOther,       ///< Of another stream.
    kLate,        ///< Behind what has been judged: forwarded if it has a place.
  };

  void set_target(Choice target) { target_ = target; }
  [[nodiscard]] const Choice& target() const { return target_; }
  /// Nothing is followed any more: the next packets have to begin a stream.
  void stop() { following_ = false; }

  /// Most packets of the streams that are not followed: judge() would say kOther, and so for less.
  [[nodiscard]] bool passes_by(const StoredPacket& packet) const {
    return following_ && packet.tag != tag_ && packet.newest && !packet.facts.is_key_frame &&
           !starts_anywhere_;
  }
  /// `pattern`: of the packet's stream, where something is missing before it. `given`: what the viewer has
  /// been given.
  Verdict judge(const StoredPacket& packet, const LayerPattern* pattern, const Rewriter& given);

  /// One judged kLate has been forwarded.
  void on_late_forwarded(const StoredPacket& packet);

  /// What is forwarded; nothing before the start.
  [[nodiscard]] std::optional<Choice> current() const {
    return following_ ? std::optional(current_) : std::nullopt;
  }
  /// Only a key frame of the target's stream brings what is wanted.
  [[nodiscard]] bool needs_key_frame() const;

 private:
  [[nodiscard]] bool can_start(const StoredPacket& packet, const Rewriter& given) const;
  void start(const StoredPacket& packet);
  void choose(codec::LayerMask possible);
  void lack(codec::LayerMask choices);
  [[nodiscard]] codec::LayerMask begun_by(const codec::FrameFacts& facts) const;

  Choice target_;
  Choice current_;
  codec::LayerMask intact_ = 0;  ///< Choices whose every frame was forwarded since one could begin with them.
  RtpTimestamp picture_;         ///< The picture that is coming in.
  /// Which choices the last pictures were left out of: a key frame whose start comes late brings the rest.
  struct Lack {
    RtpTimestamp picture;
    codec::LayerMask choices = 0;
  };
  static constexpr std::size_t kLacks = 8;
  std::array<Lack, kLacks> lacks_{};
  std::uint32_t lack_count_ = 0;
  std::uint8_t tag_ = 0xFF;  ///< Of none yet.
  bool following_ = false;
  bool starts_anywhere_;
};

}  // namespace sluice::sfu
