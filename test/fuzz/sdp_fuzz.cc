// Any bytes: refused with a printable sentence, or read so that writing and reading again gives the same.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "sdp/sdp.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto first = sluice::sdp::parse(text);
  if (!first) {
    const std::string& message = first.error().message;
    SLUICE_CHECK(message.size() < 1000);
    SLUICE_CHECK(message.find(" line ") != std::string::npos || message.starts_with("line ") ||
                 size > sluice::sdp::kMaxBytes);
    SLUICE_CHECK(message.find("expected") != std::string::npos || size > sluice::sdp::kMaxBytes);
    SLUICE_CHECK(std::all_of(message.begin(), message.end(), [](char c) { return c >= ' ' && c <= '~'; }));
    return 0;
  }
  const std::string written = sluice::sdp::write(*first);
  if (written.size() > sluice::sdp::kMaxBytes) return 0;
  const auto second = sluice::sdp::parse(written);
  SLUICE_CHECK(second.ok());
  SLUICE_CHECK(*second == *first);
  SLUICE_CHECK(sluice::sdp::write(*second) == written);
  return 0;
}
