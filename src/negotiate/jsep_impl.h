// The workings of a JsepSession: the signaling state machine (RFC 8829 §3.2) around the steps of
// jsep_propose.h. The states are values: `current_` is agreed, `created_`, `offered_`, `remote_offer_` and
// `provisional_` are what is under way. jsep_session.cc has what tracks, candidates and readers need,
// jsep_signaling.cc the descriptions.
#pragma once

#include "negotiate/jsep_candidates.h"
#include "negotiate/jsep_capabilities.h"
#include "negotiate/jsep_effects.h"
#include "negotiate/jsep_session.h"
#include "negotiate/jsep_state.h"

namespace sluice::negotiate {

using namespace jsep;  // NOLINT(google-build-using-namespace): included by the session's two files only

class JsepSession::Impl {
 public:
  Impl(RtpCapabilities room, LocalTransport local, Random& random);

  // --- Tracks

  void add_track(OutgoingTrack track);

  void add_declined_track(OutgoingTrack track, std::string_view mid);

  void remove_track(std::string_view id);

  void want_data();

  void set_local_ice(IceParameters ice, std::vector<IceCandidate> candidates);

  [[nodiscard]] bool negotiation_needed() const;

  // --- Offers and answers of ours

  Result<void> set_capabilities(std::string_view text);

  Result<std::string> create_offer(const OfferOptions& options);

  Result<std::string> create_answer();

  // --- Descriptions

  Result<void> set_local_description(SdpType type, std::string_view text);

  Result<void> set_remote_description(SdpType type, std::string_view text);

  Result<std::optional<IceCandidate>> add_ice_candidate(std::string_view text,
                                                        const std::optional<std::string>& mid,
                                                        std::optional<std::uint16_t> index,
                                                        std::string_view ufrag);

  // --- What came of it

  Effects take_effects() { return std::exchange(effects_, {}); }
  [[nodiscard]] std::vector<Section> sections() const;

  [[nodiscard]] SignalingState signaling_state() const { return signaling_; }
  std::string current_local;
  std::string current_remote;
  std::string pending_local;
  std::string pending_remote;

 private:
  static Error wrong_state(std::string_view call, std::string_view why);
  /// The signaling state as a reason.
  [[nodiscard]] std::string_view what_is_open() const;

  static void forget(State& state, std::string_view id);

  void create(Proposal proposal, SdpType type, sdp::Setup setup);

  /// RFC 8829 §5.4: a local description is what was created, unchanged.
  Result<void> check_created(SdpType type, std::string_view text) const;

  Result<void> set_local_offer(std::string_view text);

  Result<void> set_local_answer(SdpType type, std::string_view text);

  Result<void> set_remote_offer(std::string_view text);

  Result<void> set_remote_answer(SdpType type, std::string_view text);

  Result<void> roll_back(SignalingState from, std::string_view call);

  void drop_proposals();

  /// What the engine was told last: of the provisional answer, if there is one.
  [[nodiscard]] const State& in_effect() const { return provisional_ ? provisional_->state : current_; }

  /// What `agreed` means becomes effects; `provisional`: for now only.
  void take_effect(const Proposal& agreed, bool provisional);

  /// Both descriptions are agreed: the proposal becomes the state.
  void commit(Proposal agreed);

  void add_transport_effects(const State& before, const State& after);

  /// W3C §4.4.1.7 and RFC 8829 §4.1.19: the mid counts, else the index; one must be there.
  Result<void> check_place(const std::optional<std::string>& mid, std::optional<std::uint16_t> index,
                           bool end) const;

  [[nodiscard]] bool describes(std::string_view mid) const;

  RtpCapabilities room_;
  std::vector<DtlsFingerprint> fingerprints_;
  std::optional<LocalData> data_;
  Random* random_;
  std::uint64_t session_id_ = 0;
  std::uint64_t session_version_ = 0;

  std::optional<ClientCapabilities> capabilities_;
  Tracks tracks_;
  std::optional<LocalIce> waiting_ice_;
  SignalingState signaling_ = SignalingState::kStable;
  State current_;
  std::optional<Proposal> created_;  ///< By create_offer() or create_answer(), not yet set.
  SdpType created_type_ = SdpType::kOffer;
  bool stale_ = false;  ///< Tracks or credentials changed since `created_`.
  std::optional<Proposal> offered_;
  std::optional<RemoteDescription> remote_offer_;
  std::optional<Proposal> provisional_;  ///< The newest provisional answer's, of either side.
  MediaInEffect media_;
  CandidateQueue queue_;
  Effects effects_;
};

}  // namespace sluice::negotiate
