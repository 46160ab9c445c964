// Refused requests: each names the field at fault and what was expected, and changes nothing.
#include <nlohmann/json.hpp>

#include "catch.h"
#include "engine/conference.h"

namespace sluice {
namespace {

void expect(Conference& rig, const Command& command, ErrorCode code, const std::string& field) {
  const std::string before = rig.dump();
  const Error error = rig.refuse(command);
  INFO(error.field << ": " << error.message);
  CHECK(error.code == code);
  CHECK(error.field == field);
  CHECK(error.message.size() > 10);
  CHECK(rig.dump() == before);
}

TEST_CASE("objects that do not exist are told by the field that named them") {
  Conference rig;
  const auto kNotFound = ErrorCode::kNotFound;
  for (const ObjectKind kind : {ObjectKind::kRoom, ObjectKind::kPeer, ObjectKind::kTransport,
                                ObjectKind::kProducer, ObjectKind::kConsumer}) {
    expect(rig, Close{kind, "nobody"}, kNotFound, "id");
    expect(rig, Dump{kind, "nobody"}, kNotFound, "id");
  }
  for (const ObjectKind kind : {ObjectKind::kProducer, ObjectKind::kConsumer}) {
    expect(rig, Pause{kind, "nobody"}, kNotFound, "id");
    expect(rig, Resume{kind, "nobody"}, kNotFound, "id");
  }
  for (const ObjectKind kind : {ObjectKind::kTransport, ObjectKind::kProducer, ObjectKind::kConsumer}) {
    expect(rig, GetStats{kind, "nobody"}, kNotFound, "id");
  }
  expect(rig, CanConsume{"nobody", rig.capabilities}, kNotFound, "producerId");
  expect(rig, CreatePeer{"nowhere", "", "", Subscription::kManual}, kNotFound, "roomId");
  expect(rig, CreateWebRtcTransport{"nowhere", "", ""}, kNotFound, "roomId");
  expect(rig, CreateWebRtcTransport{"room", "nobody", ""}, kNotFound, "peerId");
  expect(rig, ConnectTransport{"nothing", rig.dtls()}, kNotFound, "transportId");
  expect(rig, RestartIce{"nothing", ""}, kNotFound, "transportId");
  expect(rig, RestartIce{"", "nobody"}, kNotFound, "peerId");
  expect(rig, Produce{"nothing", "", MediaKind::kAudio, rig.audio(1), false, 0}, kNotFound, "transportId");
  expect(rig, rig.consume("nothing", "p"), kNotFound, "transportId");
  expect(rig, rig.consume("t1", "nobody"), kNotFound, "producerId");
  expect(rig, RequestKeyFrame{"nobody"}, kNotFound, "consumerId");
  expect(rig, SetRemoteDescription{"nobody", SdpType::kOffer, "v=0"}, kNotFound, "peerId");
  expect(rig, SetLocalDescription{"nobody", SdpType::kOffer, ""}, kNotFound, "peerId");
  expect(rig, CreateOffer{"nobody"}, kNotFound, "peerId");
  expect(rig, CreateAnswer{"nobody"}, kNotFound, "peerId");
  expect(rig, AddIceCandidate{"nobody", "", "0", 0, ""}, kNotFound, "peerId");
}

TEST_CASE("ids that are taken or malformed are told by their field") {
  Conference rig;
  const auto kExists = ErrorCode::kAlreadyExists;
  const auto kInvalid = ErrorCode::kInvalidArgument;
  rig.produce("t1", "p", 1);
  (void)rig.ask<ConsumerReply>(rig.consume("t2", "p", "c"));
  expect(rig, CreateRoom{"room", {}}, kExists, "roomId");
  expect(rig, CreatePeer{"room", "ada", "", Subscription::kManual}, kExists, "peerId");
  expect(rig, CreatePeer{"room", "", "Ada", Subscription::kManual}, kExists, "name");
  expect(rig, CreateWebRtcTransport{"room", "", "t1"}, kExists, "transportId");
  expect(rig, Produce{"t1", "p", MediaKind::kAudio, rig.audio(2), false, 0}, kExists, "producerId");
  expect(rig, rig.consume("t2", "p", "c"), kExists, "consumerId");
  for (const std::string& bad :
       {std::string(129, 'x'), std::string("a b"), std::string("caf\xC3\xA9"), std::string("a\nb")}) {
    expect(rig, CreateRoom{bad, {}}, kInvalid, "roomId");
    expect(rig, CreatePeer{"room", bad, "", Subscription::kManual}, kInvalid, "peerId");
    expect(rig, CreateWebRtcTransport{"room", "", bad}, kInvalid, "transportId");
    expect(rig, Produce{"t1", bad, MediaKind::kAudio, rig.audio(2), false, 0}, kInvalid, "producerId");
    expect(rig, rig.consume("t2", "p", bad), kInvalid, "consumerId");
  }
  expect(rig, CreatePeer{"room", "", std::string(257, 'n'), Subscription::kManual}, kInvalid, "name");
}

TEST_CASE("what an object cannot do is told by the kind") {
  Conference rig;
  expect(rig, Close{ObjectKind::kWorker, ""}, ErrorCode::kInvalidArgument, "kind");
  for (const ObjectKind kind :
       {ObjectKind::kWorker, ObjectKind::kRoom, ObjectKind::kPeer, ObjectKind::kTransport}) {
    expect(rig, Pause{kind, "room"}, ErrorCode::kInvalidArgument, "kind");
    expect(rig, Resume{kind, "room"}, ErrorCode::kInvalidArgument, "kind");
  }
  for (const ObjectKind kind : {ObjectKind::kRoom, ObjectKind::kPeer}) {
    expect(rig, GetStats{kind, "room"}, ErrorCode::kInvalidArgument, "kind");
  }
}

TEST_CASE("a transport is connected once, with fingerprints that can be checked") {
  Conference rig;
  expect(rig, ConnectTransport{"t1", {DtlsRole::kClient, {}}}, ErrorCode::kInvalidArgument,
         "dtlsParameters.fingerprints");
  DtlsParameters bad = rig.dtls();
  bad.fingerprints[0].value = "AB:CD";
  const Error error = rig.refuse(ConnectTransport{"t1", bad});
  INFO(error.field);
  CHECK(error.code == ErrorCode::kInvalidArgument);
  CHECK(error.field.starts_with("dtlsParameters.fingerprints[0]"));
  CHECK(rig.ask<ConnectReply>(ConnectTransport{"t1", rig.dtls()}).dtls_local_role == DtlsRole::kServer);
  expect(rig, ConnectTransport{"t1", rig.dtls()}, ErrorCode::kInvalidState, "transportId");
}

TEST_CASE("RTP parameters at fault are told by their path") {
  Conference rig;
  RtpParameters parameters = rig.audio(1);
  parameters.codecs[0].mime_type = "audio/unheard-of";
  CHECK(rig.refuse(Produce{"t1", "", MediaKind::kAudio, parameters, false, 0})
            .field.starts_with("rtpParameters.codecs[0]"));
  parameters = rig.audio(1);
  parameters.codecs.clear();
  CHECK(rig.refuse(Produce{"t1", "", MediaKind::kAudio, parameters, false, 0})
            .field.starts_with("rtpParameters.codecs"));
  CHECK(rig.refuse(Produce{"t1", "", MediaKind::kVideo, rig.audio(1), false, 0})
            .field.starts_with("rtpParameters.codecs[0]"));
  rig.produce("t1", "p", 1);
  expect(rig, Produce{"t1", "", MediaKind::kAudio, rig.audio(1), false, 0}, ErrorCode::kInvalidArgument,
         "rtpParameters.encodings[0].ssrc");
  rig.produce("t2", "q", 1);  // another transport has its own SSRCs
  CreateRoom room{"other", {}};
  RtpCodecCapability codec;
  codec.mime_type = "video/unheard-of";
  codec.kind = MediaKind::kVideo;
  codec.clock_rate = 90'000;
  room.media_codecs = {codec};
  CHECK(rig.refuse(room).field.starts_with("mediaCodecs[0]"));
}

TEST_CASE("who cannot decode a producer is refused with a reason, and canConsume says so before") {
  Conference rig;
  rig.produce("t1", "p", 1);
  CHECK(rig.ask<CanConsumeReply>(CanConsume{"p", rig.capabilities}).can_consume);
  RtpCapabilities nothing;
  CHECK_FALSE(rig.ask<CanConsumeReply>(CanConsume{"p", nothing}).can_consume);
  Consume command = rig.consume("t2", "p");
  command.rtp_capabilities = nothing;
  const Error error = rig.refuse(command);
  CHECK(error.code == ErrorCode::kUnsupported);
  CHECK_FALSE(error.field.empty());
  command = rig.consume("t2", "p");
  command.mid = "x";
  (void)rig.ask<ConsumerReply>(command);
  expect(rig, command, ErrorCode::kAlreadyExists, "mid");
}

TEST_CASE("a producer of another room cannot be consumed") {
  Conference rig;
  rig.produce("t1", "p", 1);
  (void)rig.ask<RoomReply>(CreateRoom{"elsewhere", client::room_codecs()});
  (void)rig.ask<WebRtcTransportReply>(CreateWebRtcTransport{"elsewhere", "", "t9"});
  expect(rig, rig.consume("t9", "p"), ErrorCode::kNotFound, "producerId");
}

TEST_CASE("a transport carries a limited number of producers") {
  Conference rig;
  for (std::uint32_t i = 0; i < 64; ++i) rig.produce("t1", "p" + std::to_string(i), 100 + i);
  expect(rig, Produce{"t1", "", MediaKind::kAudio, rig.audio(999), false, 0}, ErrorCode::kLimitExceeded,
         "transportId");
}

TEST_CASE("certificate and private key come together, from files that can be read") {
  EngineOptions options;
  options.certificate_file = "/nonexistent/cert.pem";
  auto engine = Engine::create(options);
  REQUIRE_FALSE(engine.ok());
  CHECK(engine.error().field == "dtlsPrivateKeyFile");
  options.private_key_file = "/nonexistent/key.pem";
  engine = Engine::create(options);
  REQUIRE_FALSE(engine.ok());
  CHECK(engine.error().field == "dtlsCertificateFile");
}

}  // namespace
}  // namespace sluice
