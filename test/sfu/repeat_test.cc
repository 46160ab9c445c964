// Repeating in the stream itself: under AEAD only bit for bit.
#include <algorithm>

#include "rtcp/nack.h"
#include "seeds.h"
#include "sfu/nonce_ledger.h"

namespace sluice::sfu::testing {
namespace {

constexpr std::uint32_t kSsrc = 7000;
constexpr std::uint8_t kRedOut = 101;

/// A publisher and a viewer without RTX that was told of NACK, by AEAD unless said otherwise.
class Pair {
 public:
  explicit Pair(MediaKind kind = MediaKind::kAudio, srtp::Suite suite = srtp::Suite::kAeadAes256Gcm)
      : publisher(rig.add_side()), viewer(rig.add_side(true, suite)), producer(add_producer(kind)) {
    options = consumer_of(producer, false, kSsrc);
    options.parameters.codecs[0].rtcp_feedback = {{"nack", ""}};
    options.parameters.header_extensions.push_back(extension(rtp::Extension::kAbsSendTime, kAbsSendTimeId));
    options.parameters.header_extensions.push_back(extension(rtp::Extension::kTransportCc, kTransportCcId));
    if (kind == MediaKind::kAudio) {
      options.payload_types[kRed] = kRedOut;
      options.red_block_type = options.payload_types[kOpus];
    }
  }
  Consumer& consume() { return viewer.session.add_consumer(options, producer, rig.now); }
  void feed(std::uint16_t number, std::vector<std::uint8_t> payload, std::uint8_t type = kOpus) {
    rig.feed(publisher, {type, number, 1234, std::move(payload), 960U * number});
  }
  void nack(std::vector<SequenceNumber> numbers) {
    std::array<std::uint8_t, 400> buffer{};
    ByteWriter writer(buffer);
    rtcp::Nack::serialize_to(writer, {1}, {kSsrc}, numbers);
    viewer.session.on_rtcp(writer.written(), rig.now);
  }
  /// The RTP that the viewer was sent since the last time, as it left.
  std::vector<std::vector<std::uint8_t>> on_the_wire() {
    std::vector<std::vector<std::uint8_t>> out;
    rig.tap = [&](SocketId side, Bytes bytes) {
      if (side == viewer.id && (bytes[1] < 192 || bytes[1] > 223))
        out.emplace_back(bytes.begin(), bytes.end());
    };
    rig.drain();
    rig.tap = nullptr;
    return out;
  }

  Rig rig;
  Side& publisher;
  Side& viewer;
  Producer& producer;
  Consumer::Options options;

