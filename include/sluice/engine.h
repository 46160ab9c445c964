// The whole SFU as a state machine: datagrams, commands and time go in; datagrams and events come out. No
// sockets, no clock, no threads.
//
// Used by worker/ (over libuv), by the load tool, and by scenario tests in virtual time. Not thread-safe. The
// same seed, inputs and instants give the same outputs, except for the bytes of DTLS handshakes, whose
// randomness is OpenSSL's.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sluice/address.h"
#include "sluice/command.h"
#include "sluice/event.h"
#include "sluice/packet.h"
#include "sluice/result.h"
#include "sluice/time.h"

namespace sluice {

/// A UDP socket that the engine's owner has opened.
struct ListenSocket {
  SocketId id = 0;
  SocketAddress local;  ///< Concrete, never 0.0.0.0.
  std::string
      announced_address;  ///< IP or host name told to clients instead of `local`; empty: `local` itself.
};

enum class SrtpBackend : std::uint8_t { kAuto, kIpsecMb, kOpenssl, kLibsrtp };

struct EngineOptions {
  std::array<std::uint8_t, 32> seed{};  ///< Entropy in production, a number in tests.
  WallClock wall_clock;
  std::vector<ListenSocket> sockets;
  std::string certificate_file;  ///< PEM; both empty: a self-signed certificate is made.
  std::string private_key_file;
  LogLevel log_level = LogLevel::kError;
  std::vector<LogTag> log_tags;
  SrtpBackend srtp_backend = SrtpBackend::kAuto;
};

class Engine {
 public:
  /// Fails when the certificate or the SRTP backend cannot be had.
  static Result<std::unique_ptr<Engine>> create(EngineOptions options);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Buffers to receive into. Back at zero in use when every room is closed.
  PacketPool& pool();

  Result<Reply> execute(const Command& command, Instant now);
  void receive(std::span<ReceivedDatagram> datagrams, Instant now);
  /// Does what is due at `now`.
  void advance(Instant now);
  [[nodiscard]] Instant next_deadline() const;

  /// How many datagrams wait; the owner flushes early when this grows large within one wake-up.
  [[nodiscard]] std::size_t pending() const;
  /// Finishes protecting and gives all waiting datagrams, in order for each destination. Valid until the next
  /// call of any other member.
  std::span<const OutgoingDatagram> flush(Instant now);
  /// Events since the last call, oldest first.
  std::vector<Event> take_events();

 private:
  class Impl;
  explicit Engine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
