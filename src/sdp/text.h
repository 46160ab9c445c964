// Small pieces of text that the grammar is made of. Used inside src/sdp only.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>
#include <vector>

namespace sluice::sdp {

/// A whole decimal number in range, nothing around it.
template <typename Int>
std::optional<Int> parse_number(std::string_view text) {
  Int value{};
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc() || rest != end || text.front() == '-') return std::nullopt;
  return value;
}

/// Takes the text before `separator` and the separator off the front of `rest`; all of it when there is none.
inline std::string_view take_until(std::string_view& rest, char separator) {
  const std::size_t at = rest.find(separator);
  const std::string_view token = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
  return token;
}

/// Takes the next word; runs of spaces count as one. Empty at the end.
inline std::string_view take_word(std::string_view& rest) {
  const std::size_t start = rest.find_first_not_of(' ');
  if (start == std::string_view::npos) {
    rest = {};
    return {};
  }
  rest.remove_prefix(start);
  return take_until(rest, ' ');
}

inline std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> out;
  for (std::string_view word = take_word(text); !word.empty(); word = take_word(text)) out.push_back(word);
  return out;
}

inline std::string_view trim(std::string_view text) {
  const std::size_t start = text.find_first_not_of(' ');
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(' ') - start + 1);
}

inline bool is_ice_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

/// `least` to `most` ice-chars (RFC 8839 §5.4).
inline bool is_ice_text(std::string_view text, std::size_t least, std::size_t most) {
  if (text.size() < least || text.size() > most) return false;
  for (char c : text)
    if (!is_ice_char(c)) return false;
  return true;
}

}  // namespace sluice::sdp
