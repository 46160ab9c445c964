// A consumer's own numbers in place of the producer's: sequence numbers of packets, ids of pictures.
//
// What the consumer leaves out on purpose is closed up, and a change to another stream goes on where the last
// one ended. Gaps that the network made are kept: they may still be filled. The last stretches are
// remembered, so that a late packet finds its place and a NACK in the consumer's numbers finds the producer's
// packet, without a note per packet.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

namespace sluice::sfu {

/// Numbers wrap at 16 bits.
class NumberMap {
 public:
  /// `first`: what the first number kept will become.
  explicit NumberMap(std::uint16_t first) { newest_.first_out = first; }

  /// From here on `stream` is followed, from its number `in`; it becomes the next one after the newest given,
  /// or the one `skip` after that.
  void start(std::uint8_t stream, std::uint16_t in, std::uint16_t skip = 0);
  /// Nothing new is given until start().
  void stop() { running_ = false; }
  /// What was given so far is forgotten; what follows goes on behind it.
  void forget() {
    newest_ = {end_, next(), newest_.stream};
    older_ = 0;
  }
  /// What `in` becomes. Nothing for a number that was left out, is of a stream that is not followed, or is
  /// too old.
  std::optional<std::uint16_t> keep(std::uint8_t stream, std::uint16_t in) {
    // As most often: the last one once more (the packets of one picture), the next, or a little ahead.
    const auto ahead = static_cast<std::uint16_t>(in + 1 - end_);
    const auto offset = static_cast<std::uint16_t>(in - newest_.first_in);
    if (!running_ || newest_.stream != stream || ahead > kMaxGap || offset > kLong) return place(stream, in);
    end_ = static_cast<std::uint16_t>(in + 1);
    return static_cast<std::uint16_t>(newest_.first_out + offset);
  }
  /// Numbers `first` to `last` of the stream that is followed are left out, as far as they lie ahead of all
  /// before.
  void drop(std::uint16_t first, std::uint16_t last);
  /// Up to `last`: whatever has not been told of yet is left out.
  void drop_through(std::uint16_t last) {
    if (running_) drop(end_, last);
  }

  struct Original {
    std::uint8_t stream = 0;
    std::uint16_t number = 0;
  };
  /// What became `out`; nothing when too old or not given yet. A number that the network has lost has one,
  /// too.
  [[nodiscard]] std::optional<Original> original(std::uint16_t out) const;
  /// `in` lies before a number of `stream` that was kept or left out.
  [[nodiscard]] bool is_past(std::uint8_t stream, std::uint16_t in) const;
  /// What the next number ahead of all will become.
  [[nodiscard]] std::uint16_t next() const;
  [[nodiscard]] bool running() const { return running_; }

 private:
  /// From first_in on, out = in - first_in + first_out, up to where the next one begins.
  struct Stretch {
    std::uint16_t first_in = 0;
    std::uint16_t first_out = 0;
    std::uint8_t stream = 0;
  };
  static constexpr std::size_t kStretches = 64;  ///< Two seconds of 30 frames, every other one left out.
  static constexpr int kMaxGap = 3000;           ///< The network's own; RFC 3550 A.1, MAX_DROPOUT.
  static constexpr int kLong = 0x2000;           ///< Stretches are cut, so that no comparison meets the wrap.

  /// The i-th that is remembered, the newest last.
  [[nodiscard]] const Stretch& at(std::size_t i) const {
    return i == older_ ? newest_ : ring_[(oldest_ + i) % kStretches];
  }
  /// keep() of all others.
  std::optional<std::uint16_t> place(std::uint8_t stream, std::uint16_t in);
  /// How many numbers stretch `i` has given.
  [[nodiscard]] std::uint16_t length(std::size_t i) const;
  void push(Stretch stretch);

  // Looked at for every packet, before what is looked at seldom.
  Stretch newest_;
  std::uint16_t end_ = 0;  ///< Of the newest stretch's stream: one past the newest number kept or left out.
  bool running_ = false;
  bool started_ = false;
  std::uint8_t oldest_ = 0;
  std::uint8_t older_ = 0;  ///< How many stretches stand in the ring.
  std::array<Stretch, kStretches> ring_{};
};

}  // namespace sluice::sfu
