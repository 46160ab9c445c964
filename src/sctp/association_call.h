// How Association enters usrsctp.
//
// For association.cc and association_read.cc.
#pragma once

#include <algorithm>

#include "sctp/association.h"

namespace sluice::sctp {

/// The stack may send whenever it is called: what leaves is looked at on the way out.
class Association::Call {
 public:
  Call(Association& association, Instant now) : association_(association), scope_(association.user_, now) {}
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call() {
    association_.user_.packets().for_each_new([&](Bytes packet) {
      const std::size_t bytes = association_.sent_.add(packet);
      association_.unsent_ -= std::min(association_.unsent_, bytes);
    });
  }

 private:
  Association& association_;
  StackUser::Scope scope_;
};

}  // namespace sluice::sctp
