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
#include "sluice/event.h"
#include "sluice/listen.h"
#include "sluice/packet.h"
#include "sluice/reply.h"
#include "sluice/result.h"
#include "sluice/time.h"

namespace sluice {

enum class SrtpBackend : std::uint8_t { kAuto, kIpsecMb, kOpenssl, kLibsrtp };

struct EngineOptions {
  std::array<std::uint8_t, 32> seed{};  ///< Entropy in production, a number in tests.
  WallClock wall_clock;
  std::vector<ListenSocket> sockets;  ///< Of all WebRTC transports, as long as the engine lives.
  std::string certificate_file;       ///< PEM; both empty: a self-signed certificate is made.
  std::string private_key_file;
  LogLevel log_level = LogLevel::kError;
  std::vector<LogTag> log_tags;
  SrtpBackend srtp_backend = SrtpBackend::kAuto;
  /// About how many datagrams one flush() gives: enough to fill system calls, few enough that the
  /// second-level cache still holds them when the kernel copies them.
  std::size_t flush_portion = 512;
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
  /// The connection of this path (TCP) is gone: nothing more comes from it or can be sent to it. Told before
  /// another connection from the same address is taken.
  void path_closed(const Path& path, Instant now);
  /// Some transport takes media from this path: ICE has validated it. A connection that does not get so far
  /// in a few seconds is not a client of ours.
  [[nodiscard]] bool has_path(const Path& path) const;
  /// Connections that no transport has a use for any more, since the last call: for the owner to close once
  /// it has flushed. TCP only; an owner without TCP sockets need not ask.
  std::vector<Path> take_closed_paths();
  /// Does what is due at `now`.
  void advance(Instant now);
  [[nodiscard]] Instant next_deadline() const;

  /// Forwards what was received, in portions: gives the next few hundred datagrams, those of one destination
  /// side by side and in order. Call until it gives none, before time passes. Valid until the next call of
  /// any member.
  std::span<const OutgoingDatagram> flush(Instant now);
  /// Sockets that came with a command and that no transport has any more: its transport was closed, or the
  /// command refused. For the owner to close, after a flush(): what waits may still go out by them.
  std::vector<SocketId> take_released_sockets();
  /// How many bytes of messages and packets for the controller the next take_events() may give; what is more
  /// waits in the bounded queue of its data consumer or direct transport, and what those cannot hold is
  /// dropped and counted. For an owner whose way to the controller can be full; without it there is no bound.
  void set_controller_room(std::size_t bytes);
  /// Events since the last call, oldest first.
  std::vector<Event> take_events();

 private:
  class Impl;
  explicit Engine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
