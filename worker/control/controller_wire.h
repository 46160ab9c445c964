// Commands as the tables that a controller sends, and the replies that come back as values: the mirror of
// what the worker's session reads. For the two controllers in C++ only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "control_generated.h"
#include "sluice/command.h"
#include "sluice/result.h"
#include "worker/control/protocol.h"

namespace sluice::control {

template <typename Table>
std::vector<std::uint8_t> pack_frame(Table body) {
  wire::FrameT frame;
  frame.body.Set(std::move(body));
  flatbuffers::FlatBufferBuilder builder;
  builder.ForceDefaults(true);
  wire::FinishSizePrefixedFrameBuffer(builder, wire::Frame::Pack(builder, &frame));
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}
/// A command with the id that its response will repeat.
template <typename Table>
std::vector<std::uint8_t> pack_request(std::uint32_t id, Table command) {
  wire::RequestT request;
  request.id = id;
  request.command.Set(std::move(command));
  return pack_frame(std::move(request));
}
std::vector<std::uint8_t> pack_hello();

/// Null when the bytes are no well-formed frame. It lies in them.
const wire::Frame* frame_of(const std::vector<std::uint8_t>& bytes);
/// The worker's first frame is its greeting, or says why there is none.
Result<Hello> read_hello(const std::vector<std::uint8_t>& bytes);

wire::CreateRoomT to_table(const CreateRoom& command);
wire::CreateWebRtcTransportT to_table(const CreateWebRtcTransport& command);
wire::ConnectTransportT to_table(const ConnectTransport& command);
wire::CreatePlainTransportT to_table(const CreatePlainTransport& command);
wire::ConnectPlainTransportT to_table(const ConnectPlainTransport& command);
wire::ProduceT to_table(const Produce& command);
wire::ConsumeT to_table(const Consume& command);
wire::ProduceDataT to_table(const ProduceData& command);
wire::ConsumeDataT to_table(const ConsumeData& command);
wire::CloseT to_table(const Close& command);
wire::ResumeT to_table(const Resume& command);
wire::DumpT to_table(const Dump& command);
wire::GetResourceUsageT to_table(const GetResourceUsage& command);

/// What the response says, as the reply that `T` names: an error of the worker's, or of its response.
template <typename T>
Result<T> read_reply(const wire::Response& response);

}  // namespace sluice::control
