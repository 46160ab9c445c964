// Association's way in: what usrsctp has to tell, in our words.
#include <algorithm>
#include <cerrno>
#include <cstring>

#include <usrsctp.h>

#include "sctp/association_call.h"

namespace sluice::sctp {
namespace {

constexpr std::size_t kReadBuffer = 64 * 1024;
constexpr std::uint16_t kUserInitiatedAbort = 12;  // RFC 9260 §3.3.10.12

/// Why an association was lost, as a sentence. `info` is the ABORT chunk that came, or ours, or nothing.
std::string reason_of(const sctp_assoc_change& change, Bytes info) {
  if (change.sac_state == SCTP_RESTART)
    return "The peer has begun a new SCTP association in place of this one.";
  const bool cannot_start = change.sac_state == SCTP_CANT_STR_ASSOC;
  if (info.empty()) {
    return cannot_start ? "The peer did not answer SCTP's INIT."
                        : "The peer has acknowledged nothing for longer than SCTP waits.";
  }
  if (info.size() < 6) return "The peer has aborted the SCTP association.";
  const std::uint16_t cause = load16(&info[4]);
  if (cause == kUserInitiatedAbort) return {};
  return "The SCTP association was aborted with cause " + std::to_string(cause) + ".";
}

std::vector<std::uint16_t> streams_of(const sctp_stream_reset_event& event, std::size_t size) {
  std::vector<std::uint16_t> streams((size - sizeof event) / sizeof(std::uint16_t));
  if (!streams.empty())
    std::memcpy(streams.data(), event.strreset_stream_list, streams.size() * sizeof(std::uint16_t));
  return streams;
}

}  // namespace

bool Association::read(Notice& notice, Instant now) {
  if (read_buffer_.empty()) read_buffer_.resize(kReadBuffer);
  while (socket_ != nullptr) {
    const Call call(*this, now);
    sctp_rcvinfo info{};
    socklen_t info_size = sizeof info;
    unsigned int info_type = 0;
    int flags = 0;
    sctp_sockstore from{};
    socklen_t from_size = sizeof from;
    const ssize_t size = usrsctp_recvv(socket_, read_buffer_.data(), read_buffer_.size(), &from.sa,
                                       &from_size, &info, &info_size, &info_type, &flags);
    if (size < 0 && (errno == EWOULDBLOCK || errno == EAGAIN)) return false;
    if (size <= 0) {  // the association is gone, and has said so before if it could
      close_socket();
      notice = {};
      notice.type = Notice::Type::kLost;
      notice.reason = "The SCTP association has ended.";
      return true;
    }
    const Bytes bytes(read_buffer_.data(), static_cast<std::size_t>(size));
    const bool end = (flags & MSG_EOR) != 0;
    if ((flags & MSG_NOTIFICATION) != 0) {
      // One that carries a message back may be longer than the buffer: its head is what is told.
      const bool head = !std::exchange(in_notification_, !end);
      if (head && take_notification(bytes, notice)) return true;
      continue;
    }
    notice = {};
    notice.type = Notice::Type::kPiece;
    notice.stream_id = info.rcv_sid;
    notice.unordered = (info.rcv_flags & SCTP_UNORDERED) != 0;
    notice.ppid = ntohl(info.rcv_ppid);
    notice.end_of_message = end;
    notice.data = bytes;
    return true;
  }
  return false;
}

bool Association::take_notification(Bytes bytes, Notice& notice) {
  const auto* from = reinterpret_cast<const sctp_notification*>(bytes.data());
  notice = {};
  switch (from->sn_header.sn_type) {
    case SCTP_ASSOC_CHANGE:
      return take_change(bytes, notice);
    case SCTP_STREAM_RESET_EVENT: {
      const auto& event = from->sn_strreset_event;
      notice.streams = streams_of(event, bytes.size());
      const bool refused =
          (event.strreset_flags & (SCTP_STREAM_RESET_DENIED | SCTP_STREAM_RESET_FAILED)) != 0;
      const bool incoming = (event.strreset_flags & SCTP_STREAM_RESET_INCOMING_SSN) != 0;
      if (incoming && refused) return false;  // we never ask for that
      notice.type = incoming  ? Notice::Type::kIncomingReset
                    : refused ? Notice::Type::kResetRefused
                              : Notice::Type::kOutgoingReset;
      return true;
    }
    case SCTP_STREAM_CHANGE_EVENT: {
      const auto& event = from->sn_strchange_event;
      incoming_streams_ = event.strchange_instrms;
      outgoing_streams_ = event.strchange_outstrms;
      const bool refused =
          (event.strchange_flags & (SCTP_STREAM_CHANGE_DENIED | SCTP_STREAM_CHANGE_FAILED)) != 0;
      notice.type = refused ? Notice::Type::kStreamsRefused : Notice::Type::kStreamsAdded;
      return true;
    }
    case SCTP_SEND_FAILED_EVENT: {
      const auto& event = from->sn_send_failed_event;
      notice.type = Notice::Type::kAbandoned;
      notice.stream_id = event.ssfe_info.snd_sid;
      notice.number = event.ssfe_info.snd_context;
      return true;
    }
    case SCTP_PARTIAL_DELIVERY_EVENT: {
      const auto& event = from->sn_pdapi_event;
      notice.type = Notice::Type::kPieceAborted;
      notice.stream_id = static_cast<std::uint16_t>(event.pdapi_stream);
      return event.pdapi_indication == SCTP_PARTIAL_DELIVERY_ABORTED;
    }
    default:
      return false;
  }
}

bool Association::take_change(Bytes bytes, Notice& notice) {
  const auto& change = *reinterpret_cast<const sctp_assoc_change*>(bytes.data());
  const Bytes info = bytes.subspan(sizeof change);
  switch (change.sac_state) {
    case SCTP_COMM_UP:
      outgoing_streams_ = change.sac_outbound_streams;
      incoming_streams_ = change.sac_inbound_streams;
      interleaving_ = std::ranges::find(info, SCTP_ASSOC_SUPPORTS_INTERLEAVING) != info.end();
      partial_reliability_ = std::ranges::find(info, SCTP_ASSOC_SUPPORTS_PR) != info.end();
      notice.type = Notice::Type::kConnected;
      return true;
    case SCTP_SHUTDOWN_COMP:
      notice.type = Notice::Type::kClosed;
      break;
    default:  // lost, restarted, not even begun
      notice.reason = reason_of(change, info);
      notice.type = notice.reason.empty() ? Notice::Type::kClosed : Notice::Type::kLost;
      break;
  }
  close_socket();
  return true;
}

}  // namespace sluice::sctp
