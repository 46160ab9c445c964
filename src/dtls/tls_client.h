// TLS 1.2 or 1.3 as a client, between a stream of bytes that the owner moves and what the layer above says:
// for TURN and STUN over TLS (RFC 8656 §2.1, RFC 8489 §6.2.3). Sans-IO: bytes in, bytes out. The server's
// certificate must be valid for the host name or address that was asked for.
//
// Invariants: nothing that came is given to the layer above before the certificate is verified; after a
// failure nothing is given or sent any more. Called by whoever opens connections for ice::FullAgent.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"

struct ssl_ctx_st;
struct ssl_st;

namespace sluice::dtls {

class TlsClient {
 public:
  static constexpr std::size_t kMaxUnsent = 1 << 20;  ///< What send() keeps before the handshake is over.

  struct Options {
    std::string host;        ///< A name, or a numeric address without brackets: what the certificate is for.
    std::string ca_pem{};    ///< Authorities that are trusted beside the system's: PEM certificates.
    bool system_cas = true;  ///< OpenSSL's default places are looked in for the others.
    std::int64_t unix_time = 0;  ///< Now, in s: for the certificate's validity.
  };
  enum class State : std::uint8_t { kHandshaking, kConnected, kClosed, kFailed };

  explicit TlsClient(Options options);
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;
  ~TlsClient();

  /// Bytes from the server.
  void receive(Bytes bytes);
  /// For the server. Kept until the handshake is over; false when there is too much, or nothing can be sent.
  bool send(Bytes bytes);
  /// close_notify; take_outgoing() once more.
  void close();

  /// What is to be written to the connection. The first flight is there from the beginning.
  std::vector<std::uint8_t> take_outgoing();
  /// What the server said.
  std::vector<std::uint8_t> take_incoming();
  [[nodiscard]] State state() const { return state_; }
  /// Of kFailed: a sentence.
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  struct ContextFree {
    void operator()(ssl_ctx_st* context) const;
  };
  struct SslFree {
    void operator()(ssl_st* ssl) const;
  };

  bool set_up();
  bool trust(const std::string& pem);
  bool expect_host();
  void handshake();
  void read();
  void flush();
  void fail(std::string what);

  Options options_;
  State state_ = State::kHandshaking;
  std::string error_;
  std::unique_ptr<ssl_ctx_st, ContextFree> context_;
  std::unique_ptr<ssl_st, SslFree> ssl_;
  std::vector<std::uint8_t> unsent_;
  std::vector<std::uint8_t> incoming_;
};

}  // namespace sluice::dtls
