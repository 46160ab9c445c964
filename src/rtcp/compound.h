// Walks the RTCP packets in one datagram: a compound packet (RFC 3550 §6.1) or a reduced-size one (RFC 5506).
//
//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |V=2|P| RC/FMT  |      PT       |   length in words minus one   |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//
//   CompoundReader reader(bytes);
//   while (auto packet = reader.next()) { if (auto pli = Pli::parse(*packet)) … }
//   if (!reader.ok()) …count the malformed rest…
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace sluice::rtcp {

inline constexpr std::size_t kHeaderSize = 4;

enum class PacketType : std::uint8_t {
  kSenderReport = 200,     ///< RFC 3550 §6.4.1
  kReceiverReport = 201,   ///< RFC 3550 §6.4.2
  kSdes = 202,             ///< RFC 3550 §6.5
  kBye = 203,              ///< RFC 3550 §6.6
  kApp = 204,              ///< RFC 3550 §6.7
  kRtpFeedback = 205,      ///< RFC 4585 §6.2
  kPayloadFeedback = 206,  ///< RFC 4585 §6.3
  kExtendedReport = 207,   ///< RFC 3611
};

/// Values of the FMT field of feedback packets.
namespace format {
inline constexpr std::uint8_t kNack = 1;  ///< RTPFB, RFC 4585 §6.2.1
inline constexpr std::uint8_t kTransportFeedback =
    15;                                  ///< RTPFB, draft-holmer-rmcat-transport-wide-cc-extensions-01
inline constexpr std::uint8_t kPli = 1;  ///< PSFB, RFC 4585 §6.3.1
inline constexpr std::uint8_t kFir = 4;  ///< PSFB, RFC 5104 §4.3.1
inline constexpr std::uint8_t kApplication = 15;  ///< PSFB, RFC 4585 §6.4; REMB lives here.
}  // namespace format

/// One RTCP packet: its header's facts, and its body without padding.
struct Packet {
  PacketType type = PacketType::kApp;
  std::uint8_t count = 0;  ///< Report count, source count or feedback format.
  Bytes body{};            ///< What follows the four-byte header.
};

class CompoundReader {
 public:
  explicit CompoundReader(Bytes datagram) : rest_(datagram), ok_(!datagram.empty()) {}
  /// The next packet; nothing at the end, or at the first malformed header.
  std::optional<Packet> next();
  /// False once a malformed header was met, and for an empty datagram.
  [[nodiscard]] bool ok() const { return ok_; }

 private:
  Bytes rest_;
  bool ok_;
};

/// Writes a packet's header now; when it goes out of scope, zeros up to a multiple of four and the length.
class PacketScope {
 public:
  PacketScope(ByteWriter& writer, PacketType type, std::size_t count);
  ~PacketScope();
  PacketScope(const PacketScope&) = delete;
  PacketScope& operator=(const PacketScope&) = delete;

 private:
  ByteWriter& writer_;
  std::size_t start_;
};

}  // namespace sluice::rtcp
