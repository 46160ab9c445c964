#include "worker/tcp_connection.h"

#include <algorithm>
#include <cerrno>

#include <netinet/in.h>
#include <unistd.h>

namespace sluice::worker {
namespace {

constexpr std::size_t kMostLength = 0xFFFF;  // RFC 4571 §2: 16 bits

std::span<const std::uint8_t> bytes_of(const iovec& vector) {
  return {static_cast<const std::uint8_t*>(vector.iov_base), vector.iov_len};
}

/// RFC 7983 §7: RTP and RTCP; below are STUN and DTLS.
bool is_media(std::span<const std::uint8_t> bytes) {
  return !bytes.empty() && bytes[0] >= 128;
}

bool try_again(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

TcpEnd end_of(int error) {
  switch (error) {
    case ECONNRESET:
    case EPIPE:
      return TcpEnd::kReset;
    case ETIMEDOUT:
      return TcpEnd::kTimedOut;
    default:
      return TcpEnd::kOther;
  }
}

}  // namespace

TcpConnection::TcpConnection(int fd, const SocketAddress& remote, TcpCounters& counters,
                             std::size_t queue_bytes)
    : fd_(fd), remote_(remote), counters_(counters), queue_(queue_bytes) {
  for (std::size_t i = 0; i < kFramesPerWrite; ++i) vectors_[2 * i] = {prefixes_[i].data(), kTcpPrefixSize};
}

TcpConnection::~TcpConnection() {
  close(fd_);
}

void TcpConnection::end(TcpEnd reason) {
  if (ended_) return;
  ended_ = reason;
  counters_.drops[static_cast<std::size_t>(TcpDrop::kNoConnection)] += queue_.frames();
}

// --- In
// --------------------------------------------------------------------------------------------------------------------

std::span<const std::uint8_t> TcpConnection::read(std::span<std::uint8_t> chunk) {
  if (ended_) return {};
  ++counters_.read_calls;
  const ssize_t count = recv(fd_, chunk.data(), chunk.size(), MSG_DONTWAIT);
  if (count < 0 && !try_again(errno)) end(end_of(errno));
  if (count == 0) end(TcpEnd::kByPeer);
  if (count <= 0) return {};
  counters_.bytes_received += static_cast<std::size_t>(count);
  return chunk.first(static_cast<std::size_t>(count));
}

PacketRef TcpConnection::next_datagram(std::span<const std::uint8_t>& bytes, PacketPool& pool) {
  while (!bytes.empty() && !ended_) {
    switch (deframer_.next(bytes, pool)) {
      case TcpDeframer::Status::kFrame:
        ++counters_.frames_received;
        return deframer_.take();
      case TcpDeframer::Status::kEmpty:
        counters_.drop(TcpDrop::kEmpty);
        break;
      case TcpDeframer::Status::kNoBuffer:
        counters_.drop(TcpDrop::kNoBuffer);
        break;
      case TcpDeframer::Status::kTooLong:
        end(TcpEnd::kFrameTooLong);
        break;
      case TcpDeframer::Status::kNeedMore:
        break;
    }
  }
  return {};
}

// --- Out
// -------------------------------------------------------------------------------------------------------------------

void TcpConnection::send(std::span<const std::uint8_t> bytes) {
  if (ended_) return counters_.drop(TcpDrop::kNoConnection);
  if (bytes.size() > std::min(kMostLength, queue_.capacity() - kTcpPrefixSize))
    return counters_.drop(TcpDrop::kTooLongToSend);
  const Prefix prefix{static_cast<std::uint8_t>(bytes.size() >> 8), static_cast<std::uint8_t>(bytes.size())};
  // Behind what waits already: the stream has one order.
  if (!queue_.empty()) return enqueue(prefix, bytes);
  prefixes_[used_] = prefix;
  vectors_[2 * used_ + 1] = {const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
  if (++used_ == kFramesPerWrite) flush();
}

void TcpConnection::flush() {
  if (used_ == 0) return;
  const std::size_t written = write(std::span(vectors_).first(2 * used_));
  keep_unsent(written);
  used_ = 0;
}

std::size_t TcpConnection::write(std::span<iovec> vectors) {
  if (ended_) return 0;
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = vectors.size();
  ++counters_.write_calls;
  const ssize_t count = sendmsg(fd_, &message, MSG_DONTWAIT | MSG_NOSIGNAL);  // writev(2) without SIGPIPE
  if (count < 0) {
    if (!try_again(errno)) end(end_of(errno));
    return 0;
  }
  counters_.bytes_sent += static_cast<std::size_t>(count);
  return static_cast<std::size_t>(count);
}

/// Copies what the kernel left of the batch: the rest of the frame it stopped in, then whole frames as far as
/// they have room.
void TcpConnection::keep_unsent(std::size_t written) {
  for (std::size_t i = 0; i < used_; ++i) {
    auto prefix = bytes_of(vectors_[2 * i]);
    auto bytes = bytes_of(vectors_[2 * i + 1]);
    const std::size_t size = prefix.size() + bytes.size();
    if (written >= size) {
      written -= size;
      ++counters_.frames_sent;
    } else if (ended_) {
      counters_.drop(TcpDrop::kNoConnection);
    } else if (written != 0) {
      const std::size_t of_prefix = std::min(written, prefix.size());
      queue_.push_rest(prefix.subspan(of_prefix), bytes.subspan(written - of_prefix));
      ++counters_.deferred;
      written = 0;
    } else {
      enqueue(prefix, bytes);
    }
  }
}

void TcpConnection::enqueue(std::span<const std::uint8_t> prefix, std::span<const std::uint8_t> bytes) {
  const std::size_t reserved = is_media(bytes) ? std::min(kQueueReserve, queue_.capacity() / 8) : 0;
  if (!queue_.push(prefix, bytes, reserved)) return counters_.drop(TcpDrop::kQueueFull);
  ++counters_.deferred;
}

void TcpConnection::on_writable() {
  if (queue_.empty()) return;
  auto parts = queue_.parts();
  const std::size_t written = write(std::span(parts).first(parts[1].iov_len == 0 ? 1 : 2));
  counters_.frames_sent += queue_.pop(written);
}

}  // namespace sluice::worker
