// Native peer connections and a real TURN server, coturn, over loopback: the candidates it gives, calls that
// may only use its relays, and the icecandidateerror of whatever goes wrong.
#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "catch.h"
#include "coturn/coturn.h"
#include "sluice/native.h"

namespace sluice::test {
namespace {

using Strings = std::vector<std::string>;

/// False when `limit` of real time passed first.
bool run_until(native::Loop& loop, const std::function<bool()>& done, Duration limit = 20s) {
  const Instant end = loop.now() + limit;
  bool is_done = false;
  const std::function<void()> look = [&] {
    is_done = done();
    if (is_done || loop.now() >= end) return loop.stop();
    loop.after(5ms, look);
  };
  look();
  loop.run();
  return is_done;
}

IceServer turn(const std::string& url, const std::string& user = "user",
               const std::string& credential = "secret") {
  return {{url}, user, credential, std::nullopt};
}

/// A native peer connection, with what it told.
struct End {
  End(native::Loop& loop, Configuration configuration,
      native::NetworkOptions network = {{"127.0.0.1"}, false}) {
    auto made = native::PeerConnection::create(loop, configuration, network);
    REQUIRE(made.ok());
    pc = std::move(*made);
    pc->on_ice_candidate = [this](const std::optional<IceCandidateInit>& candidate) {
      if (candidate) candidates.push_back(candidate->candidate);
      ended = !candidate.has_value();
      if (on_candidate) on_candidate(candidate.value_or(IceCandidateInit{}));
    };
    pc->on_ice_candidate_error = [this](const event::IceCandidateError& e) { errors.push_back(e); };
    pc->on_connection_state_change = [this](PeerConnectionState, const std::string& why) { reason = why; };
    pc->on_frame = [this](RtpTransceiver, const EncodedFrame& frame) { frames.push_back(frame); };
    pc->on_message = [this](const event::ChannelMessage& message) { messages.push_back(message); };
    pc->on_data_channel = [this](DataChannel channel) { channels.push_back(channel); };
  }
  [[nodiscard]] std::size_t count(std::string_view what) const {
    return static_cast<std::size_t>(std::count_if(candidates.begin(), candidates.end(), [&](const auto& c) {
      return c.find(what) != std::string::npos;
    }));
  }

  std::unique_ptr<native::PeerConnection> pc;
  Strings candidates;
  bool ended = false;
  std::function<void(const IceCandidateInit&)> on_candidate;
  std::vector<event::IceCandidateError> errors;
  std::string reason;
  std::vector<EncodedFrame> frames;
  std::vector<event::ChannelMessage> messages;
  std::vector<DataChannel> channels;
};

Configuration relay_only(std::vector<IceServer> servers) {
  Configuration out;
  out.ice_servers = std::move(servers);
  out.ice_transport_policy = IceTransportPolicy::kRelay;
  return out;
}

/// Two ends that may only use relays, with an audio track each and a channel of the first.
struct RelayedCall {
  explicit RelayedCall(const IceServer& server)
      : a(loop, relay_only({server})),
        b(loop, relay_only({server})),
        from_a(*a.pc->add_track(MediaKind::kAudio, {.id = "", .stream_ids = {}, .codecs = {"audio/PCMU"}})),
        from_b(*b.pc->add_track(MediaKind::kAudio, {.id = "", .stream_ids = {}, .codecs = {"audio/PCMU"}})),
        channel(*a.pc->create_data_channel("data")) {
    a.on_candidate = [this](const IceCandidateInit& c) { CHECK(b.pc->add_ice_candidate(c).ok()); };
    b.on_candidate = [this](const IceCandidateInit& c) { CHECK(a.pc->add_ice_candidate(c).ok()); };
  }
  void negotiate() {
    REQUIRE(a.pc->set_local_description().ok());
    REQUIRE(b.pc->set_remote_description(*a.pc->local_description()).ok());
    REQUIRE(b.pc->set_local_description().ok());
    REQUIRE(a.pc->set_remote_description(*b.pc->local_description()).ok());
  }
  [[nodiscard]] bool both(PeerConnectionState state) const {
    return a.pc->core().connection_state() == state && b.pc->core().connection_state() == state;
  }
  /// 50 frames of 20 ms each way, at their time.
  void send_audio() {
    int sent = 0;
    const std::function<void()> next = [&] {
      const std::vector<std::uint8_t> samples(160, static_cast<std::uint8_t>(sent));
      FrameMetadata metadata;
      metadata.rtp_timestamp = static_cast<std::uint32_t>(sent * 160);
      CHECK(from_a.send_frame({samples, metadata}, loop.now()));
      CHECK(from_b.send_frame({samples, metadata}, loop.now()));
      if (++sent < 50) loop.after(20ms, next);
    };
    next();
    CHECK(run_until(
        loop, [&] { return a.frames.size() == 50 && b.frames.size() == 50; }, 15s));
  }

