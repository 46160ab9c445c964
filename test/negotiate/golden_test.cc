// What real clients offered (offers/, see record/README.md), with the answers that we give and the offers
// that we make next kept beside them (golden/). `SLUICE_GOLDEN=write build/dev/test/test_negotiate
// '[golden]'` writes them anew: look at the difference before it is committed.
#include <cstdlib>

#include "jsep_fixture.h"
#include "rules.h"

namespace sluice::negotiate {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)
namespace fs = std::filesystem;

const fs::path kData = fs::path(SLUICE_TEST_DATA) / "negotiate";

std::vector<std::string> recorded() {
  std::vector<std::string> out;
  for (const auto& file : fs::directory_iterator(kData / "offers"))
    out.push_back(file.path().stem().string());
  std::sort(out.begin(), out.end());
  return out;
}

RtpCapabilities wide_room() {
  std::vector<RtpCodecCapability> codecs;
  const auto add = [&](std::string mime_type, std::uint32_t rate, std::uint8_t channels,
                       std::vector<CodecParameter> parameters = {}) {
    RtpCodecCapability& codec = codecs.emplace_back();
    codec.mime_type = std::move(mime_type);
    codec.clock_rate = rate;
    codec.channels = channels;
    codec.parameters = std::move(parameters);
  };
  add("audio/opus", 48000, 2);
  add("audio/PCMU", 8000, 1);
  add("video/VP8", 90000, 1);
  add("video/VP9", 90000, 1, {{"profile-id", std::int64_t{0}}});
  add("video/H264", 90000, 1, {{"profile-level-id", "42e01f"}, {"packetization-mode", std::int64_t{1}}});
  add("video/AV1", 90000, 1);
  return good(room_capabilities(codecs));
}

void check_golden(const std::string& name, const std::string& text) {
  const fs::path path = kData / "golden" / (name + ".sdp");
  const char* mode = std::getenv("SLUICE_GOLDEN");
  if (mode != nullptr && std::string_view(mode) == "write") {
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
    return;
  }
  std::ifstream file(path, std::ios::binary);
  INFO("golden file " << path << "; SLUICE_GOLDEN=write makes it anew");
  REQUIRE(file.good());
  CHECK(text == std::string(std::istreambuf_iterator<char>(file), {}));
}

void check_text(const std::string& text) {
  for (const TextRule& rule : text_rules()) {
    INFO(rule.section << ": " << rule.rule);
    CHECK(rule.broken(text) == "");
  }
}

void check_offer(const std::string& text, const sdp::SessionDescription& local,
                 const sdp::SessionDescription& remote) {
  check_text(text);
  const auto offer = parsed(text);
  for (const OfferRule& rule : offer_rules()) {
    INFO(rule.section << ": " << rule.rule);
    CHECK(rule.broken({offer, local, remote}) == "");
  }
}

/// A session in a wide room, that draws the same random numbers every time.
struct Server {
  RtpCapabilities room = wide_room();
  Random random{7};
  JsepSession session{room, make_transport(), random};

  void add(const std::string& id, MediaKind kind, std::uint32_t ssrc) {
    session.add_track(make_track(room, id, kind, ssrc));
  }
};

TEST_CASE("a recorded offer is read, written and read again as the same", "[golden]") {
  const std::string name = GENERATE(from_range(recorded()));
  INFO(name);
  const auto first = parsed(recorded_offer(name));
  const std::string written = sdp::write(first);
  CHECK(parsed(written) == first);
  CHECK(sdp::write(parsed(written)) == written);
}

