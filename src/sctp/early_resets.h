// Keeps a peer's request to reset streams from the stack until all that the peer had sent before is there.
//
// RFC 6525 §5.2.2 has a receiver put such a request off ("deferred reset processing"). usrsctp 0.9.5 does,
// but looks whether it is time only at the end of a new DATA chunk, before it goes on over those that came
// out of order. When the chunk that was missing is the last to come, the reset is never done: every
// repetition is answered "in progress", no other stream of that association can be reset, and no channel
// closes any more. So the stack gets the request when it can do it at once, as if the network had brought
// it then.
//
// Invariants: one request is kept at most, as a peer may have only one under way (RFC 6525 §5.1.1); the last
// one counts. Packets with a wrong checksum go to the stack as they are. For Association.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"

namespace sluice::sctp {

class EarlyResets {
 public:
  /// What the stack may have of a packet that has come: all of it, all but the request, or nothing. Valid
  /// until the next call.
  Bytes filter(Bytes packet);
  /// Of each packet that leaves: SACK tells what is there.
  void note_sent(Bytes packet);
  /// The request, once, when its time has come; else nothing. Valid until the next call.
  Bytes take_due();

  /// A request waits, and data has come of which no SACK has told yet.
  [[nodiscard]] bool wants_sack() const { return !request_.empty() && data_since_sack_; }
  /// A packet that tells the stack nothing new and has it answer by a SACK now (RFC 3758 §3.6: a FORWARD TSN
  /// that is behind). Both sides must have partial reliability. Valid until the next call.
  Bytes ask_for_sack(bool interleaving);

 private:
  [[nodiscard]] bool is_early(Bytes reconfig) const;
  void keep(Bytes packet, Bytes reconfig);

  std::optional<std::uint32_t> there_;  ///< Every TSN up to this one has come.
  bool data_since_sack_ = false;
  std::uint32_t after_ = 0;            ///< The TSN that `request_` follows.
  std::vector<std::uint8_t> request_;  ///< A packet of its own; empty when none waits.
  std::vector<std::uint8_t> out_;
};

}  // namespace sluice::sctp
