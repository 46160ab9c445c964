#include "sctp/association.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <usrsctp.h>

#include "base/check.h"
#include "sctp/association_call.h"
#include "sctp/packet.h"

namespace sluice::sctp {
namespace {

constexpr std::size_t kMaxPacket = 65'535;
/// What may be under way and not acknowledged; what waits to be sent stands in the channels' queues.
constexpr int kStackSendBuffer = 1 << 20;
// RFC 9260 §16 proposes 1 s, 1 s and 60 s. The path's round trip is known to be short or long only after the
// first exchange; a delayed acknowledgement takes up to 200 ms.
constexpr std::uint32_t kRtoInitialMs = 500;
constexpr std::uint32_t kRtoMinMs = 300;
constexpr std::uint32_t kRtoMaxMs = 10'000;
/// Whoever carries us finds out sooner that a path has died (RFC 7675: 30 s); this is more than a minute.
constexpr std::uint16_t kMaxRetransmissions = 14;
/// Of the path alone: never to be reached. usrsctp sends no new data on a path that it has given up, even on
/// the only one; what takes it up again is an acknowledgement of old data, which there may be none of, or
/// heartbeats, which are off (RFC 9260 §8.2 warns of that state).
constexpr std::uint16_t kMaxPathRetransmissions = 0xFFFF;
constexpr int kInterleavingSupported = 0x1206;  // SCTP_INTERLEAVING_SUPPORTED, which usrsctp.h leaves out

template <typename T>
void set(struct socket* endpoint, int level, int option, const T& value) {
  SLUICE_CHECK(usrsctp_setsockopt(endpoint, level, option, &value, sizeof value) == 0);
}

sockaddr_conn address_of(const StackUser& user, std::uint16_t port) {
  sockaddr_conn address{};
  address.sconn_family = AF_CONN;
  address.sconn_port = htons(port);
  address.sconn_addr = user.address();
  return address;
}

}  // namespace

Association::Association(const Options& options, Random& random) : options_(options), user_(random) {}

Association::~Association() {
  const Call call(*this, user_.now());
  close_socket();
}

void Association::connect(Instant now) {
  if (socket_ != nullptr) return;
  const Call call(*this, now);
  open_socket();
  sockaddr_conn remote = address_of(user_, options_.remote_port);
  const int done = usrsctp_connect(socket_, reinterpret_cast<sockaddr*>(&remote), sizeof remote);
  SLUICE_CHECK(done == 0 || errno == EINPROGRESS);
}

void Association::open_socket() {
  socket_ = usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, nullptr, nullptr, 0, nullptr);
  SLUICE_CHECK(socket_ != nullptr);
  set_options();
  sockaddr_conn local = address_of(user_, options_.local_port);
  SLUICE_CHECK(usrsctp_bind(socket_, reinterpret_cast<sockaddr*>(&local), sizeof local) == 0);
}

void Association::set_options() {
  SLUICE_CHECK(usrsctp_set_non_blocking(socket_, 1) == 0);
  set(socket_, SOL_SOCKET, SO_LINGER, linger{1, 0});  // close: an ABORT, and nothing stays behind
  set(socket_, SOL_SOCKET, SO_SNDBUF, kStackSendBuffer);
  set(socket_, SOL_SOCKET, SO_RCVBUF, static_cast<int>(options_.receive_buffer_size));
  // A message comes whole if the window has room for it: pieces of one that the peer then gives up are for
  // nobody.
  set(socket_, IPPROTO_SCTP, SCTP_PARTIAL_DELIVERY_POINT,
      static_cast<std::uint32_t>(
          std::min(options_.receive_buffer_size, options_.max_receive_message_size + 1)));
  set(socket_, IPPROTO_SCTP, SCTP_NODELAY, 1);
  set(socket_, IPPROTO_SCTP, SCTP_RECVRCVINFO, 1);
  set(socket_, IPPROTO_SCTP, SCTP_EXPLICIT_EOR, 1);
  set(socket_, IPPROTO_SCTP, SCTP_FRAGMENT_INTERLEAVE, std::uint32_t{2});
  if (options_.interleaving)
    set(socket_, IPPROTO_SCTP, kInterleavingSupported, sctp_assoc_value{SCTP_FUTURE_ASSOC, 1});
  set(socket_, IPPROTO_SCTP, SCTP_ENABLE_STREAM_RESET,
      sctp_assoc_value{SCTP_FUTURE_ASSOC, SCTP_ENABLE_RESET_STREAM_REQ | SCTP_ENABLE_CHANGE_ASSOC_REQ});
  set(socket_, IPPROTO_SCTP, SCTP_INITMSG,
      sctp_initmsg{options_.outgoing_streams, options_.incoming_streams, kMaxRetransmissions, kRtoMaxMs});
  set(socket_, IPPROTO_SCTP, SCTP_RTOINFO,
      sctp_rtoinfo{SCTP_FUTURE_ASSOC, kRtoInitialMs, kRtoMaxMs, kRtoMinMs});
  sctp_assocparams association{};
  association.sasoc_assoc_id = SCTP_FUTURE_ASSOC;
  association.sasoc_asocmaxrxt = kMaxRetransmissions;
  set(socket_, IPPROTO_SCTP, SCTP_ASSOCINFO, association);

  sctp_paddrparams path{};
  path.spp_assoc_id = SCTP_FUTURE_ASSOC;
  path.spp_flags = SPP_PMTUD_DISABLE;
  path.spp_pathmaxrxt = kMaxPathRetransmissions;
  path.spp_pathmtu = static_cast<std::uint32_t>(options_.mtu - kCommonHeader);
  const auto heartbeat = std::chrono::duration_cast<std::chrono::milliseconds>(options_.heartbeat_interval);
  path.spp_flags |= heartbeat.count() > 0 ? SPP_HB_ENABLE : SPP_HB_DISABLE;
  path.spp_hbinterval = static_cast<std::uint32_t>(heartbeat.count());
  set(socket_, IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, path);

  for (const int type : {SCTP_ASSOC_CHANGE, SCTP_STREAM_RESET_EVENT, SCTP_STREAM_CHANGE_EVENT,
                         SCTP_SEND_FAILED_EVENT, SCTP_PARTIAL_DELIVERY_EVENT}) {
    set(socket_, IPPROTO_SCTP, SCTP_EVENT,
        sctp_event{SCTP_FUTURE_ASSOC, static_cast<std::uint16_t>(type), 1});
  }
}

