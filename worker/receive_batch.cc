#include "worker/receive_batch.h"

#include <algorithm>
#include <cstring>

#include <netinet/in.h>
#include <netinet/udp.h>

#include "worker/sockaddr.h"

namespace sluice::worker {
namespace {

/// An int, or the single byte that IPv4 has in its place.
int control_value(const cmsghdr& control) {
  if (control.cmsg_len < CMSG_LEN(sizeof(int))) return *CMSG_DATA(&control);
  int value = 0;
  std::memcpy(&value, CMSG_DATA(&control), sizeof value);
  return value;
}

}  // namespace

ReceiveBatch::ReceiveBatch(PacketPool& pool)
    : pool_(pool), landing_(std::make_unique_for_overwrite<std::uint8_t[]>(kMessages * kStride)) {
  for (std::size_t i = 0; i < kMessages; ++i) {
    vectors_[i] = {landing_.get() + i * kStride, kMessageBytes};
    msghdr& header = headers_[i].msg_hdr;
    header.msg_iov = &vectors_[i];
    header.msg_iovlen = 1;
    header.msg_name = &addresses_[i];
    header.msg_control = controls_[i].bytes.data();
  }
  datagrams_.reserve(kMessages);
}

std::span<mmsghdr> ReceiveBatch::prepare() {
  for (mmsghdr& header : headers_) {
    // The kernel writes these lengths, so they are set anew each time.
    header.msg_hdr.msg_namelen = sizeof(sockaddr_storage);
    header.msg_hdr.msg_controllen = kControlSize;
  }
  return headers_;
}

ReceiveBatch::Accepted ReceiveBatch::accept(std::size_t count, SocketId socket, const Moment& moment) {
  release();
  Accepted accepted;
  for (std::size_t i = 0; i < count; ++i) {
    const std::span<const std::uint8_t> message(landing_.get() + i * kStride, headers_[i].msg_len);
    const Facts facts = read_control(headers_[i].msg_hdr, moment);
    const Path path{from_sockaddr(addresses_[i]), socket};
    // Only the last may be shorter (udp(7), UDP_GRO).
    const std::size_t step = facts.segment_size == 0 ? message.size() : facts.segment_size;
    if (step < message.size()) ++accepted.coalesced;
    std::size_t at = 0;
    do {
      take(message.subspan(at, std::min(step, message.size() - at)), path, facts, accepted);
      at += step;
    } while (at < message.size());
  }
  return accepted;
}

void ReceiveBatch::take(std::span<const std::uint8_t> bytes, const Path& path, const Facts& facts,
                        Accepted& accepted) {
  if (bytes.size() > Packet::kCapacity) {
    ++accepted.too_long;
    return;
  }
  PacketRef packet = pool_.allocate();
  if (!packet) {
    ++accepted.no_buffer;
    return;
  }
  std::memcpy(packet->data, bytes.data(), bytes.size());
  packet->size = static_cast<std::uint16_t>(bytes.size());
  packet->arrival = facts.arrival;
  packet->ecn = facts.ecn;
  datagrams_.push_back({std::move(packet), path});
  ++accepted.datagrams;
  accepted.bytes += bytes.size();
}

ReceiveBatch::Facts ReceiveBatch::read_control(const msghdr& header, const Moment& moment) {
  Facts facts{moment.now};
  for (const cmsghdr* control = CMSG_FIRSTHDR(&header); control != nullptr;
       control = CMSG_NXTHDR(const_cast<msghdr*>(&header), const_cast<cmsghdr*>(control))) {
    if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_TIMESTAMPNS) {
      timespec stamp{};
      std::memcpy(&stamp, CMSG_DATA(control), sizeof stamp);
      facts.arrival = to_instant(moment, stamp);
    } else if ((control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_TOS) ||
               (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_TCLASS)) {
      facts.ecn = static_cast<std::uint8_t>(control_value(*control) & 0x03);  // RFC 3168 §5
    } else if (control->cmsg_level == SOL_UDP && control->cmsg_type == UDP_GRO) {
      facts.segment_size = static_cast<std::size_t>(std::max(control_value(*control), 0));
    }
  }
  return facts;
}

}  // namespace sluice::worker
