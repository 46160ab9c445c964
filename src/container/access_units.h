// H.264 byte streams (Annex B), access unit by access unit: what a track sends as one frame. Works on bytes.
#pragma once

#include "base/bytes.h"

namespace sluice::container {

class AccessUnitReader {
 public:
  /// `stream` outlives the reader. What stands before its first start code is skipped.
  explicit AccessUnitReader(Bytes stream);
  /// The next access unit with its start codes; false at the end.
  bool next(Bytes& access_unit);

 private:
  Bytes rest_;
};

}  // namespace sluice::container
