// Nothing of a peer that was driven by descriptions stays after it is closed, whatever it was given: real
// offers, broken ones, damaged ones, candidates early and late, renegotiation cut short.
#include <filesystem>
#include <fstream>
#include <iterator>

#include <nlohmann/json.hpp>

#include "base/random.h"
#include "catch.h"
#include "sluice/engine.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

const fs::path kData = fs::path(SLUICE_TEST_DATA) / "negotiate";

struct Text {
  std::string name;
  std::string sdp;
};
std::vector<Text> descriptions(const char* folder) {
  std::vector<Text> out;
  for (const auto& entry : fs::directory_iterator(kData / folder)) {
    std::ifstream file(entry.path(), std::ios::binary);
    out.push_back({entry.path().stem().string(), {std::istreambuf_iterator<char>(file), {}}});
  }
  std::sort(out.begin(), out.end(), [](const Text& a, const Text& b) { return a.name < b.name; });
  return out;
}

RtpCodecCapability codec(MediaKind kind, std::string mime_type, std::uint32_t clock_rate,
                         std::uint8_t channels) {
  RtpCodecCapability out;
  out.kind = kind;
  out.mime_type = std::move(mime_type);
  out.clock_rate = clock_rate;
  out.channels = channels;
  return out;
}

class Rig {
 public:
  Rig() {
    EngineOptions options;
    options.sockets = {{0, *SocketAddress::parse("192.0.2.1", 40000), ""}};
    auto made = Engine::create(std::move(options));
    REQUIRE(made.ok());
    engine_ = std::move(*made);
    REQUIRE(run(CreateRoom{"room",
                           {codec(MediaKind::kAudio, "audio/opus", 48000, 2),
                            codec(MediaKind::kVideo, "video/VP8", 90000, 1)}}));
  }
  bool run(const Command& command) {
    last_ = engine_->execute(command, now_);
    (void)engine_->take_events();
    return last_->ok();
  }
  [[nodiscard]] const std::string& sdp() const { return std::get<DescriptionReply>(**last_).sdp; }
  [[nodiscard]] const Error& error() const { return last_->error(); }
  void add_peer(const std::string& id) { REQUIRE(run(CreatePeer{"room", id, "", Subscription::kAll})); }
  void close_peer(const std::string& id) { REQUIRE(run(Close{ObjectKind::kPeer, id})); }

  /// What a worker holds beside its rooms.
  Json held() {
    REQUIRE(run(Dump{ObjectKind::kWorker, ""}));
    const Json all = Json::parse(std::get<DumpReply>(**last_).json);
    Json out = all["counts"];
    out["paths"] = all["network"]["paths"];
    out["usernameFragments"] = all["network"]["usernameFragments"];
    out["sockets"] = all["network"]["sockets"];
    out["packets"] = all["packets"]["inUse"];
    out["deadlines"] = all["deadlines"];
    return out;
  }
  void check_nothing_left() {
    const Json all = held();
    for (const auto& [what, count] : all.items()) {
      INFO(what);
      CHECK(count == (what == "rooms" ? 1 : 0));
    }
  }

 private:
  std::unique_ptr<Engine> engine_;
  Instant now_{1s};
  std::optional<Result<Reply>> last_;
};

TEST_CASE("a peer that answered a real client's offer leaves nothing when it is closed") {
  Rig rig;
  for (const Text& offer : descriptions("offers")) {
    INFO(offer.name);
    rig.add_peer("ada");
    const bool taken = rig.run(SetRemoteDescription{"ada", SdpType::kOffer, offer.sdp});
    INFO((taken ? std::string() : rig.error().message));
    REQUIRE(taken);
    REQUIRE(rig.run(SetLocalDescription{"ada", SdpType::kAnswer, ""}));
    CHECK(rig.held()["usernameFragments"] == 1);
    rig.close_peer("ada");
    rig.check_nothing_left();
  }
}

TEST_CASE("a peer that was given a broken description leaves nothing when it is closed") {
  Rig rig;
  for (const Text& broken : descriptions("broken")) {
    INFO(broken.name);
    rig.add_peer("ada");
    CHECK(rig.run(SetRemoteDescription{"ada", SdpType::kOffer, broken.sdp}) ==
          broken.name.starts_with("ok-"));
    rig.close_peer("ada");
    rig.check_nothing_left();
  }
}

TEST_CASE("peers that watch each other leave nothing, in whatever order they go") {
  Rig rig;
  const auto offers = descriptions("offers");
  const auto find = [&](std::string_view name) {
    return std::find_if(offers.begin(), offers.end(), [&](const Text& t) { return t.name == name; })->sdp;
  };
  for (const bool first_leaves_first : {true, false}) {
    for (const char* peer : {"ada", "bob"}) {
      rig.add_peer(peer);
      REQUIRE(rig.run(SetRemoteDescription{peer, SdpType::kOffer, find("chromium-call")}));
      REQUIRE(rig.run(SetLocalDescription{peer, SdpType::kAnswer, ""}));
    }
    CHECK(rig.held()["producers"] == 4);
    // ada is offered bob's tracks, and neither answers nor rolls back; her ICE is restarted in between.
    REQUIRE(rig.run(CreateOffer{"ada"}));
    REQUIRE(rig.run(SetLocalDescription{"ada", SdpType::kOffer, ""}));
    REQUIRE(rig.run(RestartIce{"", "ada"}));
    REQUIRE(rig.run(AddIceCandidate{"ada", "candidate:1 1 udp 1 192.0.2.2 5 typ host", "0", {}, ""}));
    rig.close_peer(first_leaves_first ? "ada" : "bob");
    rig.close_peer(first_leaves_first ? "bob" : "ada");
    rig.check_nothing_left();
  }
}

TEST_CASE("damaged descriptions in any order leave nothing when the peer is closed") {
  const std::uint64_t seed = GENERATE(range(1, 4));
  INFO("seed " << seed);
  Random random(seed);
  Rig rig;
  const auto offers = descriptions("offers");
  const auto damaged = [&] {
    std::string text = offers[random.below(static_cast<std::uint32_t>(offers.size()))].sdp;
    const std::uint32_t damage = random.below(4);
    for (std::uint32_t i = 0; i < damage; ++i) {
      const std::size_t at = random.below(static_cast<std::uint32_t>(text.size()));
      if (random.chance(0.3)) {
        text.erase(at, random.below(200));
      } else {
        text[at] = static_cast<char>(random.below(256));
      }
      if (text.empty()) return text;
    }
    return text;
  };
  std::size_t taken = 0;
  for (int peer = 0; peer < 60; ++peer) {
    rig.add_peer("ada");
    for (std::uint32_t calls = random.below(8); calls > 0; --calls) {
      switch (random.below(6)) {
        case 0:
          (void)rig.run(CreateOffer{"ada"});
          break;
        case 1:
          (void)rig.run(SetLocalDescription{"ada", SdpType::kOffer, ""});
          break;
        case 2:
          (void)rig.run(SetRemoteDescription{"ada", SdpType::kAnswer, damaged()});
          break;
        case 3:
          (void)rig.run(SetRemoteDescription{"ada", SdpType::kRollback, ""});
          break;
        default:
          taken += rig.run(SetRemoteDescription{"ada", SdpType::kOffer, damaged()}) ? 1 : 0;
          (void)rig.run(SetLocalDescription{"ada", SdpType::kAnswer, ""});
      }
    }
    rig.close_peer("ada");
    rig.check_nothing_left();
  }
  CHECK(taken > 10);  // it is not all refusals
}

}  // namespace
}  // namespace sluice
