// Lines of a description by their place, and as messages quote them.
#include "sdp/sdp.h"
#include "sdp/text.h"

namespace sluice::sdp {

FoundLine find_line(std::string_view text, std::size_t section, std::string_view prefix) {
  FoundLine head;
  std::size_t number = 0;
  std::size_t media = kSession;  // wraps to 0 at the first m=
  while (!text.empty()) {
    std::string_view line = take_until(text, '\n');
    if (line.ends_with('\r')) line.remove_suffix(1);
    ++number;
    if (line.starts_with("m=")) ++media;
    if (media != section) continue;
    if (head.number == 0) head = {number, line};
    if (line.starts_with(prefix)) return {number, line};
  }
  return head;
}

std::string quote_line(std::string_view line) {
  constexpr std::size_t kMost = 100;
  std::string out(line.substr(0, kMost));
  for (char& c : out)
    if (c < ' ' || c > '~') c = '?';
  return line.size() > kMost ? out + "..." : out;
}

std::string describe_line(std::size_t number, std::string_view line) {
  return "line " + std::to_string(number) + " of the SDP is \"" + quote_line(line) + '"';
}

std::optional<std::uint64_t> bandwidth(const std::vector<Line>& lines, std::string_view type) {
  for (const Line& line : lines) {
    std::string_view number = line.value;
    if (line.type == 'b' && take_until(number, ':') == type) return parse_number<std::uint64_t>(number);
  }
  return std::nullopt;
}

}  // namespace sluice::sdp
