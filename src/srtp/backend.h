// Whose cryptography runs: one small interface, three implementations.
//
// A Backend is made once by the owner of the engine and outlives every context made from it. A Cipher is one
// direction of one transport: its session keys inside that backend. Ciphers know packets and packet indices;
// what an index is, and whether it was seen, is decided above them (outbound.h, inbound.h), so that every
// backend behaves alike.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "srtp/suite.h"

namespace sluice::srtp {

enum class BackendKind {
  kIpsecMb,  ///< Intel's multi-buffer library: x86-64 with AES-NI. By far the fastest.
  kOpenssl,  ///< OpenSSL's EVP interface: everywhere.
  kLibsrtp,  ///< libsrtp2: the reference the others are compared with.
};

/// "ipsec-mb", "openssl", "libsrtp".
std::string_view to_string(BackendKind kind);
std::optional<BackendKind> parse_backend(std::string_view name);
/// Whether this build contains the backend and this CPU can run it.
bool backend_available(BackendKind kind);
/// The fastest one available.
BackendKind detect_backend();

enum class Direction { kOutbound, kInbound };

/// A packet to protect: `header_size + prefix_size` bytes stand at `out` already, the payload elsewhere.
struct RtpToProtect {
  std::uint8_t* out;
  std::size_t header_size;
  std::size_t prefix_size;
  Bytes payload;
  std::uint64_t index;  ///< 48 bits: roll-over counter and sequence number (RFC 3711 §3.3.1).
};

/// The tag of a packet whose check has begun: as it came, and, after flush(), as it should be.
struct PendingTag {
  std::array<std::uint8_t, 10> received{};
  std::array<std::uint8_t, 10> expected{};
};

/// The session keys of one direction, ready to run. Sizes were checked by the caller.
class Cipher {
 public:
  virtual ~Cipher() = default;
  /// Gives the size of the whole packet, 0 when the backend refuses. A backend may leave the tag for flush().
  virtual std::size_t protect_rtp(const RtpToProtect& packet) = 0;
  /// Gives whether `packet` (header, ciphertext and tag) is authentic; it is then decrypted in place.
  virtual bool unprotect_rtp(MutableBytes packet, std::size_t header_size, std::uint64_t index) = 0;
  /// Checking many at once: begins with one, whose tag is then overwritten; flush() computes; finish gives
  /// what unprotect_rtp would have given. `tag` stays where it is until then. False: this cipher does not do
  /// so.
  virtual bool begin_unprotect_rtp(MutableBytes /*packet*/, std::uint64_t /*index*/, PendingTag& /*tag*/) {
    return false;
  }
  virtual bool finish_unprotect_rtp(MutableBytes /*packet*/, std::size_t /*header_size*/,
                                    std::uint64_t /*index*/, const PendingTag& /*tag*/) {
    return false;
  }
  /// Protects the `size` bytes at `packet` in place, with rtcp_overhead more bytes of room after them; 0 when
  /// refused.
  virtual std::size_t protect_rtcp(std::uint8_t* packet, std::size_t size, std::uint32_t index) = 0;
  virtual bool unprotect_rtcp(MutableBytes packet, std::uint32_t index) = 0;
  /// RTP is to be protected soon.
  virtual void prefetch() const {}
  /// The stream ended: for backends with state of their own.
  virtual void forget(std::uint32_t /*ssrc*/) {}
};

class Backend {
 public:
  virtual ~Backend() = default;
  [[nodiscard]] virtual BackendKind kind() const = 0;
  virtual std::unique_ptr<Cipher> make_cipher(const MasterKey& key, Direction direction) = 0;
  /// Finishes every packet that protect_rtp left unfinished, over all of this backend's ciphers.
  virtual void flush() {}
  /// Some cipher of its gains by begin_unprotect_rtp.
  [[nodiscard]] virtual bool batches_unprotect() const { return false; }
  /// How many packets flush() would finish.
  [[nodiscard]] virtual std::size_t pending() const { return 0; }
};

/// Nothing when the backend is not available.
std::unique_ptr<Backend> make_backend(BackendKind kind);
std::unique_ptr<Backend> make_fastest_backend();

}  // namespace sluice::srtp