void Association::close_socket() {
  if (socket_ != nullptr) usrsctp_close(std::exchange(socket_, nullptr));
}

void Association::abort(Instant now) {
  const Call call(*this, now);
  close_socket();
}

void Association::receive(Bytes packet, Instant now) {
  if (socket_ == nullptr) return;
  // A chunk at the least; ports of another association would be looked up for nothing.
  if (packet.size() < kCommonHeader + 4 || packet.size() > kMaxPacket ||
      load16(&packet[0]) != options_.remote_port || load16(&packet[2]) != options_.local_port) {
    ++packets_malformed_;
    return;
  }
  const Call call(*this, now);
  pass(early_resets_.filter(packet));
  pass_due_reset();
}

void Association::pass(Bytes packet) {
  if (packet.empty()) return;
  usrsctp_conninput(user_.address(), packet.data(), packet.size(), 0);
  look_at_sent();
}

void Association::pass_due_reset() {
  // A SACK is delayed by up to 200 ms; a channel that closes need not be.
  if (partial_reliability_ && early_resets_.wants_sack()) pass(early_resets_.ask_for_sack(interleaving_));
  pass(early_resets_.take_due());
}

void Association::look_at_sent() {
  user_.packets().for_each_new([&](Bytes packet) {
    unsent_ -= std::min(unsent_, sent_.add(packet));
    early_resets_.note_sent(packet);
  });
}

void Association::advance(Instant now) {
  if (now < user_.next_deadline()) return;
  const Call call(*this, now);
  user_.run_timers(now);
  if (socket_ == nullptr) return;
  look_at_sent();
  pass_due_reset();
}

std::optional<std::size_t> Association::write(const Piece& piece, Instant now) {
  if (socket_ == nullptr) return std::nullopt;
  const Call call(*this, now);
  sctp_sendv_spa info{};
  info.sendv_flags = SCTP_SEND_SNDINFO_VALID;
  info.sendv_sndinfo.snd_sid = piece.stream_id;
  info.sendv_sndinfo.snd_context = piece.number;
  info.sendv_sndinfo.snd_ppid = htonl(piece.ppid);
  info.sendv_sndinfo.snd_flags = static_cast<std::uint16_t>((piece.unordered ? SCTP_UNORDERED : 0) |
                                                            (piece.end_of_message ? SCTP_EOR : 0));
  if (piece.lifetime_ms || piece.max_retransmits) {
    info.sendv_flags |= SCTP_SEND_PRINFO_VALID;
    info.sendv_prinfo.pr_policy = piece.lifetime_ms ? SCTP_PR_SCTP_TTL : SCTP_PR_SCTP_RTX;
    info.sendv_prinfo.pr_value = piece.lifetime_ms ? *piece.lifetime_ms : *piece.max_retransmits;
  }
  const ssize_t taken = usrsctp_sendv(socket_, piece.data.data(), piece.data.size(), nullptr, 0, &info,
                                      sizeof info, SCTP_SENDV_SPA, 0);
  if (taken >= 0) {
    unsent_ += static_cast<std::size_t>(taken);
    return static_cast<std::size_t>(taken);
  }
  if (errno == EWOULDBLOCK || errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM) return 0;
  return std::nullopt;
}

Association::Reset Association::reset_stream(std::uint16_t stream_id, Instant now) {
  if (socket_ == nullptr) return Reset::kUnsupported;
  const Call call(*this, now);
  alignas(sctp_reset_streams) std::array<std::uint8_t, sizeof(sctp_reset_streams) + sizeof stream_id> bytes{};
  auto* request = reinterpret_cast<sctp_reset_streams*>(bytes.data());
  request->srs_flags = SCTP_STREAM_RESET_OUTGOING;
  request->srs_number_streams = 1;
  std::memcpy(bytes.data() + sizeof(sctp_reset_streams), &stream_id, sizeof stream_id);
  const int done = usrsctp_setsockopt(socket_, IPPROTO_SCTP, SCTP_RESET_STREAMS, bytes.data(), bytes.size());
  return done == 0 ? Reset::kRequested : Reset::kUnsupported;
}

Association::Growth Association::add_outgoing_streams(std::uint16_t count, Instant now) {
  if (socket_ == nullptr) return Growth::kUnsupported;
  const Call call(*this, now);
  const sctp_add_streams request{0, 0, count};
  const int done = usrsctp_setsockopt(socket_, IPPROTO_SCTP, SCTP_ADD_STREAMS, &request, sizeof request);
  if (done == 0) return Growth::kRequested;
  return errno == EALREADY ? Growth::kBusy : Growth::kUnsupported;
}

}  // namespace sluice::sctp
