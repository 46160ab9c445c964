// Priorities of candidates and of candidate pairs. Called by whoever makes candidates (negotiation, the
// client side).
#pragma once

#include <algorithm>
#include <cstdint>

#include "sluice/ice_parameters.h"

namespace sluice::ice {

/// RFC 8445 §5.1.2.2.
constexpr std::uint32_t type_preference(IceCandidateType type) {
  switch (type) {
    case IceCandidateType::kHost:
      return 126;
    case IceCandidateType::kPrflx:
      return 110;
    case IceCandidateType::kSrflx:
      return 100;
    case IceCandidateType::kRelay:
      break;
  }
  return 0;
}

/// RFC 8445 §5.1.2.1. `local_preference` is unique per local address, 65535 when there is only one;
/// `component` is 1 with rtcp-mux.
constexpr std::uint32_t candidate_priority(IceCandidateType type, std::uint16_t local_preference,
                                           std::uint8_t component = 1) {
  return (type_preference(type) << 24) | (std::uint32_t{local_preference} << 8) | (256U - component);
}

/// The local preference of a TCP candidate of host type (RFC 6544 §4.2); `other` is 0 to 8191.
constexpr std::uint16_t tcp_local_preference(IceTcpType type, std::uint16_t other) {
  const int direction = type == IceTcpType::kActive ? 6 : type == IceTcpType::kPassive ? 4 : 2;
  return static_cast<std::uint16_t>((direction << 13) | (other & 0x1FFF));
}

/// Our host candidates, by their place among them: with this one UDP is before TCP by the local preference
/// alone.
constexpr std::uint32_t tcp_host_priority(std::uint16_t place) {
  return candidate_priority(
      IceCandidateType::kHost,
      tcp_local_preference(IceTcpType::kPassive,
                           static_cast<std::uint16_t>(8191 - std::min<int>(place, 8191))));
}

/// RFC 6544 §4.2: to prefer TCP, the type preference of UDP is decreased, here below the 80 to 90 that
/// browsers give their own TCP candidates: a pair counts by the lower of its two.
constexpr std::uint32_t udp_host_priority(std::uint16_t place, bool after_tcp = false) {
  constexpr std::uint32_t kAfterTcp = 60;
  const auto local_preference = static_cast<std::uint16_t>(65535 - place);
  const std::uint32_t usual = candidate_priority(IceCandidateType::kHost, local_preference);
  return after_tcp ? (kAfterTcp << 24) | (usual & 0xFFFFFF) : usual;
}

/// RFC 8445 §6.1.2.3: both sides order their pairs alike.
constexpr std::uint64_t pair_priority(std::uint32_t controlling, std::uint32_t controlled) {
  const std::uint64_t low = std::min(controlling, controlled);
  const std::uint64_t high = std::max(controlling, controlled);
  return (low << 32) + 2 * high + (controlling > controlled ? 1 : 0);
}

}  // namespace sluice::ice
