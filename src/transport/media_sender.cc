#include "transport/media_sender.h"

namespace sluice::transport {

bool MediaSender::send_rtp(const OutgoingRtp& rtp, Instant now, const SendStamp* again) {
  if (!ready()) return false;
  std::uint8_t* out = batch_->slot();
  const auto header = rtp::write_header({out, SendBatch::kSlotSize}, rtp.header, rtp.extensions);
  if (!header) return false;
  if (header->size + rtp.prefix.size() + rtp.payload.size() + srtp::kMaxOverhead > SendBatch::kSlotSize)
    return false;
  if (again != nullptr) [[unlikely]] {
    if (header->abs_send_time != 0) store24(out + header->abs_send_time, again->abs_send_time);
    if (header->transport_cc != 0) rtp::write_transport_cc(out + header->transport_cc, again->transport_cc);
  } else {
    if (header->abs_send_time != 0) rtp::write_abs_send_time(out + header->abs_send_time, now);
    if (header->transport_cc != 0) {
      rtp::write_transport_cc(out + header->transport_cc, transport_cc_);
      transport_cc_ = transport_cc_.plus(1);
    }
  }
  if (!rtp.prefix.empty()) std::memcpy(out + header->size, rtp.prefix.data(), rtp.prefix.size());
  if (unprotected_) {
    const std::size_t plain = header->size + rtp.prefix.size();
    if (!rtp.payload.empty()) std::memcpy(out + plain, rtp.payload.data(), rtp.payload.size());
    leave(*path_, plain + rtp.payload.size());
    count(plain + rtp.payload.size(), now);
    return true;
  }
  const std::size_t size =
      batch_->protector().protect_rtp(*outbound_, out, header->size, rtp.prefix.size(), rtp.payload);
  if (size == 0) return false;
  batch_->queue(destination_, *path_, size, rtp.packet);
  count(size, now);
  return true;
}

bool MediaSender::send_copy(const Path& path, Bytes bytes, Instant now) {
  if (!batch_->queue_copy(destination_, path, bytes)) return false;
  count(bytes.size(), now);
  return true;
}

bool MediaSender::finish_rtcp(MutableBytes buffer, std::size_t size, Instant now) {
  const std::size_t protected_size = unprotected_ ? size : outbound_->protect_rtcp(buffer, size);
  if (protected_size == 0) return false;
  leave(*rtcp_path_, protected_size);
  count(protected_size, now);
  return true;
}

}  // namespace sluice::transport
