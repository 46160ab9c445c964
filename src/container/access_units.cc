#include "container/access_units.h"

#include "codec/annex_b.h"

namespace sluice::container {
namespace {

bool is_slice(Bytes nal) {
  const std::uint8_t type = nal[0] & 0x1F;
  return type >= 1 && type <= 5;
}

/// H.264 §7.4.1.2.3: a delimiter, parameter sets, SEI and 14 to 18 come before the picture's slices, so
/// behind one of those they begin the next access unit; so does a slice that starts with its first macroblock
/// (a single 1 bit: first_mb_in_slice is 0).
bool begins_access_unit(Bytes nal) {
  const std::uint8_t type = nal[0] & 0x1F;
  if (is_slice(nal)) return type != 3 && type != 4 && nal.size() > 1 && (nal[1] & 0x80) != 0;
  return (type >= 6 && type <= 9) || (type >= 14 && type <= 18);
}

}  // namespace

AccessUnitReader::AccessUnitReader(Bytes stream) : rest_(stream) {
  Bytes first;
  codec::AnnexBReader reader(stream);
  rest_ = reader.next(first) ? stream.subspan(static_cast<std::size_t>(first.data() - stream.data()) - 3)
                             : Bytes();
}

bool AccessUnitReader::next(Bytes& access_unit) {
  if (rest_.empty()) return false;
  codec::AnnexBReader reader(rest_);
  bool has_slice = false;
  std::size_t end = rest_.size();
  for (Bytes nal; reader.next(nal);) {
    if (has_slice && begins_access_unit(nal)) {
      // From its start code on, of three bytes: a zero before it is the end of what came before.
      end = static_cast<std::size_t>(nal.data() - rest_.data()) - 3;
      break;
    }
    has_slice = has_slice || is_slice(nal);
  }
  access_unit = rest_.first(end);
  rest_ = rest_.subspan(end);
  return true;
}

}  // namespace sluice::container
