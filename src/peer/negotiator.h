// JSEP (RFC 8829, Unified Plan) for one end of a call: transceivers and data in, offers and answers out, and
// what two descriptions have agreed on. No network, no time: Connection acts on agreement().
//
// Invariants:
// - A refused call changes nothing. Descriptions take effect in pairs, when an answer is set on either side;
//   a rollback drops what was proposed and the transceivers that only it had made.
// - A provisional answer takes effect and frees nothing: what it rejects is held until the answer.
// - Everything is bundled on one transport ("max-bundle") with rtcp-mux.
// - A mid keeps its m-line for life; the m-line of a stopped transceiver may be used again.
// Called by Connection.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/random.h"
#include "peer/agreement.h"
#include "peer/remote_description.h"
#include "peer/transceiver.h"
#include "sdp/description.h"
#include "sluice/peer_event.h"
#include "sluice/result.h"

namespace sluice::peer {

/// What changed by itself; in order.
struct NegotiatorEvent {
  enum class Type : std::uint8_t { kNegotiationNeeded, kSignalingState, kTrack, kTrackRemoved };
  Type type = Type::kNegotiationNeeded;
  SignalingState state = SignalingState::kStable;
  TransceiverId transceiver = 0;
};

class Negotiator {
 public:
  static constexpr std::size_t kMaxTransceivers = 512;  ///< As sdp::kMaxMediaSections.
  static constexpr std::size_t kMaxQueuedCandidates = 256;
  static constexpr std::size_t kMaxEncodings = 8;

  struct Options {
    RtpCapabilities capabilities;  ///< With payload types and extension ids of ours.
    std::vector<DtlsFingerprint> fingerprints;
    DtlsRole answer_role = DtlsRole::kClient;
    std::uint32_t max_message_size = 256 * 1024;
  };
  /// `random` must outlive the negotiator.
  Negotiator(Options options, Random& random);

  // --- What is wanted (transceivers.cc)
  Result<TransceiverId> add_track(MediaKind kind, const TrackInit& init);
  Result<void> remove_track(TransceiverId id);
  Result<TransceiverId> add_transceiver(MediaKind kind, const TransceiverInit& init);
  Result<void> set_direction(TransceiverId id, TransceiverDirection direction);
  void stop(TransceiverId id);
  void want_data();
  /// False again once the other side has rejected the m-line of data channels.
  [[nodiscard]] bool wants_data() const { return data_wanted_; }
  void restart_ice();
  [[nodiscard]] const std::vector<std::unique_ptr<Transceiver>>& transceivers() const {
    return transceivers_;
  }
  [[nodiscard]] const Transceiver* find(TransceiverId id) const;
  /// Of the newest description that has the transceiver.
  [[nodiscard]] const Line* line_of(TransceiverId id) const;

  // --- Descriptions (negotiator.cc; what becomes of them: commit.cc)
  Result<SessionDescription> create_offer(bool ice_restart);
  Result<SessionDescription> create_answer();
  Result<void> set_local(const SessionDescription& description);
  Result<void> set_local();
  Result<void> set_remote(const SessionDescription& description);
  void close();
  [[nodiscard]] SignalingState state() const { return state_; }
  [[nodiscard]] std::optional<SessionDescription> current_local() const { return read(current_local_); }
  [[nodiscard]] std::optional<SessionDescription> current_remote() const { return read(current_remote_); }
  [[nodiscard]] std::optional<SessionDescription> pending_local() const { return read(pending_local_); }
  [[nodiscard]] std::optional<SessionDescription> pending_remote() const { return read(pending_remote_); }

  // --- Candidates (candidates.cc)
  /// One more of the generation `ufrag`: in the newest local description, and in those to come. False when
  /// there is none, after a rollback of the first offer: then it is only to come.
  bool add_local_candidate(std::string_view ufrag, const IceCandidate& candidate,
                           std::string_view related_address, std::uint16_t related_port);
  void local_candidates_ended();
  /// "candidate:…" for signaling, with mid, index and ufrag.
  [[nodiscard]] IceCandidateInit candidate_init(const IceCandidate& candidate,
                                                std::string_view related_address,
                                                std::uint16_t related_port) const;
  /// Where it belongs it is added: Connection looks at agreement().remote_ice.
  Result<void> add_remote_candidate(const IceCandidateInit& candidate);

  // --- For Connection
  /// What both sides have agreed on, be it provisionally.
  [[nodiscard]] const Agreement& agreement() const { return provisional_ ? *provisional_ : current_; }
  /// The other side, or this one, has answered for now: RFC 8829 §4.1.10.1.
  [[nodiscard]] bool provisional() const { return provisional_.has_value(); }
  /// Changes with every answer, provisional or not.
  [[nodiscard]] std::uint64_t agreements() const { return agreements_; }
  /// The credentials of the newest local description, if there is one with a transport.
  [[nodiscard]] std::optional<IceParameters> local_ice() const;
  /// Something of ours is described: gathering may begin.
  [[nodiscard]] bool described() const { return pending_local_.has_value() || current_local_.has_value(); }
  /// It was answered for now, and at last perhaps by another device (RFC 8829 §3.2).
  [[nodiscard]] bool awaits_final_answer() const { return state_ == SignalingState::kHaveRemotePranswer; }
  std::vector<NegotiatorEvent> take_events();

