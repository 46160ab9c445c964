// What the client's answer makes of an offer of ours (RFC 8829 §5.10, §5.11).
#include "negotiate/jsep_data.h"
#include "negotiate/jsep_propose.h"
#include "negotiate/jsep_slot.h"
#include "negotiate/jsep_transport.h"
#include "negotiate/jsep_write.h"
#include "sdp/sdp.h"

namespace sluice::negotiate::jsep {
namespace {

/// RFC 8829 §5.8.3: the answer's m-line is the offer's.
Result<void> check_answered(const Slot& slot, const RemoteDescription& answer, std::size_t i) {
  const RemoteSection& section = answer.sections[i];
  const std::string name = "the m= section " + ordinal(i) + " of the answer ";
  if (section.media != slot.media || (section.protocol != slot.protocol && !section.rejected))
    return refuse(answer.text, i, "m=" + section.media,
                  name + "is m=" + section.media + " over " + section.protocol +
                      "; expected m=" + slot.media + " over " + slot.protocol);
  if (section.rejected) return {};
  if (slot.rejected)
    return refuse(answer.text, i, "m=" + section.media, name + "has a port; expected 0, as in the offer");
  if (section.mid != slot.mid && !section.mid.empty())
    return refuse(answer.text, i, "a=mid",
                  name + "has the mid \"" + section.mid + "\"; expected \"" + slot.mid + '"');
  return {};
}

void answer_slot(const RemoteSection& section, const Tracks& tracks, Slot& slot, Proposal& out) {
  if (section.rejected) return reject(slot, tracks, "the client rejected the m-line", out);
  if (slot.data) {
    if (!section.usable() || !section.data) return reject(slot, tracks, section.unusable, out);
    take_data(section, slot);
    slot.named = true;
    return;
  }
  take_properties(section, slot);
  slot.named = true;  // as the offer was
  if (slot.receiving && section.usable()) {
    take_sender(section, sdp::sends(section.direction), slot);
  } else {
    slot.receiving = false;
    slot.incoming.reset();
  }
  // A track removed since the offer still stands on its m-line until the next one says otherwise.
  const bool removed = slot.sending && slot.track_id.empty() && sdp::receives(section.direction);
  if (!slot.sending) return;
  const bool was_declined = std::exchange(slot.declined, !sdp::receives(section.direction));
  if (was_declined && slot.declined) {
    slot.sending = false;
  } else if (!removed) {
    keep_track(section, tracks, slot, out);
  }
}

}  // namespace

Result<Proposal> apply_answer(const State& current, const State& in_effect, const Proposal& offered,
                              const RemoteDescription& answer, const Tracks& tracks) {
  Proposal out = offered;
  State& next = out.state;
  if (answer.sections.size() != next.slots.size())
    return refuse(answer.text, answer.sections.empty() ? sdp::kSession : answer.sections.size() - 1, "m=",
                  "the answer has " + std::to_string(answer.sections.size()) +
                      " m= sections; expected the offer's " + std::to_string(next.slots.size()));
  for (std::size_t i = 0; i < next.slots.size(); ++i) {
    if (auto checked = check_answered(next.slots[i], answer, i); !checked) return checked.error();
    answer_slot(answer.sections[i], tracks, next.slots[i], out);
  }
  if (auto checked = check_transport(in_effect, answer); !checked) return checked.error();
  if (auto checked = check_restart(current, offered.state, answer); !checked) return checked.error();
  // RFC 9143 §7.3: an answer leaves the order as it was offered.
  next.bundle = bundle_order(next);
  next.bundled = answer.bundle.has_value();
  take_transport(in_effect, answer, next);
  next.numbers.learn(answer);
  next.ice_options = answer.ice_options;
  next.max_bitrate = answer.max_bitrate;
  return out;
}

}  // namespace sluice::negotiate::jsep
