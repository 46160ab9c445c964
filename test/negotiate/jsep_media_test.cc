// What an m-line says of media beside its codecs: streams, rids, extensions in two forms, bandwidth,
// directions.
#include <functional>
#include <map>

#include "jsep_fixture.h"

namespace sluice::negotiate {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

using Edit = std::function<void(sdp::MediaDescription&)>;

/// A client that sends one video, changed by `edit`; answered.
struct OneVideo {
  explicit OneVideo(const Edit& edit, sdp::Direction direction = sdp::Direction::kSendOnly,
                    bool track_waits = false) {
    if (track_waits) call.add("v", MediaKind::kVideo);
    edit(call.client.sections[call.client.add("video", direction)]);
    effects = call.client_offers();
    answer = call.local().media.at(0);
  }
  [[nodiscard]] const IncomingTrack& produced() const { return effects.produced.at(0); }

  Call call;
  Effects effects;
  sdp::MediaDescription answer;
};

TEST_CASE("a track's streams are all known, none for \"-\", one empty where the client says nothing") {
  const auto streams = [](std::vector<sdp::Msid> msids) {
    return OneVideo([&](auto& m) { m.msids = std::move(msids); }).produced().stream_ids;
  };
  using Ids = std::vector<std::string>;
  CHECK(streams({{"one", "t"}, {"two", "t"}}) == Ids{"one", "two"});
  CHECK(streams({{"one", "t"}, {"one", "t"}}) == Ids{"one"});
  CHECK(streams({{"one", ""}}) == Ids{"one"});
  CHECK(streams({{"-", "t"}}).empty());
  CHECK(streams({}) == Ids{""});
  const OneVideo old([](auto& m) {
    m.msids.clear();
    m.ssrcs.push_back({m.ssrcs[0].ssrc, "msid", "one t"});
  });
  CHECK(old.produced().stream_ids == Ids{"one"});
  CHECK(old.produced().rtp_parameters.msid == "one t");
}

TEST_CASE("a track of ours in several streams has an a=msid for each, in none one with \"-\"") {
  Call call;
  OutgoingTrack track = make_track(call.room, "v", MediaKind::kVideo, 100);
  track.stream_ids = {"one", "two"};
  call.session.add_track(std::move(track));
  OutgoingTrack alone = make_track(call.room, "w", MediaKind::kVideo, 200);
  alone.stream_ids.clear();
  call.session.add_track(std::move(alone));
  const auto offer = parsed(good(call.session.create_offer()));
  CHECK(offer.media[0].msids == std::vector<sdp::Msid>{{"one", "track-v"}, {"two", "track-v"}});
  CHECK(offer.media[1].msids == std::vector<sdp::Msid>{{"-", "track-w"}});
}

TEST_CASE("one track in two streams is not Plan B") {
  const OneVideo one([](auto& m) {
    m.ssrcs.push_back({m.ssrcs[0].ssrc, "msid", "one t"});
    m.ssrcs.push_back({m.ssrcs[0].ssrc, "msid", "two t"});
  });
  CHECK(one.effects.produced.size() == 1);
}

TEST_CASE("a rid without simulcast names the one stream") {
  const OneVideo one([](auto& m) {
    m.ssrcs.clear();
    m.ssrc_groups.clear();
    m.rids = {{"hi", true, ""}};
  });
  REQUIRE(one.produced().rtp_parameters.encodings.size() == 1);
  CHECK(one.produced().rtp_parameters.encodings[0].rid == "hi");
  CHECK(one.answer.rids == std::vector<sdp::Rid>{{"hi", false, ""}});
  CHECK_FALSE(one.answer.simulcast.has_value());
}

TEST_CASE("a rid's payload types choose the codec, and streams that may not use it are left out") {
  const OneVideo one([](auto& m) {
    m.rids = {{"q", true, "pt=96"}, {"h", true, "max-width=640;pt=102"}, {"f", true, ""}};
    m.simulcast = sdp::Simulcast{{{{"q", false}}, {{"h", false}}, {{"f", true}}}, {}};
  });
  const auto& encodings = one.produced().rtp_parameters.encodings;
  REQUIRE(encodings.size() == 2);
  CHECK(encodings[0].rid == "q");
  CHECK(encodings[1].rid == "f");
  CHECK(one.answer.rids == std::vector<sdp::Rid>{{"q", false, "pt=96"}, {"f", false, ""}});
  REQUIRE(one.answer.simulcast.has_value());
  CHECK(one.answer.simulcast->recv.size() == 2);
}

TEST_CASE("of alternative rids the first that is possible is taken, and each once") {
  const OneVideo one([](auto& m) {
    m.rids = {{"a", true, "pt=102"}, {"b", true, ""}, {"c", true, ""}};
    m.simulcast = sdp::Simulcast{{{{"c", false}}, {{"a", false}, {"b", false}}, {{"c", false}}}, {}};
  });
  const auto& encodings = one.produced().rtp_parameters.encodings;
  REQUIRE(encodings.size() == 2);
  CHECK(encodings[0].rid == "c");
  CHECK(encodings[1].rid == "b");
}

TEST_CASE("extensions with ids above 14 are sent only to a client that takes mixed headers") {
  const auto viewer = [](bool mixed) {
    return OneVideo(
        [&](auto& m) {
          m.extmaps = {{20, std::nullopt, std::string(extension_uri::kMid), {}},
                       {15, std::nullopt, std::string(extension_uri::kAbsSendTime), {}},
                       {3, std::nullopt, std::string(extension_uri::kTransportWideCc), {}}};
          m.extmap_allow_mixed = mixed;
        },
        sdp::Direction::kRecvOnly, true);
  };
  const auto ids = [](const OneVideo& one) {
    std::map<std::string, int> out;
    for (const auto& e : one.effects.consumed.at(0).rtp_parameters.header_extensions) out[e.uri] = e.id;
    return out;
  };
  const OneVideo mixed = viewer(true);
  CHECK(ids(mixed)[std::string(extension_uri::kMid)] == 20);
  CHECK((mixed.answer.extmap_allow_mixed || mixed.call.local().extmap_allow_mixed));
  const OneVideo plain = viewer(false);
  CHECK_FALSE(ids(plain).contains(std::string(extension_uri::kMid)));
  CHECK(ids(plain)[std::string(extension_uri::kTransportWideCc)] == 3);
  CHECK_FALSE(ids(mixed).contains(std::string(extension_uri::kAbsSendTime)));  // RFC 8285 §4.2 reserves 15
}

TEST_CASE("a MID too long for a one-byte header is not written where headers may not be mixed") {
  Call call;
  call.add("v", MediaKind::kVideo);
  const std::size_t video = call.client.add("video", sdp::Direction::kRecvOnly);
  call.client.sections[video].mid = "a-mid-of-twenty-four-let";
  const Effects effects = call.client_offers();
  for (const auto& e : effects.consumed.at(0).rtp_parameters.header_extensions)
    CHECK(e.uri != extension_uri::kMid);
}

TEST_CASE("an answer without extmap-allow-mixed takes it from the offers that follow") {
  Call call;
  call.add("a", MediaKind::kAudio);
  CHECK(parsed(good(call.session.create_offer())).extmap_allow_mixed);
  call.server_offers();  // this client does not know it
  call.add("b", MediaKind::kAudio);
  const auto next = parsed(good(call.session.create_offer()));
  CHECK_FALSE(next.extmap_allow_mixed);
  CHECK_FALSE(next.media[0].extmap_allow_mixed);
  CHECK(next.media[1].extmap_allow_mixed);
}

TEST_CASE("an extension whose id the client leaves to us gets a free one") {
  const OneVideo one([](auto& m) {
    m.extmaps = {{1, std::nullopt, "urn:x", {}},
                 {4096, std::nullopt, std::string(extension_uri::kMid), {}},
                 {4097, std::nullopt, "urn:y", {}}};
  });
  REQUIRE(one.answer.extmaps.size() == 1);
  CHECK(one.answer.extmaps[0].uri == extension_uri::kMid);
  CHECK(one.answer.extmaps[0].id <= 14);
  CHECK(one.answer.extmaps[0].id != 1);
  CHECK(one.produced().rtp_parameters.header_extensions.at(0).id == one.answer.extmaps[0].id);
}

TEST_CASE("what a client wants to get at most comes with the track: TIAS, else AS less its overhead") {
  const auto limit = [](std::vector<sdp::Line> lines) {
    const OneVideo one([&](auto& m) { m.lines = std::move(lines); }, sdp::Direction::kRecvOnly, true);
    return one.effects.consumed.at(0).max_bitrate;
  };
  CHECK_FALSE(limit({}).has_value());
  CHECK(limit({{'b', "TIAS:500000"}, {'b', "AS:9"}}) == 500000);
  CHECK(limit({{'b', "AS:1000"}}) == 1000 * 950 - 16000);
  CHECK(limit({{'b', "AS:1"}}) == 0);
  CHECK_FALSE(limit({{'b', "RR:1"}}).has_value());
}

TEST_CASE("what a client wants to get at most of all comes with the session, and goes with it") {
  Call call;
  call.client.add("audio", sdp::Direction::kSendOnly);
  auto offer = parsed(call.client.offer());
  offer.lines.push_back({'b', "CT:300"});
  offer.lines.push_back({'b', "AS:7"});  // RFC 8829 §5.10: not well defined here
  const auto exchange = [&] {
    good(call.session.set_remote_description(SdpType::kOffer, sdp::write(offer)));
    good(call.session.set_local_description(SdpType::kAnswer));
    return call.session.take_effects().max_bitrate;
  };
  CHECK(exchange() == 300000);
  CHECK_FALSE(exchange().has_value());
  offer.lines.clear();
  CHECK(exchange() == 0);
}

TEST_CASE("formats are answered in the client's order, whatever the room's") {
  const OneVideo one([](auto& m) { m.formats = {"97", "102", "96"}; });
  CHECK(one.answer.formats == std::vector<std::string>{"97", "96"});
}

TEST_CASE("a direction of the session is that of every m-line without its own") {
  Call call;
  call.client.add("audio", sdp::Direction::kSendRecv);
  auto offer = parsed(call.client.offer());
  offer.direction = sdp::Direction::kInactive;
  offer.media[0].direction.reset();
  good(call.session.set_remote_description(SdpType::kOffer, sdp::write(offer)));
  good(call.session.set_local_description(SdpType::kAnswer));
  CHECK(call.local().media[0].direction == sdp::Direction::kInactive);
  CHECK(call.session.take_effects().produced.empty());
}

TEST_CASE("reduced size RTCP is answered to who offers it only") {
  CHECK_FALSE(OneVideo([](auto&) {}).answer.rtcp_rsize);
  CHECK(OneVideo([](auto& m) { m.rtcp_rsize = true; }).answer.rtcp_rsize);
}

}  // namespace
}  // namespace sluice::negotiate
