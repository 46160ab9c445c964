// One participant's 5-tuple: ICE-lite, DTLS, SRTP and SCTP behind one door. Datagrams come in by class (RFC
// 7983), plain media and messages come out.
//
// Invariants: DTLS and media are taken only from paths that ICE has validated; media flows only once the DTLS
// handshake has verified the peer's certificate. Owned and driven by the engine.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dtls/context.h"
#include "dtls/session.h"
#include "ice/lite_agent.h"
#include "sctp/data_channels.h"
#include "sluice/dtls_parameters.h"
#include "sluice/result.h"
#include "srtp/inbound.h"
#include "transport/endpoint.h"

namespace sluice::transport {

/// What the engine owns and every transport borrows.
struct Shared {
  dtls::Context& dtls;
  srtp::Backend& srtp;
  SendBatch& batch;
};

/// Something the owner may want to tell; taken with take_changes().
struct TransportChange {
  enum class Type : std::uint8_t { kIceState, kSelectedPath, kDtlsState };
  Type type;
  IceState ice_state = IceState::kNew;
  std::optional<Path> path;
  dtls::State dtls_state = dtls::State::kNew;
};

class WebRtcTransport : public Endpoint {
 public:
  WebRtcTransport(Shared shared, ice::Credentials local, Duration consent_timeout);
  ~WebRtcTransport();

  /// The peer's fingerprints and role, from signaling. Gives our role. A second call is refused.
  Result<DtlsRole> connect(const DtlsParameters& remote, Instant now);
  /// The same for the first association and for any after it, which replaces the one before: another party's,
  /// perhaps (RFC 8842 §5). Media waits for its keys.
  Result<DtlsRole> begin_association(const DtlsParameters& remote, Instant now);
  /// Tells the peer (close_notify); nothing is sent or taken afterwards.
  void close(Instant now);
  /// Data channels, from now on; they start when DTLS is connected. Before connect() also for a peer that has
  /// no SRTP. Again: no effect. `random` must outlive the transport.
  void enable_data(const sctp::Options& options, Random& random, Instant now);
  /// Null without enable_data(). Its events are the owner's to poll; after calls on it, flush_data().
  [[nodiscard]] sctp::DataChannels* data() { return data_.get(); }
  [[nodiscard]] const sctp::DataChannels* data() const { return data_.get(); }
  /// Sends what the data channels have to send.
  void flush_data(Instant now);
  void set_remote_ice(ice::Credentials remote) { ice_.set_remote(std::move(remote)); }
  void restart_ice(ice::Credentials local) { ice_.restart(std::move(local)); }
  /// The connection (TCP) that this path stands for has ended, or is another's now.
  void remove_path(const Path& path, Instant now);

  Media receive(Packet& packet, const Path& path, Instant now, const srtp::Inbound::Begun* begun = nullptr);

  /// Before receive(), for each of many datagrams that have arrived together (srtp::Inbound::begin_rtp).
  void begin(Packet& packet, const Path& path, srtp::Inbound::Begun& begun);
  /// A datagram of the handshake, which takes long: for the owner to put off.
  [[nodiscard]] bool is_handshake(Bytes bytes) const;

  void advance(Instant now);
  [[nodiscard]] Instant next_deadline() const;
  std::vector<TransportChange> take_changes() { return std::exchange(changes_, {}); }

  [[nodiscard]] bool media_ready() const { return inbound_.has_value() && sender_.ready(); }
  [[nodiscard]] const ice::LiteAgent& ice() const { return ice_; }
  [[nodiscard]] const dtls::Session* dtls() const { return dtls_.get(); }

 private:
  void receive_stun(Bytes bytes, const Path& path, Instant now);
  void receive_dtls(Bytes bytes, Instant now);
  void receive_data(Instant now);
  void send_dtls(dtls::Session& session, Instant now);
  std::unique_ptr<dtls::Session> make_session(dtls::Role role);
  Media receive_srtp(Packet& packet, const srtp::Inbound::Begun* begun);
  void after_ice(Instant now);
  void after_dtls(Instant now);
  void start_dtls(Instant now);
  void report_dtls(dtls::State state);
  void forget_association(Instant now);
  void meet_hello(Bytes random, Instant now);
  void follow(Instant now);
  void update_path();
  void take_keys();

  Shared shared_;
  ice::LiteAgent ice_;
  std::unique_ptr<dtls::Session> dtls_;
  std::unique_ptr<dtls::Session> next_dtls_;  ///< What the client has begun beside it, until it is connected.
  std::vector<DtlsFingerprint> remote_fingerprints_;
  std::vector<std::uint8_t> client_random_;  ///< Of the newest attempt of a client.
  dtls::State reported_dtls_ = dtls::State::kNew;
  std::optional<srtp::Inbound> inbound_;
  std::vector<TransportChange> changes_;
  std::vector<ice::LiteAgent::ReplyBy> stun_out_;
  std::vector<std::vector<std::uint8_t>> dtls_out_;
  std::unique_ptr<sctp::DataChannels> data_;
  std::vector<std::vector<std::uint8_t>> data_in_;
};

}  // namespace sluice::transport
