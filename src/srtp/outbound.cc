#include "srtp/outbound.h"

#include "base/check.h"

namespace sluice::srtp {
namespace {
constexpr std::size_t kRtpHeaderSize = 12;
constexpr std::size_t kRtcpHeaderSize = 8;
}  // namespace

Outbound::Outbound(Backend& backend, const MasterKey& key)
    : backend_(&backend), suite_(key.suite), cipher_(backend.make_cipher(key, Direction::kOutbound)) {}

std::size_t Outbound::protect_rtp(std::uint8_t* out, std::size_t header_size, std::size_t prefix_size,
                                  Bytes payload) {
  SLUICE_CHECK(header_size >= kRtpHeaderSize);
  Stream& stream = streams_.find_or_insert(load32(out + 8));
  const std::uint64_t index = stream.rtp.estimate(load16(out + 2));
  if (index > kMaxRtpIndex) [[unlikely]]
    return 0;  // RFC 3711 §9.2: no index twice under one key
  stream.rtp.advance(index);
  return cipher_->protect_rtp({out, header_size, prefix_size, payload, index});
}

std::size_t Outbound::protect_rtcp(MutableBytes buffer, std::size_t size) {
  SLUICE_CHECK(buffer.size() >= size + rtcp_overhead(suite_));
  if (size < kRtcpHeaderSize) return 0;
  Stream& stream = streams_.find_or_insert(load32(buffer.data() + 4));
  if (stream.rtcp_index == kMaxRtcpIndex) [[unlikely]]
    return 0;
  // The first packet has index 1, as libsrtp's has. RFC 3711 §3.4 starts from 0; receivers take any index
  // that is new.
  return cipher_->protect_rtcp(buffer.data(), size, ++stream.rtcp_index);
}

void Outbound::remove_ssrc(Ssrc ssrc) {
  if (streams_.erase(ssrc.value)) cipher_->forget(ssrc.value);
}

std::size_t Batch::protect_rtp(Outbound& context, std::uint8_t* out, std::size_t header_size,
                               std::size_t prefix_size, Bytes payload) {
  SLUICE_CHECK(context.backend_ == backend_);
  return context.protect_rtp(out, header_size, prefix_size, payload);
}

}  // namespace sluice::srtp
