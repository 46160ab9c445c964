// Two DTLS sessions on a seeded network in virtual time, and certificates of every kind to give them.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/random.h"
#include "dtls/session.h"

namespace sluice::dtls::test {

using Datagram = std::vector<std::uint8_t>;

inline constexpr std::int64_t kUnixSeconds = 1'700'000'000;
inline Certificate make_certificate() {
  return Certificate::generate(kUnixSeconds);
}

/// What the network does to each datagram.
struct Weather {
  double loss = 0;
  double duplication = 0;
  Duration delay = 10ms;
  Duration jitter{};  ///< Uniform on top of `delay`: reorders.
};

/// A client and a server, with each other's fingerprints unless told otherwise.
class Pair {
 public:
  struct Setup {
    Options client{};
    Options server{};
    bool client_knows = true;
    bool server_knows = true;
    Weather weather{};
    std::uint64_t seed = 1;
  };

  Pair(Context& client_context, Context& server_context, Setup setup);
  Pair(Context& client_context, Context& server_context) : Pair(client_context, server_context, Setup()) {}

  void start();
  /// Runs until `done`, or nothing is left to happen, or `limit` has passed; says whether `done`.
  bool run_until(const std::function<bool()>& done, Duration limit = 60s);
  bool connect() {
    start();
    return run_until([&] { return both(State::kConnected); });
  }
  /// Lets everything under way arrive, timers included.
  void settle(Duration limit = 60s) {
    run_until([] { return false; }, limit);
  }
  [[nodiscard]] bool both(State state) const { return client.state() == state && server.state() == state; }

  Instant now = Instant(1000s);
  Weather weather;
  /// When set, decides for each datagram (sender is the client, bytes) whether it is lost, instead of the
  /// weather.
  std::function<bool(bool from_client, const Datagram&)> lose;
  /// Every datagram that was sent, lost or not.
  std::vector<std::pair<bool, Datagram>> sent;
  Random random;
  Session client;
  Session server;

 private:
  void collect(bool from_client);
  void deliver_due();

  std::multimap<Instant, std::pair<bool, Datagram>> wire_;
};

/// A file that goes when its holder does.
class TempFile {
 public:
  explicit TempFile(const std::string& text);
  TempFile(const TempFile&) = delete;
  TempFile& operator=(const TempFile&) = delete;
  ~TempFile();
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct PemPair {
  std::string certificate;
  std::string key;
};
/// `type`: "RSA" with `bits`, or "EC" with a curve name. `chain`: certificates in all, leaf first.
PemPair make_pem(const std::string& type, const std::string& parameter, int chain = 1);
std::string encrypted_key_pem();
Certificate load(const PemPair& pem);

/// Entries left in this thread's OpenSSL error queue.
bool error_queue_empty();

}  // namespace sluice::dtls::test
