// The reference decoder, judged: what a good server may do is no violation, each mistake it could make is
// one.
#include "client/decoder_model.h"

#include <functional>

#include "catch.h"
#include "client/layered_source.h"
#include "client/vp9_descriptor.h"
#include "codec/vp8.h"

namespace sluice::client {
namespace {

struct Made {
  MediaUnit unit;
  std::vector<std::uint8_t> payload;
};

std::vector<Made> make(const LayeredSource::Options& options, int pictures, std::uint64_t seed = 1,
                       std::vector<int> keys = {}) {
  Random random(seed);
  LayeredSource source(options, 1, random);
  source.start(Instant(1000s));
  std::vector<Made> out;
  for (int i = 0; i < pictures; ++i) {
    if (std::find(keys.begin(), keys.end(), i) != keys.end()) source.request_key_frame();
    const Instant now = source.next_deadline();
    while (auto unit = source.next(now)) {
      std::vector<std::uint8_t> payload(unit->size);
      unit->write_payload(payload);
      out.push_back({std::move(*unit), std::move(payload)});
    }
  }
  return out;
}

class Judge {
 public:
  explicit Judge(LayeredCodec codec, bool strict = true)
      : model({codec, 10ms, strict, codec == LayeredCodec::kVp9 ? 4 : 1}) {}
  void receive(const Made& made, std::uint16_t number) {
    const auto& unit = made.unit;
    std::optional<Bytes> dependency;
    if (!unit.dependency.empty()) dependency = unit.dependency;
    model.on_packet({{number}, unit.timestamp, unit.marker_bit, made.payload, dependency, false}, now);
    now += 3ms;
  }
  /// All in a row under new numbers.
  void receive_all(const std::vector<Made>& all, const std::function<bool(const Made&)>& take) {
    for (const Made& made : all) {
      if (take(made)) receive(made, next_++);
    }
  }
  std::string verdict() {
    model.finish();
    return model.violations().text();
  }

  DecoderModel model;
  Instant now{1000s};

