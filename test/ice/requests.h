// Binding requests as a peer would send them, right in every part unless told otherwise.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ice/agent.h"
#include "ice/stun_writer.h"

namespace sluice::ice {

inline const Credentials kServer{"serv", "server-password-of-22+"};
inline const Credentials kPeer{"peer", "peer-password-of-22+++"};

struct RequestSpec {
  std::string local_ufrag = kServer.ufrag;
  std::string remote_ufrag = kPeer.ufrag;
  std::string password = kServer.password;
  bool username = true;
  bool integrity = true;
  StunClass stun_class = StunClass::kRequest;
  StunMethod method = StunMethod::kBinding;
  std::uint32_t priority = 1000;
  bool use_candidate = false;
  bool controlled = false;
  std::optional<std::uint32_t> nomination{};
  std::vector<std::uint16_t> unknown{};  ///< Empty attributes of these types.
};

inline std::vector<std::uint8_t> make_request(const RequestSpec& spec = {}) {
  std::vector<std::uint8_t> buffer(1024);
  StunWriter writer(buffer, spec.stun_class, spec.method, TransactionId{1, 2, 3});
  if (spec.username) writer.username(spec.local_ufrag, spec.remote_ufrag);
  writer.priority(spec.priority);
  spec.controlled ? writer.ice_controlled(5) : writer.ice_controlling(5);
  if (spec.use_candidate) writer.use_candidate();
  if (spec.nomination) writer.nomination(*spec.nomination);
  for (const std::uint16_t type : spec.unknown) writer.empty_attribute(type);
  const Bytes out = spec.integrity ? writer.finish(as_bytes(spec.password)) : writer.finish();
  return {out.begin(), out.end()};
}

}  // namespace sluice::ice
