// The one transport of a peer connection: ICE finds a path, DTLS proves who is there, SRTP carries media and
// DTLS the rest. The two ends of transport::WebRtcTransport's and client::Connection's composition in one:
// either ICE role, either DTLS role, any kind of candidate.
//
// Sans-IO. Media is taken and sent only once DTLS has verified the other side's certificate. Owned by
// Connection, which tells it what was agreed.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "dtls/session.h"
#include "ice/full_agent.h"
#include "peer/agreement.h"
#include "peer/tls_streams.h"
#include "sluice/packet.h"
#include "srtp/inbound.h"
#include "transport/media_sender.h"
#include "transport/send_batch.h"

namespace sluice::peer {

class Transport {
 public:
  struct Drops {
    std::uint64_t unknown_class = 0;
    std::uint64_t ice = 0;
    std::uint64_t dtls = 0;
    std::uint64_t srtp_not_ready = 0;
    std::uint64_t srtp_replayed = 0;
    std::uint64_t srtp_failed = 0;
  };
  struct Counts {
    std::uint64_t packets_sent = 0;
    std::uint64_t bytes_sent = 0;
    std::uint64_t packets_received = 0;
    std::uint64_t bytes_received = 0;
    std::uint32_t selected_pair_changes = 0;
  };
  /// What a datagram held, decrypted, where it lies.
  enum class Media : std::uint8_t { kNone, kRtp, kRtcp };
  struct Received {
    Media media = Media::kNone;
    MutableBytes bytes;
  };

  /// Both outlive the transport.
  Transport(dtls::Context& context, Random& random, ice::FullAgent::Options options, IceParameters local);
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  [[nodiscard]] ice::FullAgent& ice() { return agent_; }
  [[nodiscard]] const ice::FullAgent& ice() const { return agent_; }
  /// Null before the DTLS roles are agreed.
  [[nodiscard]] const dtls::Session* dtls() const { return dtls_.get(); }

  /// Credentials of the newest local description; the first time gathering begins.
  void set_local(const IceParameters& local, bool offering, Instant now);
  /// As agreed; again with every new agreement or candidate. Another association than before (RFC 8842 §5)
  /// ends the one there is, and its keys.
  void set_remote(const Agreement& agreement, bool require_srtp, Instant now);

  Received receive(MutableBytes datagram, const Path& path, Instant now);
  /// What a connection held, to be given to take_payload().
  std::optional<ice::FullAgent::Data> poll_data() { return agent_.poll_data(); }
  Received take_payload(MutableBytes payload, Instant now);
  void advance(Instant now);
  [[nodiscard]] Instant next_deadline() const;
  /// Tells the other side, and gives allocations up.
  void close(Instant now);

  [[nodiscard]] bool dtls_connected() const { return dtls_ && dtls_->state() == dtls::State::kConnected; }
  [[nodiscard]] bool media_ready() const { return inbound_.has_value() && sender_.ready(); }
  [[nodiscard]] transport::MediaSender& sender() { return sender_; }
  /// SCTP, one packet a record. False when DTLS is not there.
  bool send_data(Bytes packet) { return dtls_ && dtls_->send(packet); }
  void take_data(std::vector<std::vector<std::uint8_t>>& out) {
    if (dtls_) dtls_->take_received(out);
  }
  void forget_remote_ssrc(Ssrc ssrc) {
    if (inbound_) inbound_->remove_ssrc(ssrc);
  }

  // --- Connections that the agent asked for
  std::optional<ice::FullRequest> poll_request();
  void connected(SocketId connection, const SocketAddress& local, std::int64_t unix_seconds, Instant now);
  void receive_stream(SocketId connection, Bytes bytes, Instant now);
  void disconnected(SocketId connection, std::string_view why, Instant now);

  std::span<const OutgoingDatagram> drain(Instant now);
  [[nodiscard]] const Drops& drops() const { return drops_; }
  [[nodiscard]] const Counts& counts() const { return counts_; }
  [[nodiscard]] std::optional<srtp::Suite> suite() const { return sender_.suite(); }
  void note_selected_pair();

 private:
  static constexpr std::size_t kMaxEarly = 8;  ///< DTLS datagrams that came before the answer.

  void leave_association(Instant now);
  void make_dtls(const Agreement& agreement, bool require_srtp, Instant now);
  void run(Instant now);
  void flush_dtls(Instant now);
  void take_keys();

  dtls::Context& context_;
  std::unique_ptr<srtp::Backend> srtp_;
  transport::SendBatch batch_;
  ice::FullAgent agent_;
  bool gathering_ = false;
  std::string remote_ufrag_;      ///< That the agent has.
  std::size_t remote_given_ = 0;  ///< Of its candidates, how many.
  bool remote_ended_ = false;
  std::uint32_t association_ = 0;  ///< Agreement's, of dtls_.
  std::unique_ptr<dtls::Session> dtls_;
  std::deque<std::vector<std::uint8_t>> early_dtls_;
  std::optional<srtp::Inbound> inbound_;
  transport::MediaSender sender_;
  bool keys_taken_ = false;
  bool direct_ = false;  ///< The selected pair is one of UDP sockets.
  std::vector<std::vector<std::uint8_t>> dtls_out_;
  TlsStreams tls_;
  std::vector<ice::Transmit> from_agent_;
  std::vector<ice::Transmit> farewell_;  ///< What close() had to say.
  std::vector<ice::Transmit> sent_;      ///< What drain() gave last.
  std::vector<OutgoingDatagram> out_;
  Drops drops_;
  Counts counts_;
};

}  // namespace sluice::peer
