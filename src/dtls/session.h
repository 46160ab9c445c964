// One DTLS 1.2 association (RFC 6347) in either role, for DTLS-SRTP (RFC 5763, 5764) and SCTP over DTLS (RFC
// 8261).
//
// Sans-IO: datagrams and time in, datagrams out. Invariants: every datagram drained is at most `mtu` bytes;
// keys and application data are given out only in kConnected, that is after the handshake has ended AND the
// peer's certificate has matched a fingerprint from signaling; kFailed and kClosed are final. Called by the
// transport and by the client.
//
// Memory: 0.4 KB when new, 41 KB connected (22 KB of it handshake buffers that OpenSSL keeps to retransmit
// the last flight), some 90 KB at most between.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "dtls/context.h"
#include "dtls/flight.h"
#include "dtls/record_filter.h"
#include "sluice/dtls_parameters.h"
#include "sluice/result.h"
#include "sluice/time.h"

struct ssl_st;

namespace sluice::dtls {

enum class Role : std::uint8_t { kClient, kServer };
enum class State : std::uint8_t { kNew, kConnecting, kConnected, kFailed, kClosed };

/// What RFC 5764 §4.2 exports: for each direction the master key followed by the master salt.
struct KeyingMaterial {
  std::uint16_t profile = 0;               ///< IANA number, see context.h.
  std::vector<std::uint8_t> client_write;  ///< Protects what the DTLS client sends.
  std::vector<std::uint8_t> server_write;  ///< Protects what the DTLS server sends.
};

struct Options {
  std::size_t mtu = 1200;  ///< Bytes of UDP payload, 256 or more.
  bool require_srtp =
      true;  ///< Fail when no SRTP profile is common. False for a peer that carries data channels only.
};

class Session {
 public:
  /// `context` must outlive the session.
  Session(Context& context, Role role, Options options = {});
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  /// From signaling, before or after the handshake ends. The error names the entry at fault and changes
  /// nothing. Setting again after they have been checked is refused (kInvalidState).
  Result<void> set_remote_fingerprints(const std::vector<DtlsFingerprint>& fingerprints, Instant now);
  /// kNew → kConnecting: a client sends its ClientHello, a server listens. Again: no effect.
  void start(Instant now);

  /// One datagram of the DTLS class (RFC 7983: first byte 20 to 63).
  ReceiveResult receive(Bytes datagram, Instant now);
  void advance(Instant now);
  [[nodiscard]] Instant next_deadline() const { return deadline_; }
  /// Appends the datagrams to send, in order.
  void drain(std::vector<std::vector<std::uint8_t>>& out) { flight_.drain(out); }
  [[nodiscard]] bool has_output() const { return flight_.has_output(); }

  [[nodiscard]] Role role() const { return role_; }
  [[nodiscard]] State state() const { return state_; }
  /// Why the state is kFailed: one sentence; empty otherwise.
  [[nodiscard]] const std::string& failure() const { return failure_; }
  /// The handshake has ended; without fingerprints the state is still kConnecting.
  [[nodiscard]] bool handshake_done() const { return handshake_done_; }
  /// In kConnected, when an SRTP profile was negotiated.
  [[nodiscard]] std::optional<KeyingMaterial> keys() const;
  /// The peer's leaf certificate, once it has been received; empty before.
  [[nodiscard]] std::string remote_certificate_pem() const;

  /// Sends close_notify when there is someone to tell. → kClosed.
  void close(Instant now);

  /// One message of application data as one datagram. False when not kConnected or longer than max_message().
  bool send(Bytes message);
  [[nodiscard]] std::size_t max_message() const { return options_.mtu - kRecordOverhead; }
  /// Appends the application data received, a vector a record. Nothing before kConnected.
  void take_received(std::vector<std::vector<std::uint8_t>>& out);

  /// Always on: what became of each datagram, indexed by ReceiveResult.
  [[nodiscard]] const std::array<std::uint64_t, kReceiveResultCount>& receive_counts() const {
    return receive_counts_;
  }
  [[nodiscard]] std::uint32_t retransmitted_flights() const { return retransmitted_flights_; }
  /// Application data dropped because nobody took what had come before, in messages.
  [[nodiscard]] std::uint64_t received_dropped() const { return received_dropped_; }

 private:
  friend struct Hooks;  // OpenSSL's callbacks
  struct SslFree {
    void operator()(ssl_st* ssl) const;
  };
  /// Record header, explicit nonce and tag of AES-GCM: the largest of our suites.
  static constexpr std::size_t kRecordOverhead = 13 + 8 + 16;
  /// Application data held until it is taken; more is dropped, as UDP would.
  static constexpr std::size_t kMaxReceivedBytes = 256 * 1024;
  static constexpr Duration kFirstBackoff = 200ms;
  static constexpr Duration kMaxBackoff = 3200ms;

  [[nodiscard]] ReceiveResult admit(Bytes datagram) const;
  void run_handshake(Instant now);
  void finish_handshake();
  void verify_peer();
  bool accepts(const x509_st& certificate);
  void read_application_data();
  void hold(Bytes message);
  void schedule_retransmission(Instant now);
  void fail(std::string reason);
  void fail_and_tell(std::string reason);
  void fail_from_ssl(int error);
  void settle(State state);

  Context& context_;
  Role role_;
  Options options_;
  State state_ = State::kNew;
  bool handshake_done_ = false;
  /// Of records in protection. The first are Finished, which is longer than either cipher's least.
  std::size_t min_protected_ = kMinGcmRecord;
  bool verified_ = false;
  std::string failure_;
  std::vector<DtlsFingerprint> remote_fingerprints_;

  Flight flight_;           ///< What OpenSSL writes.
  Bytes input_;             ///< The datagram OpenSSL has yet to read; only during receive().
  bool starved_ = false;    ///< OpenSSL has asked for more than there is.
  bool pack_ = true;        ///< Records of one flight share datagrams; application data does not.
  std::string mismatch_;    ///< The peer's fingerprint, when it is not what signaling promised; else empty.
  int alert_received_ = 0;  ///< Level and description, as OpenSSL's info callback gives them; 0: none.

  Instant deadline_ = kNever;
  Duration backoff_{};
  std::uint32_t flight_seen_ = 0;    ///< The flight number the deadline belongs to.
  std::size_t retransmissions_ = 0;  ///< Of that flight.
  std::uint32_t retransmitted_flights_ = 0;

  std::vector<std::vector<std::uint8_t>> received_;
  std::size_t received_bytes_ = 0;
  std::uint64_t received_dropped_ = 0;
  std::array<std::uint64_t, kReceiveResultCount> receive_counts_{};
  std::unique_ptr<ssl_st, SslFree> ssl_;  ///< Last: goes first, while what its BIO points at still stands.
};

}  // namespace sluice::dtls
