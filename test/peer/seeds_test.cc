// What the documents that Sluice was asked for say of a native peer connection, line by line: each test is
// named after the line it holds.
#include <fstream>
#include <set>

#include "peer/peers_rig.h"
#include "sluice/peer_configuration.h"

using namespace sluice;
using sluice::test::Peers;
using sluice::test::vp8_frame;

namespace {

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TrackInit with_codec(const char* codec) {
  TrackInit init;
  init.codecs = {codec};
  return init;
}

Result<std::unique_ptr<PeerConnection>> make(const Configuration& configuration) {
  PeerConnection::Environment environment;
  environment.wall_clock.unix_micros = 1'700'000'000'000'000;
  return PeerConnection::create(configuration, environment);
}

Configuration with_servers(std::vector<IceServer> servers) {
  Configuration out;
  out.ice_servers = std::move(servers);
  return out;
}

const std::string kPem = std::string(SLUICE_TEST_DATA) + "/data/certificates/";

}  // namespace

// --- 002: a native RTCPeerConnection class ---

TEST_CASE(
    "002: tracks by kind and formats (PCMU-only audio, VP8 video), offer, answer, ICE, DTLS in either role, "
    "then SRTP") {
  const auto role = GENERATE(DtlsRole::kClient, DtlsRole::kServer);
  Peers::Options options;
  options.b.answer_role = role;
  Peers peers(options);
  const auto audio = peers.a.pc->add_track(MediaKind::kAudio, with_codec("audio/PCMU"));
  const auto video = peers.a.pc->add_track(MediaKind::kVideo, with_codec("video/VP8"));
  REQUIRE(audio.ok());
  REQUIRE(video.ok());
  const auto offer = peers.a.pc->create_offer();
  REQUIRE(offer.ok());
  CHECK(contains(offer->sdp, "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n"));
  CHECK(contains(offer->sdp, " VP8/90000"));
  CHECK(!contains(offer->sdp, "opus"));
  CHECK(!contains(offer->sdp, "VP9"));
  REQUIRE(peers.a.pc->set_local_description(*offer, peers.now()).ok());
  REQUIRE(peers.b.pc->set_remote_description(*offer, peers.now()).ok());
  const auto answer = peers.b.pc->create_answer();
  REQUIRE(answer.ok());
  CHECK(contains(answer->sdp, role == DtlsRole::kClient ? "a=setup:active" : "a=setup:passive"));
  REQUIRE(peers.b.pc->set_local_description(*answer, peers.now()).ok());
  const std::vector<std::uint8_t> samples(160, 1);
  CHECK(!RtpSender(*audio).send_frame({samples, {}}, peers.now()));  // no media before
  REQUIRE(peers.a.pc->set_remote_description(*answer, peers.now()).ok());
  REQUIRE(peers.run_until_connected());
  CHECK(RtpSender(*audio).send_frame({samples, {}}, peers.now()));
  FrameMetadata key;
  key.key_frame = true;
  const auto picture = vp8_frame(true, 2000, 3);
  CHECK(RtpSender(*video).send_frame({picture, key}, peers.now()));
  peers.run_for(300ms);
  CHECK(peers.b.frames.size() == 2);
  const auto transport = peers.a.pc->get_stats(peers.now()).all<TransportStatistics>();
  CHECK(transport[0].dtls_role == (role == DtlsRole::kClient ? "server" : "client"));
  CHECK(!transport[0].srtp_cipher.empty());
}

TEST_CASE("002: a failed handshake closes with the reason") {
  Peers peers({});
  REQUIRE(peers.a.pc->add_track(MediaKind::kAudio).ok());
  REQUIRE(peers.a.pc->set_local_description(peers.now()).ok());
  REQUIRE(peers.b.pc->set_remote_description(*peers.a.pc->local_description(), peers.now()).ok());
  REQUIRE(peers.b.pc->set_local_description(peers.now()).ok());
  SessionDescription answer = *peers.b.pc->local_description();
  const std::size_t digit = answer.sdp.find("a=fingerprint:sha-256 ") + 22;
  answer.sdp[digit] = answer.sdp[digit] == '0' ? '1' : '0';
  REQUIRE(peers.a.pc->set_remote_description(answer, peers.now()).ok());
  REQUIRE(peers.run_until(
      [&] {
        return peers.a.pc->connection_state() == PeerConnectionState::kClosed &&
               peers.b.pc->connection_state() == PeerConnectionState::kClosed;
      },
      10s));
  CHECK(contains(peers.a.failure, "the DTLS handshake failed"));
  CHECK(contains(peers.a.failure, "does not match the fingerprint"));
  CHECK(peers.a.count("connection failed") == 1);
  CHECK(contains(peers.b.failure, "handshake failed"));
  CHECK(peers.a.pc->signaling_state() == SignalingState::kClosed);
}

