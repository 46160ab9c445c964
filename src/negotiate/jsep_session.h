// One participant's WebRTC session by offer and answer (JSEP, RFC 8829), seen from the server: the client
// offers what it sends, the server offers what it delivers. It turns descriptions into RTP parameters and
// back, and owns no media: the engine applies what take_effects() gives.
//
// Invariants:
// - A refused call changes nothing. Descriptions take effect in pairs, when an answer is set on either side;
//   a rollback drops what was proposed. A provisional answer takes effect too, but ends nothing (RFC 8829
//   §4.1.10.1): what it lacks is held until the answer.
// - Everything is bundled on one transport (RFC 8843) with rtcp-mux; the local side is ICE-lite.
// - A mid keeps its m-line for life. What the server delivers has m-lines of its own, reused after
// remove_track()
//   once the client has accepted them inactive, so descriptions grow with the most tracks at one time only.
// - The server is the polite peer: a client's offer that meets ours rolls ours back, and negotiation_needed()
//   holds again after the answer. The client must be the impolite one (it ignores an offer that meets its
//   own).
//
// Called by the engine's peer. Values only: no time, no sockets.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/random.h"
#include "sluice/command.h"
#include "sluice/dtls_parameters.h"
#include "sluice/ice_parameters.h"
#include "sluice/result.h"
#include "sluice/rtp_parameters.h"

namespace sluice::negotiate {

/// What we say of data channels (RFC 8841).
struct LocalData {
  std::uint16_t port = 5000;
  std::uint64_t max_message_size = 262'144;  ///< Bytes that we take in one message.
};

/// Our side of the one transport, as it stands in every description.
struct LocalTransport {
  IceParameters ice;
  std::vector<IceCandidate> candidates;
  std::vector<DtlsFingerprint> fingerprints;
  std::optional<LocalData> data = LocalData{};  ///< Absent: m-lines of data channels are rejected.
};

/// Something the server delivers: a consumer that waits for an m-line.
struct OutgoingTrack {
  std::string id;  ///< The consumer's; unique in the session.
  MediaKind kind = MediaKind::kAudio;
  /// The producer's codecs (media, and RTX if wanted) with the room's payload types, the room's header
  /// extension ids, encodings[0] with the SSRCs that the consumer will send, rtcp.cname.
  RtpParameters consumable;
  std::vector<std::string> stream_ids;  ///< msid: tracks of one stream are played in sync. Empty: none ("-").
  std::string track_id;
};

/// A track the client sends, ready for produce().
struct IncomingTrack {
  std::string mid;
  MediaKind kind = MediaKind::kAudio;
  /// The negotiated codec (and its RTX) in the client's payload types, the extensions both know, encodings
  /// from a=ssrc or a=rid lines (one without either when the client names none: the mid tells its packets),
  /// the msid of its first stream.
  RtpParameters rtp_parameters;
  /// All its streams (RFC 8830); none when the client says so ("-"), one empty when it says nothing.
  std::vector<std::string> stream_ids;
};

/// A track of ours that the client accepted: what to send.
struct NegotiatedTrack {
  std::string id;
  std::string mid;
  RtpParameters rtp_parameters;  ///< The session's payload types and extension ids; the consumable's SSRCs.
  std::optional<std::uint64_t> max_bitrate;  ///< b=TIAS or b=AS of the client (RFC 8829 §5.10), in bps.
};

/// What the engine must do after a call that succeeded.
struct Effects {
  struct RemoteTransport {
    IceParameters ice;
    DtlsParameters dtls;                   ///< `role` is the client's: kClient or kServer, never kAuto.
    std::vector<IceCandidate> candidates;  ///< Of the description and those that came before it.
    bool ice_restarted = false;
    /// The first time, and when the client leaves the association there was for another (RFC 8842 §5).
    bool new_association = true;
  };
  struct Refusal {
    std::string id;      ///< Of the track; it is not offered again.
    std::string reason;  ///< One sentence.
    /// Not empty: the client turned this m-line inactive, and may turn it back: see add_declined_track().
    std::string declined_mid;
  };
  /// Data channels were agreed on, or their terms have changed. To be applied before `transport`: a client
  /// that has nothing else may do without SRTP.
  struct Data {
    std::string mid;
    std::uint16_t remote_port = 5000;
    std::uint64_t max_send_message_size = 0;  ///< 0: any.
    std::uint16_t local_port = 5000;
  };
  std::optional<Data> data;
  bool data_ended = false;                   ///< The client has stopped the m-line.
  std::optional<RemoteTransport> transport;  ///< First time, and when the client changed its ICE credentials.
  /// New local credentials made here because the client restarted ICE; the ICE agent must take them now.
  std::optional<IceParameters> local_ice;
  std::vector<IncomingTrack> produced;    ///< New, or changed on the same mid.
  std::vector<std::string> unproduced;    ///< Mids on which the client stopped to send.
  std::vector<NegotiatedTrack> consumed;  ///< New, or changed.
  std::vector<Refusal> refused;  ///< The client rejected the m-line, stopped it or has no codec for it.
  /// Ids of tracks that were consumed and that a provisional answer does not have: nothing is to be sent of
  /// them until they are released.
  std::vector<std::string> held;
  std::vector<std::string> released;
  /// M-lines that the client offered and the answer rejects.
  struct Declined {
    std::string mid;    ///< Empty when the client gave none.
    std::string media;  ///< "audio", "video", "application".
    std::string reason;
  };
  std::vector<Declined> declined;
  /// b=CT of the client: all that it gets together, in bps. Set when it changed; 0: no limit any more.
  std::optional<std::uint64_t> max_bitrate;
};

/// How many tracks of each kind the client may send, at least. What it may send already counts.
struct OfferOptions {
  std::uint8_t receive_audio = 0;
  std::uint8_t receive_video = 0;
};

/// W3C WebRTC §4.3.1.
enum class SignalingState : std::uint8_t {
  kStable,
  kHaveLocalOffer,
  kHaveRemoteOffer,
  kHaveLocalPranswer,
  kHaveRemotePranswer,
};
std::string_view to_string(SignalingState state);

/// One m-line as the newest description has it, so that a page can tell whose track a mid carries.
struct Section {
  std::string mid;
  MediaKind kind = MediaKind::kAudio;  ///< Meaningless on a rejected m-line of another kind.
  bool sending = false;                ///< The server sends here: `track_id`.
  bool receiving = false;              ///< The client sends here, or may.
  std::string track_id;                ///< OutgoingTrack::id, when sending.
  bool rejected = false;               ///< Port 0.
};

class JsepSession {
 public:
  /// `room`: what the room routes, RTX and preferred payload types and extension ids included. `random` must
  /// outlive the session.
  JsepSession(RtpCapabilities room, LocalTransport local, Random& random);
  ~JsepSession();
  JsepSession(const JsepSession&) = delete;
  JsepSession& operator=(const JsepSession&) = delete;
  JsepSession(JsepSession&&) noexcept;
  JsepSession& operator=(JsepSession&&) noexcept;

