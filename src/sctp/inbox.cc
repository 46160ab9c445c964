#include "sctp/inbox.h"

#include <utility>

namespace sluice::sctp {

Inbox::Outcome Inbox::add(std::uint16_t stream_id, bool unordered, std::uint32_t ppid, Bytes piece,
                          bool end) {
  // The last piece of a message with a partial PPID ends that, and not what the sender means by one.
  const bool more = !end || ppid == ppid::kBinaryPartial || ppid == ppid::kStringPartial;
  const std::uint32_t at = key(stream_id, unordered);
  auto found = unfinished_.find(at);
  if (found == unfinished_.end()) {
    if (!more) {
      if (piece.size() > max_message_) return Outcome::kTooLarge;
      message_.assign(piece.begin(), piece.end());
      return Outcome::kMessage;
    }
    found = unfinished_.emplace(at, Unfinished{}).first;
  }
  Unfinished& unfinished = found->second;
  if (unfinished.discard) {
    if (!more) erase(at);
    return Outcome::kMore;
  }
  if (unfinished.data.size() + piece.size() > max_message_) {
    total_ -= unfinished.data.size();
    unfinished = {{}, true};
    if (!more) erase(at);
    return Outcome::kTooLarge;
  }
  if (total_ + piece.size() > max_total_) return Outcome::kFull;
  total_ += piece.size();
  unfinished.data.insert(unfinished.data.end(), piece.begin(), piece.end());
  if (more) return Outcome::kMore;
  message_ = std::move(unfinished.data);
  total_ -= message_.size();
  unfinished_.erase(found);
  return Outcome::kMessage;
}

void Inbox::forget(std::uint16_t stream_id) {
  erase(key(stream_id, false));
  erase(key(stream_id, true));
}

void Inbox::erase(std::uint32_t key) {
  const auto found = unfinished_.find(key);
  if (found == unfinished_.end()) return;
  total_ -= found->second.data.size();
  unfinished_.erase(found);
}

}  // namespace sluice::sctp
