// What is counted of a listening TCP socket and all its connections together, for the worker's dump.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::worker {

/// Why a connection was not taken.
enum class TcpRefusal : std::uint8_t {
  kTooMany,             ///< The worker has as many connections as it may.
  kTooManyFromAddress,  ///< So many of this address have yet to show a valid check.
  kNoDescriptor         ///< EMFILE, ENFILE.
};
inline constexpr std::size_t kTcpRefusals = 3;

/// Why a connection ended.
enum class TcpEnd : std::uint8_t {
  kByPeer,        ///< It closed its side.
  kReset,         ///< ECONNRESET, EPIPE.
  kTimedOut,      ///< What was sent stayed unacknowledged for kTcpUserTimeout.
  kFrameTooLong,  ///< A frame longer than any datagram: another protocol, or garbage.
  kNoCheck,       ///< No valid ICE check in time.
  kReleased,      ///< No transport uses it any more.
  kReplaced,      ///< Its address and port came in again.
  kOther
};
inline constexpr std::size_t kTcpEnds = 8;

/// Why a frame was dropped, in either direction.
enum class TcpDrop : std::uint8_t {
  kEmpty,         ///< Received with length 0.
  kNoBuffer,      ///< Received while the packet pool was exhausted.
  kQueueFull,     ///< To send, but the peer does not take what waits already.
  kNoConnection,  ///< To send, but the connection has ended.
  kTooLongToSend  ///< To send, but longer than a frame may be.
};
inline constexpr std::size_t kTcpDrops = 5;

std::string_view to_string(TcpRefusal refusal);
std::string_view to_string(TcpEnd end);
std::string_view to_string(TcpDrop drop);

struct TcpCounters {
  std::uint64_t accepted = 0;
  std::uint64_t open = 0;
  std::array<std::uint64_t, kTcpRefusals> refused{};
  std::array<std::uint64_t, kTcpEnds> ended{};
  std::uint64_t read_calls = 0;
  std::uint64_t frames_received = 0;
  std::uint64_t bytes_received = 0;  ///< Prefixes included, as in bytes_sent.
  std::uint64_t write_calls = 0;
  std::uint64_t frames_sent = 0;  ///< Taken whole by the kernel.
  std::uint64_t bytes_sent = 0;
  std::uint64_t deferred = 0;  ///< Frames that waited because the kernel's buffer was full.
  std::array<std::uint64_t, kTcpDrops> drops{};

  void refuse(TcpRefusal reason) { ++refused[static_cast<std::size_t>(reason)]; }
  void drop(TcpDrop reason) { ++drops[static_cast<std::size_t>(reason)]; }
};

}  // namespace sluice::worker
