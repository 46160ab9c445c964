// Datagrams laid out as sendmmsg takes them. Neighbours for one receiver become one message, which the kernel
// cuts into datagrams again (UDP_SEGMENT): the way through the IP stack, most of a packet's cost, is then
// gone once for many.
//
// The kernel asks that the datagrams of a message be equal in size, the last one at most as large. Nothing is
// copied: the bytes stay where they are until clear(). Owned by UdpSocket.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <sys/socket.h>

#include "sluice/address.h"
#include "worker/sockaddr.h"

namespace sluice::worker {

class MessageBatch {
 public:
  static constexpr std::size_t kMessages = 64;
  static constexpr std::size_t kDatagrams = 512;
  /// UDP_MAX_SEGMENTS of every kernel that has UDP_SEGMENT (newer ones take more).
  static constexpr std::size_t kSegments = 64;
  /// Of a message: what fits an IP packet's 16 bits of length beside IPv6 and UDP headers.
  static constexpr std::size_t kMessageBytes = 65'487;

  MessageBatch();
  MessageBatch(const MessageBatch&) = delete;
  MessageBatch& operator=(const MessageBatch&) = delete;

  /// With `merge` the datagram joins the message before it if it can. Not when full().
  void add(std::span<const std::uint8_t> bytes, const SocketAddress& remote, bool merge);
  /// Room for no other message, whatever it is.
  [[nodiscard]] bool full() const { return messages_ == kMessages || datagrams_ == kDatagrams; }
  [[nodiscard]] bool empty() const { return messages_ == 0; }
  [[nodiscard]] std::size_t messages() const { return messages_; }
  [[nodiscard]] std::size_t datagrams() const { return datagrams_; }
  void clear() { messages_ = datagrams_ = 0; }

  /// For sendmmsg, from message `from` on.
  [[nodiscard]] std::span<mmsghdr> headers(std::size_t from) {
    return std::span(headers_).subspan(from, messages_ - from);
  }
  [[nodiscard]] const SocketAddress& remote(std::size_t message) const { return details_[message].remote; }
  [[nodiscard]] std::span<const iovec> segments(std::size_t message) const {
    return {headers_[message].msg_hdr.msg_iov, headers_[message].msg_hdr.msg_iovlen};
  }
  [[nodiscard]] std::size_t bytes(std::size_t message) const { return details_[message].bytes; }

 private:
  struct Details {
    SocketAddress remote;
    std::size_t segment_size = 0;
    std::size_t bytes = 0;
    bool closed = false;  ///< Its last datagram is a smaller one.
  };
  struct alignas(cmsghdr) Control {
    std::array<std::byte, CMSG_SPACE(sizeof(std::uint16_t))> bytes;
  };

  [[nodiscard]] bool joins(std::span<const std::uint8_t> bytes, const SocketAddress& remote) const;
  void begin(const SocketAddress& remote, std::size_t size);

  std::array<mmsghdr, kMessages> headers_{};
  std::array<KernelAddress, kMessages> addresses_{};
  std::array<Control, kMessages> controls_{};
  std::array<Details, kMessages> details_{};
  std::array<iovec, kDatagrams> vectors_{};
  std::size_t messages_ = 0;
  std::size_t datagrams_ = 0;
};

}  // namespace sluice::worker
