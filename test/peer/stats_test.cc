// getStats() as a whole: every type and member that sluice/peer_stats.h promises, its type, its unit and what
// it refers to, before, during and after a call.
#include <map>
#include <set>

#include <nlohmann/json.hpp>

#include "peer/peers_rig.h"

using namespace sluice;
using nlohmann::json;
using sluice::test::Peer;
using sluice::test::Peers;
using sluice::test::vp8_frame;

namespace {

/// What a member is. A counter never falls; a reference is the id of an entry of that type.
struct Member {
  enum Kind { kText, kFlag, kNumber, kSeconds, kCounter, kReference } kind = kText;
  bool always = true;
  std::string_view refers_to = {};
};
using Members = std::map<std::string, Member, std::less<>>;

constexpr Member kText{Member::kText};
constexpr Member kSomeText{Member::kText, false};
constexpr Member kFlag{Member::kFlag};
constexpr Member kNumber{Member::kNumber};
constexpr Member kSomeNumber{Member::kNumber, false};
constexpr Member kCounter{Member::kCounter};
constexpr Member kSeconds{Member::kSeconds};
constexpr Member kSomeSeconds{Member::kSeconds, false};
constexpr Member reference(std::string_view type, bool always = true) {
  return {Member::kReference, always, type};
}

Members with(Members members, const Members& more) {
  members.insert(more.begin(), more.end());
  return members;
}

/// W3C webrtc-stats §7, as far as peer_stats.h promises it. `video` of streams has members of its own.
const Members& members_of(const std::string& type, bool video) {
  static const Members kCandidate = {{"transportId", reference("transport")},
                                     {"address", kText},
                                     {"port", kNumber},
                                     {"protocol", kText},
                                     {"candidateType", kText},
                                     {"priority", kNumber},
                                     {"foundation", kText},
                                     {"url", kSomeText},
                                     {"relayProtocol", kSomeText},
                                     {"relatedAddress", kSomeText},
                                     {"relatedPort", kSomeNumber}};
  static const Members kStream = {{"transportId", reference("transport")},
                                  {"ssrc", kNumber},
                                  {"kind", kText},
                                  {"codecId", reference("codec")}};
  static const Members kInbound = with(kStream, {{"mid", kText},
                                                 {"trackIdentifier", kText},
                                                 {"remoteId", reference("remote-outbound-rtp", false)},
                                                 {"packetsReceived", kCounter},
                                                 {"bytesReceived", kCounter},
                                                 {"packetsLost", kNumber},
                                                 {"jitter", kSeconds},
                                                 {"nackCount", kCounter},
                                                 {"retransmittedPacketsReceived", kCounter}});
  static const Members kOutbound = with(kStream, {{"mid", kText},
                                                  {"rid", kSomeText},
                                                  {"remoteId", reference("remote-inbound-rtp", false)},
                                                  {"packetsSent", kCounter},
                                                  {"bytesSent", kCounter},
                                                  {"retransmittedPacketsSent", kCounter},
                                                  {"nackCount", kCounter},
                                                  {"rtxSsrc", kSomeNumber}});
  static const std::map<std::string, Members> kAll = {
      {"peer-connection", {{"dataChannelsOpened", kCounter}, {"dataChannelsClosed", kCounter}}},
      {"transport",
       {{"packetsSent", kCounter},
        {"packetsReceived", kCounter},
        {"bytesSent", kCounter},
        {"bytesReceived", kCounter},
        {"iceRole", kText},
        {"iceLocalUsernameFragment", kText},
        {"iceState", kText},
        {"dtlsState", kText},
        {"dtlsRole", kText},
        {"selectedCandidatePairId", reference("candidate-pair", false)},
        {"localCertificateId", reference("certificate")},
        {"remoteCertificateId", reference("certificate", false)},
        {"srtpCipher", kSomeText},
        {"selectedCandidatePairChanges", kCounter}}},
      {"local-candidate", kCandidate},
      {"remote-candidate", kCandidate},
      {"candidate-pair",
       {{"transportId", reference("transport")},
        {"localCandidateId", reference("local-candidate")},
        {"remoteCandidateId", reference("remote-candidate")},
        {"state", kText},
        {"nominated", kFlag},
        {"packetsSent", kCounter},
        {"packetsReceived", kCounter},
        {"bytesSent", kCounter},
        {"bytesReceived", kCounter},
        {"totalRoundTripTime", kSeconds},
        {"currentRoundTripTime", kSomeSeconds},
        {"requestsReceived", kCounter},
        {"requestsSent", kCounter},
        {"responsesReceived", kCounter},
        {"responsesSent", kCounter},
        {"consentRequestsSent", kCounter}}},
      {"certificate",
       {{"fingerprint", kText}, {"fingerprintAlgorithm", kText}, {"base64Certificate", kSomeText}}},
      {"codec",
       {{"transportId", reference("transport")},
        {"payloadType", kNumber},
        {"mimeType", kText},
        {"clockRate", kNumber},
        {"channels", kSomeNumber},
        {"sdpFmtpLine", kSomeText}}},
      {"inbound-rtp audio", kInbound},
      {"inbound-rtp video", with(kInbound, {{"pliCount", kCounter},
                                            {"framesReceived", kCounter},
                                            {"keyFramesDecoded", kCounter},
                                            {"framesDropped", kCounter}})},
      {"outbound-rtp audio", kOutbound},
      {"outbound-rtp video", with(kOutbound, {{"pliCount", kCounter},
                                              {"firCount", kCounter},
                                              {"framesSent", kCounter},
                                              {"keyFramesEncoded", kCounter}})},
      {"remote-inbound-rtp", with(kStream, {{"localId", reference("outbound-rtp")},
                                            {"packetsLost", kNumber},
                                            {"fractionLost", kNumber},
                                            {"jitter", kSeconds},
                                            {"roundTripTime", kSomeSeconds},
                                            {"totalRoundTripTime", kSeconds},
                                            {"roundTripTimeMeasurements", kCounter}})},
      {"remote-outbound-rtp", with(kStream, {{"localId", reference("inbound-rtp")},
                                             {"packetsSent", kCounter},
                                             {"bytesSent", kCounter},
                                             {"reportsSent", kCounter}})},
      {"data-channel",
       {{"label", kText},
        {"protocol", kText},
        {"dataChannelIdentifier", kSomeNumber},
        {"state", kText},
        {"messagesSent", kCounter},
        {"bytesSent", kCounter},
        {"messagesReceived", kCounter},
        {"bytesReceived", kCounter}}}};
  const bool split = type == "inbound-rtp" || type == "outbound-rtp";
  const auto found = kAll.find(split ? type + (video ? " video" : " audio") : type);
  REQUIRE(found != kAll.end());
  return found->second;
}

void check_member(const json& value, const Member& member, const json& report) {
  if (member.kind == Member::kText) CHECK(value.is_string());
  if (member.kind == Member::kFlag) CHECK(value.is_boolean());
  if (member.kind == Member::kNumber) CHECK(value.is_number());
  if (member.kind == Member::kCounter) CHECK(value.is_number_unsigned());
  if (member.kind == Member::kSeconds) {
    REQUIRE(value.is_number());
    CHECK(value.get<double>() >= 0);
    CHECK(value.get<double>() < 10);  // milliseconds or microseconds would be more
  }
  if (member.kind == Member::kReference) {
    REQUIRE(value.is_string());
    REQUIRE(report.contains(value.get<std::string>()));
    CHECK(report[value.get<std::string>()]["type"] == member.refers_to);
  }
}

/// A report that holds what is promised, and nothing else; with the types that are in it.
json read(const PeerConnection& pc, Instant now, std::set<std::string>* types = nullptr) {
  const json report = json::parse(pc.get_stats(now).to_json());
  for (const auto& [id, entry] : report.items()) {
    const std::string type = entry.at("type");
    INFO(id << ": " << entry.dump());
    CHECK(entry.at("id") == id);
    CHECK(entry.at("timestamp").is_number_float());
    const Members& members = members_of(type, entry.value("kind", "") == "video");
    for (const auto& [name, member] : members) {
      INFO(name);
      if (member.always) REQUIRE(entry.contains(name));
      if (entry.contains(name)) check_member(entry[name], member, report);
    }
    for (const auto& [name, value] : entry.items()) {
      INFO(name << " is not among what is promised");
      CHECK((name == "id" || name == "type" || name == "timestamp" || members.contains(name)));
    }
    if (types != nullptr) types->insert(type);
  }
  return report;
}

/// The later of two readings has all that the earlier had, and no counter fell.
void check_later(const json& before, const json& after) {
  for (const auto& [id, entry] : before.items()) {
    INFO(id << " was " << entry.dump());
    REQUIRE(after.contains(id));
    const json& later = after[id];
    CHECK(later["type"] == entry["type"]);
    CHECK(later["timestamp"] > entry["timestamp"]);
    for (const auto& [name, member] : members_of(entry["type"], entry.value("kind", "") == "video")) {
      INFO(name << ", then " << later.dump());
      if (!entry.contains(name)) continue;
      REQUIRE(later.contains(name));
      if (member.kind == Member::kCounter || name.starts_with("total")) CHECK(later[name] >= entry[name]);
    }
  }
}

json only(const json& report, std::string_view type, std::string_view kind = {}) {
  json out;
  for (const auto& [id, entry] : report.items()) {
    if (entry["type"] != type || (!kind.empty() && entry["kind"] != kind)) continue;
    INFO(type << ' ' << kind);
    CHECK(out.is_null());
    out = entry;
  }
  REQUIRE(!out.is_null());
  return out;
}

/// Audio and video both ways, and a channel.
struct Call : Peers {
  Call() : Peers(options()) {
    for (Peer* peer : {&a, &b})
      for (const MediaKind kind : {MediaKind::kAudio, MediaKind::kVideo})
        senders.push_back(*peer->pc->add_track(kind, {.id = "", .stream_ids = {}, .codecs = {}}));
    channel = *a.pc->create_data_channel("chat");
    negotiate();
    REQUIRE(run_until_connected());
    REQUIRE(run_until([&] { return channel.ready_state() == DataChannelState::kOpen; }, 5s));
  }
  static Options options() {
    Options out;
    out.up.delay = out.down.delay = 20ms;
    return out;
  }
  void talk(int frames) {
    for (int i = 0; i < frames; ++i) {
      FrameMetadata metadata;
      metadata.rtp_timestamp = static_cast<std::uint32_t>(++sent * 3000);
      metadata.key_frame = sent % 30 == 1;
      const std::vector<std::uint8_t> opus = {0x08, 1, 2, 3};
      for (std::size_t k = 0; k < senders.size(); ++k)
        REQUIRE(senders[k].send_frame({k % 2 == 0 ? opus : vp8_frame(metadata.key_frame, 2500, 3), metadata},
                                      now()));
      CHECK(channel.send("twelve bytes", now()).ok());
      run_for(33ms);
    }
  }
  std::vector<RtpSender> senders;
  DataChannel channel;
  int sent = 0;
};

}  // namespace