  native::Loop loop;
  End a;
  End b;
  RtpSender from_a;
  RtpSender from_b;
  DataChannel channel;
};

void check_audio(const End& end) {
  for (std::size_t i = 0; i < end.frames.size(); ++i)
    CHECK(end.frames[i].data == std::vector<std::uint8_t>(160, static_cast<std::uint8_t>(i)));
}

std::string selected_candidate_type(const End& end) {
  const PeerStats stats = end.pc->get_stats();
  const auto transports = stats.all<TransportStatistics>();
  for (const auto& pair : stats.all<CandidatePairStatistics>())
    if (pair.id == transports.at(0).selected_candidate_pair_id)
      for (const auto& candidate : stats.all<CandidateStats>())
        if (candidate.id == pair.local_candidate_id) return candidate.candidate_type;
  return "none";
}

/// What a peer connection tells of servers until the null candidate.
void gather(native::Loop& loop, End& end) {
  REQUIRE(end.pc->create_data_channel("data").ok());
  REQUIRE(end.pc->set_local_description().ok());
  REQUIRE(run_until(loop, [&] { return end.ended; }));
}

/// The one icecandidateerror that a server leads to.
event::IceCandidateError error_of(const IceServer& server) {
  native::Loop loop;
  End end(loop, relay_only({server}));
  gather(loop, end);
  CHECK(end.candidates.empty());
  REQUIRE(end.errors.size() == 1);
  CHECK(end.errors[0].url == server.urls[0]);
  return end.errors[0];
}

const std::string kRefused = "401 Unauthorized: the username or credential is refused";

}  // namespace

TEST_CASE("004: relayed candidates from a TURN server over UDP and TCP, and host ones beside them") {
  if (!Coturn::available()) return;
  const Coturn coturn;
  native::Loop loop;
  Configuration configuration;
  configuration.ice_servers = {{{coturn.url("stun")}, {}, {}, {}},
                               {{coturn.url("udp"), coturn.url("tcp")}, "user", "secret", "password"}};
  End end(loop, configuration);
  gather(loop, end);
  for (const auto& e : end.errors) FAIL_CHECK(e.url << ": " << e.error_text);
  CHECK(end.count("typ host") == 1);
  CHECK(end.count("typ relay") == 2);
  const std::string sdp = end.pc->local_description()->sdp;
  for (const std::string& candidate : end.candidates)  // signaled with the ufrag behind it
    CHECK(sdp.find("a=" + candidate.substr(0, candidate.find(" ufrag "))) != std::string::npos);
  CHECK(sdp.find("a=end-of-candidates") != std::string::npos);
  Strings protocols;
  for (const auto& c : end.pc->get_stats().all<CandidateStats>())
    if (c.candidate_type == "relay") protocols.push_back(c.relay_protocol);
  std::sort(protocols.begin(), protocols.end());
  CHECK(protocols == Strings{"tcp", "udp"});
}

TEST_CASE("004: a server-reflexive candidate from a STUN server, told as icecandidate") {
  if (!Coturn::available()) return;
  const Coturn coturn;
  // The sans-IO class with a socket that takes itself for one behind a NAT: on loopback the mapped address
  // would be the host's own, and is not told twice (RFC 8445 §5.1.3).
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in own{};
  own.sin_family = AF_INET;
  own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(bind(fd, reinterpret_cast<sockaddr*>(&own), sizeof own) == 0);
  socklen_t length = sizeof own;
  getsockname(fd, reinterpret_cast<sockaddr*>(&own), &length);
  const std::uint16_t port = ntohs(own.sin_port);

  native::Loop loop;  // for its clock
  Configuration configuration;
  configuration.ice_servers.push_back({{coturn.url("stun")}, {}, {}, {}});
  auto made = PeerConnection::create(configuration, {{}, {loop.now(), 0}});
  REQUIRE(made.ok());
  PeerConnection& pc = **made;
  pc.add_local_address({*SocketAddress::parse("10.20.30.40", port), 0, IceProtocol::kUdp});
  REQUIRE(pc.create_data_channel("data").ok());
  REQUIRE(pc.set_local_description(loop.now()).ok());
  PacketPool pool;
  Strings candidates;
  const Instant end = loop.now() + 20s;
  while (pc.ice_gathering_state() != IceGatheringState::kComplete) {
    REQUIRE(loop.now() < end);
    for (const OutgoingDatagram& out : pc.drain()) {
      sockaddr_in to{};
      to.sin_family = AF_INET;
      to.sin_port = htons(out.path.remote.port());
      to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      sendto(fd, out.bytes.data(), out.bytes.size(), 0, reinterpret_cast<sockaddr*>(&to), sizeof to);
    }
    pollfd wait{fd, POLLIN, 0};
    if (poll(&wait, 1, 10) == 1) {
      PacketRef packet = pool.allocate();
      sockaddr_in from{};
      length = sizeof from;
      const auto size =
          recvfrom(fd, packet->data, Packet::kCapacity, 0, reinterpret_cast<sockaddr*>(&from), &length);
      REQUIRE(size > 0);
      packet->size = static_cast<std::uint16_t>(size);
      pc.receive(*packet, {*SocketAddress::parse("127.0.0.1", ntohs(from.sin_port)), 0}, loop.now());
    }
    pc.advance(loop.now());
    while (const auto e = pc.poll_event())
      if (const auto* c = std::get_if<event::IceCandidate>(&*e); c != nullptr && c->candidate)
        candidates.push_back(c->candidate->candidate);
  }
  ::close(fd);
  REQUIRE(candidates.size() == 2);
  CHECK(candidates[0].find("10.20.30.40 " + std::to_string(port) + " typ host") != std::string::npos);
  CHECK(candidates[1].find("127.0.0.1 " + std::to_string(port) + " typ srflx raddr 10.20.30.40 rport " +
                           std::to_string(port)) != std::string::npos);
}

TEST_CASE("004: with iceTransportPolicy relay two peers pass media both ways and data, by UDP and by TCP") {
  if (!Coturn::available()) return;
  // Nonces of one second: all but the first requests are answered 438 and asked again.
  const Coturn coturn({"--lt-cred-mech", "--user=user:secret", "--stale-nonce=1"});
  for (const char* form : {"udp", "tcp"}) {
    INFO(form);
    RelayedCall call(turn(coturn.url(form)));
    call.negotiate();
    REQUIRE(run_until(call.loop, [&] { return call.both(PeerConnectionState::kConnected); }));
    run_until(
        call.loop, [] { return false; }, 1200ms);  // the nonces are stale now
    CHECK(selected_candidate_type(call.a) == "relay");
    CHECK(selected_candidate_type(call.b) == "relay");
    CHECK(call.a.count("typ relay") == call.a.candidates.size());

    call.send_audio();
    check_audio(call.a);
    check_audio(call.b);
    REQUIRE(run_until(call.loop, [&] { return call.b.channels.size() == 1; }));
    std::vector<std::uint8_t> large(200'000);
    for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<std::uint8_t>(i * 7 / 5);
    CHECK(call.channel.send("over a relay", call.loop.now()).ok());
    CHECK(call.channel.send(large, call.loop.now()).ok());
    CHECK(call.b.channels[0].send("and back", call.loop.now()).ok());
    REQUIRE(run_until(call.loop, [&] { return call.b.messages.size() == 2 && call.a.messages.size() == 1; }));
    CHECK(call.b.messages[0].text() == "over a relay");
    CHECK(call.b.messages[1].data == large);
    CHECK(call.a.messages[0].text() == "and back");
    for (const End* end : {&call.a, &call.b})
      for (const auto& e : end->errors) FAIL_CHECK(e.url << ": " << e.error_text);
    call.a.pc->close();
    REQUIRE(run_until(call.loop,
                      [&] { return call.b.pc->core().connection_state() == PeerConnectionState::kClosed; }));
    CHECK(call.b.reason == "the other side closed the connection");
  }
}

TEST_CASE("004: wrong credentials are an icecandidateerror, 401") {
  if (!Coturn::available()) return;
  const Coturn coturn;
  for (const char* form : {"udp", "tcp"}) {
    const auto error = error_of(turn(coturn.url(form), "user", "wrong"));
    CHECK(error.error_code == 401);
    CHECK(error.error_text == kRefused);
    CHECK(error.address == "127.0.0.1");
    CHECK(error.port != 0);
  }
  CHECK(error_of(turn(coturn.url("udp"), "nobody", "secret")).error_text == kRefused);
}

TEST_CASE("004: credentials that have expired are an icecandidateerror, 401; those that have not are taken") {
  if (!Coturn::available()) return;
  const Coturn coturn(kTimedCredentials);
  const auto timed = [&](std::int64_t seconds) {
    const auto [user, credential] = timed_credentials(std::time(nullptr) + seconds);
    return turn(coturn.url("udp"), user, credential);
  };
  CHECK(error_of(timed(-60)).error_text == kRefused);
  native::Loop loop;
  End end(loop, relay_only({timed(3600)}));
  gather(loop, end);
  CHECK(end.errors.empty());
  CHECK(end.count("typ relay") == 1);
}

TEST_CASE("004: missing credentials are refused at construction, by name") {
  native::Loop loop;
  const auto made = native::PeerConnection::create(loop, relay_only({{{"turn:127.0.0.1"}, "user", {}, {}}}));
  REQUIRE_FALSE(made.ok());
  CHECK(made.error().field == "iceServers[0].credential");
}

TEST_CASE("004: a server that is gone is an icecandidateerror, 701, and the call fails with the reason") {
  if (!Coturn::available()) return;
  Coturn coturn;
  const IceServer server = turn(coturn.url("tcp"));
  RelayedCall call(server);
  call.negotiate();
  REQUIRE(run_until(call.loop, [&] { return call.both(PeerConnectionState::kConnected); }));
  coturn.stop();  // under the call
  REQUIRE(run_until(call.loop,
                    [&] { return call.both(PeerConnectionState::kDisconnected) && !call.a.errors.empty(); }));
  CHECK(call.a.errors[0].error_code == 701);
  CHECK(call.a.errors[0].error_text.find("the connection has ended: ") == 0);
  CHECK(call.a.reason.find("the relay is lost") == 0);
  const auto error = error_of(server);  // before a call
  CHECK(error.error_code == 701);
  CHECK(error.error_text == "no connection: connection refused");
}

TEST_CASE("examples: gather_candidates prints the candidates of a STUN and a TURN server, and their errors") {
  if (!Coturn::available()) return;
  const Coturn coturn;
  const auto run = [&](const std::string& credential) {
    const std::string command = std::string(SLUICE_GATHER_CANDIDATES) + R"( '{"iceServers": [{"urls": ")" +
                                coturn.url("stun") + R"("}, {"urls": [")" + coturn.url("udp") + R"(", ")" +
                                coturn.url("tcp") + R"("], "username": "user", "credential": ")" +
                                credential + R"("}]}' 127.0.0.1)";
    FILE* pipe = popen(command.c_str(), "r");
    REQUIRE(pipe != nullptr);
    Strings lines;
    std::array<char, 1024> line{};
    while (fgets(line.data(), line.size(), pipe) != nullptr) {
      lines.emplace_back(line.data());
      lines.back().pop_back();
    }
    CHECK(pclose(pipe) == 0);
    return lines;
  };
  const Strings good = run("secret");
  REQUIRE(good.size() == 4);
  CHECK(good.back() == "null");
  int relays = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto candidate = ice_candidate_from_json(good[i]);
    REQUIRE(candidate.ok());
    if (candidate->candidate.find("typ relay") != std::string::npos) ++relays;
  }
  CHECK(relays == 2);
  const Strings bad = run("wrong");
  REQUIRE(bad.size() == 4);
  CHECK(std::count(bad.begin(), bad.end(), "error 401 " + coturn.url("udp") + ' ' + kRefused) == 1);
  CHECK(std::count(bad.begin(), bad.end(), "error 401 " + coturn.url("tcp") + ' ' + kRefused) == 1);
  CHECK(bad.back() == "null");
}

}  // namespace sluice::test
