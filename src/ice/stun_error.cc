#include "ice/stun_error.h"

namespace sluice::ice {
namespace {

constexpr std::size_t kShown = 120;

/// RFC 8489 §14.8, RFC 8656 §19.
std::string_view default_reason(std::uint16_t code) {
  switch (code) {
    case 300:
      return "Try Alternate";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthenticated";
    case 403:
      return "Forbidden";
    case 420:
      return "Unknown Attribute";
    case 437:
      return "Allocation Mismatch";
    case 438:
      return "Stale Nonce";
    case 440:
      return "Address Family not Supported";
    case 441:
      return "Wrong Credentials";
    case 442:
      return "Unsupported Transport Protocol";
    case 486:
      return "Allocation Quota Reached";
    case 487:
      return "Role Conflict";
    case 500:
      return "Server Error";
    case 508:
      return "Insufficient Capacity";
    default:
      return "Error";
  }
}

}  // namespace

std::string stun_error_text(std::uint16_t code, std::string_view reason) {
  std::string text = std::to_string(code) + " ";
  if (reason.empty()) reason = default_reason(code);
  for (const char c : reason.substr(0, kShown)) text += c >= ' ' && c <= '~' ? c : '?';
  return text;
}

}  // namespace sluice::ice
