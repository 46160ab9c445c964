#include "load/option_values.h"

#include <charconv>
#include <cmath>
#include <filesystem>
#include <optional>
#include <sstream>
#include <string_view>

#include "load/process_usage.h"

namespace sluice::load {
namespace {

/// A number and nothing else.
std::optional<double> parse_number(std::string_view text) {
  double out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || !std::isfinite(out))
    return std::nullopt;
  return out;
}

std::string short_form(double number) {
  std::ostringstream out;
  out << number;
  return out.str();
}

}  // namespace

std::string parse_in(const std::string& text, double min, double max, const char* unit, double& out) {
  const auto number = parse_number(text);
  if (number && *number >= min && *number <= max) {
    out = *number;
    return "";
  }
  return "'" + text + "': expected a number from " + short_form(min) + " to " + short_form(max) + unit;
}

std::string parse_count(const std::string& text, int min, int max, int& out) {
  const auto number = parse_number(text);
  if (number && *number == std::floor(*number) && *number >= min && *number <= max) {
    out = static_cast<int>(*number);
    return "";
  }
  return "'" + text + "': expected a whole number from " + std::to_string(min) + " to " + std::to_string(max);
}

std::string parse_bitrate(std::string text, std::uint32_t& out) {
  const std::string all = text;
  double factor = 1;
  if (!text.empty() && (text.back() == 'k' || text.back() == 'M')) {
    factor = text.back() == 'k' ? 1e3 : 1e6;
    text.pop_back();
  }
  const auto number = parse_number(text);
  if (!number || *number * factor < 10'000 || *number * factor > 100e6)
    return "'" + all + "': expected 10k to 100M (bps; k and M stand for thousands and millions)";
  out = static_cast<std::uint32_t>(*number * factor);
  return "";
}

std::string parse_video(const std::string& text, VideoFormat& out) {
  constexpr std::string_view kSimulcast = ":simulcast";
  const std::string fault =
      "'" + text +
      "': expected WIDTHxHEIGHT, from 16x16 to 4096x4096, such as 1280x720, or 1280x720:simulcast";
  std::string size = text;
  if (const std::size_t colon = text.find(':'); colon != std::string::npos) {
    if (text.substr(colon) != kSimulcast) return fault;
    out.simulcast = true;
    size = text.substr(0, colon);
  }
  const std::size_t by = size.find('x');
  if (by == std::string::npos) return fault;
  int width = 0;
  int height = 0;
  if (!parse_count(size.substr(0, by), 16, 4096, width).empty() ||
      !parse_count(size.substr(by + 1), 16, 4096, height).empty())
    return fault;
  out.width = static_cast<std::uint16_t>(width);
  out.height = static_cast<std::uint16_t>(height);
  return "";
}

std::string parse_server(const std::string& text, ServerAddress& out) {
  constexpr std::string_view kScheme = "http://";
  if (text.rfind("https://", 0) == 0)
    return "'" + text + "': this tool speaks no TLS; give the server's own address, behind the proxy";
  if (text.rfind(kScheme, 0) != 0) return "'" + text + "': expected http://HOST[:PORT]";
  std::string rest = text.substr(kScheme.size());
  if (!rest.empty() && rest.back() == '/') rest.pop_back();
  out = {rest, "80"};
  if (const std::size_t colon = rest.rfind(':');
      colon != std::string::npos && rest.find(']', colon) == std::string::npos) {
    int port = 0;
    if (!parse_count(rest.substr(colon + 1), 1, 65535, port).empty())
      return "'" + text + "': the port must be a number from 1 to 65535";
    out = {rest.substr(0, colon), std::to_string(port)};
  }
  if (out.host.empty() || out.host.find('/') != std::string::npos)
    return "'" + text + "': expected http://HOST[:PORT]";
  if (out.host.front() == '[' && out.host.back() == ']') out.host = out.host.substr(1, out.host.size() - 2);
  return "";
}

std::string parse_pin(const std::string& text, Pinning& out) {
  const std::size_t comma = text.find(',');
  const int last = core_count() - 1;
  if (comma == std::string::npos || !parse_count(text.substr(0, comma), 0, last, out.worker).empty() ||
      !parse_count(text.substr(comma + 1), 0, last, out.tool).empty())
    return "'" + text + "': expected WORKER,TOOL, two cores from 0 to " + std::to_string(last);
  return "";
}

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> out;
  for (std::string word; in >> word;) out.push_back(word);
  return out;
}

std::string unwritable(const std::string& path) {
  const auto folder = std::filesystem::path(path).parent_path();
  if (path.empty() || std::filesystem::is_directory(path))
    return "'" + path + "': expected the name of a file";
  if (!folder.empty() && !std::filesystem::is_directory(folder))
    return "there is no folder '" + folder.string() + "'";
  return "";
}

}  // namespace sluice::load