TEST_CASE("a recorded offer gets the answer that it had, by the rules; and our next offer keeps them too",
          "[golden]") {
  const std::string name = GENERATE(from_range(recorded()));
  INFO(name);
  Server server;
  server.add("a", MediaKind::kAudio, 100);
  server.add("v", MediaKind::kVideo, 200);
  const std::string offered = recorded_offer(name);
  good(server.session.set_remote_description(SdpType::kOffer, offered));
  const std::string answer = good(server.session.create_answer());
  check_golden(name + ".answer", answer);
  check_text(answer);
  const auto theirs = parsed(offered);
  const auto ours = parsed(answer);
  for (const AnswerRule& rule : answer_rules()) {
    INFO(rule.section << ": " << rule.rule);
    CHECK(rule.broken(theirs, ours) == "");
  }
  good(server.session.set_local_description(SdpType::kAnswer, answer));
  server.add("w", MediaKind::kVideo, 300);
  const std::string next = good(server.session.create_offer());
  check_golden(name + ".next", next);
  check_offer(next, ours, theirs);
}

TEST_CASE("a first offer of ours is by the rules, of any number of tracks", "[golden]") {
  Server server;
  const int tracks = GENERATE(0, 1, 2, 5);
  for (int i = 0; i < tracks; ++i)
    server.add("t" + std::to_string(i), i % 2 == 0 ? MediaKind::kAudio : MediaKind::kVideo,
               100 + 10U * unsigned(i));
  const std::string offer = good(server.session.create_offer());
  check_golden("first-of-" + std::to_string(tracks), offer);
  check_offer(offer, {}, {});
}

TEST_CASE("what real clients answer to our first offer is taken", "[golden]") {
  std::size_t clients = 0;
  for (const auto& file : fs::directory_iterator(kData / "answers")) {
    INFO(file.path());
    Server server;
    server.add("t0", MediaKind::kAudio, 100);
    server.add("t1", MediaKind::kVideo, 110);
    good(server.session.create_offer());
    good(server.session.set_local_description(SdpType::kOffer));
    std::ifstream text(file.path(), std::ios::binary);
    good(server.session.set_remote_description(SdpType::kAnswer,
                                               std::string(std::istreambuf_iterator<char>(text), {})));
    const Effects effects = server.session.take_effects();
    // werift does not know a=bundle-only (RFC 9143 §6), takes port 0 for a rejection, and is asked again.
    const bool knows_bundle_only = file.path().stem() != "werift";
    CHECK(effects.refused.empty());
    CHECK(effects.consumed.size() == (knows_bundle_only ? 2 : 1));
    CHECK(server.session.negotiation_needed() != knows_bundle_only);
    CHECK(effects.transport.has_value());
    const auto& local = server.session.current_local_description();
    const auto& remote = server.session.current_remote_description();
    server.add("w", MediaKind::kVideo, 300);
    check_offer(good(server.session.create_offer()), parsed(local), parsed(remote));
    ++clients;
  }
  CHECK(clients >= 5);
}

TEST_CASE("offers of ours keep the rules while tracks come and go and the client answers as it likes",
          "[golden]") {
  const std::uint64_t seed = GENERATE(range(1, 6));
  INFO("seed " << seed);
  Random random(seed);
  Call call;
  if (random.chance(0.5)) {
    call.client.add("audio", sdp::Direction::kSendRecv);
    call.client.add("video", sdp::Direction::kSendOnly);
    call.client_offers();
  }
  std::vector<std::string> live;
  for (int i = 0; i < 40; ++i) {
    if (!live.empty() && random.chance(0.4)) {
      call.session.remove_track(live.back());
      live.pop_back();
    } else {
      live.push_back("t" + std::to_string(i));
      call.add(live.back(), random.chance(0.5) ? MediaKind::kAudio : MediaKind::kVideo);
    }
    const std::string& local = call.session.current_local_description();
    const std::string& remote = call.session.current_remote_description();
    const auto before = local.empty() ? sdp::SessionDescription() : parsed(local);
    const auto theirs = remote.empty() ? sdp::SessionDescription() : parsed(remote);
    INFO(local);
    check_offer(good(call.session.create_offer()), before, theirs);
    call.server_offers([&](const sdp::MediaDescription& m) {
      if (m.mid->front() != 's' || random.chance(0.8)) return Client::Choice::kAccept;
      return random.chance(0.5) ? Client::Choice::kReject : Client::Choice::kInactive;
    });
  }
}

}  // namespace
}  // namespace sluice::negotiate
