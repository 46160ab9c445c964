// A client that says goodbye and begins anew on the same ICE session, as libwebrtc does when the first m-line
// of its bundle is stopped; and one that negotiates another association, with another certificate.
#include <fstream>
#include <iterator>

#include "dtls/session.h"
#include "engine/conference.h"
#include "ice/requests.h"

namespace sluice {
namespace {

class ReturningClient : public Conference {
 public:
  ReturningClient() {
    transport = ask<WebRtcTransportReply>(CreateWebRtcTransport{"room", "ada", "t"});
    check_connectivity();
    (void)ask<ConnectReply>(
        ConnectTransport{"t", {DtlsRole::kClient, {context.certificate().fingerprint()}}});
  }

  void check_connectivity() {
    ice::RequestSpec spec;
    spec.local_ufrag = transport.ice_parameters.username_fragment;
    spec.password = transport.ice_parameters.password;
    spec.priority = 1000;
    spec.use_candidate = true;
    send(ice::make_request(spec));
  }

  void send(const std::vector<std::uint8_t>& bytes) {
    ReceivedDatagram datagram{engine->pool().allocate(), path};
    std::copy(bytes.begin(), bytes.end(), datagram.packet->data);
    datagram.packet->size = static_cast<std::uint16_t>(bytes.size());
    engine->receive({&datagram, 1}, now);
  }
  /// Everything there and back until nobody has anything to say.
  void exchange(dtls::Session& session) {
    for (int round = 0; round < 20; ++round) {
      std::vector<std::vector<std::uint8_t>> ours;
      session.drain(ours);
      for (const auto& datagram : ours) send(datagram);
      now += 5ms;
      engine->advance(now);
      for (const OutgoingDatagram& datagram : engine->flush(now)) {
        const Bytes bytes = datagram.bytes;
        if (!bytes.empty() && bytes[0] >= 20 && bytes[0] < 64) session.receive(bytes, now);
      }
    }
  }
  std::unique_ptr<dtls::Session> connect(dtls::Context& as) {
    auto session = std::make_unique<dtls::Session>(as, dtls::Role::kClient);
    REQUIRE(session->set_remote_fingerprints(transport.dtls_parameters.fingerprints, now).ok());
    session->start(now);
    exchange(*session);
    return session;
  }
  /// Its ClientHello arrives, and the answer is lost.
  std::unique_ptr<dtls::Session> greet(dtls::Context& as) {
    auto session = std::make_unique<dtls::Session>(as, dtls::Role::kClient);
    REQUIRE(session->set_remote_fingerprints(transport.dtls_parameters.fingerprints, now).ok());
    session->start(now);
    std::vector<std::vector<std::uint8_t>> hello;
    session->drain(hello);
    send(hello.at(0));
    (void)engine->flush(now);
    return session;
  }
  std::string state() { return ask<StatsReply>(GetStats{ObjectKind::kTransport, "t"}).transport->dtls_state; }

