#include "base/random.h"
#include "catch.h"
#include "container/access_units.h"
#include "container/ivf.h"
#include "container/ogg.h"

namespace sluice::container {
namespace {

using Data = std::vector<std::uint8_t>;

Data random_bytes(std::size_t size, Random& random) {
  Data out(size);
  random.fill(out);
  return out;
}

}  // namespace

TEST_CASE("an IVF file is read as it was written", "[container]") {
  Random random(1);
  IvfWriter writer({"AV01", 640, 360, 30, 1});
  std::vector<Data> frames;
  for (std::size_t i = 0; i < 20; ++i) {
    frames.push_back(random_bytes(random.below(3000), random));
    writer.add(frames.back(), 2 * i);
  }
  auto reader = IvfReader::open(writer.file());
  REQUIRE(reader);
  CHECK(reader->header().fourcc == "AV01");
  CHECK(reader->header().width == 640);
  CHECK(reader->header().height == 360);
  CHECK(reader->header().denominator == 30);
  IvfReader::Frame frame;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    REQUIRE(reader->next(frame));
    CHECK(Data(frame.data.begin(), frame.data.end()) == frames[i]);
    CHECK(frame.timestamp == 2 * i);
  }
  CHECK_FALSE(reader->next(frame));
  CHECK_FALSE(reader->is_damaged());

  const Bytes cut = Bytes(writer.file()).first(writer.file().size() - 1);
  reader = IvfReader::open(cut);
  std::size_t count = 0;
  while (reader->next(frame)) ++count;
  CHECK(count == 19);
  CHECK(reader->is_damaged());
  CHECK_FALSE(IvfReader::open(cut.first(31)));
  CHECK_FALSE(IvfReader::open(as_bytes("RIFF and then some more, which is no IVF")));
}

TEST_CASE("Opus packets of any size come back from Ogg pages, damage costs the page only", "[container]") {
  Random random(2);
  OggOpusWriter writer(0x1234, 2);
  std::vector<Data> packets;
  std::uint64_t end = 0;
  for (const std::size_t size : {1U, 254U, 255U, 256U, 510U, 1275U, 3000U, 40U}) {
    packets.push_back(random_bytes(size, random));
    writer.add(packets.back(), end += 960);
  }
  for (std::size_t i = 0; i < 120; ++i) {
    packets.push_back(random_bytes(60, random));
    writer.add(packets.back(), end += 960);
  }
  writer.finish();
  Data file = writer.take();
  const auto read = [](const Data& bytes) {
    std::vector<Data> out;
    auto reader = OggOpusReader::open(bytes);
    REQUIRE(reader);
    CHECK(reader->channels() == 2);
    CHECK(reader->pre_skip() == 312);
    for (Bytes packet; reader->next(packet);) out.emplace_back(packet.begin(), packet.end());
    return out;
  };
  CHECK(read(file) == packets);
  file.back() ^= 1;
  const std::size_t left = read(file).size();
  CHECK(left == 100);
  packets.resize(left);
  CHECK(read(file) == packets);
  file.insert(file.begin() + static_cast<long>(file.size() - 20), 7, 0x4F);
  CHECK(read(file) == packets);
  CHECK_FALSE(OggOpusReader::open(Bytes(file).subspan(1)));
  CHECK_FALSE(OggOpusReader::open({}));
}

TEST_CASE("an H.264 stream is cut where access units begin (H.264 §7.4.1.2.3)", "[container]") {
  const std::vector<Data> units = {
      {0, 0, 1, 0x67, 1, 0, 0, 0, 1, 0x68, 2, 0, 0, 1, 0x65, 0x88, 0, 0, 1, 0x65, 0x08},  // two slices
      {0, 0, 1, 0x41, 0x9A},
      {0, 0, 1, 0x09, 0xF0, 0, 0, 1, 0x41, 0x9A, 3},  // behind a delimiter
      {0, 0, 1, 0x06, 5, 0, 0, 1, 0x01, 0x9A}};       // behind SEI
  Data stream = {0xFF, 0, 0};
  for (const Data& unit : units) stream.insert(stream.end(), unit.begin(), unit.end());
  AccessUnitReader reader(stream);
  std::vector<Data> out;
  for (Bytes unit; reader.next(unit);) out.emplace_back(unit.begin(), unit.end());
  CHECK(out == units);
  Bytes none;
  CHECK_FALSE(AccessUnitReader(Data{1, 2, 3}).next(none));
}

}  // namespace sluice::container
