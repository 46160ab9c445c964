#include "srtp/inbound.h"

namespace sluice::srtp {
namespace {

constexpr UnprotectResult refuse(UnprotectStatus status) {
  return {status, 0};
}

template <class Window>
UnprotectStatus verdict(const Window& window, std::uint64_t index) {
  switch (window.check(index)) {
    case Window::Verdict::kFresh:
      return UnprotectStatus::kOk;
    case Window::Verdict::kSeen:
      return UnprotectStatus::kReplayed;
    case Window::Verdict::kTooOld:
      return UnprotectStatus::kTooOld;
  }
  return UnprotectStatus::kTooOld;
}

// RFC 3550 §5.1 and §5.3.1; zero when the packet is too short for what it claims.
//
//    0                   1                   2                   3
//   |V=2|P|X|  CC   |M|     PT      |       sequence number         |
//   |                           timestamp                           |
//   |           synchronization source (SSRC) identifier            |
//   |                  CSRC identifiers (CC times)                  |
//   |      defined by profile       |    length in 32-bit words     |  if X
//   |                        header extension                       |
std::size_t rtp_header_size(Bytes packet) {
  if (packet.size() < 12) return 0;
  std::size_t size = 12 + 4 * std::size_t{packet[0] & 0x0FU};
  if ((packet[0] & 0x10) != 0) {
    if (packet.size() < size + 4) return 0;
    size += 4 + 4 * std::size_t{load16(packet.data() + size + 2)};
  }
  return packet.size() < size ? 0 : size;
}

bool is_version_2(Bytes packet) {
  return !packet.empty() && (packet[0] >> 6) == 2;
}

}  // namespace

std::string_view to_string(UnprotectStatus status) {
  switch (status) {
    case UnprotectStatus::kOk:
      return "ok";
    case UnprotectStatus::kTooShort:
      return "too_short";
    case UnprotectStatus::kMalformed:
      return "malformed";
    case UnprotectStatus::kNotEncrypted:
      return "not_encrypted";
    case UnprotectStatus::kAuthFailed:
      return "auth_failed";
    case UnprotectStatus::kReplayed:
      return "replayed";
    case UnprotectStatus::kTooOld:
      return "too_old";
    case UnprotectStatus::kTooManySsrcs:
      return "too_many_ssrcs";
  }
  return "";
}

Inbound::Inbound(Backend& backend, const MasterKey& key, std::size_t max_ssrcs)
    : suite_(key.suite), max_ssrcs_(max_ssrcs), cipher_(backend.make_cipher(key, Direction::kInbound)) {}

void Inbound::begin_rtp(MutableBytes packet, Begun& begun) {
  begun.by = nullptr;
  const std::size_t header_size = rtp_header_size(packet);
  if (header_size == 0 || packet.size() < header_size + rtp_tag_size(suite_) || !is_version_2(packet)) return;
  const std::uint16_t sequence = load16(packet.data() + 2);
  const Stream* stream = streams_.find(load32(packet.data() + 8));
  // Packets of the same batch will move the estimate before this one comes to its turn, but none further than
  // a batch is long: the ROC guessed now is the one that would be guessed then.
  const std::uint64_t index = stream != nullptr ? stream->rtp.estimate(sequence) : sequence;
  if (index > kMaxRtpIndex || !cipher_->begin_unprotect_rtp(packet, index, begun.tag)) return;
  begun.by = this;
  begun.index = index;
}

// RFC 3711 §3.3, the receiver's steps: index, replay check, authentication, decryption, and only then the
// state.
UnprotectResult Inbound::unprotect_rtp(MutableBytes packet, const Begun* begun) {
  const std::size_t header_size = rtp_header_size(packet);
  if (header_size == 0 || packet.size() < header_size + rtp_tag_size(suite_))
    return refuse(UnprotectStatus::kTooShort);
  if (!is_version_2(packet)) return refuse(UnprotectStatus::kMalformed);

  const std::uint32_t ssrc = load32(packet.data() + 8);
  const std::uint16_t sequence = load16(packet.data() + 2);
  if (begun != nullptr && begun->by != this) begun = nullptr;
  Stream* stream = streams_.find(ssrc);
  if (stream == nullptr && full()) return refuse(UnprotectStatus::kTooManySsrcs);
  std::uint64_t index = begun != nullptr ? begun->index : sequence;
  if (stream != nullptr) {
    if (begun == nullptr) index = stream->rtp.estimate(sequence);
    if (index > kMaxRtpIndex) return refuse(UnprotectStatus::kTooOld);
    const UnprotectStatus status = verdict(stream->rtp_window, index);
    if (status != UnprotectStatus::kOk) return refuse(status);
  }
  const bool authentic = begun != nullptr
                             ? cipher_->finish_unprotect_rtp(packet, header_size, index, begun->tag)
                             : cipher_->unprotect_rtp(packet, header_size, index);
  if (!authentic) return refuse(UnprotectStatus::kAuthFailed);

  if (stream == nullptr) stream = &streams_.find_or_insert(ssrc);
  stream->rtp.advance(index);
  stream->rtp_window.record(index);
  return {UnprotectStatus::kOk, packet.size() - rtp_overhead(suite_)};
}

// RFC 3711 §3.4. The word of E bit and index is the packet's last before or, in GCM, after the tag.
UnprotectResult Inbound::unprotect_rtcp(MutableBytes packet) {
  constexpr std::size_t kHeaderSize = 8;
  if (packet.size() < kHeaderSize + rtcp_overhead(suite_)) return refuse(UnprotectStatus::kTooShort);
  if (!is_version_2(packet)) return refuse(UnprotectStatus::kMalformed);
  const std::size_t word_at = packet.size() - 4 - (is_aead(suite_) ? 0 : rtcp_tag_size(suite_));
  const std::uint32_t word = load32(packet.data() + word_at);
  if ((word >> 31) == 0) return refuse(UnprotectStatus::kNotEncrypted);
  const std::uint32_t index = word & kMaxRtcpIndex;

  const std::uint32_t ssrc = load32(packet.data() + 4);
  Stream* stream = streams_.find(ssrc);
  if (stream == nullptr && full()) return refuse(UnprotectStatus::kTooManySsrcs);
  if (stream != nullptr) {
    const UnprotectStatus status = verdict(stream->rtcp_window, index);
    if (status != UnprotectStatus::kOk) return refuse(status);
  }
  if (!cipher_->unprotect_rtcp(packet, index)) return refuse(UnprotectStatus::kAuthFailed);

  if (stream == nullptr) stream = &streams_.find_or_insert(ssrc);
  stream->rtcp_window.record(index);
  return {UnprotectStatus::kOk, packet.size() - rtcp_overhead(suite_)};
}

void Inbound::remove_ssrc(Ssrc ssrc) {
  if (streams_.erase(ssrc.value)) cipher_->forget(ssrc.value);
}

}  // namespace sluice::srtp