  /// Wants the track delivered, from the next offer (or answer to a recvonly m-line) on. The id must be new.
  void add_track(OutgoingTrack track);
  /// In the place of one that the client declined there: is offered along with later offers, asks for none of
  /// its own, and is consumed when the client wants to receive on the m-line again.
  void add_declined_track(OutgoingTrack track, std::string_view mid);
  /// Its m-line goes inactive with the next description. An unknown id is no error.
  void remove_track(std::string_view id);
  /// Wants data channels, from the next offer on, if the client has not offered any: for a room that has data
  /// for the client. Once refused they are not offered again.
  void want_data();
  /// A restart by the server: the next offer carries these (RFC 8445 §9).
  void set_local_ice(IceParameters ice, std::vector<IceCandidate> candidates);

  /// Something waits to be offered: a track to add or to take away, or new ICE credentials. W3C §4.7.3: the
  /// engine reports it while signaling_state() is stable.
  [[nodiscard]] bool negotiation_needed() const;
  [[nodiscard]] SignalingState signaling_state() const;

  /// Takes an offer of the client's as word of what it can decode and of its numbers, and negotiates nothing:
  /// so that a first offer of ours fits it. Only while stable. Codecs that it lacks are not offered.
  Result<void> set_capabilities(std::string_view sdp);
  Result<std::string> create_offer(const OfferOptions& options = {});
  Result<std::string> create_answer();
  /// Empty text: what create_offer() or create_answer() gave last, made now if need be. Any other text must
  /// be exactly that (RFC 8829 §5.4).
  Result<void> set_local_description(SdpType type, std::string_view sdp = {});
  Result<void> set_remote_description(SdpType type, std::string_view sdp);
  /// Checks a trickled candidate (RFC 8838, RFC 8839 §5.1). Gives it when there is a remote description to
  /// add it to; nothing when it was queued (it comes with Effects::transport), is an old generation's, or is
  /// the empty string that ends the candidates.
  Result<std::optional<IceCandidate>> add_ice_candidate(std::string_view candidate,
                                                        const std::optional<std::string>& mid,
                                                        std::optional<std::uint16_t> m_line_index,
                                                        std::string_view username_fragment);

  /// What was decided since the last call.
  Effects take_effects();
  /// The m-lines of the newest description: created, else pending, else current.
  [[nodiscard]] std::vector<Section> sections() const;

  /// W3C names; empty when there is none.
  [[nodiscard]] const std::string& current_local_description() const;
  [[nodiscard]] const std::string& current_remote_description() const;
  [[nodiscard]] const std::string& pending_local_description() const;
  [[nodiscard]] const std::string& pending_remote_description() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::negotiate
