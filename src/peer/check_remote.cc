// What the other side's descriptions may not say (RFC 8829 §5.8.3, §5.10, §5.11), held against what is in
// effect.
#include "negotiate/jsep_codecs.h"
#include "peer/negotiator.h"
#include "sdp/sdp.h"

namespace sluice::peer {
namespace jsep = negotiate::jsep;
namespace {

std::string number_of(std::size_t index) {
  return "the m= section number " + std::to_string(index + 1);
}

/// RFC 8842 §5.1: what tells one association from another.
const char* changed_identity(const Agreement& now, const RemoteDescription& remote) {
  if (remote.fingerprints != now.remote_fingerprints) return "a=fingerprint";
  return remote.tls_id && now.remote_tls_id && remote.tls_id != now.remote_tls_id ? "a=tls-id" : nullptr;
}

bool takes_other_role(const Agreement& now, const RemoteDescription& remote) {
  return remote.setup == (now.role == DtlsRole::kClient ? sdp::Setup::kActive : sdp::Setup::kPassive);
}

}  // namespace

/// The DTLS association outlives descriptions (RFC 8842 §5): neither certificate nor roles change, except
/// with new ICE credentials. Then it is another association.
Result<void> Negotiator::check_association(const RemoteDescription& remote, std::string_view text) const {
  const Agreement& now = agreement();
  if (!remote.ice || !now.remote_ice || !(remote.ice->parameters == now.remote_ice->parameters)) return {};
  if (const char* name = changed_identity(now, remote))
    return jsep::refuse(text, sdp::kSession, name,
                        std::string(name) +
                            " differs from the session's and the ICE credentials do not; expected new ones "
                            "with a new DTLS association (RFC 8829 §5.11)");
  if (takes_other_role(now, remote))
    return jsep::refuse(text, sdp::kSession, "a=setup",
                        "a=setup is " + std::string(to_string(remote.setup)) +
                            "; expected the role that the other side has had so far");
  return {};
}

bool Negotiator::begins_association(const RemoteDescription& remote, const IceParameters& local) const {
  const Agreement& now = agreement();
  if (!now.remote_ice) return true;
  if (remote.ice->parameters == now.remote_ice->parameters) return false;
  // RFC 8829 §3.2: who answers the same offer with other credentials is another device.
  const bool answers_again = provisional() && local == now.local_ice;
  return answers_again || changed_identity(now, remote) != nullptr || takes_other_role(now, remote);
}

Result<void> Negotiator::check_offer(const RemoteDescription& offer, std::string_view text) const {
  if (offer.sections.size() < current_.lines.size())
    return invalid_argument("m=", "the offer has " + std::to_string(offer.sections.size()) +
                                      " m= sections; expected the session's " +
                                      std::to_string(current_.lines.size()) + " or more (RFC 3264 §8)");
  for (std::size_t i = 0; i < current_.lines.size(); ++i) {
    const Line& line = current_.lines[i];
    const RemoteSection& section = offer.sections[i];
    if (line.rejected || section.rejected) continue;
    if (section.mid != line.mid && (line.named || !section.mid.empty()))
      return jsep::refuse(
          text, i, "a=mid",
          number_of(i) + " has the mid \"" + section.mid + "\"; expected \"" + line.mid + "\", as before");
    if (section.media != line.media)
      return jsep::refuse(
          text, i, "m=" + section.media,
          number_of(i) + " is m=" + section.media + "; expected m=" + line.media + ", as before");
  }
  return check_association(offer, text);
}

Result<void> Negotiator::check_answer(const RemoteDescription& answer, std::string_view text) const {
  if (answer.sections.size() != pending_->lines.size())
    return invalid_argument("m=", "the answer has " + std::to_string(answer.sections.size()) +
                                      " m= sections; expected the offer's " +
                                      std::to_string(pending_->lines.size()));
  for (std::size_t i = 0; i < answer.sections.size(); ++i) {
    const RemoteSection& section = answer.sections[i];
    const Line& line = pending_->lines[i];
    if (section.media != line.media)
      return jsep::refuse(
          text, i, "m=" + section.media,
          number_of(i) + " of the answer is m=" + section.media + "; expected m=" + line.media);
    if (section.rejected) continue;
    if (line.rejected)
      return jsep::refuse(text, i, "m=" + section.media,
                          number_of(i) + " of the answer has a port; expected 0, as in the offer");
    if (section.mid != line.mid && !section.mid.empty())
      return jsep::refuse(
          text, i, "a=mid",
          number_of(i) + " of the answer has the mid \"" + section.mid + "\"; expected \"" + line.mid + '"');
    if (!section.unusable.empty())
      return jsep::refuse(text, i, "m=" + section.media,
                          number_of(i) + " is accepted, and cannot be had: " + section.unusable,
                          ErrorCode::kUnsupported);
  }
  // RFC 8829 §5.10: an answer has new credentials exactly when the offer restarts ICE.
  if (answer.ice && current_.remote_ice) {
    const bool asked = !(current_.local_ice == pending_->local_ice);
    const bool restarted = !(current_.remote_ice->parameters == answer.ice->parameters);
    if (asked != restarted)
      return jsep::refuse(
          text, sdp::kSession, "a=ice-ufrag",
          asked ? "the offer restarts ICE and the answer keeps its credentials; expected new ones"
                : "the answer has new ICE credentials; expected the present ones, as the "
                  "offer restarts nothing");
  }
  return check_association(answer, text);
}

}  // namespace sluice::peer
