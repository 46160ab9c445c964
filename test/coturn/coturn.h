// A real TURN server, coturn, on free ports of loopback, for as long as the object lives.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace sluice::test {

class Coturn {
 public:
  /// Command-line options; none: "user" with the password "secret".
  explicit Coturn(std::vector<std::string> options = {});
  Coturn(const Coturn&) = delete;
  Coturn& operator=(const Coturn&) = delete;
  ~Coturn();

  /// Without coturn there is nothing to test against: said, and in CI a failure.
  static bool available();
  void stop();
  /// "udp", "tcp", "tls", "tls by address" or "stun".
  [[nodiscard]] std::string url(const std::string& form) const;
  /// PEM, of "localhost".
  [[nodiscard]] std::string certificate() const;

 private:
  [[nodiscard]] std::string file(const char* name) const { return folder_ + "/" + name; }
  void start(const std::vector<std::string>& arguments);

  std::uint16_t port_ = 0;
  std::uint16_t tls_port_ = 0;
  std::string folder_;
  int pid_ = 0;
};

/// Options of a server whose credentials have an end, and such credentials: a name with the time in seconds
/// since 1970, and its HMAC (draft-uberti-behave-turn-rest).
extern const std::vector<std::string> kTimedCredentials;
std::pair<std::string, std::string> timed_credentials(std::int64_t expiry);

}  // namespace sluice::test
