#include "base/deadline_heap.h"

namespace sluice {

void DeadlineHeap::set(Deadline& deadline, Instant at) {
  if (at == kNever) {
    remove(deadline);
    return;
  }
  const bool earlier = at < deadline.at_;
  deadline.at_ = at;
  if (deadline.index_ == Deadline::kOut) {
    deadline.heap_ = this;
    heap_.push_back(&deadline);
    deadline.index_ = heap_.size() - 1;
    sift_up(deadline.index_);
  } else if (earlier) {
    sift_up(deadline.index_);
  } else {
    sift_down(deadline.index_);
  }
}

void DeadlineHeap::remove(Deadline& deadline) {
  const std::size_t i = deadline.index_;
  deadline.at_ = kNever;
  if (i == Deadline::kOut) return;
  deadline.index_ = Deadline::kOut;
  deadline.heap_ = nullptr;
  Deadline* last = heap_.back();
  heap_.pop_back();
  if (last == &deadline) return;
  place(i, last);
  sift_up(i);
  sift_down(last->index_);
}

Deadline* DeadlineHeap::pop_due(Instant now) {
  if (heap_.empty() || heap_.front()->at_ > now) return nullptr;
  Deadline* due = heap_.front();
  remove(*due);
  return due;
}

void DeadlineHeap::place(std::size_t i, Deadline* deadline) {
  heap_[i] = deadline;
  deadline->index_ = i;
}

void DeadlineHeap::sift_up(std::size_t i) {
  Deadline* moving = heap_[i];
  for (; i > 0 && moving->at_ < heap_[(i - 1) / 2]->at_; i = (i - 1) / 2) place(i, heap_[(i - 1) / 2]);
  place(i, moving);
}

void DeadlineHeap::sift_down(std::size_t i) {
  Deadline* moving = heap_[i];
  for (;;) {
    std::size_t child = 2 * i + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1]->at_ < heap_[child]->at_) ++child;
    if (heap_[child]->at_ >= moving->at_) break;
    place(i, heap_[child]);
    i = child;
  }
  place(i, moving);
}

}  // namespace sluice
