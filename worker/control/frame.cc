#include "worker/control/frame.h"

#include "control_generated.h"
#include "worker/control/common.h"
#include "worker/control/consumer.h"
#include "worker/control/data.h"
#include "worker/control/direct_transport.h"
#include "worker/control/observer.h"
#include "worker/control/peer.h"
#include "worker/control/plain_transport.h"
#include "worker/control/producer.h"
#include "worker/control/room.h"
#include "worker/control/transport.h"
#include "worker/control/worker.h"

namespace sluice::control {
namespace {

constexpr flatbuffers::uoffset_t kMaxDepth = 16;       // the schemas nest to 7
constexpr flatbuffers::uoffset_t kMaxTables = 20'000;  // bounds what shared offsets can blow up

template <typename Table>
Result<Request> read_as(const wire::Request& table) {
  Reader reader;
  auto command = read_command(reader, *table.command_as<Table>());
  if (!reader.ok()) return reader.error();
  return Request(std::move(command));
}

Result<Request> read_request(const wire::Request& table) {
  if (table.command_type() == wire::Command::NONE) return invalid_argument("command", "missing");
  if (table.command_type() <= wire::Command::MAX && table.command() == nullptr) {
    return invalid_argument("command", "its type is given, but not its value");
  }
  switch (table.command_type()) {
    case wire::Command::NONE:
      break;
    case wire::Command::UpdateSettings:
      return read_as<wire::UpdateSettings>(table);
    case wire::Command::GetResourceUsage:
      return read_as<wire::GetResourceUsage>(table);
    case wire::Command::Close:
      return read_as<wire::Close>(table);
    case wire::Command::Pause:
      return read_as<wire::Pause>(table);
    case wire::Command::Resume:
      return read_as<wire::Resume>(table);
    case wire::Command::Dump:
      return read_as<wire::Dump>(table);
    case wire::Command::GetStats:
      return read_as<wire::GetStats>(table);
    case wire::Command::CreateRoom:
      return read_as<wire::CreateRoom>(table);
    case wire::Command::CanConsume:
      return read_as<wire::CanConsume>(table);
    case wire::Command::CreatePeer:
      return read_as<wire::CreatePeer>(table);
    case wire::Command::SetRemoteDescription:
      return read_as<wire::SetRemoteDescription>(table);
    case wire::Command::SetLocalDescription:
      return read_as<wire::SetLocalDescription>(table);
    case wire::Command::CreateOffer:
      return read_as<wire::CreateOffer>(table);
    case wire::Command::CreateAnswer:
      return read_as<wire::CreateAnswer>(table);
    case wire::Command::AddIceCandidate:
      return read_as<wire::AddIceCandidate>(table);
    case wire::Command::CreateWebRtcTransport:
      return read_as<wire::CreateWebRtcTransport>(table);
    case wire::Command::ConnectTransport:
      return read_as<wire::ConnectTransport>(table);
    case wire::Command::RestartIce:
      return read_as<wire::RestartIce>(table);
    case wire::Command::Produce:
      return read_as<wire::Produce>(table);
    case wire::Command::Consume:
      return read_as<wire::Consume>(table);
    case wire::Command::RequestKeyFrame:
      return read_as<wire::RequestKeyFrame>(table);
    case wire::Command::CreatePlainTransport:
      return read_as<wire::CreatePlainTransport>(table);
    case wire::Command::ConnectPlainTransport:
      return read_as<wire::ConnectPlainTransport>(table);
    case wire::Command::SetPreferredLayers:
      return read_as<wire::SetPreferredLayers>(table);
    case wire::Command::SetPriority:
      return read_as<wire::SetPriority>(table);
    case wire::Command::Explain:
      return read_as<wire::Explain>(table);
    case wire::Command::SetBitrateLimit:
      return read_as<wire::SetBitrateLimit>(table);
    case wire::Command::EnableTraceEvent:
      return read_as<wire::EnableTraceEvent>(table);
    case wire::Command::CreateActiveSpeakerObserver:
      return read_as<wire::CreateActiveSpeakerObserver>(table);
    case wire::Command::CreateAudioLevelObserver:
      return read_as<wire::CreateAudioLevelObserver>(table);
    case wire::Command::ObserverAddProducer:
      return read_as<wire::ObserverAddProducer>(table);
    case wire::Command::ObserverRemoveProducer:
      return read_as<wire::ObserverRemoveProducer>(table);
    case wire::Command::SetCapabilities:
      return read_as<wire::SetCapabilities>(table);
    case wire::Command::Subscribe:
      return read_as<wire::Subscribe>(table);
    case wire::Command::Unsubscribe:
      return read_as<wire::Unsubscribe>(table);
    case wire::Command::CreateDirectTransport:
      return read_as<wire::CreateDirectTransport>(table);
    case wire::Command::SendRtp:
      return read_as<wire::SendRtp>(table);
    case wire::Command::SendRtcp:
      return read_as<wire::SendRtcp>(table);
    case wire::Command::ProduceData:
      return read_as<wire::ProduceData>(table);
    case wire::Command::ConsumeData:
      return read_as<wire::ConsumeData>(table);
    case wire::Command::SendToDataProducer:
      return read_as<wire::SendToDataProducer>(table);
    case wire::Command::SendToDataConsumer:
      return read_as<wire::SendToDataConsumer>(table);
    case wire::Command::GetBufferedAmount:
      return read_as<wire::GetBufferedAmount>(table);
    case wire::Command::SetBufferedAmountLowThreshold:
      return read_as<wire::SetBufferedAmountLowThreshold>(table);
    case wire::Command::SetSubchannels:
      return read_as<wire::SetSubchannels>(table);
    case wire::Command::AddSubchannel:
      return read_as<wire::AddSubchannel>(table);
    case wire::Command::RemoveSubchannel:
      return read_as<wire::RemoveSubchannel>(table);
  }
  return Error{ErrorCode::kUnsupported, "command",
               "this worker does not know the request of type " +
                   std::to_string(static_cast<int>(table.command_type()))};
}

Frame read_hello(const wire::Hello& table) {
  Reader reader;
  Hello hello;
  hello.protocol_version = table.protocol_version();
  hello.product = reader.text("product", table.product());
  hello.product_version = reader.text("productVersion", table.product_version());
  hello.pid = table.pid();
  if (!reader.ok()) return Malformed{"Hello: " + reader.error().field + ": " + reader.error().message};
  return hello;
}

Frame read_failure(const wire::Failure& table) {
  if (table.error() == nullptr) return Malformed{"Failure without an error"};
  return FailureFrame{read_error(*table.error())};
}

/// Packs one frame whose body `fill` sets.
template <typename Table>
void append_frame(Table body, std::vector<std::uint8_t>& out) {
  wire::FrameT frame;
  frame.body.Set(std::move(body));
  flatbuffers::FlatBufferBuilder builder;
  wire::FinishSizePrefixedFrameBuffer(builder, wire::Frame::Pack(builder, &frame));
  out.insert(out.end(), builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize());
}

}  // namespace

Frame decode_frame(std::span<const std::uint8_t> bytes) {
  flatbuffers::Verifier verifier(bytes.data(), bytes.size(), kMaxDepth, kMaxTables);
  // Shorter than prefix, root offset and identifier, the generated functions would read past the end.
  if (bytes.size() < kPrefixSize + 8) return Malformed{"too short for a frame"};
  if (!flatbuffers::BufferHasIdentifier(bytes.data(), wire::FrameIdentifier(), true)) {
    return Malformed{"no frame of the control protocol (its identifier is missing)"};
  }
  if (!wire::VerifySizePrefixedFrameBuffer(verifier))
    return Malformed{"offsets or sizes point outside the frame"};
  const wire::Frame& frame = *wire::GetSizePrefixedFrame(bytes.data());
  if (frame.body_type() != wire::Body::NONE && frame.body() == nullptr)
    return Malformed{"a body type without a body"};
  switch (frame.body_type()) {
    case wire::Body::Hello:
      return read_hello(*frame.body_as_Hello());
    case wire::Body::Request: {
      const wire::Request& request = *frame.body_as_Request();
      return RequestFrame{request.id(), read_request(request)};
    }
    case wire::Body::Failure:
      return read_failure(*frame.body_as_Failure());
    case wire::Body::Response:
      return Malformed{"a Response, which only a worker sends"};
    case wire::Body::Notification:
      return Malformed{"a Notification, which only a worker sends"};
    case wire::Body::NONE:
      return Malformed{"no body"};
  }
  return Malformed{"a body of unknown type " + std::to_string(static_cast<int>(frame.body_type()))};
}

void encode_hello(const Hello& hello, std::vector<std::uint8_t>& out) {
  wire::HelloT table;
  table.protocol_version = hello.protocol_version;
  table.product = hello.product;
  table.product_version = hello.product_version;
  table.pid = hello.pid;
  append_frame(std::move(table), out);
}

void encode_response(std::uint32_t id, const Result<Answer>& answer, std::vector<std::uint8_t>& out) {
  const std::size_t start = out.size();
  wire::ResponseT table;
  table.id = id;
  if (!answer.ok()) {
    table.error = std::make_unique<wire::ErrorT>(to_wire(answer.error()));
  } else if (const auto* usage = std::get_if<ResourceUsage>(&answer.value())) {
    table.reply.Set(to_wire(*usage));
  } else {
    std::visit([&](const auto& reply) { table.reply.Set(to_wire(reply)); }, std::get<Reply>(answer.value()));
  }
  append_frame(std::move(table), out);
  if (out.size() - start <= kPrefixSize + kMaxFrameSize) return;
  // A dump of a very large worker. The controller would take a longer frame for a broken stream.
  out.resize(start);
  encode_response(id, Error{ErrorCode::kLimitExceeded, "", "the reply is longer than a frame may be (4 MiB)"},
                  out);
}

void encode_notification(const Event& event, std::vector<std::uint8_t>& out) {
  wire::NotificationT table;
  std::visit([&](const auto& value) { table.event.Set(to_wire(value)); }, event);
  append_frame(std::move(table), out);
}

void encode_failure(const Error& error, std::vector<std::uint8_t>& out) {
  wire::FailureT table;
  table.error = std::make_unique<wire::ErrorT>(to_wire(error));
  append_frame(std::move(table), out);
}

}  // namespace sluice::control
