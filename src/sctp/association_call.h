// How Association enters usrsctp.
//
// For association.cc and association_read.cc.
#pragma once

#include "sctp/association.h"

namespace sluice::sctp {

/// The stack may send whenever it is called: what leaves is looked at on the way out.
class Association::Call {
 public:
  Call(Association& association, Instant now) : association_(association), scope_(association.user_, now) {}
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call() { association_.look_at_sent(); }

 private:
  Association& association_;
  StackUser::Scope scope_;
};

}  // namespace sluice::sctp
