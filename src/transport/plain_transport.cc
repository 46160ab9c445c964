#include "transport/plain_transport.h"

#include "base/base64.h"
#include "rtcp/compound.h"
#include "rtp/packet_view.h"

namespace sluice::transport {
namespace {

srtp::MasterKey make_key(srtp::Suite suite, Random& random) {
  srtp::MasterKey key;
  key.suite = suite;
  random.fill(MutableBytes(key.bytes).first(key.key_and_salt().size()));
  return key;
}

/// RFC 3550 §A.2: every packet of the compound has its header and its length.
bool is_whole_compound(Bytes bytes) {
  rtcp::CompoundReader reader(bytes);
  bool any = false;
  while (reader.next()) any = true;
  return any && reader.ok();
}

std::string known_suites() {
  std::string out;
  for (const srtp::Suite suite : srtp::kSuites)
    out += (out.empty() ? "" : ", ") + std::string(to_string(suite));
  return out;
}

}  // namespace

PlainTransport::PlainTransport(SendBatch& batch, srtp::Backend& srtp, Options options, Random& random)
    : Endpoint(batch), srtp_(srtp), options_(std::move(options)) {
  if (options_.suite) {
    own_key_ = make_key(*options_.suite, random);
  } else {
    sender_.set_unprotected();
  }
}

PlainTransport::~PlainTransport() {
  sender_.finish_batch();  // queued packets still need the keys that go away here
}

// --- Connecting
// -----------------------------------------------------------------------------------------------------------

Result<void> PlainTransport::connect(const Remote& remote, Random& random) {
  if (connected_) return Error{ErrorCode::kInvalidState, "transportId", "the transport was connected before"};
  if (auto checked = check_address(remote); !checked) return checked;
  auto key = check_srtp(remote);
  if (!key) return key.error();

  connected_ = true;
  if (*key) {
    if ((*key)->suite != own_key_->suite) own_key_ = make_key((*key)->suite, random);
    inbound_.emplace(srtp_, **key);
    sender_.set_keys(srtp_, *own_key_);
  }
  if (!options_.comedia) {
    const auto address = SocketAddress::parse(remote.ip, *remote.port);
    remote_ = address;
    if (!rtcp_mux()) rtcp_remote_ = address->with_port(*remote.rtcp_port);
  }
  update_paths();
  return {};
}

Result<void> PlainTransport::check_address(const Remote& remote) const {
  if (options_.comedia) {
    static constexpr std::string_view kWhy = "not with comedia, which learns the address from what arrives";
    if (!remote.ip.empty()) return invalid_argument("ip", std::string(kWhy));
    if (remote.port) return invalid_argument("port", std::string(kWhy));
    if (remote.rtcp_port) return invalid_argument("rtcpPort", std::string(kWhy));
    return {};
  }
  if (remote.ip.empty()) return invalid_argument("ip", "missing: expected the address to send to");
  const auto address = SocketAddress::parse(remote.ip, 0);
  if (!address || address->is_unspecified())
    return invalid_argument("ip", "expected a numeric IP address of a host, got \"" + remote.ip + "\"");
  if (address->family() != options_.socket.local.family()) {
    const bool ipv4 = options_.socket.local.family() == IpFamily::kIPv4;
    return invalid_argument("ip", std::string("expected an ") + (ipv4 ? "IPv4" : "IPv6") +
                                      " address, as that of the transport's socket, got " + remote.ip);
  }
  if (!remote.port) return invalid_argument("port", "missing: expected the port to send to");
  if (*remote.port == 0) return invalid_argument("port", "expected 1 to 65535, got 0");
  if (rtcp_mux() && remote.rtcp_port)
    return invalid_argument("rtcpPort", "not with rtcpMux: RTCP goes to the same port as RTP");
  if (!rtcp_mux() && !remote.rtcp_port)
    return invalid_argument("rtcpPort", "missing: without rtcpMux it must be told where RTCP goes");
  if (remote.rtcp_port == std::uint16_t{0}) return invalid_argument("rtcpPort", "expected 1 to 65535, got 0");
  return {};
}

Result<std::optional<srtp::MasterKey>> PlainTransport::check_srtp(const Remote& remote) const {
  if (!own_key_) {
    if (!remote.srtp) return std::optional<srtp::MasterKey>();
    return invalid_argument("srtpParameters", "not without enableSrtp");
  }
  if (!remote.srtp)
    return invalid_argument("srtpParameters", "missing: the transport was made with enableSrtp");
  const auto suite = srtp::parse_suite(remote.srtp->crypto_suite);
  if (!suite) {
    return invalid_argument("srtpParameters.cryptoSuite", "expected one of " + known_suites() + ", got \"" +
                                                              remote.srtp->crypto_suite + "\"");
  }
  const auto bytes = base64::decode(remote.srtp->key_base64);
  if (!bytes) return invalid_argument("srtpParameters.keyBase64", "expected base64 with padding");
  const auto key = srtp::MasterKey::from_bytes(*suite, *bytes);
  if (!key) {
    return invalid_argument(
        "srtpParameters.keyBase64",
        "expected a key and salt of " + std::to_string(srtp::key_size(*suite) + srtp::salt_size(*suite)) +
            " bytes for " + std::string(to_string(*suite)) + ", got " + std::to_string(bytes->size()));
  }
  return std::optional(*key);
}

void PlainTransport::close(Instant now) {
  if (data_) {
    data_->abort(now);
    flush_data(now);
  }
  closed_ = true;
  update_paths();
}

std::optional<SrtpParameters> PlainTransport::srtp_parameters() const {
  if (!own_key_) return std::nullopt;
  return SrtpParameters{std::string(to_string(own_key_->suite)), base64::encode(own_key_->key_and_salt())};
}

void PlainTransport::update_paths() {
  const auto path = [&](const std::optional<SocketAddress>& remote, const ListenSocket& socket) {
    return remote && !closed_ ? std::optional(Path{*remote, socket.id}) : std::nullopt;
  };
  sender_.set_path(path(remote_, options_.socket));
  if (!rtcp_mux()) sender_.set_rtcp_path(path(rtcp_remote_, *options_.rtcp_socket));
}

// --- Receiving
// ------------------------------------------------------------------------------------------------------------

void PlainTransport::begin(Packet& packet, const Path& path, srtp::Inbound::Begun& begun) {
  const bool rtcp = rtcp_mux() ? is_rtcp(packet.bytes()) : is_rtcp_socket(path.socket);
  const bool ours = remote_ ? *remote_ == path.remote : options_.comedia;
  if (inbound_ && !rtcp && ours && !closed_) inbound_->begin_rtp(packet.bytes(), begun);
}

Media PlainTransport::receive(Packet& packet, const Path& path, Instant now,
                              const srtp::Inbound::Begun* begun) {
  count_received(packet.size, now);
  const auto drop = [&](DropReason reason) {
    drops_.add(reason);
    return Media::kNone;
  };
  if (packet.size == 0) return drop(DropReason::kEmpty);
  if (data_ && is_sctp(packet.bytes())) {
    receive_data(packet.bytes(), path, now);
    return Media::kNone;
  }
  if ((packet.data[0] >> 6) != 2) return drop(DropReason::kUnknownClass);  // RFC 3550 §5.1: version 2
  const bool on_rtcp_socket = is_rtcp_socket(path.socket);
  // Without rtcp-mux the socket tells, and payload types 64 to 95 are free for RTP.
  const bool rtcp = rtcp_mux() ? is_rtcp(packet.bytes()) : on_rtcp_socket;
  const auto& remote = on_rtcp_socket ? rtcp_remote_ : remote_;
  if (remote && *remote != path.remote) return drop(DropReason::kUnknownSource);
  if (closed_ || (!remote && !options_.comedia)) return drop(DropReason::kNotConnected);
  if (own_key_ && !unprotect(packet, rtcp, begun)) return Media::kNone;
  if (!remote && !learn(packet, rtcp, on_rtcp_socket, path.remote)) return Media::kNone;
  return rtcp ? Media::kRtcp : Media::kRtp;
}

bool PlainTransport::unprotect(Packet& packet, bool rtcp, const srtp::Inbound::Begun* begun) {
  if (!inbound_) {
    drops_.add(DropReason::kSrtpNotReady);
    return false;
  }
  const auto result =
      rtcp ? inbound_->unprotect_rtcp(packet.bytes()) : inbound_->unprotect_rtp(packet.bytes(), begun);
  if (!result.ok()) {
    drops_.add(reason_of(result.status));
    return false;
  }
  packet.size = static_cast<std::uint16_t>(result.size);
  return true;
}

/// Who speaks first is our peer, if it speaks RTP or RTCP at all.
bool PlainTransport::learn(const Packet& packet, bool rtcp, bool on_rtcp_socket,
                           const SocketAddress& source) {
  if (rtcp ? !is_whole_compound(packet.bytes()) : !rtp::PacketView::parse(packet.bytes())) {
    drops_.add(rtcp ? DropReason::kRtcpMalformed : DropReason::kRtpMalformed);
    return false;
  }
  (on_rtcp_socket ? rtcp_remote_ : remote_) = source;
  (on_rtcp_socket ? learned_.rtcp : learned_.rtp) = true;
  update_paths();
  return true;
}

// --- Data channels
// ------------------------------------------------------------------------------------------------------------

void PlainTransport::enable_data(const sctp::Options& options, Random& random) {
  if (!data_) data_ = std::make_unique<sctp::DataChannels>(options, random);
}

void PlainTransport::advance(Instant now) {
  if (!data_) return;
  data_->advance(now);
  flush_data(now);
}

void PlainTransport::flush_data(Instant now) {
  if (!data_) return;
  if (remote_ && !closed_) data_->start(false, now);
  while (const auto packet = data_->pop_packet()) {
    if (remote_ && !closed_) sender_.send_copy({*remote_, options_.socket.id}, *packet, now);
  }
}

/// Both ports (RFC 9260 §3.1), where RTP has its version, marker, payload type and sequence number.
bool PlainTransport::is_sctp(Bytes bytes) const {
  return bytes.size() >= 12 && load16(&bytes[0]) == data_->options().remote_port &&
         load16(&bytes[2]) == data_->options().local_port;
}

void PlainTransport::receive_data(Bytes bytes, const Path& path, Instant now) {
  if (!remote_ || closed_) return drops_.add(DropReason::kNotConnected);
  if (*remote_ != path.remote || path.socket != options_.socket.id)
    return drops_.add(DropReason::kUnknownSource);
  flush_data(now);  // the first starts it
  data_->receive(bytes, now);
  flush_data(now);
}

}  // namespace sluice::transport
