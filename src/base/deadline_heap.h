// A binary heap of deadlines with handles inside their owners: only what is due is woken, idle objects cost
// nothing.
//
// Invariants: a Deadline leaves its heap when destroyed; moving it is not allowed (the heap holds its
// address).
#pragma once

#include <cstddef>
#include <vector>

#include "sluice/time.h"

namespace sluice {

class DeadlineHeap;

/// A place in a DeadlineHeap. `owner` is whatever the user of the heap wants back when it is due.
class Deadline {
 public:
  explicit Deadline(void* owner) : owner_(owner) {}
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  inline ~Deadline();

  [[nodiscard]] Instant at() const { return at_; }
  [[nodiscard]] void* owner() const { return owner_; }

 private:
  friend class DeadlineHeap;
  static constexpr std::size_t kOut = static_cast<std::size_t>(-1);
  Instant at_ = kNever;
  std::size_t index_ = kOut;
  DeadlineHeap* heap_ = nullptr;
  void* owner_;
};

class DeadlineHeap {
 public:
  /// Sets or moves a deadline; kNever takes it out.
  void set(Deadline& deadline, Instant at);
  void remove(Deadline& deadline);
  [[nodiscard]] Instant next() const { return heap_.empty() ? kNever : heap_.front()->at_; }
  /// Takes out and gives the earliest deadline that is due, or null.
  Deadline* pop_due(Instant now);
  [[nodiscard]] std::size_t size() const { return heap_.size(); }

 private:
  void sift_up(std::size_t i);
  void sift_down(std::size_t i);
  void place(std::size_t i, Deadline* deadline);

  std::vector<Deadline*> heap_;
};

inline Deadline::~Deadline() {
  if (heap_ != nullptr) heap_->remove(*this);
}

}  // namespace sluice
