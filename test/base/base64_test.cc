#include "base/base64.h"

#include "base/random.h"
#include "catch.h"

namespace sluice::base64 {
namespace {

TEST_CASE("the vectors of RFC 4648 §10 are written and read") {
  const std::pair<std::string_view, std::string_view> vectors[] = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
  };
  for (const auto& [plain, text] : vectors) {
    CHECK(encode(as_bytes(plain)) == text);
    const auto decoded = decode(text);
    REQUIRE(decoded.has_value());
    CHECK(as_text(*decoded) == plain);
  }
}

TEST_CASE("any bytes come back as they were") {
  Random random(1);
  for (std::size_t size = 0; size < 100; ++size) {
    std::vector<std::uint8_t> bytes(size);
    random.fill(bytes);
    CHECK(decode(encode(bytes)) == bytes);
  }
}

TEST_CASE("what encode() would not write is refused") {
  for (const std::string_view text : {"Z", "Zg", "Zg=", "Zg===", "====", "=Zg=", "Zg==Zg==", "Zh==", "Zm9=",
                                      "Zm9v\n", "Zm 9", "Zm-_", "Zm\xC3\xA9", "Zm9vYg", " Zg=="}) {
    INFO(text);
    CHECK_FALSE(decode(text).has_value());
  }
}

}  // namespace
}  // namespace sluice::base64
