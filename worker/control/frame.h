// One frame of the control channel ↔ plain values: where generated wire types begin and end for the rest of
// the worker.
//
// decode_frame never trusts: the verifier runs over every byte first, and a request that the verifier accepts
// but the converters refuse keeps its id, so that the refusal can be answered. Used by Session.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "sluice/result.h"
#include "worker/control/protocol.h"

namespace sluice::control {

struct RequestFrame {
  std::uint32_t id = 0;
  Result<Request> request;
};
/// The controller's last words.
struct FailureFrame {
  Error error;
};
/// Not a frame that this side of the protocol may receive: the channel cannot go on.
struct Malformed {
  std::string reason;
};
using Frame = std::variant<Hello, RequestFrame, FailureFrame, Malformed>;

/// `bytes`: one frame with its prefix, aligned to 8.
Frame decode_frame(std::span<const std::uint8_t> bytes);

// Each appends one frame with its prefix.
void encode_hello(const Hello& hello, std::vector<std::uint8_t>& out);
void encode_response(std::uint32_t id, const Result<Answer>& answer, std::vector<std::uint8_t>& out);
void encode_notification(const Event& event, std::vector<std::uint8_t>& out);
void encode_failure(const Error& error, std::vector<std::uint8_t>& out);

}  // namespace sluice::control
