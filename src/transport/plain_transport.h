// RTP and RTCP with one remote endpoint over sockets of its own: ffmpeg, GStreamer, a phone gateway. With
// SRTP when both sides have told their keys; with RTCP on the same socket (RFC 5761) or on one of its own.
//
//   new ──connect(ip, port, key)──► sends and receives
//    └───comedia: the first valid packet tells ip and port (with SRTP: only one that proves authentic)
//
// Invariants: media is taken from the one remote address only; with SRTP nothing is taken or sent in the
// clear. A source, once learned, stays. Owned and driven by the engine; its sockets are opened and closed by
// the engine's owner.
#pragma once

#include <memory>
#include <optional>

#include "base/random.h"
#include "sctp/data_channels.h"
#include "sluice/listen.h"
#include "sluice/result.h"
#include "sluice/srtp_parameters.h"
#include "srtp/inbound.h"
#include "transport/endpoint.h"

namespace sluice::transport {

class PlainTransport : public Endpoint {
 public:
  struct Options {
    ListenSocket socket;                      ///< Of RTP, and of RTCP too unless that has its own.
    std::optional<ListenSocket> rtcp_socket;  ///< Absent: rtcp-mux.
    bool comedia = false;
    std::optional<srtp::Suite> suite;  ///< SRTP, with a key that is made here.
  };
  /// The remote end as signaling tells it. Which of these must be there, and which must not, is connect()'s
  /// to check.
  struct Remote {
    std::string ip;
    std::optional<std::uint16_t> port;
    std::optional<std::uint16_t> rtcp_port;
    std::optional<SrtpParameters> srtp;
  };

  PlainTransport(SendBatch& batch, srtp::Backend& srtp, Options options, Random& random);
  ~PlainTransport();

  /// Once only; a refusal names the field and changes nothing. Takes the remote's suite when it differs from
  /// ours: srtp_parameters() has a new key then.
  Result<void> connect(const Remote& remote, Random& random);
  /// Nothing is sent or taken afterwards.
  void close(Instant now);

  /// Before receive(), for each of many datagrams that have arrived together (srtp::Inbound::begin_rtp).
  void begin(Packet& packet, const Path& path, srtp::Inbound::Begun& begun);
  Media receive(Packet& packet, const Path& path, Instant now, const srtp::Inbound::Begun* begun = nullptr);
  void advance(Instant now);
  [[nodiscard]] Instant next_deadline() const { return data_ ? data_->next_deadline() : kNever; }

  /// SCTP over the same UDP as RTP, in the clear even with SRTP, told from it by its ports. It starts with
  /// the first flush_data() that knows where to send; our stream ids are odd. Again: no effect. `random` must
  /// outlive the transport.
  void enable_data(const sctp::Options& options, Random& random);
  /// Null without enable_data(). Its events are the owner's to poll; after calls on it, flush_data().
  [[nodiscard]] sctp::DataChannels* data() { return data_.get(); }
  [[nodiscard]] const sctp::DataChannels* data() const { return data_.get(); }
  /// Sends what the data channels have to send.
  void flush_data(Instant now);
  [[nodiscard]] bool media_ready() const { return sender_.ready(); }

  struct Learned {
    bool rtp = false;
    bool rtcp = false;
    explicit operator bool() const { return rtp || rtcp; }
  };
  /// Which addresses comedia has learned since the last call.
  [[nodiscard]] Learned learned() const { return learned_; }
  Learned take_learned() { return std::exchange(learned_, {}); }

  [[nodiscard]] bool rtcp_mux() const { return !options_.rtcp_socket; }
  [[nodiscard]] bool comedia() const { return options_.comedia; }
  [[nodiscard]] const ListenSocket& socket() const { return options_.socket; }
  [[nodiscard]] const std::optional<ListenSocket>& rtcp_socket() const { return options_.rtcp_socket; }
  [[nodiscard]] const std::optional<SocketAddress>& remote() const { return remote_; }
  [[nodiscard]] const std::optional<SocketAddress>& rtcp_remote() const { return rtcp_remote_; }
  /// Of what we send; nothing without SRTP.
  [[nodiscard]] std::optional<SrtpParameters> srtp_parameters() const;

 private:
  [[nodiscard]] Result<void> check_address(const Remote& remote) const;
  [[nodiscard]] Result<std::optional<srtp::MasterKey>> check_srtp(const Remote& remote) const;
  [[nodiscard]] bool is_rtcp_socket(SocketId socket) const {
    return options_.rtcp_socket && socket == options_.rtcp_socket->id;
  }
  bool unprotect(Packet& packet, bool rtcp, const srtp::Inbound::Begun* begun);
  bool learn(const Packet& packet, bool rtcp, bool on_rtcp_socket, const SocketAddress& source);
  void update_paths();
  [[nodiscard]] bool is_sctp(Bytes bytes) const;
  void receive_data(Bytes bytes, const Path& path, Instant now);

  srtp::Backend& srtp_;
  Options options_;
  std::optional<srtp::MasterKey> own_key_;
  std::optional<srtp::Inbound> inbound_;
  std::optional<SocketAddress> remote_;
  std::optional<SocketAddress> rtcp_remote_;  ///< Without rtcp-mux only.
  Learned learned_;
  bool connected_ = false;
  bool closed_ = false;
  std::unique_ptr<sctp::DataChannels> data_;
};

}  // namespace sluice::transport