TEST_CASE("statistics: before a call there are the connection, its transport and its certificate") {
  Peers peers({});
  std::set<std::string> types;
  const json report = read(*peers.a.pc, peers.now(), &types);
  CHECK(types == std::set<std::string>{"certificate", "peer-connection", "transport"});
  CHECK(only(report, "transport")["dtlsState"] == "new");
  CHECK(only(report, "transport")["iceState"] == "new");
  CHECK(only(report, "transport")["iceRole"] == "unknown");
  CHECK(only(report, "certificate")["fingerprint"] == peers.a.pc->fingerprint().value);
}

TEST_CASE("statistics: a call has every type with every member, all references resolve, no counter falls") {
  Call call;
  call.talk(60);
  call.run_for(6s);  // reports of both sides
  std::set<std::string> types;
  const json first_a = read(*call.a.pc, call.now(), &types);
  const json first_b = read(*call.b.pc, call.now());
  CHECK(types == std::set<std::string>{"candidate-pair", "certificate", "codec", "data-channel",
                                       "inbound-rtp", "local-candidate", "outbound-rtp", "peer-connection",
                                       "remote-candidate", "remote-inbound-rtp", "remote-outbound-rtp",
                                       "transport"});
  call.talk(30);
  call.run_for(6s);
  const json a = read(*call.a.pc, call.now());
  const json b = read(*call.b.pc, call.now());
  check_later(first_a, a);
  check_later(first_b, b);
  // An ICE restart, and a renegotiation: the same objects.
  call.a.pc->restart_ice();
  call.negotiate();
  call.run_for(5s);
  call.talk(5);
  const json restarted = read(*call.a.pc, call.now());
  for (const auto& [id, entry] : a.items())
    if (entry["type"] != "candidate-pair" && entry["type"] != "local-candidate" &&
        entry["type"] != "remote-candidate") {
      INFO(id);
      REQUIRE(restarted.contains(id));
      for (const char* name : {"packetsSent", "packetsReceived", "bytesSent", "bytesReceived"})
        if (entry.contains(name)) CHECK(restarted[id][name] >= entry[name]);
    }
}

