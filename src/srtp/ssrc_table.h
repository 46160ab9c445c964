// SSRC → state, for the one lookup each packet makes. A few stand in the table itself, where the cache has
// them with their owner; more go to open addressing with linear probing, at most half full, so that ten
// streams and five hundred cost the same. References stay valid until the next insert or erase.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace sluice::srtp {

template <typename State>
class SsrcTable {
 public:
  [[nodiscard]] std::size_t size() const { return size_; }

  [[nodiscard]] State* find(std::uint32_t ssrc) {
    if (slots_.empty()) {
      for (std::size_t i = 0; i < size_; ++i) {
        if (few_[i].ssrc == ssrc) return &few_[i].state;
      }
      return nullptr;
    }
    for (std::size_t i = home(ssrc);; i = next(i)) {
      Slot& slot = slots_[i];
      if (!slot.used) return nullptr;
      if (slot.ssrc == ssrc) return &slot.state;
    }
  }
  State& find_or_insert(std::uint32_t ssrc) {
    if (State* state = find(ssrc)) return *state;
    if (slots_.empty()) {
      if (size_ < few_.size()) return (few_[size_++] = Slot{ssrc, true, State{}}).state;
      spill();
    }
    if ((size_ + 1) * 2 > slots_.size()) grow();
    ++size_;
    return place(ssrc, State{});
  }
  /// Closes the gap by moving later slots of the same run back, so that no tombstones pile up.
  bool erase(std::uint32_t ssrc) {
    if (slots_.empty()) return erase_of_few(ssrc);
    std::size_t gap = home(ssrc);
    while (slots_[gap].used && slots_[gap].ssrc != ssrc) gap = next(gap);
    if (!slots_[gap].used) return false;
    for (std::size_t i = next(gap); slots_[i].used; i = next(i)) {
      const std::size_t mask = slots_.size() - 1;
      if (((i - home(slots_[i].ssrc)) & mask) < ((i - gap) & mask)) continue;  // its home lies after the gap
      slots_[gap] = std::move(slots_[i]);
      gap = i;
    }
    slots_[gap] = Slot{};
    --size_;
    return true;
  }

 private:
  static constexpr std::size_t kFew = 4;
  struct Slot {
    std::uint32_t ssrc = 0;
    bool used = false;
    State state{};
  };

  // The high bits of a multiplication by 2^32 / golden ratio: neighbouring SSRCs spread over the table.
  [[nodiscard]] std::size_t home(std::uint32_t ssrc) const {
    return static_cast<std::size_t>((ssrc * std::uint32_t{0x9E3779B1}) >> shift_);
  }
  [[nodiscard]] std::size_t next(std::size_t i) const { return (i + 1) & (slots_.size() - 1); }
  State& place(std::uint32_t ssrc, State state) {
    std::size_t i = home(ssrc);
    while (slots_[i].used) i = next(i);
    slots_[i] = Slot{ssrc, true, std::move(state)};
    return slots_[i].state;
  }
  bool erase_of_few(std::uint32_t ssrc) {
    for (std::size_t i = 0; i < size_; ++i) {
      if (few_[i].ssrc != ssrc) continue;
      few_[i] = std::move(few_[--size_]);
      return true;
    }
    return false;
  }
  void spill() {
    slots_.resize(4 * few_.size());
    shift_ = 32 - std::countr_zero(slots_.size());
    for (Slot& slot : few_) place(slot.ssrc, std::move(slot.state));
  }
  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    shift_ = 32 - std::countr_zero(slots_.size());
    for (Slot& slot : old) {
      if (slot.used) place(slot.ssrc, std::move(slot.state));
    }
  }

  std::array<Slot, kFew> few_{};  ///< The first `size_`, until there are more than that.
  std::vector<Slot> slots_;
  std::size_t size_ = 0;
  int shift_ = 31;
};

}  // namespace sluice::srtp
