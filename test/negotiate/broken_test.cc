// Descriptions that real devices and attackers send (broken/): each refused with the line at fault and what
// was expected, or accepted where the RFCs say so (ok-*). Whatever comes, a refusal changes nothing.
#include <chrono>
#include <ctime>
#include <sstream>

#include "jsep_fixture.h"

namespace sluice::negotiate {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)
namespace fs = std::filesystem;

const fs::path kBroken = fs::path(SLUICE_TEST_DATA) / "negotiate" / "broken";

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file.good());
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Lines are quoted in ASCII; our own words may have a section sign.
bool is_printable(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](unsigned char c) { return c < 0x20 || (c >= 0x7f && c != 0xc2 && c != 0xa7); });
}

/// Given to a session: the error, or nothing. Either way the session goes on from where it was.
std::optional<Error> offer_to_session(const std::string& text) {
  Call call;
  const auto result = call.session.set_remote_description(SdpType::kOffer, text);
  if (result) {
    (void)good(call.session.create_answer());
    good(call.session.set_local_description(SdpType::kAnswer));
    return std::nullopt;
  }
  CHECK(call.session.signaling_state() == SignalingState::kStable);
  CHECK(call.session.pending_remote_description().empty());
  const Effects effects = call.session.take_effects();
  CHECK_FALSE(effects.transport.has_value());
  CHECK(effects.produced.empty());
  call.client.add("audio", sdp::Direction::kSendOnly);
  CHECK(call.client_offers().produced.size() == 1);
  return result.error();
}

struct Refusal {
  std::string_view name;
  std::size_t line;  ///< 0: the description ends too early.
  std::string_view expected;
};
const std::vector<Refusal> kRefusals = {
    {"signaling-document-rtp-avp", 6,
     "lacks a=ice-ufrag, a=ice-pwd, a=fingerprint, a=setup and a=rtcp-mux (its protocol is RTP/AVP); "
     "expected media over ICE"},
    {"linphone-rtp-avp", 8, "lacks a=ice-ufrag"},
    {"desk-phone-sdes", 6, "lacks a=ice-ufrag, a=ice-pwd, a=fingerprint"},
    {"gateway-ice-without-dtls", 8, "lacks a=fingerprint and a=setup"},
    {"chrome-plan-b", 29, "Plan B); expected one m= section for each track"},
    {"old-firefox-simulcast-draft", 18, "expected \"simulcast:send"},
    {"simulcast-without-rids", 18, "the rid \"h\" in a=simulcast; expected an a=rid line"},
    {"empty-session-name-line", 4, "expected \"s=<session name>\""},
    {"no-origin", 2, "expected \"o=<username>"},
    {"origin-too-short", 2, "expected \"o=<username>"},
    {"version-one", 1, "expected \"v=0\""},
    {"unknown-line-type", 5, "expected a line type of RFC 8866"},
    {"line-without-equals", 5, "expected \"<letter>=<value>\""},
    {"times-of-words", 4, "expected \"t=<start time> <stop time>\""},
    {"connection-without-address", 7, "expected \"c=IN IP4|IP6 <address>\""},
    {"bandwidth-without-number", 8, "expected \"b=<type>:<bandwidth>\""},
    {"media-without-format", 16, "expected \"m=<media> <port> <protocol> <format> ...\""},
    {"media-port-too-large", 16, "expected a port from 0 to 65535"},
    {"payload-type-too-large", 25, "expected \"rtpmap:<payload type 0 to 127>"},
    {"rtpmap-without-clock", 25, "expected \"rtpmap:"},
    {"rtpmap-clock-zero", 25, "expected \"rtpmap:"},
    {"ufrag-too-short", 8, "expected \"ice-ufrag:\" with 4 to 256"},
    {"pwd-too-short", 9, "expected \"ice-pwd:\" with 22 to 256"},
    {"fingerprint-not-hexadecimal", 10, "expected \"fingerprint:"},
    {"fingerprint-of-unknown-hash", 10, "lacks a=fingerprint; expected"},
    {"setup-unknown", 11, "expected \"setup:\" with active"},
    {"setup-holdconn", 11, "expected actpass, active or passive"},
    {"mid-twice", 23, "expected each mid once"},
    {"mid-of-two-words", 23, "expected \"mid:\" with one token"},
    {"bundle-of-unknown-mid", 5, "names the mid \"2\"; expected that of an m= section"},
    {"bundle-names-a-mid-twice", 5, "names the mid \"1\" twice"},
    {"two-bundles-of-one-mid", 5, "names the mid \"1\" twice"},
    {"ice-lite-client", 5, "expected a client with full ICE"},
    {"candidate-without-port", 24, "expected a port"},
    {"candidate-component-zero", 24, "expected a component id from 1 to 256"},
    {"extmap-id-zero", 24, "with an id from 1 to 4351"},
    {"extmap-direction-unknown", 24, "expected \"extmap:"},
    {"ssrc-not-a-number", 26, "expected \"ssrc:<number>"},
    {"ssrc-group-not-numbers", 26, "expected \"ssrc-group:"},
    {"rid-without-direction", 24, "expected \"rid:"},
    {"tls-id-too-short", 24, "expected \"tls-id:\" with 20 to 255"},
    {"rtcp-fb-without-type", 24, "expected \"rtcp-fb:"},
    {"msid-of-three-words", 24, "expected \"msid:"},
    {"ptime-zero", 24, "with milliseconds above 0"},
    {"maxptime-of-words", 24, "with milliseconds above 0"},
    {"rtcp-of-no-address", 24, "expected \"rtcp:<port>"},
    {"remote-candidates-without-port", 24, "expected \"remote-candidates:"},
    {"session-line-in-media", 24, "expected that line only once"},
    {"no-rtcp-mux", 16, "lacks a=rtcp-mux"},
    {"nul-inside", 23, "expected a line without NUL"},
};

