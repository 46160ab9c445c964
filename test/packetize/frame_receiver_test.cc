#include "packetize/frame_receiver.h"

#include "catch.h"

namespace sluice::packetize {
namespace {

/// VP8 in packets of one byte behind the descriptor: the frame's first, then others.
class Track {
 public:
  explicit Track(FrameReceiver::Options options = {}) : receiver_(options) {}
  void put(unsigned number, unsigned frame, bool first, bool last, bool key = false,
           Instant now = Instant(0s)) {
    const std::uint8_t payload[] = {static_cast<std::uint8_t>(first ? 0x10 : 0x00),
                                    static_cast<std::uint8_t>(key ? 0x10 : 0x11)};
    receiver_.receive({{static_cast<std::uint16_t>(number)}, {frame * 3000}, last, payload}, now);
  }
  void put_padding(unsigned number, unsigned frame) {
    receiver_.receive({{static_cast<std::uint16_t>(number)}, {frame * 3000}, false, {}}, Instant(0s));
  }
  /// The frames that can be had, by number; those after a loss negative.
  std::vector<int> take() {
    std::vector<int> out;
    EncodedFrame frame;
    while (receiver_.take(frame)) {
      const int number = static_cast<int>(frame.metadata.rtp_timestamp / 3000);
      out.push_back(frame.metadata.after_loss ? -number : number);
    }
    return out;
  }
  FrameReceiver& operator*() { return receiver_; }
  FrameReceiver* operator->() { return &receiver_; }