TEST_CASE(
    "002: own certificate and key by PEM path, its sha-256 fingerprint in the SDP; a key that does not match "
    "is refused at construction") {
  // Two pairs made by openssl, kept with the tests.
  Configuration configuration;
  configuration.certificate.emplace();
  configuration.certificate->certificate_path = kPem + "first.pem";
  configuration.certificate->private_key_path = kPem + "first_key.pem";
  auto pc = make(configuration);
  REQUIRE(pc.ok());
  const std::string fingerprint = (*pc)->fingerprint().value;
  CHECK((*pc)->fingerprint().algorithm == "sha-256");
  REQUIRE((*pc)->add_track(MediaKind::kAudio).ok());
  CHECK(contains((*pc)->create_offer()->sdp, "a=fingerprint:sha-256 " + fingerprint + "\r\n"));

  configuration.certificate->fingerprint = "sha-256 " + fingerprint;
  CHECK(make(configuration).ok());
  configuration.certificate->fingerprint = "sha-256 00" + fingerprint.substr(2);
  auto other = make(configuration);
  REQUIRE(!other.ok());
  CHECK(other.error().field == "certificate.fingerprint");

  configuration.certificate->fingerprint.clear();
  configuration.certificate->private_key_path = kPem + "second_key.pem";
  auto mismatch = make(configuration);
  REQUIRE(!mismatch.ok());
  CHECK(contains(mismatch.error().message, "does not match the certificate"));

  // The same by text.
  const auto read = [](const std::string& path) {
    std::ifstream in(path);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  Configuration texts;
  texts.certificate.emplace();
  texts.certificate->certificate = read(kPem + "first.pem");
  texts.certificate->private_key = read(kPem + "first_key.pem");
  auto by_text = make(texts);
  REQUIRE(by_text.ok());
  CHECK((*by_text)->fingerprint().value == fingerprint);
  texts.certificate->private_key = read(kPem + "second_key.pem");
  CHECK(!make(texts).ok());
}

TEST_CASE("002: the four states, the descriptions, restart_ice, configuration, close, and all events") {
  Peers peers({});
  REQUIRE(peers.a.pc->add_track(MediaKind::kAudio).ok());
  REQUIRE(peers.a.pc->create_data_channel("chat").ok());
  CHECK(peers.a.pc->connection_state() == PeerConnectionState::kNew);
  CHECK(peers.a.pc->ice_connection_state() == IceState::kNew);
  CHECK(peers.a.pc->ice_gathering_state() == IceGatheringState::kNew);
  peers.negotiate();
  REQUIRE(peers.run_until_connected());
  peers.run_for(1s);
  for (const char* name :
       {"negotiationneeded", "signaling have-local-offer", "signaling stable", "gathering gathering",
        "gathering complete", "icecandidate", "icecandidate null", "ice checking", "ice connected",
        "connection connecting", "connection connected", "open chat"}) {
    INFO(name);
    CHECK(peers.a.count(name) == 1);
  }
  for (const char* name : {"signaling have-remote-offer", "track", "datachannel chat"}) {
    INFO(name);
    CHECK(peers.b.count(name) == 1);
  }
  // Configuration: servers may change, the certificate may not.
  Configuration configuration = peers.a.pc->get_configuration();
  configuration.ice_servers = {{{"stun:192.0.2.77"}, {}, {}, {}}};
  CHECK(peers.a.pc->set_configuration(configuration).ok());
  CHECK(peers.a.pc->get_configuration().ice_servers.size() == 1);
  configuration.certificate.emplace();
  CHECK(peers.a.pc->set_configuration(configuration).error().field == "certificate");
  // Restart.
  peers.a.pc->restart_ice();
  peers.negotiate();
  CHECK(peers.run_until_connected());
  // Close.
  peers.a.pc->close(peers.now());
  CHECK(peers.a.pc->signaling_state() == SignalingState::kClosed);
  CHECK(peers.a.pc->connection_state() == PeerConnectionState::kClosed);
  CHECK(peers.a.pc->create_offer().error().code == ErrorCode::kInvalidState);
  CHECK(!peers.a.pc->add_track(MediaKind::kAudio).ok());
  REQUIRE(
      peers.run_until([&] { return peers.b.pc->connection_state() == PeerConnectionState::kClosed; }, 5s));
  CHECK(contains(peers.b.failure, "other side closed"));
  CHECK(peers.b.count("closed chat") == 1);
}

TEST_CASE("002: an ICE server that does not answer is an icecandidateerror") {
  Peers::Options options;
  options.a.ice_servers = {{{"stun:203.0.113.9:3478"}, {}, {}, {}}};
  Peers peers(options);
  REQUIRE(peers.a.pc->create_data_channel("x").ok());
  REQUIRE(peers.a.pc->set_local_description(peers.now()).ok());
  REQUIRE(peers.run_until([&] { return !peers.a.candidate_errors.empty(); }, 60s));
  CHECK(peers.a.candidate_errors[0].error_code == 701);
  CHECK(peers.a.candidate_errors[0].url == "stun:203.0.113.9:3478");
  CHECK(!peers.a.candidate_errors[0].error_text.empty());
}

// --- 003: two native peers and a data channel ---

TEST_CASE(
    "003: gathering starts at set_local_description; icecandidate ends with null, after which "
    "local_description holds all candidates") {
  Peers::Options options;
  options.addresses = 3;
  Peers peers(options);
  peers.deliver_candidates = false;
  REQUIRE(peers.a.pc->create_data_channel("x").ok());
  peers.run_for(1s);
  CHECK(peers.a.pc->ice_gathering_state() == IceGatheringState::kNew);
  CHECK(peers.a.candidates.empty());
  REQUIRE(peers.a.pc->create_offer().ok());
  CHECK(peers.a.pc->ice_gathering_state() == IceGatheringState::kNew);
  REQUIRE(peers.a.pc->set_local_description(peers.now()).ok());
  REQUIRE(peers.run_until([&] { return peers.a.candidates_ended; }, 5s));
  CHECK(peers.a.candidates.size() == 3);
  const std::string sdp = peers.a.pc->local_description()->sdp;
  for (const IceCandidateInit& c : peers.a.candidates) {
    CHECK(c.sdp_mid == "0");
    const std::string line = c.candidate.substr(0, c.candidate.find(" ufrag"));
    INFO(line);
    CHECK(contains(sdp, "a=" + line));
  }
  CHECK(contains(sdp, "a=end-of-candidates"));
}

TEST_CASE("003: both ends in one process connect peer to peer, data only, without trickling") {
  const bool answerer_controls = GENERATE(false, true);
  Peers peers({});
  peers.deliver_candidates = false;
  test::Peer& first = answerer_controls ? peers.b : peers.a;
  test::Peer& second = answerer_controls ? peers.a : peers.b;
  REQUIRE(first.pc->create_data_channel("x").ok());
  REQUIRE(first.pc->set_local_description(peers.now()).ok());
  REQUIRE(peers.run_until([&] { return first.candidates_ended; }, 5s));
  REQUIRE(second.pc->set_remote_description(*first.pc->local_description(), peers.now()).ok());
  REQUIRE(second.pc->set_local_description(peers.now()).ok());
  REQUIRE(peers.run_until([&] { return second.candidates_ended; }, 5s));
  REQUIRE(first.pc->set_remote_description(*second.pc->local_description(), peers.now()).ok());
  CHECK(peers.run_until_connected());
  CHECK(peers.run_until([&] { return second.count("datachannel x") == 1; }, 5s));
  CHECK(first.pc->get_stats(peers.now()).all<TransportStatistics>()[0].ice_role == "controlling");
  CHECK(second.pc->get_stats(peers.now()).all<TransportStatistics>()[0].ice_role == "controlled");
}

TEST_CASE("003: on_data_channel may send at once; open comes before message") {
  Peers peers({});
  auto channel = peers.a.pc->create_data_channel("cookies");
  REQUIRE(channel.ok());
  CHECK(channel->ready_state() == DataChannelState::kConnecting);
  CHECK(channel->send("too early", peers.now()).error().code == ErrorCode::kInvalidState);
  peers.b.on_event = [&](const PeerEvent& e) {
    if (const auto* opened = std::get_if<event::DataChannelOpened>(&e)) {
      DataChannel theirs = opened->channel;
      CHECK(theirs.send("Cookies 4 life", peers.now()).ok());
    }
  };
  peers.negotiate();
  REQUIRE(peers.run_until([&] { return !peers.a.messages.empty(); }, 5s));
  CHECK(peers.a.messages[0].text() == "Cookies 4 life");
  const auto at = [&](std::string_view name) {
    return std::find(peers.a.log.begin(), peers.a.log.end(), name) - peers.a.log.begin();
  };
  CHECK(at("open cookies") < at("message cookies Cookies 4 life"));
  CHECK(peers.b.channels[0].label() == "cookies");
  CHECK(peers.b.channels[0].id() == channel->id());
}

TEST_CASE("003: strings and binary messages, empty ones too, and the limit on their size") {
  Peers peers({});
  auto channel = peers.a.pc->create_data_channel("x");
  peers.negotiate();
  REQUIRE(peers.run_until([&] { return channel->ready_state() == DataChannelState::kOpen; }, 5s));
  std::vector<std::uint8_t> large(256 * 1024);
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<std::uint8_t>(i * 7);
  CHECK(channel->send("text", peers.now()).ok());
  CHECK(channel->send(std::string_view(), peers.now()).ok());
  CHECK(channel->send(std::span<const std::uint8_t>(), peers.now()).ok());
  CHECK(channel->send(std::span<const std::uint8_t>(large), peers.now()).ok());
  const std::vector<std::uint8_t> larger(large.size() + 1);
  const auto refused = channel->send(std::span<const std::uint8_t>(larger), peers.now());
  REQUIRE(!refused.ok());
  CHECK(contains(refused.error().message, "262144"));
  REQUIRE(peers.run_until([&] { return peers.b.messages.size() == 4; }, 20s));
  CHECK(!peers.b.messages[0].binary);
  CHECK(peers.b.messages[0].text() == "text");
  CHECK((!peers.b.messages[1].binary && peers.b.messages[1].data.empty()));
  CHECK((peers.b.messages[2].binary && peers.b.messages[2].data.empty()));
  CHECK((peers.b.messages[3].binary && peers.b.messages[3].data == large));
}

TEST_CASE("003: many channels: two thousand on one connection") {
  Peers peers({});
  constexpr std::size_t kChannels = 2000;
  std::vector<DataChannel> channels;
  for (std::size_t i = 0; i < kChannels; ++i) {
    auto made = peers.a.pc->create_data_channel("channel " + std::to_string(i));
    REQUIRE(made.ok());
    channels.push_back(*made);
  }
  peers.negotiate();
  REQUIRE(peers.run_until([&] { return peers.b.channels.size() == kChannels; }, 60s));
  std::set<std::uint16_t> ids;
  for (DataChannel& c : channels) {
    REQUIRE(c.id());
    ids.insert(*c.id());
    CHECK(c.send(c.label(), peers.now()).ok());
  }
  CHECK(ids.size() == kChannels);
  REQUIRE(peers.run_until([&] { return peers.b.messages.size() == kChannels; }, 60s));
  for (const auto& m : peers.b.messages) CHECK(m.text() == m.channel.label());
}

TEST_CASE("003: a channel that is closed is closed on the other side, and its id is free again") {
  Peers peers({});
  auto channel = peers.a.pc->create_data_channel("x");
  peers.negotiate();
  REQUIRE(peers.run_until([&] { return peers.b.channels.size() == 1; }, 5s));
  CHECK(channel->send("last words", peers.now()).ok());
  channel->close(peers.now());
  CHECK(channel->ready_state() == DataChannelState::kClosing);
  REQUIRE(
      peers.run_until([&] { return peers.a.count("closed x") == 1 && peers.b.count("closed x") == 1; }, 5s));
  CHECK(peers.b.messages.size() == 1);
  CHECK(peers.b.count("closing x") == 1);
  CHECK(peers.a.count("closing x") == 0);
  CHECK(channel->ready_state() == DataChannelState::kClosed);
  const auto stats = peers.a.pc->get_stats(peers.now()).all<PeerConnectionStats>();
  CHECK(stats[0].data_channels_opened == 1);
  CHECK(stats[0].data_channels_closed == 1);
  auto second = peers.a.pc->create_data_channel("y");
  REQUIRE(peers.run_until([&] { return peers.b.channels.size() == 2; }, 5s));
}

TEST_CASE("003: negotiated channels, and options that contradict each other are refused by name") {
  Peers peers({});
  DataChannelInit init;
  init.negotiated = true;
  CHECK(peers.a.pc->create_data_channel("x", init).error().field == "id");
  init.id = 7;
  auto ours = peers.a.pc->create_data_channel("x", init);
  auto theirs = peers.b.pc->create_data_channel("x", init);
  REQUIRE(ours.ok());
  REQUIRE(theirs.ok());
  CHECK(!peers.a.pc->create_data_channel("again", init).ok());
  DataChannelInit both;
  both.max_retransmits = 1;
  both.max_packet_life_time = 100;
  CHECK(peers.a.pc->create_data_channel("y", both).error().field == "max_retransmits");
  peers.negotiate();
  REQUIRE(peers.run_until(
      [&] {
        return ours->ready_state() == DataChannelState::kOpen &&
               theirs->ready_state() == DataChannelState::kOpen;
      },
      5s));
  CHECK(theirs->send("hello", peers.now()).ok());
  CHECK(peers.run_until([&] { return peers.a.messages.size() == 1; }, 5s));
  CHECK(peers.a.channels.empty());
}

// --- 004: configuration with STUN and TURN, and trickle ICE ---

TEST_CASE("004: iceServers with urls as string or array, username, credential, credentialType") {
  const auto one = configuration_from_json(R"({"iceServers": [{"urls": "stun:stun.l.example:19302"}]})");
  REQUIRE(one.ok());
  CHECK(one->ice_servers[0].urls == std::vector<std::string>{"stun:stun.l.example:19302"});
  const auto several = configuration_from_json(
      R"({"iceServers": [{"urls": ["turn:54.149.135.227:3478", "turn:54.149.135.227:3478?transport=tcp"],
          "username": "basscord", "credential": "limpbizkitrulez1998", "credentialType": "password"}],
          "iceTransportPolicy": "relay"})");
  REQUIRE(several.ok());
  CHECK(several->ice_servers[0].urls.size() == 2);
  CHECK(several->ice_servers[0].username == "basscord");
  CHECK(several->ice_transport_policy == IceTransportPolicy::kRelay);
  CHECK(make(*several).ok());
  CHECK(configuration_from_json(R"({"iceServers": [{"urls": 7}]})").error().field == "iceServers[0].urls");
  CHECK(configuration_from_json(R"({"iceServer": []})").error().field == "iceServer");
  CHECK(configuration_from_json(R"({"iceTransportPolicy": "none"})").error().field == "iceTransportPolicy");
  CHECK(configuration_from_json(R"({"bundlePolicy": "balanced"})").error().code == ErrorCode::kUnsupported);
}

