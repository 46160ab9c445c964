// Data and direct transports on the wire.
#include "catch.h"
#include "worker/control/frame.h"
#include "worker/control/session.h"
#include "worker/wire.h"

using namespace sluice;
using namespace sluice::test;
using control::decode_frame;

namespace {

template <typename T, typename Table>
T round_trip(Table table) {
  const control::Frame frame = decode_frame(pack_request(7, std::move(table)));
  const auto& request = std::get<control::RequestFrame>(frame);
  REQUIRE(request.request.ok());
  return std::get<T>(std::get<Command>(request.request.value()));
}

struct Refuser : control::RequestHandler {
  Result<control::Answer> handle(const control::Request&) override { return control::Answer(Reply(Done{})); }
};

}  // namespace

TEST_CASE("messages come through with their audience, also where a number is zero") {
  wire::SendToDataProducerT table;
  table.data_producer_id = "p";
  table.ppid = 51;
  table.payload = {0, 1, 255};
  table.subchannels = {0, 65'535};
  table.required_subchannel = std::uint16_t{0};
  const auto command = round_trip<SendToDataProducer>(std::move(table));
  CHECK(command.ppid == 51);
  CHECK(Bytes(command.payload.bytes().begin(), command.payload.bytes().end()) == Bytes{0, 1, 255});
  CHECK(command.audience.subchannels == std::vector<std::uint16_t>{0, 65'535});
  CHECK(command.audience.required_subchannel == std::uint16_t{0});
  CHECK_FALSE(command.audience.ignored_subchannel);
}

TEST_CASE("reliability that is not spoken of is told apart from one that is zero") {
  wire::ProduceDataT produce;
  produce.transport_id = "t";
  produce.label = std::string(65'535, 'l');
  produce.sctp_stream_parameters = std::make_unique<wire::SctpStreamParametersT>();
  produce.sctp_stream_parameters->stream_id = 9;
  produce.sctp_stream_parameters->ordered = false;
  produce.sctp_stream_parameters->max_retransmits = std::uint16_t{0};
  const auto produced = round_trip<ProduceData>(std::move(produce));
  CHECK(produced.sctp_stream_parameters == SctpStreamParameters{9, false, std::nullopt, std::uint16_t{0}});
  CHECK(produced.label.size() == 65'535);
  wire::ConsumeDataT consume;
  consume.transport_id = "t";
  consume.data_producer_id = "p";
  consume.ordered = false;
  const auto consumed = round_trip<ConsumeData>(std::move(consume));
  CHECK(consumed.ordered == false);
  CHECK_FALSE(consumed.max_retransmits);
}

TEST_CASE("a transport speaks SCTP when its options are there") {
  wire::CreateWebRtcTransportT without;
  without.room_id = "r";
  CHECK_FALSE(round_trip<CreateWebRtcTransport>(std::move(without)).sctp.enable);
  wire::CreateWebRtcTransportT table;
  table.room_id = "r";
  table.sctp = std::make_unique<wire::SctpOptionsT>();
  table.sctp->max_send_message_size = 1'000;
  const auto command = round_trip<CreateWebRtcTransport>(std::move(table));
  CHECK(command.sctp.enable);
  CHECK(command.sctp.max_send_message_size == 1'000);
  CHECK(command.sctp.send_buffer_size == 2'000'000);
}

TEST_CASE("messages and packets reach the controller byte for byte") {
  Bytes out;
  control::encode_notification(DataMessageReceived{"c", 53, Payload({1, 0, 2})}, out);
  const auto message = take_frame(out);
  const auto* received = message->body.AsNotification()->event.AsDataMessageReceived();
  REQUIRE(received != nullptr);
  CHECK(received->data_consumer_id == "c");
  CHECK(received->ppid == 53);
  CHECK(received->payload == Bytes{1, 0, 2});
  control::encode_notification(RtpReceived{"c", {0x80, 0}}, out);
  CHECK(take_frame(out)->body.AsNotification()->event.AsRtpReceived()->packet == Bytes{0x80, 0});
}

TEST_CASE("there is room for messages only until 8 MiB wait, and none before there is a controller") {
  Refuser handler;
  control::Session session{handler, {}};
  CHECK(session.message_room() == 0);
  session.receive(pack_hello());
  session.out().clear();
  CHECK(session.message_room() == control::Session::kMaxMessagesQueued);
  session.notify(DataMessageReceived{"c", 53, Payload(std::vector<std::uint8_t>(1'000'000))});
  CHECK(session.message_room() < control::Session::kMaxMessagesQueued - 1'000'000);
  session.out().clear();
  session.set_in_flight(control::Session::kMaxMessagesQueued + 1);
  CHECK(session.message_room() == 0);
  CHECK(session.open());
}