 private:
  std::uint16_t next_ = 65'000;  // over the wrap
};

LayeredSource::Options options_of(LayeredCodec codec, std::uint8_t spatial, bool key_only = false) {
  LayeredSource::Options out;
  out.codec = codec;
  out.scalability = {spatial, 3, key_only};
  out.bitrate = 600'000;
  return out;
}

TEST_CASE("all that layered encoders make decodes") {
  const auto options = GENERATE(options_of(LayeredCodec::kVp8, 1), options_of(LayeredCodec::kVp9, 3),
                                options_of(LayeredCodec::kVp9, 3, true), options_of(LayeredCodec::kAv1, 1),
                                options_of(LayeredCodec::kAv1, 3), options_of(LayeredCodec::kAv1, 3, true));
  Judge judge(options.codec);
  judge.receive_all(make(options, 100, 1, {0, 37, 70}), [](const Made&) { return true; });
  CHECK(judge.verdict().empty());
  CHECK(judge.model.counts().pictures == 100);
  CHECK(judge.model.counts().key_frames == 3);
  CHECK(judge.model.holes() == 0);
  CHECK(judge.model.timestamp_error() == 0us);
  REQUIRE(judge.model.current());
  CHECK(judge.model.current()->spatial == options.scalability.spatial - 1);
  CHECK(judge.model.current()->width == options.width);
}

TEST_CASE("a whole temporal layer left out of AV1 and VP9 is decodable") {
  const auto codec = GENERATE(LayeredCodec::kVp9, LayeredCodec::kAv1);
  const auto highest = GENERATE(0, 1);
  Judge judge(codec);
  judge.receive_all(make(options_of(codec, 1), 101),
                    [&](const Made& one) { return one.unit.frame.temporal <= highest; });
  CHECK(judge.verdict().empty());
  CHECK(judge.model.counts().pictures == (highest == 0 ? 26 : 51));
}

TEST_CASE("upper spatial layers left out need the marker bit where the picture ends now") {
  auto all = make(options_of(LayeredCodec::kVp9, 3), 50);
  const auto below = [](const Made& one) { return one.unit.frame.spatial < 2; };
  Judge careless(LayeredCodec::kVp9);
  careless.receive_all(all, below);
  CHECK(careless.verdict().find("ends without a marker bit") != std::string::npos);
  for (Made& one : all) one.unit.marker_bit = one.unit.frame.spatial == 1 && one.unit.frame.is_last();
  Judge careful(LayeredCodec::kVp9);
  careful.receive_all(all, below);
  CHECK(careful.verdict().empty());
  CHECK(careful.model.current()->spatial == 1);
}

TEST_CASE("a frame forwarded without the one it refers to is a violation") {
  const auto all = make(options_of(LayeredCodec::kAv1, 1), 50);
  Judge judge(LayeredCodec::kAv1, false);
  judge.receive_all(all, [](const Made& one) { return one.unit.frame.number != 2; });  // a T1, which T2 needs
  const std::string verdict = judge.verdict();
  CHECK(verdict.find("refers to frame 2, which was not forwarded") != std::string::npos);
  CHECK(judge.model.violations().count() == 1);
}

TEST_CASE("the same is no violation where a hole tells of a loss") {
  const auto all = make(options_of(LayeredCodec::kAv1, 1), 50);
  Judge judge(LayeredCodec::kAv1, false);
  std::uint16_t number = 100;
  for (const Made& one : all) {
    if (one.unit.frame.number != 2) judge.receive(one, number);
    ++number;
  }
  CHECK(judge.verdict().empty());
  CHECK(judge.model.holes() > 0);
  CHECK(judge.model.counts().lost == 1);
}

TEST_CASE("picture ids of VP8 that skip what was left out are a violation, renumbered ones are not") {
  auto all = make(options_of(LayeredCodec::kVp8, 1), 64);
  const auto base = [](const Made& one) { return one.unit.frame.temporal == 0; };
  Judge careless(LayeredCodec::kVp8);
  careless.receive_all(all, base);
  CHECK(careless.verdict().find("the picture id goes from") != std::string::npos);
  std::uint16_t id = 0x7FF0;
  for (Made& one : all) {
    if (!base(one)) continue;
    if (one.unit.frame.is_first()) id = static_cast<std::uint16_t>((id + 1) & 0x7FFF);
    codec::write_picture_id(one.payload.data(), codec::Vp8::parse(one.payload)->picture(), id);
  }
  Judge careful(LayeredCodec::kVp8);
  careful.receive_all(all, base);
  CHECK(careful.verdict().empty());
}

TEST_CASE("an encoding entered anywhere but at a key frame is a violation") {
  auto small = options_of(LayeredCodec::kVp8, 1);
  auto large = small;
  large.encoding = 1;
  const auto first = make(small, 20, 1);
  const auto second = make(large, 40, 2);
  Judge judge(LayeredCodec::kVp8, false);
  std::uint16_t number = 0;
  for (const Made& one : first) judge.receive(one, number++);
  for (const Made& one : second) {
    if (one.unit.frame.number >= 20) judge.receive(one, number++);
  }
  const std::string verdict = judge.verdict();
  CHECK(verdict.find("another encoding begins without a key frame") != std::string::npos);
  CHECK(verdict.find("us from its capture time") != std::string::npos);  // nor were timestamps rewritten
}

TEST_CASE("numbers and markers that do not fit are violations that name their place") {
  const auto all = make(options_of(LayeredCodec::kVp8, 1), 30);
  const auto verdict_of = [&](const std::function<void(Judge&)>& tamper, bool strict = true) {
    Judge judge(LayeredCodec::kVp8, strict);
    tamper(judge);
    return judge.verdict();
  };
  const auto row = [&](Judge& judge, std::size_t from, std::size_t to, std::uint16_t first) {
    for (std::size_t i = from; i < to; ++i) judge.receive(all[i], static_cast<std::uint16_t>(first + i));
  };
  CHECK(verdict_of([&](Judge& j) { row(j, 0, 20, 0); }).empty());
  CHECK(verdict_of([&](Judge& j) {
          row(j, 0, 10, 0);
          row(j, 10, 20, 5);
        }).find("though nothing was lost") != std::string::npos);
  CHECK(verdict_of(
            [&](Judge& j) {
              row(j, 0, 10, 0);
              row(j, 10, 20, 5);
            },
            false)
            .find("a hole of 5 where only 0 packets were made") != std::string::npos);
  CHECK(verdict_of([&](Judge& j) {
          row(j, 0, 10, 0);
          j.receive(all[10], 9);
        }).find("one number for two packets") != std::string::npos);
  CHECK(verdict_of([&](Judge& j) { row(j, 3, 20, 0); }).find("begins without a key frame") !=
        std::string::npos);
  auto damaged = all[5];
  damaged.payload[30] ^= 1;
  CHECK(verdict_of([&](Judge& j) { j.receive(damaged, 1); }).find("damaged") != std::string::npos);
}

TEST_CASE("an empty packet fills its place between frames, and breaks a frame") {
  const auto all = make(options_of(LayeredCodec::kVp8, 1), 30);
  const auto fill = [&](Judge& judge, std::uint16_t number) {
    judge.model.on_packet({{number}, {}, false, {}, std::nullopt, false}, judge.now);
  };
  Judge judge(LayeredCodec::kVp8);
  judge.receive(all[0], 0);
  fill(judge, 1);  // the key frame has more than one packet
  judge.receive(all[1], 2);
  CHECK(judge.verdict().find("an empty packet within a frame") != std::string::npos);
  Judge between(LayeredCodec::kVp8);
  std::uint16_t number = 0;
  for (const Made& one : all) {
    if (one.unit.frame.is_first()) fill(between, number++);
    between.receive(one, number++);
  }
  CHECK(between.verdict().empty());
  CHECK(between.model.holes() == 0);
  CHECK(between.model.counts().empty == 30);
}

TEST_CASE("a picture that stands still is told, and goes on with the next key frame") {
  const auto all = make(options_of(LayeredCodec::kVp8, 1), 60, 1, {0, 40});
  Judge judge(LayeredCodec::kVp8, false);
  std::uint16_t number = 0;
  std::uint64_t seen = 0;
  for (const Made& one : all) {
    judge.now = one.unit.marker.sent_at;
    ++number;
    if (one.unit.frame.number == 8) continue;  // a T0
    if (one.unit.frame.number == 39) seen = judge.model.counts().pictures;
    judge.receive(one, number);
  }
  CHECK(judge.verdict().empty());
  CHECK(seen == 8);
  CHECK(judge.model.counts().pictures == 28);
  CHECK(judge.model.longest_gap() > 1s);
  CHECK(judge.model.counts().lost == 31);
}

}  // namespace
}  // namespace sluice::client