TEST_CASE("004: iceTransportPolicy relay: without a TURN server no candidate is told") {
  Peers::Options options;
  options.a.ice_transport_policy = IceTransportPolicy::kRelay;
  Peers peers(options);
  peers.deliver_candidates = false;
  REQUIRE(peers.a.pc->create_data_channel("x").ok());
  REQUIRE(peers.a.pc->set_local_description(peers.now()).ok());
  REQUIRE(peers.run_until([&] { return peers.a.candidates_ended; }, 5s));
  CHECK(peers.a.candidates.empty());
  CHECK(!contains(peers.a.pc->local_description()->sdp, "a=candidate"));
}

TEST_CASE("004: descriptions and candidates pass through JSON") {
  Peers peers({});
  peers.deliver_candidates = false;
  REQUIRE(peers.a.pc->create_data_channel("x").ok());
  REQUIRE(peers.a.pc->set_local_description(peers.now()).ok());
  const auto offer = session_description_from_json(to_json(*peers.a.pc->local_description()));
  REQUIRE(offer.ok());
  CHECK(*offer == *peers.a.pc->local_description());
  REQUIRE(peers.run_until([&] { return !peers.a.candidates.empty(); }, 5s));
  const std::string text = to_json(peers.a.candidates[0]);
  CHECK(contains(text, "\"sdpMid\":\"0\""));
  CHECK(contains(text, "\"sdpMLineIndex\":0"));
  CHECK(contains(text, "\"usernameFragment\""));
  const auto candidate = ice_candidate_from_json(text);
  REQUIRE(candidate.ok());
  CHECK(*candidate == peers.a.candidates[0]);
  CHECK(ice_candidate_from_json("null")->candidate.empty());
  CHECK(session_description_from_json(R"({"type": "offr", "sdp": ""})").error().field == "type");
  CHECK(session_description_from_json(R"({"type": "offer"})").error().field == "sdp");
  CHECK(session_description_from_json("{").error().field == "description");
  CHECK(ice_candidate_from_json(R"({"candidate": "", "sdpMLineIndex": -1})").error().field ==
        "sdpMLineIndex");
}