 private:
  struct Description {
    SdpType type = SdpType::kOffer;
    std::string text;               ///< Without what was added.
    sdp::SessionDescription value;  ///< With it.
    std::string ufrag;
  };
  struct Proposal {
    Agreement agreement;
    Description description;
  };

  static std::optional<SessionDescription> read(const std::optional<Description>& description);
  [[nodiscard]] Result<void> check_state(bool local, SdpType type) const;
  Result<void> set_local_offer(const SessionDescription& offer);
  Result<void> set_local_answer(const SessionDescription& answer);
  static Result<void> check_made(const std::optional<Proposal>& newest, const SessionDescription& given);
  void set_state(SignalingState state);
  Transceiver* get(TransceiverId id);
  Transceiver& make_transceiver(MediaKind kind);
  Result<std::vector<std::uint8_t>> codecs_by_name(MediaKind kind,
                                                   const std::vector<std::string>& names) const;
  Result<void> check_encodings(MediaKind kind, const std::vector<SendEncoding>& encodings) const;
  void set_encodings(Transceiver& transceiver, const std::vector<SendEncoding>& encodings);
  void forget(TransceiverId id);
  /// What was gathered of its generation before.
  void fill_candidates(Description& description) const;

  // propose.cc
  [[nodiscard]] Agreement propose_offer();
  [[nodiscard]] Agreement propose_answer();
  void place(const Transceiver& transceiver, Agreement& next);
  Line& free_line(Agreement& next, const std::string& media);
  [[nodiscard]] std::string new_mid(Agreement& next) const;
  [[nodiscard]] std::vector<RtpCodecParameters> codecs_of(const Transceiver& transceiver,
                                                          negotiate::jsep::BundleNumbers& numbers) const;
  [[nodiscard]] std::vector<RtpHeaderExtensionParameters> extensions_of(
      MediaKind kind, bool simulcast, negotiate::jsep::BundleNumbers& numbers) const;
  [[nodiscard]] Description describe(const Agreement& agreement, SdpType type);

  // apply.cc, agree.cc, check_remote.cc
  Result<void> take_offer(const SessionDescription& offer);
  Result<void> take_answer(const SessionDescription& answer);
  Result<void> check_offer(const RemoteDescription& offer, std::string_view text) const;
  Result<void> check_answer(const RemoteDescription& answer, std::string_view text) const;
  Result<void> check_association(const RemoteDescription& remote, std::string_view text) const;
  /// `local`: our credentials with that description.
  [[nodiscard]] bool begins_association(const RemoteDescription& remote, const IceParameters& local) const;
  void associate(const RemoteSection& section, std::size_t index, Agreement& next);
  void learn(const RemoteDescription& remote, Agreement& next) const;
  void agree(const RemoteSection& section, Line& line) const;
  void take_tracks(const Agreement& next);

  // commit.cc
  void take_effect(const Agreement& agreed);
  void hold(Agreement answered);
  void commit(Agreement next);
  void rollback();

  void update_negotiation_needed();
  [[nodiscard]] bool check_negotiation_needed() const;

  Options options_;
  Random& random_;
  std::uint64_t session_id_;
  std::uint64_t session_version_ = 0;
  std::string cname_;
  std::vector<std::unique_ptr<Transceiver>> transceivers_;
  TransceiverId next_id_ = 1;
  bool data_wanted_ = false;
  std::optional<IceParameters> restart_;  ///< Credentials that wait to be offered.

  SignalingState state_ = SignalingState::kStable;
  Agreement current_;
  std::uint64_t agreements_ = 0;
  std::optional<Agreement> pending_;          ///< Of the offer that waits for its answer.
  std::optional<Agreement> provisional_;      ///< Of the newest provisional answer to it.
  std::optional<RemoteDescription> offered_;  ///< That offer, when it is the other side's.
  std::optional<Proposal> offer_;             ///< The newest of create_offer(), of create_answer().
  std::optional<Proposal> answer_;
  std::optional<Description> current_local_;
  std::optional<Description> current_remote_;
  std::optional<Description> pending_local_;
  std::optional<Description> pending_remote_;
  struct LocalCandidates {
    std::string ufrag;
    std::vector<sdp::Candidate> list;
    bool ended = false;
  };
  LocalCandidates local_candidates_;                ///< Of the generation that is gathered.
  std::vector<IceCandidateInit> early_candidates_;  ///< Before there is a remote description.
  bool needed_ = false;
  std::vector<NegotiatorEvent> events_;
};

/// `codecs` as this end offers them: payload types, RTX, and the extensions that PeerConnection handles.
Result<RtpCapabilities> make_capabilities(const std::vector<RtpCodecCapability>& codecs);

}  // namespace sluice::peer
