#include "negotiate/jsep_transport.h"

#include "sdp/sdp.h"

namespace sluice::negotiate::jsep {
namespace {

/// The m-line that describes the client's transport.
std::size_t transport_section(const RemoteDescription& remote) {
  const auto& sections = remote.sections;
  const auto it = std::find_if(sections.begin(), sections.end(), [&](const RemoteSection& s) {
    return s.usable() && (!remote.bundle || s.mid == remote.bundle->front());
  });
  return it == sections.end() ? sdp::kSession : static_cast<std::size_t>(it - sections.begin());
}

/// RFC 8842 §5.3: actpass is answered passive, so that the client's first flight needs no round trip of ours.
DtlsRole role_of(const State& current, sdp::Setup setup) {
  if (current.remote_role) return *current.remote_role;
  return setup == sdp::Setup::kPassive ? DtlsRole::kServer : DtlsRole::kClient;
}

}  // namespace

bool same_credentials(const IceParameters& a, const IceParameters& b) {
  return a.username_fragment == b.username_fragment && a.password == b.password;
}

Result<void> check_transport(const State& current, const RemoteDescription& remote) {
  if (!remote.transport || !current.remote) return {};
  const std::size_t section = transport_section(remote);
  const char* const kNew = "; a new DTLS association needs a new peer connection";
  if (remote.transport->fingerprints != current.remote->fingerprints)
    return refuse(remote.text, section, "a=fingerprint",
                  std::string("a=fingerprint differs from the session's") + kNew, ErrorCode::kUnsupported);
  const bool both_named = remote.transport->tls_id && current.remote->tls_id;
  if (both_named && remote.transport->tls_id != current.remote->tls_id)
    return refuse(remote.text, section, "a=tls-id", std::string("a=tls-id differs from the session's") + kNew,
                  ErrorCode::kUnsupported);
  const sdp::Setup setup = remote.transport->setup;
  const sdp::Setup other =
      current.remote_role == DtlsRole::kClient ? sdp::Setup::kPassive : sdp::Setup::kActive;
  if (setup == other)
    return refuse(
        remote.text, section, "a=setup",
        "a=setup is " + std::string(to_string(setup)) + "; expected the role that the client has had so far");
  return {};
}

Result<void> check_restart(const State& current, const State& offered, const RemoteDescription& answer) {
  if (!answer.transport || !current.remote) return {};
  const bool asked = !same_credentials(current.local_ice, offered.local_ice);
  const bool restarted = !same_credentials(current.remote->ice, answer.transport->ice);
  if (asked == restarted) return {};
  return refuse(answer.text, transport_section(answer), "a=ice-ufrag",
                asked
                    ? "the offer restarts ICE and the answer keeps its credentials; expected new ones"
                    : "the answer has new ICE credentials; expected the present ones, as the offer restarts "
                      "nothing");
}

void take_transport(const State& current, const RemoteDescription& remote, State& next) {
  if (!remote.transport) return;
  next.remote = remote.transport;
  next.remote_role = role_of(current, remote.transport->setup);
}

}  // namespace sluice::negotiate::jsep