TEST_CASE("004: addIceCandidate before and after the remote description; an empty candidate ends them") {
  Peers peers({});
  peers.deliver_candidates = false;
  REQUIRE(peers.a.pc->create_data_channel("x").ok());
  REQUIRE(peers.a.pc->set_local_description(peers.now()).ok());
  const SessionDescription offer = *peers.a.pc->local_description();
  REQUIRE(peers.run_until([&] { return peers.a.candidates_ended; }, 5s));
  // Before the remote description.
  for (const auto& c : peers.a.candidates) CHECK(peers.b.pc->add_ice_candidate(c, peers.now()).ok());
  REQUIRE(peers.b.pc->set_remote_description(offer, peers.now()).ok());
  CHECK(contains(peers.b.pc->remote_description()->sdp, "a=candidate"));
  REQUIRE(peers.b.pc->set_local_description(peers.now()).ok());
  const SessionDescription answer = *peers.b.pc->local_description();
  REQUIRE(peers.run_until([&] { return peers.b.candidates_ended; }, 5s));
  // After it.
  REQUIRE(peers.a.pc->set_remote_description(answer, peers.now()).ok());
  for (const auto& c : peers.b.candidates) CHECK(peers.a.pc->add_ice_candidate(c, peers.now()).ok());
  CHECK(peers.run_until_connected());
  CHECK(peers.a.pc->add_ice_candidate({}, peers.now()).ok());
  CHECK(contains(peers.a.pc->remote_description()->sdp, "a=end-of-candidates"));
  // What is wrong with one is said.
  IceCandidateInit bad{"candidate:1 1 udp x", "0", {}, {}};
  CHECK(peers.a.pc->add_ice_candidate(bad, peers.now()).error().field == "candidate");
  bad = peers.b.candidates[0];
  bad.sdp_mid = "nine";
  CHECK(peers.a.pc->add_ice_candidate(bad, peers.now()).error().field == "sdpMid");
  bad = peers.b.candidates[0];
  bad.username_fragment = "unknown";
  CHECK(peers.a.pc->add_ice_candidate(bad, peers.now()).error().field == "usernameFragment");
  bad = peers.b.candidates[0];
  bad.sdp_mid.reset();
  bad.sdp_m_line_index.reset();
  CHECK(peers.a.pc->add_ice_candidate(bad, peers.now()).error().field == "sdpMid");
}

TEST_CASE(
    "004: errors for what the document itself gets wrong: a space in 'turn: 1.2.3.4', an unknown "
    "credentialType, a missing credential: each named, none silent") {
  const auto error = [](IceServer server) {
    auto made = make(with_servers({std::move(server)}));
    REQUIRE(!made.ok());
    return made.error();
  };
  const Error space = error({{"turn: 54.149.135.227:3478"}, "basscord", "limpbizkitrulez1998", {}});
  CHECK(contains(space.field, "urls"));
  CHECK(contains(space.message, "space"));
  CHECK(contains(error({{"stun: stun.l.example:19302"}, {}, {}, {}}).message, "space"));
  const Error type = error({{"turn:54.149.135.227:3478"}, "basscord", "limpbizkitrulez1998", "passwd"});
  CHECK(contains(type.field, "credentialType"));
  CHECK(contains(type.message, "passwd"));
  CHECK(contains(error({{"turn:54.149.135.227:3478"}, "basscord", {}, {}}).field, "credential"));
  CHECK(contains(error({{"turn:54.149.135.227:3478"}, {}, "secret", {}}).field, "username"));
}
