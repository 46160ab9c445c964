// The control protocol without a socket: frames byte by byte, versions, refusals, limits.
#include "worker/control/session.h"

#include "catch.h"
#include "worker/wire.h"

using namespace sluice;
using namespace sluice::test;
using control::Session;

namespace {

struct Recorder : control::RequestHandler {
  Result<control::Answer> handle(const control::Request& request) override {
    requests.push_back(request);
    if (refuse) return Error{ErrorCode::kNotFound, "id", "no such object"};
    if (std::holds_alternative<control::GetResourceUsage>(request))
      return control::Answer(control::ResourceUsage{});
    return control::Answer(Reply(DumpReply{std::string(reply_size, 'x')}));
  }
  std::vector<control::Request> requests;
  bool refuse = false;
  std::size_t reply_size = 2;
};

const control::Hello kOwn{control::kProtocolVersion, "sluice-worker", "9.9.9", 77};

Bytes request(std::uint32_t id) {
  wire::DumpT dump;
  dump.kind = wire::ObjectKind::ROOM;
  dump.id = "r" + std::to_string(id);
  return pack_request(id, std::move(dump));
}

struct Fixture {
  Recorder handler;
  Session session{handler, kOwn};
  void open() {
    session.receive(pack_hello());
    REQUIRE(session.open());
    session.out().clear();
  }
  std::unique_ptr<wire::FrameT> next() { return take_frame(session.out()); }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "the worker speaks first, with its version and process id") {
  const auto frame = next();
  REQUIRE(frame != nullptr);
  REQUIRE(frame->body.AsHello() != nullptr);
  CHECK(frame->body.AsHello()->protocol_version == control::kProtocolVersion);
  CHECK(frame->body.AsHello()->product == "sluice-worker");
  CHECK(frame->body.AsHello()->product_version == "9.9.9");
  CHECK(frame->body.AsHello()->pid == 77);
}

TEST_CASE_METHOD(Fixture, "each request gets one response of its id, in order") {
  open();
  Bytes stream;
  for (std::uint32_t id = 1; id <= 100; ++id) {
    const Bytes bytes = request(id);
    stream.insert(stream.end(), bytes.begin(), bytes.end());
  }
  session.receive(stream);
  for (std::uint32_t id = 1; id <= 100; ++id) {
    const auto frame = next();
    REQUIRE(frame != nullptr);
    CHECK(frame->body.AsResponse()->id == id);
  }
  CHECK(session.out().empty());
  CHECK(handler.requests.size() == 100);
}

TEST_CASE_METHOD(Fixture, "frames may arrive in pieces of any size") {
  Bytes stream = pack_hello();
  for (std::uint32_t id = 1; id <= 20; ++id) {
    const Bytes bytes = request(id);
    stream.insert(stream.end(), bytes.begin(), bytes.end());
  }
  const std::size_t step = GENERATE(1U, 2U, 3U, 5U, 7U, 64U, 1000U);
  INFO("pieces of " << step);
  for (std::size_t at = 0; at < stream.size(); at += step) {
    session.receive(std::span(stream).subspan(at, std::min<std::size_t>(step, stream.size() - at)));
  }
  CHECK(session.open());
  CHECK(handler.requests.size() == 20);
  CHECK(session.peer().product == "a test");
}

TEST_CASE_METHOD(Fixture, "a refused request leaves the session open") {
  open();
  handler.refuse = true;
  session.receive(request(1));
  CHECK(next()->body.AsResponse()->error->code == wire::ErrorCode::NOT_FOUND);
  session.receive(pack_request(2, wire::CloseT{}));
  const auto frame = next();
  CHECK(frame->body.AsResponse()->id == 2);
  CHECK(frame->body.AsResponse()->error->field == "id");
  CHECK(session.open());
  CHECK(handler.requests.size() == 1);
}

TEST_CASE_METHOD(Fixture, "another protocol version is told in words and ends the session") {
  next();
  session.receive(pack_hello(control::kProtocolVersion + 1));
  CHECK(session.closed());
  const auto frame = next();
  REQUIRE(frame->body.AsFailure() != nullptr);
  CHECK(frame->body.AsFailure()->error->code == wire::ErrorCode::UNSUPPORTED);
  CHECK(frame->body.AsFailure()->error->field == "hello.protocolVersion");
  CHECK(session.failure() ==
        "the controller (a test 1.2.3) speaks control protocol 2, sluice-worker 9.9.9 speaks 1: install "
        "versions that match");
  session.receive(request(1));
  CHECK(handler.requests.empty());
}

TEST_CASE_METHOD(Fixture,
                 "malformed frames end the session with a reason, and are never answered by the handler") {
  const auto [what, bytes, reason] = GENERATE(table<const char*, Bytes, const char*>(
      {{"a prefix of zero", {0, 0, 0, 0}, "announces 0 bytes"},
       {"a prefix past the limit", {1, 0, 0x40, 0}, "announces 4194305 bytes"},
       {"all ones", {0xFF, 0xFF, 0xFF, 0xFF}, "announces 4294967295 bytes"},
       {"a frame too short to be one", {1, 0, 0, 0, 0}, "too short"},
       {"text", {12, 0, 0, 0, 'G', 'E', 'T', ' ', '/', ' ', 'H', 'T', 'T', 'P', '/', '1'}, "identifier"},
       {"a root offset outside", {12, 0, 0, 0, 0xFF, 0xFF, 0, 0, 'S', 'L', 'C', 'E', 0, 0, 0, 0}, "outside"},
       {"a Response", pack_frame(wire::ResponseT{}), "only a worker sends"},
       {"a Notification", pack_frame(wire::NotificationT{}), "only a worker sends"},
       {"a second Hello", pack_hello(), "second Hello"}}));
  INFO(what);
  open();
  session.receive(bytes);
  CHECK(session.closed());
  CHECK_THAT(session.failure(), Catch::Matchers::Contains(reason));
  REQUIRE(next()->body.AsFailure() != nullptr);
  CHECK(handler.requests.empty());
}

TEST_CASE_METHOD(Fixture, "a request before Hello ends the session") {
  session.receive(request(1));
  CHECK(session.closed());
  CHECK(handler.requests.empty());
}

TEST_CASE_METHOD(Fixture, "the stream may end between frames, not inside one") {
  open();
  SECTION("between") {
    session.end_of_stream();
    CHECK(session.failure().empty());
  }
  SECTION("inside") {
    Bytes bytes = request(1);
    bytes.pop_back();
    session.receive(bytes);
    session.end_of_stream();
    CHECK(session.failure() == "the controller closed the channel inside a frame");
  }
  CHECK(session.closed());
}

TEST_CASE_METHOD(Fixture, "a controller's own failure is kept for the log") {
  wire::FailureT failure;
  failure.error = std::make_unique<wire::ErrorT>();
  failure.error->message = "out of luck";
  session.receive(pack_frame(std::move(failure)));
  CHECK(session.closed());
  CHECK(session.failure() == "the controller gave up: out of luck");
}

TEST_CASE_METHOD(Fixture, "notifications wait for Hello") {
  session.out().clear();
  session.notify(NegotiationNeeded{"a"});
  CHECK(session.out().empty());
  open();
  session.notify(NegotiationNeeded{"a"});
  CHECK(next()->body.AsNotification()->event.AsNegotiationNeeded()->peer_id == "a");
}

TEST_CASE_METHOD(Fixture, "a controller that does not read is given up at the limit") {
  open();
  handler.reply_size = 3U << 20;
  session.set_in_flight(1U << 20);
  std::size_t most = 0;
  for (std::uint32_t id = 1; id < 100 && !session.closed(); ++id) {
    session.receive(request(id));
    most = std::max(most, session.out().size());
  }
  CHECK(session.closed());
  CHECK(session.out().empty());
  CHECK(most <= Session::kMaxQueued);
  CHECK(session.failure() == "the controller does not read: 64 MiB are waiting for it");
}
