#include "worker/control/session.h"

#include "worker/control/frame.h"

namespace sluice::control {

Session::Session(RequestHandler& handler, const Hello& hello) : handler_(handler), own_(hello) {
  encode_hello(own_, out_);
}

void Session::refuse(const std::string& reason, std::vector<std::uint8_t>& out) {
  encode_failure({ErrorCode::kInvalidState, "", reason}, out);
}

void Session::receive(std::span<const std::uint8_t> bytes) {
  while (!closed()) {
    switch (deframer_.next(bytes)) {
      case Deframer::Status::kNeedMore:
        return;
      case Deframer::Status::kFrame:
        on_frame();
        break;
      case Deframer::Status::kTooLong:
        return fail(ErrorCode::kInvalidArgument, "",
                    "malformed frame: its prefix announces " + std::to_string(deframer_.announced_size()) +
                        " bytes; expected 1 to " + std::to_string(kMaxFrameSize));
    }
  }
}

void Session::end_of_stream() {
  if (closed()) return;
  state_ = State::kClosed;
  if (!deframer_.idle()) failure_ = "the controller closed the channel inside a frame";
}

void Session::notify(const Event& event) {
  if (!open()) return;
  encode_notification(event, out_);
  check_queue();
}

void Session::on_frame() {
  const Frame frame = decode_frame(deframer_.frame());
  if (const auto* malformed = std::get_if<Malformed>(&frame)) {
    return fail(ErrorCode::kInvalidArgument, "", "malformed frame: " + malformed->reason);
  }
  if (const auto* failure = std::get_if<FailureFrame>(&frame)) {
    state_ = State::kClosed;
    failure_ = "the controller gave up: " + failure->error.message;
    return;
  }
  if (const auto* hello = std::get_if<Hello>(&frame)) return on_hello(*hello);
  if (!open()) return fail(ErrorCode::kInvalidState, "", "a request before Hello");
  const auto& request = std::get<RequestFrame>(frame);
  encode_response(request.id,
                  request.request.ok() ? handler_.handle(request.request.value())
                                       : Result<Answer>(request.request.error()),
                  out_);
  check_queue();
}

void Session::on_hello(const Hello& hello) {
  if (open()) return fail(ErrorCode::kInvalidState, "", "a second Hello");
  peer_ = hello;
  if (hello.protocol_version != own_.protocol_version) {
    return fail(ErrorCode::kUnsupported, "hello.protocolVersion",
                "the controller (" + hello.product + " " + hello.product_version +
                    ") speaks control protocol " + std::to_string(hello.protocol_version) + ", " +
                    own_.product + " " + own_.product_version + " speaks " +
                    std::to_string(own_.protocol_version) + ": install versions that match");
  }
  state_ = State::kOpen;
}

void Session::check_queue() {
  if (closed() || out_.size() + in_flight_ <= kMaxQueued) return;
  out_ = {};
  state_ = State::kClosed;
  failure_ = "the controller does not read: " + std::to_string(kMaxQueued >> 20) + " MiB are waiting for it";
}

void Session::fail(ErrorCode code, std::string field, const std::string& reason) {
  state_ = State::kClosed;
  failure_ = reason;
  encode_failure({code, std::move(field), reason}, out_);
}

}  // namespace sluice::control
