// The control channel fed by anything: bytes as they are, and bytes as the body of frames whose prefix is
// right.
//
// The first byte chooses how the stream is cut into reads and whether the handshake is done beforehand.
#include <cstdlib>
#include <string>

#include "worker/control/frame.h"
#include "worker/control/session.h"
#include "worker/wire.h"

using namespace sluice;

namespace {

struct Counting : control::RequestHandler {
  Result<control::Answer> handle(const control::Request&) override {
    ++handled;
    return control::Answer(Reply(Done{}));
  }
  std::size_t handled = 0;
};

void feed(control::Session& session, std::span<const std::uint8_t> bytes, std::size_t step) {
  while (!bytes.empty()) {
    const std::size_t count = std::min(step, bytes.size());
    session.receive(bytes.first(count));
    bytes = bytes.subspan(count);
  }
}

/// A request with every kind of field.
test::Bytes sample_request() {
  wire::ProduceT produce;
  produce.transport_id = "t";
  produce.kind = wire::MediaKind::VIDEO;
  produce.rtp_parameters = std::make_unique<wire::RtpParametersT>();
  wire::RtpParametersT& parameters = *produce.rtp_parameters;
  parameters.mid = "0";
  for (int i = 0; i < 2; ++i) {
    auto& codec = *parameters.codecs.emplace_back(std::make_unique<wire::RtpCodecParametersT>());
    codec.mime_type = "video/VP8";
    codec.payload_type = 96;
    auto& parameter = *codec.parameters.emplace_back(std::make_unique<wire::CodecParameterT>());
    parameter.name = "apt";
    parameter.integer = 96;
    codec.rtcp_feedback.emplace_back(std::make_unique<wire::RtcpFeedbackT>())->type = "nack";
    auto& encoding = *parameters.encodings.emplace_back(std::make_unique<wire::RtpEncodingParametersT>());
    encoding.ssrc = 7;
    encoding.rtx = std::make_unique<wire::RtxT>();
  }
  parameters.rtcp = std::make_unique<wire::RtcpParametersT>();
  return test::pack_request(1, std::move(produce));
}

/// Each three bytes of the input: where, and what to write there.
test::Bytes changed_request(std::span<const std::uint8_t> changes) {
  static const test::Bytes kSample = sample_request();
  test::Bytes bytes = kSample;
  for (; changes.size() >= 3; changes = changes.subspan(3)) {
    bytes[4 + (changes[0] * 256U + changes[1]) % (bytes.size() - 4)] = changes[2];
  }
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::size_t step = 1 + data[0] % 64;
  const bool shake_hands = (data[0] & 0x80) != 0;
  const bool changed = (data[0] & 0x20) != 0;
  const bool framed = !changed && (data[0] & 0x40) != 0;
  const std::span<const std::uint8_t> bytes(data + 1, size - 1);

  Counting handler;
  control::Session session(handler, {control::kProtocolVersion, "sluice-worker", "0", 1});
  if (shake_hands) session.receive(test::pack_hello());
  session.out().clear();
  if (framed) {
    const auto length = static_cast<std::uint32_t>(bytes.size());
    const std::uint8_t prefix[4] = {static_cast<std::uint8_t>(length), static_cast<std::uint8_t>(length >> 8),
                                    static_cast<std::uint8_t>(length >> 16),
                                    static_cast<std::uint8_t>(length >> 24)};
    session.receive(prefix);
  }
  const test::Bytes request = changed ? changed_request(bytes) : test::Bytes(bytes.begin(), bytes.end());
  feed(session, request, step);
  session.end_of_stream();

  // What the worker writes must always be whole frames, and nothing is handled before a Hello.
  test::Bytes out = session.out();
  while (!out.empty()) {
    if (test::take_frame(out) == nullptr) std::abort();
  }
  if (!session.closed()) std::abort();
  return 0;
}