TEST_CASE(
    "a broken description is refused with the line at fault, by number and text, and what was expected") {
  for (const Refusal& refusal : kRefusals) {
    INFO(refusal.name);
    const std::string text = read(kBroken / (std::string(refusal.name) + ".sdp"));
    const auto error = offer_to_session(text);
    REQUIRE(error.has_value());
    INFO(error->message);
    CHECK(is_printable(error->message));
    CHECK(error->message.find(refusal.expected) != std::string::npos);
    std::istringstream lines(text);
    std::string line;
    for (std::size_t i = 0; i < refusal.line; ++i) std::getline(lines, line);
    if (line.ends_with('\r')) line.pop_back();
    CHECK(error->message.find(sdp::describe_line(refusal.line, line)) != std::string::npos);
  }
}

TEST_CASE("each broken description is in the list, and those that are sound are accepted") {
  std::size_t accepted = 0;
  std::size_t refused = 0;
  for (const auto& file : fs::directory_iterator(kBroken)) {
    const std::string name = file.path().stem().string();
    INFO(name);
    if (name.starts_with("ok-")) {
      const auto error = offer_to_session(read(file.path()));
      INFO((error ? error->message : std::string()));
      CHECK_FALSE(error.has_value());
      ++accepted;
    } else {
      CHECK(
          std::any_of(kRefusals.begin(), kRefusals.end(), [&](const Refusal& r) { return r.name == name; }));
      ++refused;
    }
  }
  CHECK(refused == kRefusals.size());
  CHECK(accepted >= 8);
}

TEST_CASE("a description cut off anywhere is refused in words, or is a shorter description") {
  for (const char* name : {"chromium-publisher", "firefox-publisher", "aiortc-sendonly"}) {
    const std::string whole = recorded_offer(name);
    for (std::size_t size = 0; size < whole.size(); size += 7) {
      const auto error = offer_to_session(whole.substr(0, size));
      if (!error) continue;
      INFO(error->message);
      CHECK(is_printable(error->message));
      CHECK(error->message.find("expected") != std::string::npos);
      CHECK((error->message.find("line ") != std::string::npos));
    }
  }
}

/// CPU time, since this machine may do other things.
double cpu_seconds(const std::function<void()>& work) {
  const std::clock_t start = std::clock();
  work();
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

TEST_CASE("a description made to be slow or huge costs little, whatever comes of it") {
  const std::string head = "v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n";
  const std::string transport =
      "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\na=setup:actpass\r\na=fingerprint:sha-256 " +
      std::string(kFingerprint) + "\r\n";
  const std::string video =
      "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtcp-mux\r\na=rtpmap:96 VP8/90000\r\na=mid:0\r\n";
  std::string many_lines;
  std::string many_mids = "a=group:BUNDLE";
  for (int i = 0; i < 512; ++i) {
    many_mids += " m" + std::to_string(i);
    many_lines += "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\na=mid:m" +
                  std::to_string(i) + "\r\n";
  }
  std::string rids;
  std::string simulcast = "a=simulcast:send r0";
  for (int i = 0; i < 1900; ++i) rids += "a=rid:r" + std::to_string(i) + " send pt=96\r\n";
  for (int i = 1; i < 20000; ++i) simulcast += ";r" + std::to_string(i % 1900);
  std::string ssrcs = "a=ssrc-group:SIM";
  for (int i = 1; i < 30000; ++i) ssrcs += ' ' + std::to_string(i);
  const std::string one = head + transport + "a=group:BUNDLE 0\r\n" + video;
  const std::vector<std::string> texts = {
      head + transport + many_mids + "\r\n" + many_lines,
      head + transport + repeated("a=group:BUNDLE\r\n", 1900) + many_mids + "\r\n" + many_lines,
      head + transport + many_lines,
      one + rids + simulcast + "\r\n",
      one + ssrcs + "\r\n",
      one + repeated("a=ssrc-group:FID 1 2\r\n", 1900) + repeated("a=ssrc:1 cname:c\r\n", 80),
      one + repeated("a=extmap:1 urn:x\r\n", 1900),
      one + repeated("a=rtpmap:96 VP8/90000\r\n", 1900),
      one + repeated("a=rtcp-fb:* nack pli\r\n", 1900),
      one + repeated("a=fmtp:96 " + repeated("a=1;", 20) + "\r\n", 1900),
      one + "a=fmtp:96 " + repeated("a;", 100000) + "\r\n",
      one + repeated("a=candidate:1 1 udp 1 192.0.2.1 5 typ host\r\n", 1900),
      one + repeated("a=msid:s t\r\n", 1900),
      head + repeated("m=video 0 x y\r\n", 10000),
      head + "m=video 9 x " + repeated("1 ", 100000) + "\r\n",
      repeated("v=0\r\n", 60000),
      std::string(300 * 1024, 'a'),
      head + "a=" + std::string(250 * 1024, 'x') + "\r\n",
      head + transport + "a=group:BUNDLE" + repeated(" x", 100000) + "\r\n",
  };
  for (std::size_t i = 0; i < texts.size(); ++i) {
    INFO("description " << i << ", " << texts[i].size() << " bytes");
    std::optional<Error> error;
    const double seconds = cpu_seconds([&] { error = offer_to_session(texts[i]); });
    INFO((error ? error->message.substr(0, 300) : "accepted"));
    // With sanitizers, and what headers define not optimised; in a release a few milliseconds. What grows
    // with the square of its length would take minutes.
    CHECK(seconds < 3);
    if (error) CHECK(error->message.size() < 1000);
  }
}

}  // namespace
}  // namespace sluice::negotiate
