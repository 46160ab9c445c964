// Every request, reply and event survives the wire; what the wire cannot carry is refused by the name of its
// field.
#include "worker/control/frame.h"

#include "catch.h"
#include "worker/wire.h"

using namespace sluice;
using namespace sluice::test;
using control::decode_frame;

namespace {

template <typename T>
T decode_as(const Bytes& bytes) {
  const control::Frame frame = decode_frame(bytes);
  const auto* request = std::get_if<control::RequestFrame>(&frame);
  REQUIRE(request != nullptr);
  if (!request->request.ok())
    FAIL(request->request.error().field << ": " << request->request.error().message);
  CHECK(request->id == 7);
  const auto* command = std::get_if<Command>(&request->request.value());
  REQUIRE(command != nullptr);
  REQUIRE(std::holds_alternative<T>(*command));
  return std::get<T>(*command);
}

template <typename T, typename Table>
T round_trip(Table table) {
  return decode_as<T>(pack_request(7, std::move(table)));
}

template <typename Table>
Error refusal(Table table) {
  const control::Frame frame = decode_frame(pack_request(7, std::move(table)));
  const auto* request = std::get_if<control::RequestFrame>(&frame);
  REQUIRE(request != nullptr);
  CHECK(request->id == 7);
  REQUIRE_FALSE(request->request.ok());
  return request->request.error();
}

RtpCapabilities some_capabilities() {
  RtpCapabilities capabilities;
  capabilities.codecs = {{MediaKind::kVideo,
                          "video/VP8",
                          std::uint8_t{0},
                          90000,
                          1,
                          {{"apt", std::int64_t{96}}, {"profile-level-id", std::string("42e01f")}},
                          {{"nack", "pli"}, {"transport-cc", ""}}},
                         {MediaKind::kAudio, "audio/opus", std::nullopt, 48000, 2, {}, {}}};
  capabilities.header_extensions = {
      {MediaKind::kVideo, "urn:ietf:params:rtp-hdrext:sdes:mid", 1, true, ExtensionDirection::kRecvOnly}};
  return capabilities;
}

RtpParameters some_parameters() {
  RtpParameters parameters;
  parameters.mid = "0";
  parameters.codecs = {{"video/VP8",
                        0,
                        90000,
                        1,
                        {{"x", std::int64_t{-5'000'000'000}}, {"111/111", std::string()}},
                        {{"ccm", "fir"}}}};
  parameters.header_extensions = {{"urn:3gpp:video-orientation", 4, true}};
  RtpEncodingParameters first;
  first.ssrc = 0;
  first.rtx_ssrc = 0xFFFFFFFF;
  first.codec_payload_type = std::uint8_t{0};
  first.dtx = true;
  first.max_bitrate = 0;
  RtpEncodingParameters second;
  second.rid = "h";
  second.scalability_mode = "L1T3";
  parameters.encodings = {first, second};
  parameters.rtcp = {"cname", false};
  parameters.msid = "stream track";
  return parameters;
}

wire::RtpCapabilitiesT wire_capabilities() {
  // By way of a reply, whose conversion goes the other way: together they are a round trip.
  Bytes bytes;
  control::encode_response(1, control::Answer(Reply(RoomReply{"r", some_capabilities()})), bytes);
  auto frame = take_frame(bytes);
  return std::move(*frame->body.AsResponse()->reply.AsRoomReply()->rtp_capabilities);
}

wire::RtpParametersT wire_parameters() {
  Bytes bytes;
  control::encode_response(1, control::Answer(Reply(ProducerReply{"p", "simple", some_parameters()})), bytes);
  auto frame = take_frame(bytes);
  return std::move(*frame->body.AsResponse()->reply.AsProducerReply()->consumable_rtp_parameters);
}

}  // namespace

TEST_CASE("requests about any object keep their kind and id") {
  const auto check = [](auto table, auto command) {
    table.kind = wire::ObjectKind::CONSUMER;
    table.id = "c1";
    const auto got = round_trip<decltype(command)>(std::move(table));
    CHECK(got.kind == ObjectKind::kConsumer);
    CHECK(got.id == "c1");
  };
  check(wire::CloseT{}, Close{});
  check(wire::PauseT{}, Pause{});
  check(wire::ResumeT{}, Resume{});
  check(wire::DumpT{}, Dump{});
  check(wire::GetStatsT{}, GetStats{});
  CHECK(round_trip<Dump>(wire::DumpT{}).kind == ObjectKind::kWorker);
}

TEST_CASE("settings that are absent are told apart from settings that are empty") {
  const auto absent = round_trip<UpdateSettings>(wire::UpdateSettingsT{});
  CHECK_FALSE(absent.log_level.has_value());

  wire::UpdateSettingsT table;
  table.log_level = wire::LogLevel::NONE;
  table.log_tags = {wire::LogTag::ICE, wire::LogTag::MESSAGE};
  const auto given = round_trip<UpdateSettings>(std::move(table));
  CHECK(given.log_level == LogLevel::kNone);
  CHECK(given.log_tags == std::vector{LogTag::kIce, LogTag::kMessage});

  flatbuffers::FlatBufferBuilder builder;
  const auto settings = wire::CreateUpdateSettings(builder, flatbuffers::nullopt,
                                                   builder.CreateVector(std::vector<wire::LogTag>{}));
  const auto request = wire::CreateRequest(builder, 7, wire::Command::UpdateSettings, settings.Union());
  wire::FinishSizePrefixedFrameBuffer(builder,
                                      wire::CreateFrame(builder, wire::Body::Request, request.Union()));
  const auto empty = decode_as<UpdateSettings>(
      Bytes(builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()));
  REQUIRE(empty.log_tags.has_value());
  CHECK(empty.log_tags->empty());
}

TEST_CASE("RTP capabilities come back equal, zero payload types and absent ones included") {
  wire::CanConsumeT table;
  table.producer_id = "p1";
  table.rtp_capabilities = std::make_unique<wire::RtpCapabilitiesT>(wire_capabilities());
  const auto command = round_trip<CanConsume>(std::move(table));
  CHECK(command.producer_id == "p1");
  CHECK(command.rtp_capabilities == some_capabilities());

  wire::CreateRoomT room;
  room.room_id = "r1";
  room.media_codecs = std::move(wire_capabilities().codecs);
  const auto create = round_trip<CreateRoom>(std::move(room));
  CHECK(create.room_id == "r1");
  CHECK(create.media_codecs == some_capabilities().codecs);
}

TEST_CASE("RTP parameters come back equal") {
  wire::ProduceT table;
  table.transport_id = "t1";
  table.producer_id = "p1";
  table.kind = wire::MediaKind::VIDEO;
  table.rtp_parameters = std::make_unique<wire::RtpParametersT>(wire_parameters());
  table.paused = true;
  table.key_frame_request_delay = 500;
  const auto command = round_trip<Produce>(std::move(table));
  CHECK(command.transport_id == "t1");
  CHECK(command.producer_id == "p1");
  CHECK(command.kind == MediaKind::kVideo);
  CHECK(command.rtp_parameters == some_parameters());
  CHECK(command.paused);
  CHECK(command.key_frame_request_delay_ms == 500);
}

TEST_CASE("consuming keeps an RTX that was refused apart from one not spoken of") {
  wire::ConsumeT table;
  table.transport_id = "t1";
  table.producer_id = "p1";
  table.rtp_capabilities = std::make_unique<wire::RtpCapabilitiesT>();
  CHECK_FALSE(round_trip<Consume>(wire::ConsumeT(table)).enable_rtx.has_value());
  table.enable_rtx = false;
  table.mid = "5";
  table.paused = true;
  const auto command = round_trip<Consume>(std::move(table));
  CHECK(command.enable_rtx == false);
  CHECK(command.mid == "5");
  CHECK(command.paused);
}

TEST_CASE("peers and their descriptions come through") {
  wire::CreatePeerT peer;
  peer.room_id = "r1";
  peer.name = "Zoë";
  CHECK(round_trip<CreatePeer>(wire::CreatePeerT(peer)).subscription == Subscription::kManual);
  peer.subscription = wire::Subscription::ALL;
  const auto create = round_trip<CreatePeer>(std::move(peer));
  CHECK(create.name == "Zoë");
  CHECK(create.subscription == Subscription::kAll);
  CHECK_FALSE(create.candidates.enable_udp.has_value());
  CHECK_FALSE(create.candidates.prefer_ipv6);
  wire::CreatePeerT by_ipv6;
  by_ipv6.room_id = "r1";
  by_ipv6.enable_tcp = false;
  by_ipv6.prefer_ipv6 = true;
  const auto candidates = round_trip<CreatePeer>(std::move(by_ipv6)).candidates;
  CHECK(candidates.enable_tcp == false);
  CHECK(candidates.prefer_ipv6);
  CHECK_FALSE(candidates.prefer_ipv4);

  wire::SetRemoteDescriptionT remote;
  remote.peer_id = "a";
  remote.type = wire::SdpType::ANSWER;
  remote.sdp = std::string(100'000, 's');
  const auto set = round_trip<SetRemoteDescription>(std::move(remote));
  CHECK(set.type == SdpType::kAnswer);
  CHECK(set.sdp.size() == 100'000);

  wire::SetLocalDescriptionT local;
  local.peer_id = "a";
  local.type = wire::SdpType::ROLLBACK;
  CHECK(round_trip<SetLocalDescription>(std::move(local)).type == SdpType::kRollback);

  wire::CreateOfferT offer;
  offer.peer_id = "a";
  CHECK(round_trip<CreateOffer>(wire::CreateOfferT(offer)).receive_audio == 0);
  offer.offer_to_receive_video = 3;
  const auto create_offer = round_trip<CreateOffer>(std::move(offer));
  CHECK(create_offer.peer_id == "a");
  CHECK(create_offer.receive_audio == 0);
  CHECK(create_offer.receive_video == 3);
  wire::SetCapabilitiesT capabilities;
  capabilities.peer_id = "a";
  capabilities.sdp = std::string(100'000, 's');
  CHECK(round_trip<SetCapabilities>(std::move(capabilities)).sdp.size() == 100'000);
  wire::SubscribeT subscribe;
  subscribe.peer_id = "a";
  subscribe.producer_id = "p";
  CHECK(round_trip<Subscribe>(std::move(subscribe)).producer_id == "p");
  wire::UnsubscribeT unsubscribe;
  unsubscribe.peer_id = "a";
  unsubscribe.producer_id = "p";
  CHECK(round_trip<Unsubscribe>(std::move(unsubscribe)).peer_id == "a");
  wire::CreateAnswerT answer;
  answer.peer_id = "a";
  CHECK(round_trip<CreateAnswer>(std::move(answer)).peer_id == "a");

  wire::AddIceCandidateT candidate;
  candidate.peer_id = "a";
  const auto end = round_trip<AddIceCandidate>(wire::AddIceCandidateT(candidate));
  CHECK_FALSE(end.sdp_mid.has_value());
  CHECK_FALSE(end.sdp_m_line_index.has_value());
  candidate.candidate = "candidate:1 1 udp 1 192.0.2.1 5000 typ host";
  candidate.sdp_mid = "0";
  candidate.sdp_m_line_index = std::uint16_t{0};
  candidate.username_fragment = "abcd";
  const auto add = round_trip<AddIceCandidate>(std::move(candidate));
  CHECK(add.sdp_mid == "0");
  CHECK(add.sdp_m_line_index == 0);
  CHECK(add.username_fragment == "abcd");
}

TEST_CASE("transports are made, connected and restarted") {
  wire::CreateWebRtcTransportT create;
  create.peer_id = "a";
  CHECK(round_trip<CreateWebRtcTransport>(wire::CreateWebRtcTransportT(create)).ice_consent_timeout_seconds ==
        30);
  const auto usual = round_trip<CreateWebRtcTransport>(wire::CreateWebRtcTransportT(create));
  CHECK_FALSE(usual.candidates.enable_udp.has_value());
  CHECK_FALSE(usual.candidates.enable_tcp.has_value());
  create.enable_udp = false;
  create.enable_tcp = true;
  create.prefer_tcp = true;
  const auto by_tcp = round_trip<CreateWebRtcTransport>(wire::CreateWebRtcTransportT(create));
  CHECK(by_tcp.candidates.enable_udp == false);
  CHECK(by_tcp.candidates.enable_tcp == true);
  CHECK(by_tcp.candidates.prefer_tcp);
  CHECK_FALSE(by_tcp.candidates.prefer_udp);
  create.ice_consent_timeout = 0;
  CHECK(round_trip<CreateWebRtcTransport>(std::move(create)).ice_consent_timeout_seconds == 0);

  wire::ConnectTransportT connect;
  connect.transport_id = "t1";
  connect.dtls_parameters = std::make_unique<wire::DtlsParametersT>();
  connect.dtls_parameters->role = wire::DtlsRole::CLIENT;
  connect.dtls_parameters->fingerprints.push_back(std::make_unique<wire::DtlsFingerprintT>());
  connect.dtls_parameters->fingerprints[0]->algorithm = "sha-256";
  connect.dtls_parameters->fingerprints[0]->value = "AB:CD";
  const auto connected = round_trip<ConnectTransport>(std::move(connect));
  CHECK(connected.dtls_parameters.role == DtlsRole::kClient);
  CHECK(connected.dtls_parameters.fingerprints == std::vector<DtlsFingerprint>{{"sha-256", "AB:CD"}});

  wire::RestartIceT restart;
  restart.peer_id = "a";
  CHECK(round_trip<RestartIce>(std::move(restart)).peer_id == "a");
  wire::RequestKeyFrameT key_frame;
  key_frame.consumer_id = "c1";
  CHECK(round_trip<RequestKeyFrame>(std::move(key_frame)).consumer_id == "c1");
}

TEST_CASE("a refused field is named with its path") {
  CHECK(refusal(wire::CloseT{}).field == "id");
  CHECK(refusal(wire::CreatePeerT{}).field == "roomId");
  CHECK(refusal(wire::SetRemoteDescriptionT{}).field == "peerId");
  CHECK(refusal(wire::CreateWebRtcTransportT{}).field == "roomId");
  CHECK(refusal(wire::RestartIceT{}).field == "transportId");
  CHECK(refusal(wire::RequestKeyFrameT{}).field == "consumerId");

  wire::ProduceT produce;
  produce.transport_id = "t1";
  CHECK(refusal(wire::ProduceT(produce)).field == "rtpParameters");
  produce.rtp_parameters = std::make_unique<wire::RtpParametersT>(wire_parameters());
  produce.rtp_parameters->codecs[0]->rtcp_feedback[0]->type = "\xFF";
  const Error utf8 = refusal(wire::ProduceT(produce));
  CHECK(utf8.code == ErrorCode::kInvalidArgument);
  CHECK(utf8.field == "rtpParameters.codecs[0].rtcpFeedback[0].type");
  produce.rtp_parameters = std::make_unique<wire::RtpParametersT>(wire_parameters());
  produce.kind = static_cast<wire::MediaKind>(77);
  const Error kind = refusal(std::move(produce));
  CHECK(kind.field == "kind");
  CHECK(kind.message == "unknown value 77: expected 0 to 1");

  wire::UpdateSettingsT settings;
  settings.log_tags = {wire::LogTag::ICE, static_cast<wire::LogTag>(200)};
  CHECK(refusal(std::move(settings)).field == "logTags");
}

TEST_CASE("sizes are bounded, so that a small frame cannot name a large value") {
  wire::CloseT close;
  close.id = std::string(257, 'x');
  CHECK(refusal(std::move(close)).message == "257 bytes; at most 256 are allowed");

  wire::CreateRoomT room;
  for (int i = 0; i < 257; ++i) room.media_codecs.push_back(std::make_unique<wire::RtpCodecCapabilityT>());
  CHECK(refusal(std::move(room)).field == "mediaCodecs");

  // 256 codecs that share one table, whose 256 parameters share one: 65,536 tables named by 2 KiB.
  flatbuffers::FlatBufferBuilder builder;
  const auto name = builder.CreateString(std::string(4096, 'n'));
  const auto parameter = wire::CreateCodecParameter(builder, name, 0, name);
  const auto codec = wire::CreateRtpCodecCapability(
      builder, wire::MediaKind::AUDIO, name, flatbuffers::nullopt, 1, 1,
      builder.CreateVector(std::vector<flatbuffers::Offset<wire::CodecParameter>>(256, parameter)));
  const auto codecs =
      builder.CreateVector(std::vector<flatbuffers::Offset<wire::RtpCodecCapability>>(256, codec));
  const auto create = wire::CreateCreateRoom(builder, 0, codecs);
  const auto request = wire::CreateRequest(builder, 7, wire::Command::CreateRoom, create.Union());
  wire::FinishSizePrefixedFrameBuffer(builder,
                                      wire::CreateFrame(builder, wire::Body::Request, request.Union()));
  const control::Frame frame = decode_frame({builder.GetBufferPointer(), builder.GetSize()});
  CHECK(std::holds_alternative<control::Malformed>(frame));
}

TEST_CASE("requests of a type that this worker does not know are refused by id") {
  flatbuffers::FlatBufferBuilder builder;
  const auto command = wire::CreateClose(builder);
  const auto request = wire::CreateRequest(builder, 9, static_cast<wire::Command>(200), command.Union());
  wire::FinishSizePrefixedFrameBuffer(builder,
                                      wire::CreateFrame(builder, wire::Body::Request, request.Union()));
  const control::Frame frame = decode_frame({builder.GetBufferPointer(), builder.GetSize()});
  const auto* refused = std::get_if<control::RequestFrame>(&frame);
  REQUIRE(refused != nullptr);
  CHECK(refused->id == 9);
  REQUIRE_FALSE(refused->request.ok());
  CHECK(refused->request.error().code == ErrorCode::kUnsupported);
  CHECK(refused->request.error().field == "command");

  const control::Frame none = decode_frame(pack_frame(wire::RequestT{}));
  REQUIRE(std::holds_alternative<control::RequestFrame>(none));
  CHECK(std::get<control::RequestFrame>(none).request.error().field == "command");
}

TEST_CASE("what no controller sends is malformed") {
  const auto malformed = [](const Bytes& bytes) {
    return std::holds_alternative<control::Malformed>(decode_frame(bytes));
  };
  CHECK(malformed({}));
  CHECK(malformed({4, 0, 0, 0, 1, 2, 3, 4}));
  CHECK(malformed(pack_frame(wire::ResponseT{})));
  CHECK(malformed(pack_frame(wire::NotificationT{})));
  CHECK(malformed(pack_frame(wire::FailureT{})));
  flatbuffers::FlatBufferBuilder builder;
  wire::FinishSizePrefixedFrameBuffer(builder, wire::CreateFrame(builder));
  CHECK(malformed({builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()}));
  Bytes identifier = pack_hello();
  identifier[8] ^= 1;
  CHECK(malformed(identifier));
}

TEST_CASE("no cut and no flipped bit of a frame is more than malformed") {
  wire::ProduceT table;
  table.transport_id = "t1";
  table.rtp_parameters = std::make_unique<wire::RtpParametersT>(wire_parameters());
  const Bytes whole = pack_request(7, std::move(table));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    decode_frame(cut);
  }
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    Bytes flipped = whole;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    decode_frame(flipped);  // any answer will do; the sanitizers watch
  }
}

TEST_CASE("replies reach the controller whole") {
  const auto send = [](const Reply& reply) {
    Bytes bytes;
    control::encode_response(3, control::Answer(reply), bytes);
    auto frame = take_frame(bytes);
    REQUIRE(frame != nullptr);
    CHECK(bytes.empty());
    REQUIRE(frame->body.AsResponse() != nullptr);
    CHECK(frame->body.AsResponse()->id == 3);
    CHECK(frame->body.AsResponse()->error == nullptr);
    return std::move(*frame->body.AsResponse());
  };
  CHECK(send(Done{}).reply.type == wire::Reply::Done);
  CHECK(send(DumpReply{"{}"}).reply.AsDumpReply()->json == "{}");
  CHECK(send(CanConsumeReply{true}).reply.AsCanConsumeReply()->can_consume);
  CHECK(send(PeerReply{"a"}).reply.AsPeerReply()->peer_id == "a");
  CHECK(send(ConnectReply{DtlsRole::kClient}).reply.AsConnectReply()->dtls_local_role ==
        wire::DtlsRole::CLIENT);
  CHECK(send(IceParametersReply{{"uf", "pw", true}})
            .reply.AsIceParametersReply()
            ->ice_parameters->username_fragment == "uf");

  const auto description = send(DescriptionReply{
      SdpType::kAnswer, "v=0", "stable", {{"0", MediaKind::kVideo, true, false, "p", "c", "a"}}});
  CHECK(description.reply.AsDescriptionReply()->type == wire::SdpType::ANSWER);
  REQUIRE(description.reply.AsDescriptionReply()->sections.size() == 1);
  CHECK(description.reply.AsDescriptionReply()->sections[0]->source_peer_id == "a");

  WebRtcTransportReply transport{"t1", {"uf", "pw", true}, {}, {DtlsRole::kAuto, {{"sha-256", "AB"}}}};
  transport.ice_candidates.push_back(
      {"f", 99, "192.0.2.1", IceProtocol::kUdp, 5000, IceCandidateType::kHost, {}});
  transport.ice_candidates.push_back(
      {"g", 98, "host.example", IceProtocol::kTcp, 5001, IceCandidateType::kHost, IceTcpType::kPassive});
  const auto sent = send(transport);
  const auto& candidates = sent.reply.AsWebRtcTransportReply()->ice_candidates;
  REQUIRE(candidates.size() == 2);
  CHECK(candidates[0]->tcp_type == wire::IceTcpType::UNSET);
  CHECK(candidates[1]->tcp_type == wire::IceTcpType::PASSIVE);
  CHECK(candidates[1]->address == "host.example");

  StatsReply stats;
  stats.transport.emplace();
  stats.transport->tuple = TransportTuple{"10.0.0.1", 1, "192.0.2.9", 2, "udp"};
  stats.transport->dropped["replayed"] = 5;
  stats.streams.emplace_back();
  stats.streams.emplace_back();
  stats.streams[1].rtx_ssrc = 0;
  stats.streams[1].round_trip_time = 12.5;
  stats.worker.emplace();
  stats.worker->rooms = 3;
  stats.worker->transports.push_back({"webrtc", "completed", "connected", 7});
  stats.worker->round_trip_time = {{0.001, 0.002}, {1, 2, 3}, 0.5};
  stats.worker->sockets.emplace_back().dropped["no-buffer"] = 4;
  const auto got = send(stats);
  const auto& worker = *got.reply.AsStatsReply()->worker;
  CHECK(worker.rooms == 3);
  CHECK(worker.transports[0]->dtls_state == "connected");
  CHECK(worker.round_trip_time->counts == std::vector<std::uint64_t>{1, 2, 3});
  CHECK(worker.sockets[0]->dropped[0]->value == 4);
  CHECK(got.reply.AsStatsReply()->transport->ice_selected_tuple->remote_ip == "192.0.2.9");
  CHECK(got.reply.AsStatsReply()->transport->dropped[0]->name == "replayed");
  CHECK(got.reply.AsStatsReply()->transport->dropped[0]->value == 5);
  CHECK_FALSE(got.reply.AsStatsReply()->streams[0]->rtx_ssrc.has_value());
  CHECK(got.reply.AsStatsReply()->streams[1]->rtx_ssrc.value() == 0);
  CHECK(got.reply.AsStatsReply()->streams[1]->round_trip_time.value() == 12.5);

  const auto consumer =
      send(ConsumerReply{"c", "p", MediaKind::kVideo, some_parameters(), "simple", true, true, {}, {}});
  CHECK(consumer.reply.AsConsumerReply()->rtp_parameters->encodings[0]->rtx->ssrc == 0xFFFFFFFF);
  CHECK(consumer.reply.AsConsumerReply()->producer_paused);

  Bytes usage;
  control::encode_response(4, control::Answer(control::ResourceUsage{1, 2, 3}), usage);
  CHECK(take_frame(usage)->body.AsResponse()->reply.AsResourceUsageReply()->ru_maxrss == 3);
}

TEST_CASE("a refusal carries its code, field and sentence") {
  Bytes bytes;
  control::encode_response(5, Error{ErrorCode::kNotFound, "roomId", "no room has this id"}, bytes);
  const auto frame = take_frame(bytes);
  const auto& error = frame->body.AsResponse()->error;
  REQUIRE(error != nullptr);
  CHECK(error->code == wire::ErrorCode::NOT_FOUND);
  CHECK(error->field == "roomId");
  CHECK(error->message == "no room has this id");
}

TEST_CASE("a reply that no frame can hold becomes a refusal") {
  Bytes bytes;
  control::encode_response(6, control::Answer(Reply(DumpReply{std::string(control::kMaxFrameSize, ' ')})),
                           bytes);
  CHECK(bytes.size() < 1000);
  CHECK(take_frame(bytes)->body.AsResponse()->error->code == wire::ErrorCode::LIMIT_EXCEEDED);
}

TEST_CASE("events reach the controller whole") {
  const auto send = [](const Event& event) {
    Bytes bytes;
    control::encode_notification(event, bytes);
    auto frame = take_frame(bytes);
    REQUIRE(frame != nullptr);
    REQUIRE(frame->body.AsNotification() != nullptr);
    return std::move(frame->body.AsNotification()->event);
  };
  CHECK(send(NegotiationNeeded{"a"}).AsNegotiationNeeded()->peer_id == "a");
  CHECK(send(PeerTransportCreated{"a", "t"}).AsPeerTransportCreated()->transport_id == "t");
  CHECK(send(ProducerCreated{"a", "t", "p", MediaKind::kVideo, "simple", some_parameters()})
            .AsProducerCreated()
            ->kind == wire::MediaKind::VIDEO);
  CHECK(send(ConsumerCreated{"a", "t", "c", "p", "3", MediaKind::kAudio, some_parameters()})
            .AsConsumerCreated()
            ->mid == "3");
  const auto closed = send(ObjectClosed{ObjectKind::kConsumer, "c", "producerclose"});
  CHECK(closed.AsObjectClosed()->kind == wire::ObjectKind::CONSUMER);
  CHECK(closed.AsObjectClosed()->reason == "producerclose");
  CHECK(send(ProducerPaused{"c", true}).AsProducerPaused()->paused);
  CHECK(send(IceStateChange{"t", "completed"}).AsIceStateChange()->ice_state == "completed");
  CHECK(send(IceSelectedTupleChange{"t", {}}).AsIceSelectedTupleChange()->ice_selected_tuple->protocol ==
        "udp");
  CHECK(send(DtlsStateChange{"t", "failed", "", "no shared suite"}).AsDtlsStateChange()->reason ==
        "no shared suite");
  const auto record = send(LogRecord{LogLevel::kWarn, LogTag::kSrtp, "transport t", "it happened"});
  CHECK(record.AsLogRecord()->level == wire::LogLevel::WARN);
  CHECK(record.AsLogRecord()->tag == wire::LogTag::SRTP);
}
