#include "sctp/dcep.h"

#include "catch.h"
#include "sctp/utf8.h"

namespace sluice::sctp::dcep {
namespace {

using Wire = std::vector<std::uint8_t>;

TEST_CASE("DCEP: OPEN on the wire is what RFC 8832 draws") {
  Open open;
  open.label = "chat";
  open.protocol = "p";
  const Wire expected = {0x03, 0x00, 0x01, 0x00, 0, 0, 0, 0, 0, 4, 0, 1, 'c', 'h', 'a', 't', 'p'};
  CHECK(write(open) == expected);
  CHECK(write(Ack{}) == Wire{0x02});
  CHECK(std::holds_alternative<Ack>(*parse(Wire{0x02})));
}

TEST_CASE("DCEP: every channel type, priority and name survives the wire") {
  for (const bool ordered : {true, false}) {
    for (const int kind : {0, 1, 2}) {
      for (const Priority priority :
           {Priority::kVeryLow, Priority::kLow, Priority::kMedium, Priority::kHigh}) {
        Open open;
        open.reliability.ordered = ordered;
        if (kind == 1) open.reliability.max_retransmits = 0;
        if (kind == 2) open.reliability.max_packet_life_time = 65535;
        open.priority = priority;
        open.label = kind == 0 ? "" : std::string(65535, 'x');
        open.protocol = "h\xC3\xA9llo \xF0\x9F\x98\x80";
        const auto message = write(open);
        CHECK((message[1] & 0x80) == (ordered ? 0 : 0x80));
        CHECK((message[1] & 0x7F) == kind);
        const auto parsed = parse(message);
        REQUIRE(parsed.has_value());
        const auto& back = std::get<Open>(*parsed);
        CHECK(back.reliability == open.reliability);
        CHECK(back.priority == priority);
        CHECK(back.label == open.label);
        CHECK(back.protocol == open.protocol);
      }
    }
  }
}

TEST_CASE("DCEP: what is not whole, too long, of no type or no UTF-8 is refused") {
  Open open;
  open.label = "label";
  const Wire good = write(open);
  for (std::size_t size = 0; size < good.size(); ++size) CHECK_FALSE(parse(Bytes(good).first(size)));
  Wire longer = good;
  longer.push_back(0);
  CHECK_FALSE(parse(longer));
  Wire type = good;
  type[1] = 0x03;
  CHECK_FALSE(parse(type));
  CHECK_FALSE(parse(Wire{0x00}));
  CHECK_FALSE(parse(Wire{0x04, 0, 0, 0}));
  Wire name = good;
  name[12] = 0xFF;
  CHECK_FALSE(parse(name));
}

TEST_CASE("DCEP: values larger than the API's are the API's largest; priorities between two are the lower") {
  Wire wire = write(Open{});
  wire[1] = 0x01;
  wire[4] = 0x7F;  // max_retransmits of more than 16 bits
  wire[2] = 0x02;
  wire[3] = 0x01;  // 513
  const auto open = std::get<Open>(*parse(wire));
  CHECK(open.reliability.max_retransmits == 65535);
  CHECK(open.priority == Priority::kMedium);
}

TEST_CASE("UTF-8: overlong forms, surrogates, what is beyond Unicode and what is cut off is none") {
  for (const char* good : {"", "a", "\xC2\x80", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xF4\x8F\xBF\xBF"})
    CHECK(is_utf8(good));
  for (const char* bad : {"\x80", "\xC1\x81", "\xC2", "\xE0\x80\x80", "\xED\xA0\x80", "\xF0\x80\x80\x80",
                          "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xE2\x82", "a\xFF"}) {
    CHECK_FALSE(is_utf8(bad));
  }
}

}  // namespace
}  // namespace sluice::sctp::dcep