 private:
  FrameReceiver receiver_;
};

using Frames = std::vector<int>;

}  // namespace

TEST_CASE("packets in any order give frames in theirs, over the wrap of sequence numbers", "[frames]") {
  Track track;
  track.put(65535, 1, false, false);
  CHECK(track.take().empty());
  track.put(65534, 1, true, false, true);
  track.put(1, 2, true, true);
  CHECK(track.take().empty());
  track.put(1, 2, true, true);  // again
  track.put(0, 1, false, true);
  CHECK(track.take() == Frames{1, 2});
  track.put(0, 1, false, true);
  CHECK(track->counters().duplicates == 1);
  CHECK(track->counters().late == 1);
}

TEST_CASE("a gap is reported, waited for, and filled by a retransmission", "[frames]") {
  Track track;
  track.put(10, 1, true, true, true);
  CHECK(track.take() == Frames{1});
  track.put(13, 3, true, true, false, Instant(1s));
  track.put(15, 4, false, true, false, Instant(1s) + 10ms);
  std::vector<SequenceNumber> missing;
  track->missing(missing);
  REQUIRE(missing.size() == 3);
  CHECK(missing[0].value == 11);
  CHECK(missing[2].value == 14);
  CHECK(track->next_deadline() == Instant(1s) + 500ms);
  track->advance(Instant(1s) + 499ms);
  track.put(11, 2, true, false);
  track.put(12, 2, false, true);
  CHECK(track.take() == Frames{2, 3});
  // The next gap has its own patience.
  CHECK(track->next_deadline() == Instant(1s) + 510ms);
  track.put(14, 4, true, false);
  CHECK(track.take() == Frames{4});
  CHECK(track->next_deadline() == kNever);
  CHECK_FALSE(track->needs_key_frame());
}

TEST_CASE("a gap that stays ends the video until a key frame comes", "[frames]") {
  const bool wait = GENERATE(true, false);
  FrameReceiver::Options options;
  options.wait_for_key_frame = wait;
  Track track(options);
  track.put(1, 1, true, true, true);
  track.put(3, 2, false, true);  // of which 2 is lost
  track.put(4, 3, true, true);
  CHECK(track.take() == Frames{1});
  track->advance(Instant(500ms));
  CHECK(track.take() == (wait ? Frames{} : Frames{-3}));
  CHECK(track->needs_key_frame());
  CHECK(track->counters().lost == 1);
  CHECK(track->counters().incomplete == 1);
  track.put(5, 4, true, true, true);
  track.put(6, 5, true, true);
  CHECK(track.take() == (wait ? Frames{-4, 5} : Frames{4, 5}));
  CHECK_FALSE(track->needs_key_frame());
}

TEST_CASE("when only a key frame helps, nothing before it is waited for", "[frames]") {
  Track track;
  track.put(1, 1, true, true, true);
  track.put(3, 3, true, true);
  CHECK(track.take() == Frames{1});
  track->advance(Instant(500ms));
  CHECK(track.take().empty());
  track.put(5, 5, true, true, false, Instant(600ms));
  track.put(8, 8, true, true, true, Instant(610ms));
  CHECK(track.take() == Frames{-8});
}

TEST_CASE("frames end where the timestamp changes, should there be no marker", "[frames]") {
  Track track;
  track.put(1, 1, true, false, true);
  track.put(2, 1, false, false);
  track.put(3, 2, true, false);
  CHECK(track.take() == Frames{1});
  track.put(4, 3, true, true);
  CHECK(track.take() == Frames{2, 3});
}

TEST_CASE("padding between frames and within them is no gap", "[frames]") {
  Track track;
  track.put_padding(0, 0);
  track.put(1, 1, true, false, true);
  track.put_padding(2, 1);
  track.put(3, 1, false, true);
  track.put_padding(4, 1);
  track.put(5, 2, true, true);
  CHECK(track.take() == Frames{1, 2});
}

TEST_CASE("who comes in the middle begins with the next key frame", "[frames]") {
  Track track;
  track.put(100, 1, false, true);
  track.put(101, 2, true, true);
  CHECK(track.take().empty());
  CHECK(track->needs_key_frame());
  SECTION("at once") {
    track.put(102, 3, true, true, true);
    CHECK(track.take() == Frames{-3});
  }
  SECTION("and keeps nothing while it does not come") {
    track->advance(Instant(100ms));
    CHECK(track.take().empty());
    CHECK(track->waiting_bytes() == 0);
  }
}

TEST_CASE("a sender that begins anew elsewhere is followed, one stray packet is not", "[frames]") {
  Track track;
  track.put(10, 1, true, true, true);
  track.put(30'000, 9, true, true, true);
  track.put(11, 2, true, true);
  CHECK(track.take() == Frames{1, 2});
  track.put(40'000, 20, true, false, true);
  track.put(40'001, 20, false, true);
  track.put(40'002, 21, true, true);
  // Of the first frame one packet was the price.
  CHECK(track.take().empty());
  CHECK(track->counters().restarts == 1);
  track.put(40'003, 22, true, true, true);
  CHECK(track.take() == Frames{-22});
}

TEST_CASE("what waits is bounded, in packets and in bytes", "[frames]") {
  FrameReceiver::Options options;
  options.max_packets = 64;
  options.max_bytes = 1000;
  Track track(options);
  SECTION("a frame that never ends") {
    track.put(0, 1, true, false, true);
    for (unsigned i = 1; i < 10'000; ++i) {
      track.put(i, 1, false, false);
      REQUIRE(track->waiting_bytes() <= 130);
    }
    CHECK(track->counters().overflowed > 100);
  }
  SECTION("large packets behind a gap") {
    const std::vector<std::uint8_t> payload(400, 0x10);
    track.put(0, 1, true, true, true);
    CHECK(track.take() == Frames{1});
    for (std::uint16_t i = 2; i < 100; ++i) {
      track->receive({{i}, {i * 3000U}, true, payload}, Instant(0s));
      REQUIRE(track->waiting_bytes() <= 1000);
    }
    CHECK(track->needs_key_frame());
  }
  SECTION("frames that nobody takes") {
    for (unsigned i = 0; i < 1000; ++i) track.put(i, i, true, true, true);
    CHECK(track.take().size() <= 64);
    CHECK(track->counters().overflowed >= 900);
  }
  SECTION("a payload larger than all") {
    const std::vector<std::uint8_t> payload(1001, 0x10);
    track->receive({{0}, {0}, true, payload}, Instant(0s));
    CHECK(track->waiting_bytes() == 0);
  }
}

TEST_CASE("audio: each packet is a frame, silence is no loss", "[frames]") {
  FrameReceiver::Options options;
  options.format = Format::kOpus;
  options.patience = 60ms;
  FrameReceiver receiver(options);
  const std::uint8_t opus[] = {0xF8, 1};
  const auto put = [&](std::uint16_t number, std::uint32_t timestamp, Instant now) {
    receiver.receive({{number}, {timestamp}, false, opus}, now);
  };
  EncodedFrame frame;
  put(1, 960, Instant(0s));
  put(2, 96'000, Instant(2s));  // discontinuous transmission
  REQUIRE(receiver.take(frame));
  REQUIRE(receiver.take(frame));
  CHECK(frame.metadata.rtp_timestamp == 96'000);
  CHECK_FALSE(frame.metadata.after_loss);
  put(4, 97'920, Instant(2s) + 40ms);
  CHECK_FALSE(receiver.take(frame));
  receiver.advance(Instant(2s) + 100ms);
  REQUIRE(receiver.take(frame));
  CHECK(frame.metadata.after_loss);
  CHECK_FALSE(receiver.needs_key_frame());
}

}  // namespace sluice::packetize
