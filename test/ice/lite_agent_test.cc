// The lite agent against hand-made requests: what it answers, what it drops and why, which path it selects.
#include "ice/lite_agent.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/random.h"
#include "catch.h"
#include "ice/crc32.h"
#include "ice/drained.h"
#include "ice/requests.h"

namespace sluice::ice {
namespace {

const Instant kStart{1000s};

Path path(int n, const char* ip = "198.51.100.7") {
  return {*SocketAddress::parse(ip, static_cast<std::uint16_t>(40000 + n)), 3};
}

struct Bench {
  LiteAgent agent{kServer};
  std::vector<Transmit> out;

  explicit Bench(Duration timeout = LiteAgent::kDefaultConsentTimeout) : agent(kServer, timeout) {}
  ReceiveResult receive(const RequestSpec& spec, const Path& from = path(0), Instant now = kStart) {
    out.clear();
    const ReceiveResult result = agent.receive(make_request(spec), from, now);
    out = drained(agent);
    return result;
  }
  StunMessage answer() {
    REQUIRE(out.size() == 1);
    const auto m = StunMessage::parse(out[0].bytes);
    REQUIRE(m);
    CHECK(m->verify_fingerprint());
    return *m;
  }
  std::vector<AgentEvent> events() {
    std::vector<AgentEvent> all;
    while (auto e = agent.poll_event()) all.push_back(*e);
    return all;
  }
  std::vector<IceState> states() {
    std::vector<IceState> all;
    for (const AgentEvent& e : events()) {
      if (e.type == AgentEvent::Type::kStateChanged) all.push_back(e.state);
    }
    return all;
  }
  std::uint64_t count(ReceiveResult r) { return agent.counts()[static_cast<std::size_t>(r)]; }
};

RequestSpec nominating(std::uint32_t priority = 1000) {
  RequestSpec spec;
  spec.use_candidate = true;
  spec.priority = priority;
  return spec;
}

RequestSpec renominating(std::uint32_t value, std::uint32_t priority = 1000) {
  RequestSpec spec;
  spec.nomination = value;
  spec.priority = priority;
  return spec;
}

RequestSpec plain(std::uint32_t priority = 1000) {
  RequestSpec spec;
  spec.priority = priority;
  return spec;
}

TEST_CASE("a valid check is answered with the address it came from, and makes its path known") {
  const char* ip = GENERATE("198.51.100.7", "2001:db8::7");
  Bench b;
  CHECK(b.agent.state() == IceState::kNew);
  CHECK_FALSE(b.agent.is_known(path(0, ip)));
  CHECK(b.receive({}, path(0, ip)) == ReceiveResult::kHandled);
  const StunMessage m = b.answer();
  CHECK(b.out[0].path == path(0, ip));
  CHECK(m.stun_class == StunClass::kSuccess);
  CHECK(m.transaction_id == TransactionId{1, 2, 3});
  CHECK(m.xor_mapped_address == path(0, ip).remote);
  CHECK(m.verify_integrity(as_bytes(kServer.password)));
  CHECK(b.agent.is_known(path(0, ip)));
  CHECK(b.agent.selected() == path(0, ip));
  CHECK(b.agent.state() == IceState::kConnected);
  const auto events = b.events();
  REQUIRE(events.size() == 2);
  CHECK(events[0] == AgentEvent{AgentEvent::Type::kStateChanged, IceState::kConnected, std::nullopt});
  CHECK(events[1] == AgentEvent{AgentEvent::Type::kSelectedPathChanged, IceState::kConnected, path(0, ip)});
}

TEST_CASE("USE-CANDIDATE completes, by way of connected") {
  Bench b;
  b.receive(nominating());
  CHECK(b.states() == std::vector{IceState::kConnected, IceState::kCompleted});
  b.receive(nominating());
  CHECK(b.events().empty());
}

struct Refusal {
  const char* name;
  RequestSpec spec;
  ReceiveResult result;
  int code;  ///< 0: no answer.
  bool integrity;
};

std::vector<Refusal> refusals() {
  std::vector<Refusal> all;
  const auto add = [&](const char* name, ReceiveResult result, int code, bool integrity, auto change) {
    RequestSpec spec;
    change(spec);
    all.push_back({name, spec, result, code, integrity});
  };
  using R = ReceiveResult;
  add("no username", R::kMissingCredentials, 400, false, [](auto& s) { s.username = false; });
  add("no integrity", R::kMissingCredentials, 400, false, [](auto& s) { s.integrity = false; });
  add("another's ufrag", R::kBadUsername, 401, false, [](auto& s) { s.local_ufrag = "serw"; });
  add("a longer ufrag", R::kBadUsername, 401, false, [](auto& s) { s.local_ufrag = "servx"; });
  add("an empty ufrag", R::kBadUsername, 401, false, [](auto& s) { s.local_ufrag = ""; });
  add("another peer", R::kBadUsername, 401, false, [](auto& s) { s.remote_ufrag = "pee"; });
  add("a wrong password", R::kBadIntegrity, 401, false, [](auto& s) { s.password = "guess"; });
  add("an unknown attribute", R::kUnknownAttribute, 420, true, [](auto& s) { s.unknown = {0x7777, 0x0002}; });
  add("the controlled role", R::kRoleConflict, 487, true, [](auto& s) { s.controlled = true; });
  add("another method", R::kUnexpectedMethod, 0, false,
      [](auto& s) { s.method = static_cast<StunMethod>(3); });
  add("a success response", R::kUnexpectedClass, 0, false,
      [](auto& s) { s.stun_class = StunClass::kSuccess; });
  add("an error response", R::kUnexpectedClass, 0, false, [](auto& s) { s.stun_class = StunClass::kError; });
  return all;
}

TEST_CASE("what is wrong with a message decides its count and its answer") {
  for (const Refusal& refusal : refusals()) {
    INFO(refusal.name);
    Bench b;
    b.agent.set_remote(kPeer);
    CHECK(b.receive(refusal.spec) == refusal.result);
    CHECK(b.count(refusal.result) == 1);
    CHECK(b.agent.state() == IceState::kNew);
    CHECK_FALSE(b.agent.is_known(path(0)));
    CHECK(b.events().empty());
    if (refusal.code == 0) {
      CHECK(b.out.empty());
      continue;
    }
    const StunMessage m = b.answer();
    CHECK(m.stun_class == StunClass::kError);
    CHECK(m.error_code == refusal.code);
    CHECK(m.transaction_id == TransactionId{1, 2, 3});
    CHECK(m.verify_integrity(as_bytes(kServer.password)) == refusal.integrity);
  }
}

TEST_CASE("a 420 names the unknown attributes") {
  Bench b;
  RequestSpec spec;
  spec.unknown = {0x7777, 0x0002};
  b.receive(spec);
  const StunMessage m = b.answer();
  REQUIRE(m.unknown_attributes.size() == 4);
  CHECK(load16(m.unknown_attributes.data()) == 0x7777);
  CHECK(load16(m.unknown_attributes.data() + 2) == 0x0002);
}

TEST_CASE("bytes that are no STUN, without fingerprint or with a wrong one, are dropped in silence") {
  Bench b;
  auto bytes = make_request();
  ReceiveResult expected{};
  SECTION("garbage") {
    bytes.assign(40, 0x55);
    expected = ReceiveResult::kMalformed;
  }
  SECTION("nothing") {
    bytes.clear();
    expected = ReceiveResult::kMalformed;
  }
  SECTION("no fingerprint") {
    bytes.resize(bytes.size() - 8);
    store16(bytes.data() + 2, static_cast<std::uint16_t>(bytes.size() - 20));
    expected = ReceiveResult::kNoFingerprint;
  }
  SECTION("a wrong fingerprint") {
    bytes.back() ^= 1;
    expected = ReceiveResult::kBadFingerprint;
  }
  CHECK(b.agent.receive(bytes, path(0), kStart) == expected);
  CHECK(b.count(expected) == 1);
  b.out = drained(b.agent);
  CHECK(b.out.empty());
}

TEST_CASE("a Binding indication is taken in silence, and proves nothing") {
  Bench b;
  RequestSpec spec;
  spec.stun_class = StunClass::kIndication;
  CHECK(b.receive(spec) == ReceiveResult::kHandled);
  CHECK(b.out.empty());
  CHECK_FALSE(b.agent.is_known(path(0)));
  spec.unknown = {0x7777};
  CHECK(b.receive(spec) == ReceiveResult::kUnknownAttribute);
  CHECK(b.out.empty());
}

TEST_CASE("no datagram gets more than one reply, nor one larger than three times itself") {
  Random random(7);
  std::vector<RequestSpec> specs = {{}, nominating()};
  for (const Refusal& r : refusals()) specs.push_back(r.spec);
  RequestSpec many;
  for (int i = 0; i < 20; ++i) many.unknown.push_back(static_cast<std::uint16_t>(0x7000 + i));
  specs.push_back(many);
  RequestSpec bare;
  bare.username = bare.integrity = false;
  specs.push_back(bare);
  std::vector<std::vector<std::uint8_t>> datagrams;
  for (const RequestSpec& s : specs) datagrams.push_back(make_request(s));
  std::vector<std::uint8_t> smallest(64);  // a header and a fingerprint: the least that is looked at
  StunWriter writer(smallest, StunClass::kRequest, StunMethod::kBinding, {});
  smallest.resize(writer.finish().size());
  datagrams.push_back(smallest);

  for (const char* ip : {"198.51.100.7", "2001:db8::7"}) {
    for (const auto& original : datagrams) {
      for (int round = 0; round < 50; ++round) {
        auto bytes = original;
        for (int flips = 0; flips < round; ++flips) {
          bytes[random.below(static_cast<std::uint32_t>(bytes.size()))] ^=
              static_cast<std::uint8_t>(random.u32());
        }
        Bench b;
        b.agent.receive(bytes, path(0, ip), kStart);
        b.out = drained(b.agent);
        REQUIRE(b.out.size() <= 1);
        if (!b.out.empty()) {
          CHECK(b.out[0].bytes.size() <= 3 * bytes.size());
          CHECK(b.out[0].path == path(0, ip));
        }
      }
    }
  }
}

TEST_CASE("the peer's ufrag matters only once it is known") {
  Bench b;
  RequestSpec spec;
  spec.remote_ufrag = "whoever";
  CHECK(b.receive(spec) == ReceiveResult::kHandled);
  b.agent.set_remote(kPeer);
  CHECK(b.receive(spec) == ReceiveResult::kBadUsername);
  CHECK(b.receive({}) == ReceiveResult::kHandled);
}

TEST_CASE("before a nomination the path of the highest priority is selected") {
  Bench b;
  b.receive(plain(10), path(1));
  b.receive(plain(30), path(2));
  b.receive(plain(20), path(3));
  CHECK(b.agent.selected() == path(2));
  CHECK(b.agent.state() == IceState::kConnected);
  b.receive(plain(30), path(4));
  CHECK(b.agent.selected() == path(2));  // no better: no change
}

TEST_CASE("a nomination stands against better paths that were not nominated") {
  Bench b;
  b.receive(nominating(10), path(1));
  b.receive(plain(99), path(2));
  CHECK(b.agent.selected() == path(1));
}

TEST_CASE("in a burst of aggressive nominations the highest priority wins, in any order") {
  Bench b;
  std::vector<std::uint32_t> priorities = {30, 10, 20};
  std::sort(priorities.begin(), priorities.end());
  do {
    Bench fresh;
    Instant now = kStart;
    for (const std::uint32_t p : priorities)
      fresh.receive(nominating(p), path(static_cast<int>(p)), now += 50ms);
    CHECK(fresh.agent.selected() == path(30));
  } while (std::next_permutation(priorities.begin(), priorities.end()));
}

TEST_CASE("a peer that moves its nomination to a worse path is followed") {
  Bench b;
  b.receive(nominating(30), path(1));
  SECTION("at once when it says that the old one is no longer nominated") {
    b.receive(plain(30), path(1), kStart + 10ms);
    b.receive(nominating(10), path(2), kStart + 20ms);
    CHECK(b.agent.selected() == path(2));
  }
  SECTION("and otherwise when it repeats itself") {
    b.receive(nominating(10), path(2), kStart + 200ms);
    CHECK(b.agent.selected() == path(1));
    b.receive(nominating(10), path(2), kStart + 1100ms);
    CHECK(b.agent.selected() == path(2));
    b.receive(plain(30), path(1), kStart + 1200ms);
    CHECK(b.agent.selected() == path(2));
  }
}

TEST_CASE("with renomination the highest value wins, whatever the priorities") {
  Bench b;
  b.receive(renominating(1, 99), path(1));
  CHECK(b.agent.state() == IceState::kCompleted);
  b.receive(renominating(2, 5), path(2));
  CHECK(b.agent.selected() == path(2));
  b.receive(renominating(1, 99), path(1), kStart + 5s);  // late, of the past
  CHECK(b.agent.selected() == path(2));
  b.receive(nominating(99), path(1), kStart + 100ms);
  CHECK(b.agent.selected() == path(2));
  b.receive(renominating(3, 1), path(3), kStart + 5s);
  CHECK(b.agent.selected() == path(3));
}

TEST_CASE("the same nomination from a new address moves the selected path") {
  Bench b;
  b.receive(nominating(), path(1));
  b.receive(nominating(), path(2), kStart + 2s);
  CHECK(b.agent.selected() == path(2));
  b.receive(renominating(4), path(3), kStart + 3s);
  b.receive(renominating(4), path(4), kStart + 4s);
  CHECK(b.agent.selected() == path(4));
}

TEST_CASE("the set of paths is bounded, and the selected one is never the one to go") {
  Bench b;
  b.receive(nominating(), path(0));
  for (int i = 1; i <= 100; ++i) b.receive(plain(), path(i), kStart + i * 1ms);
  CHECK(b.agent.path_count() == LiteAgent::kMaxPaths);
  CHECK(b.agent.selected() == path(0));
  CHECK(b.agent.is_known(path(0)));
  CHECK(b.agent.is_known(path(100)));
  CHECK_FALSE(b.agent.is_known(path(100 - static_cast<int>(LiteAgent::kMaxPaths) + 1)));
}

TEST_CASE("replies nobody takes do not pile up") {
  Bench b;
  for (int i = 0; i < 1000; ++i) b.agent.receive(make_request(), path(0), kStart);
  b.out = drained(b.agent);
  CHECK(b.out.size() == LiteAgent::kMaxPending);
}

TEST_CASE("consent expires with the last check, and a new check recovers") {
  Bench b;
  b.receive(nominating());
  CHECK(b.agent.next_deadline() == kStart + 30s);
  b.receive(nominating(), path(0), kStart + 20s);
  CHECK(b.agent.next_deadline() == kStart + 50s);
  b.agent.advance(kStart + 50s - 1us);
  CHECK(b.agent.state() == IceState::kCompleted);
  b.events();
  b.agent.advance(kStart + 50s);
  CHECK(b.agent.state() == IceState::kDisconnected);
  CHECK_FALSE(b.agent.selected());
  CHECK_FALSE(b.agent.is_known(path(0)));
  CHECK(b.agent.next_deadline() == kNever);
  CHECK(b.states() == std::vector{IceState::kDisconnected});
  b.receive({}, path(1), kStart + 90s);
  CHECK(b.agent.state() == IceState::kConnected);
  CHECK(b.agent.selected() == path(1));
  b.receive(nominating(), path(1), kStart + 91s);
  CHECK(b.agent.state() == IceState::kCompleted);
}

TEST_CASE("an invalid check does not prolong consent") {
  Bench b;
  b.receive({});
  RequestSpec wrong;
  wrong.password = "guess";
  b.receive(wrong, path(0), kStart + 29s);
  b.agent.advance(kStart + 30s);
  CHECK(b.agent.state() == IceState::kDisconnected);
}

TEST_CASE("without a consent timeout paths live for ever") {
  Bench b(Duration::zero());
  b.receive(nominating());
  CHECK(b.agent.next_deadline() == kNever);
  b.agent.advance(kStart + 1000h);
  CHECK(b.agent.state() == IceState::kCompleted);
}

TEST_CASE("when the selected path's consent expires another living path takes over") {
  Bench b;
  b.receive(nominating(), path(0));
  b.receive(plain(), path(1), kStart + 20s);
  b.agent.advance(kStart + 30s);
  CHECK(b.agent.selected() == path(1));
  CHECK(b.agent.state() == IceState::kConnected);
  CHECK(b.agent.next_deadline() == kStart + 50s);
}

TEST_CASE("a closed connection takes its path along") {
  Bench b;
  b.receive(nominating(), path(0));
  b.receive(plain(), path(1));
  b.agent.remove_path(path(9));
  CHECK(b.agent.path_count() == 2);
  b.agent.remove_path(path(0));
  CHECK(b.agent.selected() == path(1));
  b.agent.remove_path(path(1));
  CHECK(b.agent.state() == IceState::kDisconnected);
  CHECK_FALSE(b.agent.selected());
}

TEST_CASE("an ICE restart keeps the old credentials until the first valid check with the new ones") {
  Bench b;
  const Credentials fresh{"new1", "new-password-of-22-chars"};
  RequestSpec with_new = nominating(1);
  with_new.local_ufrag = fresh.ufrag;
  with_new.password = fresh.password;
  b.agent.set_remote(kPeer);
  b.receive(nominating(99), path(0));
  b.agent.restart(fresh);
  CHECK(b.agent.local() == fresh);
  CHECK(b.agent.previous_local() == kServer);
  CHECK(b.agent.state() == IceState::kCompleted);
  CHECK(b.agent.selected() == path(0));

  CHECK(b.receive(nominating(99), path(0)) == ReceiveResult::kHandled);
  RequestSpec wrong = with_new;
  wrong.password = kServer.password;
  CHECK(b.receive(wrong, path(0)) == ReceiveResult::kBadIntegrity);
  CHECK(b.agent.previous_local());

  with_new.remote_ufrag = "neu2";
  b.agent.set_remote({"neu2", "x"});
  CHECK(b.receive(with_new, path(1)) == ReceiveResult::kHandled);
  CHECK(b.answer().verify_integrity(as_bytes(fresh.password)));
  CHECK_FALSE(b.agent.previous_local());
  CHECK(b.agent.selected() == path(1));  // nominations before the restart count no more
  CHECK(b.receive(nominating(99), path(0)) == ReceiveResult::kBadUsername);
}

TEST_CASE("two restarts in a row still keep the credentials that carry the media") {
  Bench b;
  b.receive(nominating());
  b.agent.restart({"new1", "password-one"});
  b.agent.restart({"new2", "password-two"});
  CHECK(b.agent.previous_local() == kServer);
  CHECK(b.receive(nominating()) == ReceiveResult::kHandled);
  RequestSpec first;
  first.local_ufrag = "new1";
  first.password = "password-one";
  CHECK(b.receive(first) == ReceiveResult::kBadUsername);
}

TEST_CASE("a closed agent is silent") {
  Bench b;
  b.receive(nominating());
  b.events();
  b.agent.close();
  CHECK(b.agent.state() == IceState::kClosed);
  CHECK_FALSE(b.agent.selected());
  CHECK(b.states() == std::vector{IceState::kClosed});
  CHECK(b.receive({}) == ReceiveResult::kClosed);
  CHECK(b.out.empty());
  CHECK(b.agent.next_deadline() == kNever);
  b.agent.advance(kStart + 100s);
  b.agent.close();
  CHECK(b.events().empty());
}

TEST_CASE("every reason has its own name") {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < kReceiveResultCount; ++i)
    names.push_back(to_string(static_cast<ReceiveResult>(i)));
  std::sort(names.begin(), names.end());
  CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
  CHECK_FALSE(names.front().empty());
}

}  // namespace
}  // namespace sluice::ice
