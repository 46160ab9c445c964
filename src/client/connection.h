// The client's end of one 5-tuple: checks by ICE, the DTLS handshake, SRTP both ways. The mirror of
// transport::WebRtcTransport, which answers; this one asks. After connect_plain() that of
// transport::PlainTransport instead, with rtcp-mux.
//
// Sans-IO: what it sends goes into the shared batch by the path of its socket. Media is taken and sent only
// once the handshake has verified the server's certificate. Owned by Peer.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "client/shared.h"
#include "dtls/session.h"
#include "ice/controlling_agent.h"
#include "sctp/data_channels.h"
#include "sluice/dtls_parameters.h"
#include "sluice/ice_parameters.h"
#include "sluice/result.h"
#include "srtp/inbound.h"
#include "transport/media_sender.h"

namespace sluice::client {

class Connection {
 public:
  struct Options {
    SocketId socket = 0;  ///< Ours; one peer, one socket.
    IpFamily family = IpFamily::kIPv4;
    dtls::Role dtls_role = dtls::Role::kClient;
    /// kTcp: our socket is a connection to one of the server's passive candidates; whoever owns it frames
    /// datagrams.
    IceProtocol protocol = IceProtocol::kUdp;
  };
  /// Datagrams that came to nothing.
  struct Drops {
    std::uint64_t unknown_class = 0;
    std::uint64_t unknown_source = 0;
    std::uint64_t stun = 0;
    std::uint64_t dtls = 0;
    std::uint64_t srtp_not_ready = 0;
    std::uint64_t srtp_replayed = 0;  ///< The network duplicated, or the server did.
    std::uint64_t srtp_failed = 0;
    [[nodiscard]] std::uint64_t total() const {
      return unknown_class + unknown_source + stun + dtls + srtp_not_ready + srtp_replayed + srtp_failed;
    }
  };
  enum class Media : std::uint8_t { kNone, kRtp, kRtcp };

  Connection(const Shared& shared, Options options);

  /// What the server is told.
  [[nodiscard]] IceParameters ice_parameters() const;
  [[nodiscard]] DtlsParameters dtls_parameters() const;
  /// What the server told. Candidates of another family or protocol than our socket's, or by name, are left
  /// out.
  void set_remote_ice(const IceParameters& ice, std::span<const IceCandidate> candidates);
  Result<void> set_remote_dtls(const std::vector<DtlsFingerprint>& fingerprints, Instant now);
  /// Before anything is under way: who starts the handshake.
  void set_dtls_role(dtls::Role role);
  /// New credentials on both sides; media flows on meanwhile.
  void restart_ice(const IceParameters& remote);
  void restart_ice(ice::Credentials local, const IceParameters& remote);

  /// Neither ICE nor DTLS: media goes by `path` at once, with SRTP when both keys are given, else in the
  /// clear.
  void connect_plain(const Path& path, const std::optional<srtp::MasterKey>& own_key,
                     const std::optional<srtp::MasterKey>& remote_key, Instant now);

  /// Data channels over the DTLS of this connection, from when that is connected. Again: no effect.
  void enable_data(const sctp::Options& options, Instant now);
  /// Null without enable_data(). After calls on it, flush_data().
  [[nodiscard]] sctp::DataChannels* data() { return data_.get(); }
  void flush_data(Instant now);

  /// Plain media that came out of a datagram, in the packet's own buffer.
  Media receive(Packet& packet, const Path& path, Instant now);
  void advance(Instant now);
  [[nodiscard]] Instant next_deadline() const;
  /// Tells the server (close_notify); nothing is sent or taken afterwards.
  void close(Instant now);

  [[nodiscard]] bool ready() const {
    return (inbound_.has_value() || plain_path_.has_value()) && sender_.ready();
  }
  [[nodiscard]] transport::MediaSender& sender() { return sender_; }
  [[nodiscard]] const ice::ControllingAgent& ice() const { return ice_; }
  [[nodiscard]] const dtls::Session& dtls() const { return *dtls_; }
  [[nodiscard]] const Drops& drops() const { return drops_; }
  [[nodiscard]] std::uint64_t received() const { return received_; }
  [[nodiscard]] SocketId socket() const { return options_.socket; }
  /// When ICE had a path, and when media could flow; kNever before.
  [[nodiscard]] Instant ice_connected_at() const { return ice_connected_at_; }
  [[nodiscard]] Instant ready_at() const { return ready_at_; }
  /// Lets the receiving side forget an SSRC that the server will not use again.
  void forget_remote_ssrc(Ssrc ssrc) {
    if (inbound_) inbound_->remove_ssrc(ssrc);
  }

 private:
  Media receive_media(Packet& packet);
  void after_ice(Instant now);
  void after_dtls(Instant now);
  void send_dtls();
  void receive_data(Instant now);
  bool take_keys();

  const Shared& shared_;
  Options options_;
  ice::ControllingAgent ice_;
  std::unique_ptr<dtls::Session> dtls_;
  std::optional<srtp::Inbound> inbound_;
  transport::MediaSender sender_;
  std::vector<ice::Transmit> stun_out_;
  std::vector<std::vector<std::uint8_t>> dtls_out_;
  std::unique_ptr<sctp::DataChannels> data_;
  bool keys_refused_ = false;
  std::optional<Path> plain_path_;
  Drops drops_;
  std::uint64_t received_ = 0;
  Instant ice_connected_at_ = kNever;
  Instant ready_at_ = kNever;
};

}  // namespace sluice::client
