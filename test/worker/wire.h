// A controller's side of the wire, by the generated object API: frames in, plain bytes out, and back.
#pragma once

#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "control_generated.h"
#include "worker/control/frame.h"

namespace sluice::test {

using Bytes = std::vector<std::uint8_t>;

template <typename Body>
Bytes pack_frame(Body body) {
  wire::FrameT frame;
  frame.body.Set(std::move(body));
  flatbuffers::FlatBufferBuilder builder;
  wire::FinishSizePrefixedFrameBuffer(builder, wire::Frame::Pack(builder, &frame));
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

template <typename Table>
Bytes pack_request(std::uint32_t id, Table command) {
  wire::RequestT request;
  request.id = id;
  request.command.Set(std::move(command));
  return pack_frame(std::move(request));
}

inline Bytes pack_hello(std::uint32_t version = control::kProtocolVersion) {
  wire::HelloT hello;
  hello.protocol_version = version;
  hello.product = "a test";
  hello.product_version = "1.2.3";
  hello.pid = 42;
  return pack_frame(std::move(hello));
}

/// Takes the first frame off the front; nothing when it is not whole.
inline std::unique_ptr<wire::FrameT> take_frame(Bytes& stream) {
  if (stream.size() < 4) return nullptr;
  std::uint32_t size = 0;
  std::memcpy(&size, stream.data(), 4);
  if (stream.size() < 4 + std::size_t{size}) return nullptr;
  const Bytes bytes(stream.begin(), stream.begin() + 4 + size);
  stream.erase(stream.begin(), stream.begin() + 4 + size);
  flatbuffers::Verifier verifier(bytes.data(), bytes.size());
  if (!wire::VerifySizePrefixedFrameBuffer(verifier)) return nullptr;
  return std::unique_ptr<wire::FrameT>(wire::GetSizePrefixedFrame(bytes.data())->UnPack());
}

}  // namespace sluice::test