TEST_CASE("statistics: what one side says of a call is what the other says of it") {
  Call call;
  call.talk(90);
  call.run_for(8s);
  const json a = read(*call.a.pc, call.now());
  const json b = read(*call.b.pc, call.now());
  for (const char* kind : {"audio", "video"}) {
    INFO(kind);
    const json out = only(a, "outbound-rtp", kind);
    const json in = only(b, "inbound-rtp", kind);
    for (const char* name : {"ssrc", "mid"}) CHECK(out[name] == in[name]);
    CHECK(out["packetsSent"] == in["packetsReceived"]);
    CHECK(out["bytesSent"] == in["bytesReceived"]);
    CHECK(out["packetsSent"] >= 90);
    CHECK(in["packetsLost"] == 0);
    CHECK(in["trackIdentifier"] == call.senders[kind == std::string("audio") ? 0 : 1].track_id());
    CHECK(a[out["codecId"]]["mimeType"] == b[in["codecId"]]["mimeType"]);
    CHECK(a[out["codecId"]]["mimeType"] == (kind == std::string("audio") ? "audio/opus" : "video/VP8"));
    CHECK(a[out["codecId"]]["clockRate"] == (kind == std::string("audio") ? 48'000 : 90'000));
    // What the receiver reports to the sender, and the sender to the receiver.
    const json reported = only(a, "remote-inbound-rtp", kind);
    CHECK(reported["localId"] == out["id"]);
    CHECK(out["remoteId"] == reported["id"]);
    CHECK(reported["fractionLost"] == 0);
    CHECK(reported["roundTripTime"].get<double>() == Approx(0.040).margin(0.005));
    const json remote = only(b, "remote-outbound-rtp", kind);
    CHECK(remote["packetsSent"] == out["packetsSent"]);
    CHECK(remote["bytesSent"] == out["bytesSent"]);
    CHECK(remote["reportsSent"] >= 1);
  }
  CHECK(only(a, "outbound-rtp", "video")["framesSent"] == 90);
  CHECK(only(a, "outbound-rtp", "video")["keyFramesEncoded"] == 3);
  CHECK(only(b, "inbound-rtp", "video")["framesReceived"] == 90);
  CHECK(only(b, "inbound-rtp", "video")["keyFramesDecoded"] == 3);
  const json transport = only(a, "transport");
  CHECK(transport["dtlsState"] == "connected");
  CHECK(transport["iceRole"] == "controlling");
  CHECK(only(b, "transport")["iceRole"] == "controlled");
  CHECK(only(b, "transport")["dtlsRole"] != transport["dtlsRole"]);
  CHECK(transport["srtpCipher"] == only(b, "transport")["srtpCipher"]);
  CHECK(transport["bytesSent"] == only(b, "transport")["bytesReceived"]);
  const json pair = a[transport["selectedCandidatePairId"]];
  CHECK(pair["nominated"] == true);
  CHECK(pair["state"] == "succeeded");
  CHECK(pair["currentRoundTripTime"].get<double>() == Approx(0.040).margin(0.005));
  CHECK(a[pair["localCandidateId"]]["address"] == call.a.addresses[0].ip());
  CHECK(a[pair["remoteCandidateId"]]["address"] == call.b.addresses[0].ip());
  CHECK(a[pair["remoteCandidateId"]]["port"] == call.b.addresses[0].port());
  CHECK(a[transport["remoteCertificateId"]]["fingerprint"] == call.b.pc->fingerprint().value);
  CHECK(a[transport["remoteCertificateId"]]["base64Certificate"] ==
        b[only(b, "transport")["localCertificateId"]]["base64Certificate"]);
  // W3C §7.15: of the DER, without PEM's frame.
  const std::string certificate = a[transport["localCertificateId"]]["base64Certificate"];
  CHECK(certificate.starts_with("MII"));
  CHECK(certificate.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") ==
        std::string::npos);
  const json channel = only(a, "data-channel");
  CHECK(channel["label"] == "chat");
  CHECK(channel["state"] == "open");
  CHECK(channel["messagesSent"] == 90);
  CHECK(channel["bytesSent"] == 90 * 12);
  CHECK(only(b, "data-channel")["messagesReceived"] == 90);
  CHECK(only(b, "data-channel")["bytesReceived"] == 90 * 12);
  CHECK(only(b, "data-channel")["dataChannelIdentifier"] == channel["dataChannelIdentifier"]);
  CHECK(only(a, "peer-connection")["dataChannelsOpened"] == 1);
}

TEST_CASE("statistics: a stream that is held keeps its entry, and after the end there is a last report") {
  Call call;
  call.talk(30);
  call.run_for(6s);
  const json before = read(*call.a.pc, call.now());
  for (auto& t : call.b.pc->get_transceivers())
    REQUIRE(t.set_direction(TransceiverDirection::kInactive).ok());
  call.negotiate(call.b, call.a);
  call.run_for(1s);
  check_later(before, read(*call.a.pc, call.now()));
  call.b.pc->close(call.now());
  call.run_for(1s);
  const json after = read(*call.a.pc, call.now());
  CHECK(only(after, "transport")["dtlsState"] == "closed");
  CHECK(only(after, "peer-connection")["dataChannelsClosed"] == 1);
  read(*call.b.pc, call.now());
}
