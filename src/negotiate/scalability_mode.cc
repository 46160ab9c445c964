#include "negotiate/scalability_mode.h"

namespace sluice::negotiate {
namespace {

/// Takes 1 to 99 off the front; 0 when there is none.
std::uint8_t take_number(std::string_view& text) {
  std::uint8_t number = 0;
  for (int digits = 0; digits < 2 && !text.empty() && text[0] >= '0' && text[0] <= '9'; ++digits) {
    if (digits == 0 && text[0] == '0') return 0;
    number = static_cast<std::uint8_t>(number * 10 + (text[0] - '0'));
    text.remove_prefix(1);
  }
  return number;
}

}  // namespace

ScalabilityMode parse_scalability_mode(std::string_view text) {
  if (text.empty() || (text[0] != 'L' && text[0] != 'S')) return {};
  text.remove_prefix(1);
  const std::uint8_t spatial = take_number(text);
  if (spatial == 0 || text.empty() || text[0] != 'T') return {};
  text.remove_prefix(1);
  const std::uint8_t temporal = take_number(text);
  if (temporal == 0) return {};
  return {spatial, temporal, text.starts_with("_KEY")};
}

}  // namespace sluice::negotiate