 private:
  Producer& add_producer(MediaKind kind) {
    Producer::Options out;
    out.id = "producer";
    out.kind = kind;
    out.parameters = kind == MediaKind::kVideo ? video(1234) : audio(1234);
    if (kind == MediaKind::kAudio) {
      out.parameters.codecs.push_back(codec("audio/red", kRed, 48'000));
      out.red_block_type = kOpus;
    }
    return publisher.session.add_producer(std::move(out));
  }
};

SequenceNumber number_of(const std::vector<std::uint8_t>& packet) {
  return {load16(packet.data() + 2)};
}

TEST_CASE("under AEAD a packet of audio is repeated without RTX, bit for bit, as often as it is asked for") {
  Pair pair;
  Consumer& consumer = pair.consume();
  for (std::uint16_t n = 1; n <= 20; ++n) {
    pair.feed(n, opus(static_cast<std::uint8_t>(n)));
    pair.rig.now += 20ms;
  }
  const auto sent = pair.on_the_wire();
  REQUIRE(sent.size() == 20);
  for (int round = 0; round < 3; ++round) {
    pair.rig.now += 110ms;
    pair.nack({number_of(sent[15]), number_of(sent[19])});
    const auto again = pair.on_the_wire();
    REQUIRE(again.size() == 2);
    CHECK(again[0] == sent[15]);
    CHECK(again[1] == sent[19]);
  }
  CHECK(consumer.stats(pair.rig.now).packets_retransmitted == 6);
}

TEST_CASE("a repeat takes no transport-wide number: those of new packets go on without a gap") {
  Pair pair;
  pair.consume();
  const auto sent = [&] {
    auto out = pair.rig.drain();
    std::erase_if(out, [&](const Sent& one) { return one.rtcp || one.side != pair.viewer.id; });
    return out;
  };
  const auto wide = [](const Sent& one) {
    return *rtp::read_transport_cc(*one.view().extension(kTransportCcId));
  };
  pair.feed(1, opus(1));
  pair.feed(2, opus(2));
  const auto first = sent();
  REQUIRE(first.size() == 2);
  pair.viewer.inbound.remove_ssrc({kSsrc});  // as one that has seen neither
  pair.rig.now += 50ms;
  pair.nack({first[0].view().sequence_number()});
  const auto again = sent();
  REQUIRE(again.size() == 1);
  CHECK(wide(again[0]) == wide(first[0]));
  CHECK(rtp::read_abs_send_time(*again[0].view().extension(kAbsSendTimeId)) ==
        rtp::to_abs_send_time(pair.rig.now - 50ms));
  pair.feed(3, opus(3));
  const auto next = sent();
  REQUIRE(next.size() == 1);
  CHECK(wide(next[0]).minus(wide(first[1])) == 1);
}

TEST_CASE("RED is repeated bit for bit, rewritten or as the primary block alone") {
  const bool has_red = GENERATE(true, false);
  Pair pair;
  if (!has_red) pair.options.payload_types[kRed] = Consumer::kNoPayloadType;
  pair.consume();
  for (std::uint16_t n = 1; n <= 5; ++n) {
    const auto fill = static_cast<std::uint8_t>(n);
    pair.feed(n, red(opus(static_cast<std::uint8_t>(n - 1)), opus(fill)), kRed);
  }
  const auto sent = pair.on_the_wire();
  REQUIRE(sent.size() == 5);
  pair.rig.now += 50ms;
  pair.nack({number_of(sent[2])});
  const auto again = pair.on_the_wire();
  REQUIRE(again.size() == 1);
  CHECK(again[0] == sent[2]);
}

TEST_CASE("video without RTX is repeated bit for bit as well") {
  Pair pair(MediaKind::kVideo);
  pair.consume();
  pair.feed(1, vp8(true, true, 1), kVp8);
  pair.feed(2, vp8(false, false, 2), kVp8);
  const auto sent = pair.on_the_wire();
  REQUIRE(sent.size() == 2);
  pair.rig.now += 50ms;
  pair.nack({number_of(sent[1])});
  const auto again = pair.on_the_wire();
  REQUIRE(again.size() == 1);
  CHECK(again[0] == sent[1]);
}

TEST_CASE("what a renegotiation would write otherwise is not repeated any more, the rest is") {
  Pair pair;
  Consumer& consumer = pair.consume();
  pair.feed(1, opus(1));
  const auto before = pair.on_the_wire();
  REQUIRE(before.size() == 1);
  const auto ask = [&](const std::vector<std::uint8_t>& packet) {
    pair.rig.now += 110ms;
    pair.nack({number_of(packet)});
    return pair.on_the_wire();
  };
  consumer.renegotiate(pair.options);
  REQUIRE(ask(before[0]).size() == 1);

  auto other = pair.options;
  SECTION("another payload type") {
    other.payload_types[kOpus] = 77;
  }
  SECTION("another id of an extension") {
    other.parameters.header_extensions.back().id = 9;
  }
  SECTION("another mid") {
    other.parameters.mid = "8";
  }
  SECTION("an extension less") {
    other.parameters.header_extensions.pop_back();
  }
  consumer.renegotiate(other);
  CHECK(ask(before[0]).empty());
  pair.feed(2, opus(2));
  const auto after = pair.on_the_wire();
  REQUIRE(after.size() == 1);
  const auto again = ask(after[0]);
  REQUIRE(again.size() == 1);
  CHECK(again[0] == after[0]);
}

TEST_CASE("under AEAD a viewer that was told of neither NACK nor RTX is sent nothing again") {
  Pair pair;
  pair.options.parameters.codecs[0].rtcp_feedback.clear();
  pair.consume();
  pair.feed(1, opus(1));
  const auto sent = pair.on_the_wire();
  REQUIRE(sent.size() == 1);
  pair.rig.now += 50ms;
  pair.nack({number_of(sent[0])});
  CHECK(pair.on_the_wire().empty());
}

TEST_CASE("a viewer whose keys come after its consumer is repeated to as well") {
  Pair pair;
  pair.viewer.sender.set_path(std::nullopt);
  pair.consume();
  pair.viewer.become_ready();
  pair.viewer.session.on_ready_changed(pair.rig.now);
  pair.feed(1, opus(1));
  const auto sent = pair.on_the_wire();
  REQUIRE(sent.size() == 1);
  pair.rig.now += 50ms;
  pair.nack({number_of(sent[0])});
  CHECK(pair.on_the_wire() == sent);
}

TEST_CASE("a number given before a publisher started anew is not given again, however often it does") {
  const int restarts = GENERATE(1, 15, 16, 17, 32);
  INFO(restarts << " restarts");
  Pair pair;
  NonceLedger ledger(pair.rig);
  Consumer& consumer = pair.consume();
  std::uint32_t timestamp = 1000;
  const auto feed = [&](std::uint16_t number) {
    timestamp += 960;
    pair.rig.feed(pair.publisher,
                  {kOpus, number, 1234, opus(static_cast<std::uint8_t>(timestamp)), timestamp});
    pair.rig.now += 20ms;
  };
  for (std::uint16_t number = 100; number < 140; ++number) feed(number);
  pair.rig.drain();
  // The viewer is away, so that none of them is a run of its own.
  consumer.set_paused(true, pair.rig.now);
  for (int i = 0; i < restarts; ++i) {
    timestamp += 0x20000000U;
    feed(static_cast<std::uint16_t>(i + 1 == restarts ? 140 : 5000));
  }
  consumer.set_paused(false, pair.rig.now);
  feed(141);
  feed(120);  // late, and of another time than the 120 that was sent
  feed(142);
  pair.rig.drain();
  CHECK(ledger.packets() >= 42);
  INFO(ledger.first_reuse());
  CHECK(ledger.reused() == 0);
}

/// Does to a pair what a seed says: loss and reordering on the way in, requests for anything, pauses,
/// publishers that start anew, renegotiation, codecs that change.
class Chaos {
 public:
  Chaos(MediaKind kind, std::uint64_t seed)
      : random_(seed),
        pair_(kind, seed % 2 == 0 ? srtp::Suite::kAeadAes128Gcm : srtp::Suite::kAeadAes256Gcm) {
    pair_.options.ignore_dtx = random_.chance(0.3);
    if (random_.chance(0.3)) pair_.options.payload_types[kRed] = Consumer::kNoPayloadType;
    consumer_ = &pair_.consume();
    numbers_ = std::make_unique<NonceLedger>(pair_.rig);
  }
  void run(int steps) {
    for (int step = 0; step < steps; ++step) {
      pair_.rig.now += Duration(random_.below(20'000));
      send();
      if (random_.chance(0.2)) ask();
      if (random_.chance(0.01)) pause();
      if (random_.chance(0.01)) restart();
      if (random_.chance(0.01)) renegotiate();
      if (random_.chance(0.1)) pair_.rig.drain();
    }
    pair_.rig.drain();
  }
  [[nodiscard]] const NonceLedger& numbers() const { return *numbers_; }

 private:
  [[nodiscard]] bool video() const { return pair_.producer.kind() == MediaKind::kVideo; }

  std::vector<std::uint8_t> payload(std::uint8_t& type) {
    const auto fill = static_cast<std::uint8_t>(random_.u32());
    if (video()) {
      type = kVp8;
      const bool start = random_.chance(0.4);
      // I, L and T: a picture id, TL0PICIDX, a temporal layer (RFC 7741 §4.2).
      auto out = vp8(start, start && random_.chance(0.1), fill);
      const auto picture = static_cast<std::uint8_t>(picture_ & 0x7F);
      const auto layer = static_cast<std::uint8_t>(random_.chance(0.5) ? 0x40 : 0);
      if (start) ++picture_;
      out[0] |= 0x80;
      out.insert(out.begin() + 1, {0xE0, picture, static_cast<std::uint8_t>(picture_ / 2), layer});
      return out;
    }
    type = random_.chance(0.6) ? kRed : kOpus;
    auto primary = opus(fill);
    if (random_.chance(0.1)) primary.resize(1);  // DTX
    if (type == kOpus) return primary;
    if (random_.chance(0.02)) return {0xFF, fill, 3};  // no RED
    return red(random_.chance(0.3) ? std::vector<std::uint8_t>{} : opus(fill), primary);
  }
  void send() {
    const std::uint16_t number = next_++;
    std::uint8_t type = 0;
    auto bytes = payload(type);
    RtpToMake rtp{type, number, ssrc_, std::move(bytes), timestamp_ += 960, false, {}};
    if (random_.chance(0.05)) {
      late_.push_back(std::move(rtp));
    } else {
      pair_.rig.feed(pair_.publisher, rtp);
      if (random_.chance(0.02)) pair_.rig.feed(pair_.publisher, rtp);
    }
    if (!late_.empty() && random_.chance(0.1)) {
      const std::size_t which = random_.below(static_cast<std::uint32_t>(late_.size()));
      pair_.rig.feed(pair_.publisher, late_[which]);
      late_.erase(late_.begin() + static_cast<std::ptrdiff_t>(which));
    }
  }
  /// Around what was sent last, and sometimes far from it.
  void ask() {
    pair_.rig.drain();
    std::vector<SequenceNumber> numbers;
    const int newest = newest_sent();
    const std::uint32_t reach = random_.chance(0.1) ? 0x10000 : 80;
    for (std::uint32_t i = 0; i < 1 + random_.below(8); ++i)
      numbers.push_back({static_cast<std::uint16_t>(newest - static_cast<int>(random_.below(reach)))});
    std::sort(numbers.begin(), numbers.end(),
              [](SequenceNumber a, SequenceNumber b) { return a.value < b.value; });
    pair_.nack(numbers);
  }
  [[nodiscard]] int newest_sent() const { return numbers_->newest(kSsrc); }
  void pause() {
    consumer_->set_paused(!consumer_->paused(), pair_.rig.now);
    if (consumer_->paused() && random_.chance(0.7)) consumer_->set_paused(false, pair_.rig.now);
  }
  /// Under the same SSRC, with numbers and times of its own, near those before or far.
  void restart() {
    timestamp_ += 0x20000000U + random_.u32() % 0x1000000U;
    next_ = static_cast<std::uint16_t>(random_.chance(0.5) ? next_ - random_.below(200) : random_.u32());
    late_.clear();
  }
  void renegotiate() {
    auto options = pair_.options;
    if (random_.chance(0.5))
      options.payload_types[video() ? kVp8 : kOpus] = static_cast<std::uint8_t>(104 + random_.below(3));
    if (!video()) {
      options.payload_types[kRed] = random_.chance(0.3) ? Consumer::kNoPayloadType : kRedOut;
      options.red_block_type = options.payload_types[kOpus];
    }
    if (random_.chance(0.3))
      options.parameters.header_extensions.back().id = static_cast<std::uint8_t>(9 + random_.below(4));
    consumer_->renegotiate(options);
  }

  Random random_;
  Pair pair_;
  Consumer* consumer_ = nullptr;
  std::unique_ptr<NonceLedger> numbers_;
  std::vector<RtpToMake> late_;
  std::uint32_t ssrc_ = 1234;
  std::uint16_t next_ = 1;
  std::uint32_t timestamp_ = 0;
  std::uint32_t picture_ = 0;
};

TEST_CASE("under AEAD no nonce is ever used over two different packets, whatever is asked for") {
  const auto kind = GENERATE(MediaKind::kAudio, MediaKind::kVideo);
  const auto seed = GENERATE(from_range(seeds(1, 150)));
  INFO("seed " << seed << (kind == MediaKind::kVideo ? ", video" : ", audio"));
  Chaos chaos(kind, seed);
  chaos.run(1500);
  CHECK(chaos.numbers().packets() > 50);
  CHECK(chaos.numbers().repeats() > 10);
  INFO(chaos.numbers().first_reuse());
  CHECK(chaos.numbers().reused() == 0);
}

TEST_CASE("no nonce is used twice over the wrap of the numbers either") {
  Chaos chaos(MediaKind::kAudio, 1000);
  chaos.run(110'000);
  CHECK(chaos.numbers().packets() > 0x10000);
  INFO(chaos.numbers().first_reuse());
  CHECK(chaos.numbers().reused() == 0);
}

}  // namespace
}  // namespace sluice::sfu::testing
