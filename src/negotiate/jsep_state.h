// Where a session stands, as a value: one state is current, one is proposed by each description under way,
// and taking or dropping a proposal is an assignment. Used by the files of JsepSession only.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "negotiate/jsep_numbers.h"
#include "negotiate/jsep_remote.h"
#include "negotiate/jsep_session.h"

namespace sluice::negotiate::jsep {

/// One m-line. `sending` and `receiving` are the server's view, as our last description has it, then as both
/// agreed.
struct Slot {
  std::string mid;
  std::string media;
  std::string protocol = "UDP/TLS/RTP/SAVPF";
  std::optional<MediaKind> kind;
  std::optional<RemoteData> data;    ///< Data channels, instead of a kind.
  std::vector<std::string> formats;  ///< As the client wrote them; for a rejected m-line.
  bool rejected = false;
  bool reserved =
      false;  ///< The client has sent here or may: never for tracks of ours, except its own choice.
  bool sending = false;
  bool receiving = false;
  /// The client does not want to receive here (its transceiver's direction stands until its owner changes
  /// it): nothing new is placed here. `track_id`, if any, is offered along, for the client to take when it
  /// wants.
  bool declined = false;
  // What the client's last description of it has, for what ours may have (RFC 8829 §5.2.2, §5.3.1). On an
  // m-line that it has not seen yet, all of it.
  bool named = true;  ///< a=mid.
  bool rtcp_reduced_size = true;
  bool extmap_allow_mixed = true;
  std::optional<std::set<std::string, std::less<>>> extensions;  ///< Its URIs; none: not seen yet.
  std::optional<std::uint64_t> max_bitrate;  ///< That the client wants to get (b=), in bps.

  std::string track_id;  ///< Of ours, when sending; empty once it was removed.
  RtpParameters send;    ///< In the session's numbers; kept when the track is gone.
  std::vector<std::string> stream_ids;
  std::string track_msid;

  std::vector<RtpCodecParameters> receive_codecs;  ///< What the client sends, or could.
  std::vector<RtpHeaderExtensionParameters> receive_extensions;
  sdp::Simulcast::Streams receive_streams;
  std::vector<sdp::Rid> receive_rids;
  /// Directions that the client gave explicitly, turned round (Firefox does so), by URI.
  std::map<std::string, sdp::Direction> extension_directions;

  std::optional<IncomingTrack> incoming;    ///< Agreed.
  std::optional<NegotiatedTrack> outgoing;  ///< Agreed.

  /// Inactive by agreement and not the client's.
  [[nodiscard]] bool idle_for(MediaKind wanted) const {
    return !rejected && !reserved && !sending && !receiving && kind == wanted;
  }
  /// The next track of the kind may have it.
  [[nodiscard]] bool free_for(MediaKind wanted) const { return idle_for(wanted) && !declined; }
};

struct State {
  std::vector<Slot> slots;
  BundleNumbers numbers;
  bool wants_data = false;  ///< Until it was offered: want_data().
  IceParameters local_ice;
  std::vector<IceCandidate> local_candidates;
  std::optional<RemoteTransport> remote;
  std::optional<DtlsRole> remote_role;  ///< kClient or kServer, once agreed; for the life of the association.
  std::string tls_id;                   ///< Ours, of the association (RFC 8842 §4).
  /// The m-lines on the one transport; the first describes it (RFC 9143 §7.3.1). In an answer of ours, what
  /// it says; in an offer of ours, what was agreed before.
  std::vector<std::string> bundle;
  bool bundled = false;                            ///< By BUNDLE; without it there is one m-line at most.
  std::vector<std::string> ice_options;            ///< The client's.
  std::vector<std::vector<std::string>> lip_sync;  ///< The client's a=group:LS, to be answered.
  std::optional<std::uint64_t> max_bitrate;        ///< Of all that the client gets, in bps.
};

/// What the engine wants delivered, oldest first.
struct Tracks {
  std::vector<OutgoingTrack> list;
  std::set<std::string, std::less<>> refused;  ///< Not to be offered again.

  [[nodiscard]] const OutgoingTrack* find(std::string_view id) const {
    const auto it =
        std::find_if(list.begin(), list.end(), [&](const OutgoingTrack& t) { return t.id == id; });
    return it == list.end() ? nullptr : &*it;
  }
  /// To be sent, if an m-line can be had.
  [[nodiscard]] const OutgoingTrack* wanted(std::string_view id) const {
    return refused.contains(id) ? nullptr : find(id);
  }
};

/// New local credentials that wait for an offer.
struct LocalIce {
  IceParameters ice;
  std::vector<IceCandidate> candidates;
};

/// A state with what it costs to get there.
struct Proposal {
  State state;
  std::string text;  ///< Our description.
  std::vector<Effects::Refusal> refused;
  std::vector<Effects::Declined> declined;
  bool local_ice_made = false;  ///< state.local_ice was made here, in answer to a restart.
};

}  // namespace sluice::negotiate::jsep
