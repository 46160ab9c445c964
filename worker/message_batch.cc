#include "worker/message_batch.h"

#include <cstring>

#include <netinet/in.h>
#include <netinet/udp.h>

#include "base/check.h"

namespace sluice::worker {

MessageBatch::MessageBatch() {
  for (std::size_t i = 0; i < kMessages; ++i) {
    msghdr& header = headers_[i].msg_hdr;
    header.msg_name = &addresses_[i];
    header.msg_control = controls_[i].bytes.data();
    header.msg_controllen = sizeof(Control);
    cmsghdr* control = CMSG_FIRSTHDR(&header);
    control->cmsg_level = SOL_UDP;
    control->cmsg_type = UDP_SEGMENT;
    control->cmsg_len = CMSG_LEN(sizeof(std::uint16_t));
  }
}

void MessageBatch::add(std::span<const std::uint8_t> bytes, const SocketAddress& remote, bool merge) {
  SLUICE_CHECK(!full());
  vectors_[datagrams_] = {const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
  if (!merge || !joins(bytes, remote)) begin(remote, bytes.size());
  ++datagrams_;
  Details& details = details_[messages_ - 1];
  details.bytes += bytes.size();
  details.closed = bytes.size() < details.segment_size;
  msghdr& header = headers_[messages_ - 1].msg_hdr;
  if (++header.msg_iovlen != 2) return;
  const auto segment_size = static_cast<std::uint16_t>(details.segment_size);
  header.msg_controllen = sizeof(Control);
  std::memcpy(CMSG_DATA(CMSG_FIRSTHDR(&header)), &segment_size, sizeof segment_size);
}

bool MessageBatch::joins(std::span<const std::uint8_t> bytes, const SocketAddress& remote) const {
  if (messages_ == 0) return false;
  const Details& last = details_[messages_ - 1];
  return !last.closed && !bytes.empty() && bytes.size() <= last.segment_size &&
         last.bytes + bytes.size() <= kMessageBytes &&
         headers_[messages_ - 1].msg_hdr.msg_iovlen < kSegments && last.remote == remote;
}

void MessageBatch::begin(const SocketAddress& remote, std::size_t size) {
  msghdr& header = headers_[messages_].msg_hdr;
  header.msg_namelen = to_sockaddr(remote, addresses_[messages_]);
  header.msg_iov = &vectors_[datagrams_];
  header.msg_iovlen = 0;
  header.msg_controllen = 0;
  details_[messages_] = {remote, size, 0, false};
  ++messages_;
}

}  // namespace sluice::worker
