#include "worker/receive_batch.h"

#include <algorithm>
#include <cstring>

#include <netinet/in.h>

#include "worker/sockaddr.h"

namespace sluice::worker {

ReceiveBatch::ReceiveBatch(PacketPool& pool) : pool_(pool) {
  for (std::size_t i = 0; i < kSize; ++i) {
    msghdr& header = headers_[i].msg_hdr;
    header.msg_iov = &vectors_[i];
    header.msg_iovlen = 1;
    header.msg_name = &addresses_[i];
    header.msg_control = controls_[i].bytes.data();
  }
}

std::span<mmsghdr> ReceiveBatch::prepare() {
  std::size_t ready = 0;
  for (; ready < kSize; ++ready) {
    if (!buffers_[ready]) buffers_[ready] = pool_.allocate();
    if (!buffers_[ready]) break;
    vectors_[ready] = {buffers_[ready]->data, Packet::kCapacity};
    // The kernel writes these lengths, so they are set anew each time.
    headers_[ready].msg_hdr.msg_namelen = sizeof(sockaddr_storage);
    headers_[ready].msg_hdr.msg_controllen = kControlSize;
  }
  return {headers_.data(), ready};
}

std::size_t ReceiveBatch::accept(std::size_t count, SocketId socket, const Moment& moment) {
  accepted_ = 0;
  std::size_t truncated = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const mmsghdr& header = headers_[i];
    if ((header.msg_hdr.msg_flags & MSG_TRUNC) != 0) {
      ++truncated;  // the buffer is kept for the next receive
      continue;
    }
    Packet& packet = *buffers_[i];
    packet.size = static_cast<std::uint16_t>(header.msg_len);
    packet.ecn = 0;
    packet.arrival = moment.now;
    read_control(header.msg_hdr, moment, packet);
    ReceivedDatagram& datagram = datagrams_[accepted_++];
    datagram.path = {from_sockaddr(addresses_[i]), socket};
    datagram.packet = std::move(buffers_[i]);
  }
  return truncated;
}

void ReceiveBatch::read_control(const msghdr& header, const Moment& moment, Packet& packet) {
  for (const cmsghdr* control = CMSG_FIRSTHDR(&header); control != nullptr;
       control = CMSG_NXTHDR(const_cast<msghdr*>(&header), const_cast<cmsghdr*>(control))) {
    if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_TIMESTAMPNS) {
      timespec stamp{};
      std::memcpy(&stamp, CMSG_DATA(control), sizeof stamp);
      packet.arrival = to_instant(moment, stamp);
    } else if ((control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_TOS) ||
               (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_TCLASS)) {
      // One byte for IPv4, an int for IPv6; RFC 3168 §5: the two low bits.
      std::uint8_t low = 0;
      if (control->cmsg_level == IPPROTO_IP) {
        std::memcpy(&low, CMSG_DATA(control), 1);
      } else {
        int traffic_class = 0;
        std::memcpy(&traffic_class, CMSG_DATA(control), sizeof traffic_class);
        low = static_cast<std::uint8_t>(traffic_class);
      }
      packet.ecn = low & 0x03U;
    }
  }
}

void ReceiveBatch::release() {
  for (ReceivedDatagram& datagram : datagrams()) datagram.packet.reset();
  accepted_ = 0;
}

std::size_t ReceiveBatch::reserved() const {
  return static_cast<std::size_t>(
      std::count_if(buffers_.begin(), buffers_.end(), [](const PacketRef& b) { return bool(b); }));
}

}  // namespace sluice::worker
