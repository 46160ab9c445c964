#include "worker/control/frame.h"

#include <algorithm>
#include <array>

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

using RequestReader = Result<Request> (*)(const wire::Request&);

/// By the number of its type, a reader of each table that the union has.
template <typename... Tables>
constexpr auto readers_of() {
  std::array<RequestReader, static_cast<std::size_t>(wire::Command::MAX) + 1> out{};
  ((out[static_cast<std::size_t>(wire::CommandTraits<Tables>::enum_value)] = &read_as<Tables>), ...);
  return out;
}

constexpr auto kRequestReaders =
    readers_of<wire::UpdateSettings, wire::GetResourceUsage, wire::Close, wire::Pause, wire::Resume,
               wire::Dump, wire::GetStats, wire::CreateRoom, wire::CanConsume, wire::CreatePeer,
               wire::SetRemoteDescription, wire::SetLocalDescription, wire::CreateOffer, wire::CreateAnswer,
               wire::AddIceCandidate, wire::CreateWebRtcTransport, wire::ConnectTransport, wire::RestartIce,
               wire::Produce, wire::Consume, wire::RequestKeyFrame, wire::CreatePlainTransport,
               wire::ConnectPlainTransport, wire::SetPreferredLayers, wire::SetPriority, wire::Explain,
               wire::SetBitrateLimit, wire::EnableTraceEvent, wire::CreateActiveSpeakerObserver,
               wire::CreateAudioLevelObserver, wire::ObserverAddProducer, wire::ObserverRemoveProducer,
               wire::SetCapabilities, wire::Subscribe, wire::Unsubscribe, wire::CreateDirectTransport,
               wire::SendRtp, wire::SendRtcp, wire::ProduceData, wire::ConsumeData, wire::SendToDataProducer,
               wire::SendToDataConsumer, wire::GetBufferedAmount, wire::SetBufferedAmountLowThreshold,
               wire::SetSubchannels, wire::AddSubchannel, wire::RemoveSubchannel>();
static_assert(std::find(kRequestReaders.begin() + 1, kRequestReaders.end(), nullptr) == kRequestReaders.end(),
              "a command of the schema is not read");

Result<Request> read_request(const wire::Request& table) {
  const auto type = static_cast<std::size_t>(table.command_type());
  if (table.command_type() == wire::Command::NONE) return invalid_argument("command", "missing");
  if (type >= kRequestReaders.size()) {
    return Error{ErrorCode::kUnsupported, "command",
                 "this worker does not know the request of type " + std::to_string(type)};
  }
  if (table.command() == nullptr) return invalid_argument("command", "its type is given, but not its value");
  return kRequestReaders[type](table);
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
