#include "sctp/packet.h"

#include <cstring>
#include <vector>

#include <usrsctp.h>

namespace sluice::sctp {
namespace {

constexpr std::size_t kChecksum = 8;  // of the common header

}  // namespace

bool has_right_checksum(Bytes packet) {
  std::vector<std::uint8_t> copy(packet.begin(), packet.end());
  set_checksum(copy);
  return std::memcmp(&copy[kChecksum], &packet[kChecksum], sizeof(std::uint32_t)) == 0;
}

void set_checksum(MutableBytes packet) {
  store32(&packet[kChecksum], 0);
  const std::uint32_t checksum = usrsctp_crc32c(packet.data(), packet.size());
  std::memcpy(&packet[kChecksum], &checksum, sizeof checksum);  // as usrsctp does: in the order it is sent
}

}  // namespace sluice::sctp
