#include "dtls/flight.h"

#include <iterator>
#include <utility>

namespace sluice::dtls {
namespace {

constexpr std::size_t kRecordHeader = 13;

/// The first record of `records`, or all of it when that is not a whole record.
Bytes first_record(Bytes records) {
  if (records.size() < kRecordHeader) return records;
  const std::size_t size = kRecordHeader + load16(records.data() + 11);
  return size < records.size() ? records.first(size) : records;
}

}  // namespace

void Flight::begin() {
  forget();
  awaits_answer_ = true;
  ++number_;
}

void Flight::begin_copy() {
  if (has_all_copies()) {
    copies_.back().clear();  // the wall clock has leapt by an hour: the newer copy is as good
  } else {
    copies_.emplace_back();
  }
  copying_ = true;
  can_grow_ = false;
}

void Flight::forget() {
  copies_ = {};
  next_copy_ = 0;
  copying_ = false;
  can_grow_ = false;
  awaits_answer_ = false;
}

void Flight::write(Bytes records, bool pack) {
  Datagrams& to = copying_ ? copies_.back() : out_;
  bool grow = pack && can_grow_ && !to.empty();
  // OpenSSL fills its datagrams without counting what encryption adds, and retransmits one message a
  // datagram.
  while (!records.empty()) {
    const Bytes record = first_record(records);
    records = records.subspan(record.size());
    if (!grow || to.back().size() + record.size() > mtu_) {
      to.emplace_back();
      to.back().reserve(mtu_);
    }
    to.back().insert(to.back().end(), record.begin(), record.end());
    grow = true;
  }
  can_grow_ = pack;
}

void Flight::retransmit() {
  if (copies_.empty()) return;
  const std::size_t index = next_copy_ < copies_.size() ? next_copy_++ : copies_.size() - 1;
  const Datagrams& copy = copies_[index];
  out_.insert(out_.end(), copy.begin(), copy.end());
  can_grow_ = false;
}

void Flight::drain(Datagrams& out) {
  out.insert(out.end(), std::make_move_iterator(out_.begin()), std::make_move_iterator(out_.end()));
  out_.clear();
  can_grow_ = false;
}

}  // namespace sluice::dtls
