#include "negotiate/jsep_transport.h"

#include "sdp/sdp.h"

namespace sluice::negotiate::jsep {
namespace {

constexpr std::size_t kTlsIdLength = 24;  // RFC 8842 §4: 20 at least, 120 bits of randomness

bool same_credentials(const IceParameters& a, const IceParameters& b) {
  return a.username_fragment == b.username_fragment && a.password == b.password;
}

/// RFC 8829 §5.11: with its last m-line a transport is gone, and what comes next is another.
bool is_gone(const State& current) {
  return current.bundle.empty();
}

/// The m-line that describes the client's transport.
std::size_t transport_section(const RemoteDescription& remote) {
  const auto& sections = remote.sections;
  const auto it = std::find_if(sections.begin(), sections.end(), [&](const RemoteSection& s) {
    return s.usable() && (!remote.bundle || s.mid == remote.bundle->front());
  });
  return it == sections.end() ? sdp::kSession : static_cast<std::size_t>(it - sections.begin());
}

/// RFC 8842 §5.1: what tells one association from another.
const char* changed_identity(const RemoteTransport& before, const RemoteTransport& now) {
  if (now.fingerprints != before.fingerprints) return "a=fingerprint";
  return now.tls_id && before.tls_id && now.tls_id != before.tls_id ? "a=tls-id" : nullptr;
}

sdp::Setup other_role(DtlsRole role) {
  return role == DtlsRole::kClient ? sdp::Setup::kPassive : sdp::Setup::kActive;
}

}  // namespace

std::string new_tls_id(Random& random) {
  return random.ice_chars(kTlsIdLength);
}

bool restarts_ice(const State& current, const RemoteDescription& remote) {
  return current.remote && remote.transport && !same_credentials(current.remote->ice, remote.transport->ice);
}

Result<void> check_transport(const State& current, const RemoteDescription& remote) {
  if (!remote.transport || !current.remote || restarts_ice(current, remote)) return {};
  const std::size_t section = transport_section(remote);
  if (const char* name = changed_identity(*current.remote, *remote.transport))
    return refuse(remote.text, section, name,
                  std::string(name) +
                      " differs from the session's and the ICE credentials do not; expected new ones with a "
                      "new DTLS association (RFC 8829 §5.11)");
  if (remote.transport->setup == other_role(*current.remote_role))
    return refuse(remote.text, section, "a=setup",
                  "a=setup is " + std::string(to_string(remote.transport->setup)) +
                      "; expected the role that the client has had so far");
  return {};
}

bool begins_association(const State& current, const RemoteTransport& remote) {
  if (!current.remote) return true;
  if (same_credentials(current.remote->ice, remote.ice)) return false;
  return is_gone(current) || changed_identity(*current.remote, remote) != nullptr ||
         remote.setup == other_role(*current.remote_role);
}

Result<void> check_restart(const State& current, const State& offered, const RemoteDescription& answer) {
  if (!answer.transport || !current.remote || is_gone(current)) return {};
  const bool asked = !same_credentials(current.local_ice, offered.local_ice);
  if (asked == restarts_ice(current, answer)) return {};
  return refuse(answer.text, transport_section(answer), "a=ice-ufrag",
                asked
                    ? "the offer restarts ICE and the answer keeps its credentials; expected new ones"
                    : "the answer has new ICE credentials; expected the present ones, as the offer restarts "
                      "nothing");
}

void take_transport(const State& current, const RemoteDescription& remote, State& next) {
  if (!remote.transport) return;
  next.remote = remote.transport;
  if (!begins_association(current, *remote.transport)) {
    next.remote_role = current.remote_role;
    return;
  }
  // RFC 8842 §5.3: actpass is answered passive, so that the client's first flight needs no round trip of
  // ours.
  next.remote_role = remote.transport->setup == sdp::Setup::kPassive ? DtlsRole::kServer : DtlsRole::kClient;
}

}  // namespace sluice::negotiate::jsep