  Path path{*SocketAddress::parse("198.51.100.7", 5000), 0};
  dtls::Context context{dtls::Certificate::generate(1'700'000'000)};
  WebRtcTransportReply transport;
};

TEST_CASE("a client that has said goodbye may begin anew with the certificate that it had") {
  ReturningClient client;
  const auto first = client.connect(client.context);
  REQUIRE(first->state() == dtls::State::kConnected);
  CHECK(client.state() == "connected");
  first->close(client.now);
  client.exchange(*first);
  CHECK(client.state() == "closed");
  (void)client.events<DtlsStateChange>();
  const auto second = client.connect(client.context);
  CHECK(second->state() == dtls::State::kConnected);
  CHECK(client.state() == "connected");
  CHECK(first->keys()->client_write != second->keys()->client_write);
  std::vector<std::string> states;
  for (const auto& change : client.events<DtlsStateChange>()) states.push_back(change.dtls_state);
  CHECK(states == std::vector<std::string>{"connecting", "connected"});
}

TEST_CASE("nobody else may") {
  ReturningClient client;
  const auto first = client.connect(client.context);
  first->close(client.now);
  client.exchange(*first);
  dtls::Context other{dtls::Certificate::generate(1'700'000'000)};
  const auto intruder = client.connect(other);
  CHECK(client.state() == "failed");
}

TEST_CASE("an attempt that was left half-way, or failed, does not keep the client from another") {
  ReturningClient client;
  const auto first = client.connect(client.context);
  first->close(client.now);
  client.exchange(*first);
  const auto half = client.greet(client.context);
  CHECK(client.state() == "connecting");
  CHECK(client.connect(client.context)->state() == dtls::State::kConnected);
  CHECK(client.state() == "connected");
}

TEST_CASE("a client whose goodbye was lost begins anew, and what it had lasts until then (RFC 6347 §4.2.8)") {
  ReturningClient client;
  const auto first = client.connect(client.context);
  REQUIRE(first->state() == dtls::State::kConnected);
  (void)client.events<DtlsStateChange>();
  const auto half = client.greet(client.context);
  CHECK(client.state() == "connected");
  const auto second = client.connect(client.context);
  CHECK(second->state() == dtls::State::kConnected);
  CHECK(first->keys()->client_write != second->keys()->client_write);
  std::vector<std::string> states;
  for (const auto& change : client.events<DtlsStateChange>()) states.push_back(change.dtls_state);
  CHECK(states == std::vector<std::string>{"connecting", "connected"});
  first->close(client.now);  // late, and of nobody any more
  client.exchange(*first);
  CHECK(client.state() == "connected");
}

TEST_CASE("a goodbye that comes after the next ClientHello ends what it was said to") {
  ReturningClient client;
  const auto first = client.connect(client.context);
  (void)client.events<DtlsStateChange>();
  const auto second = client.greet(client.context);
  first->close(client.now);
  std::vector<std::vector<std::uint8_t>> goodbye;
  first->drain(goodbye);
  client.send(goodbye.at(0));
  CHECK(client.state() == "connecting");
  client.now += 10s;  // its answer was lost, and comes again
  client.engine->advance(client.now);
  client.exchange(*second);
  CHECK(second->state() == dtls::State::kConnected);
  std::vector<std::string> states;
  for (const auto& change : client.events<DtlsStateChange>()) states.push_back(change.dtls_state);
  CHECK(states == std::vector<std::string>{"closed", "connecting", "connected"});
}

TEST_CASE("a stranger's handshake, or an old ClientHello, changes nothing for who is connected") {
  ReturningClient client;
  dtls::Session first(client.context, dtls::Role::kClient);
  REQUIRE(first.set_remote_fingerprints(client.transport.dtls_parameters.fingerprints, client.now).ok());
  first.start(client.now);
  std::vector<std::vector<std::uint8_t>> hello;
  first.drain(hello);
  client.send(hello.at(0));
  client.exchange(first);
  REQUIRE(first.state() == dtls::State::kConnected);
  (void)client.events<DtlsStateChange>();

  client.send(hello.at(0));
  CHECK(client.engine->flush(client.now).empty());
  dtls::Context other{dtls::Certificate::generate(1'700'000'000)};
  const auto stranger = client.connect(other);
  CHECK(client.state() == "connected");
  const auto left = client.greet(client.context);
  for (int i = 0; i < 100; ++i) {
    client.now += 1s;
    client.check_connectivity();
    client.engine->advance(client.now);
    (void)client.engine->flush(client.now);
  }
  CHECK(client.events<DtlsStateChange>().empty());
  first.close(client.now);
  client.exchange(first);
  CHECK(client.state() == "closed");
}

/// By offer and answer, from a recorded offer with the certificate and the credentials of now.
class NegotiatingClient : public ReturningClient {
 public:
  NegotiatingClient() {
    (void)ask<PeerReply>(CreatePeer{"room", "eve", "Eve", Subscription::kAll});
    path.remote = *SocketAddress::parse("198.51.100.8", 5000);
  }

  std::string offer(dtls::Context& as, const std::string& ufrag) {
    std::ifstream file(std::string(SLUICE_TEST_DATA) + "/negotiate/offers/chromium-publisher.sdp");
    std::string text{std::istreambuf_iterator<char>(file), {}};
    replace_lines(text, "a=fingerprint:sha-256 ", as.certificate().fingerprint().value);
    replace_lines(text, "a=ice-ufrag:", ufrag);
    return text;
  }

  /// Answered, and ICE connected with what the answer says.
  void negotiate(dtls::Context& as, const std::string& ufrag) {
    (void)ask<DescriptionReply>(SetRemoteDescription{"eve", SdpType::kOffer, offer(as, ufrag)});
    const auto answer = ask<DescriptionReply>(SetLocalDescription{"eve", SdpType::kAnswer, ""});
    for (const auto& made : events<PeerTransportCreated>()) id = made.transport_id;
    ice::RequestSpec spec;
    spec.local_ufrag = value_of(answer.sdp, "a=ice-ufrag:");
    spec.remote_ufrag = ufrag;
    spec.password = value_of(answer.sdp, "a=ice-pwd:");
    spec.use_candidate = true;
    send(ice::make_request(spec));
  }
  std::string state() { return ask<StatsReply>(GetStats{ObjectKind::kTransport, id}).transport->dtls_state; }

  static std::string value_of(const std::string& text, const std::string& name) {
    const std::size_t at = text.find(name) + name.size();
    return text.substr(at, text.find('\r', at) - at);
  }
  static void replace_lines(std::string& text, const std::string& name, const std::string& value) {
    for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + 1))
      text.replace(at + name.size(), text.find('\r', at) - at - name.size(), value);
  }

  dtls::Context other{dtls::Certificate::generate(1'700'000'000)};
  std::string id;
};

TEST_CASE("new ICE credentials and another certificate make another association (RFC 8842 §5)") {
  NegotiatingClient client;
  client.negotiate(client.context, "first");
  REQUIRE(client.connect(client.context)->state() == dtls::State::kConnected);
  CHECK(client.state() == "connected");
  client.negotiate(client.other, "second");
  CHECK(client.state() == "connecting");
  const auto second = client.connect(client.other);
  CHECK(second->state() == dtls::State::kConnected);
  CHECK(client.state() == "connected");
}

TEST_CASE("with new ICE credentials alone the association stays as it is") {
  NegotiatingClient client;
  client.negotiate(client.context, "first");
  const auto session = client.connect(client.context);
  REQUIRE(session->state() == dtls::State::kConnected);
  client.negotiate(client.context, "second");
  CHECK(client.state() == "connected");
  CHECK(client.refuse(SetRemoteDescription{"eve", SdpType::kOffer, client.offer(client.other, "second")})
            .field == "a=fingerprint");
}

}  // namespace
}  // namespace sluice
