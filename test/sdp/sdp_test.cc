#include "sdp/sdp.h"

#include "base/random.h"
#include "catch.h"

namespace sluice::sdp {
namespace {

constexpr std::string_view kHead = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n";

SessionDescription parsed(std::string_view text) {
  auto result = parse(text);
  INFO((result.ok() ? std::string() : result.error().message));
  REQUIRE(result.ok());
  return *result;
}

MediaDescription section(const std::string& lines) {
  auto description = parsed(std::string(kHead) + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n" + lines);
  REQUIRE(description.media.size() == 1);
  return description.media[0];
}

Error refused(std::string_view text) {
  auto result = parse(text);
  REQUIRE_FALSE(result.ok());
  return result.error();
}

void check_round_trip(std::string_view text) {
  const SessionDescription first = parsed(text);
  const std::string written = write(first);
  const SessionDescription second = parsed(written);
  CHECK(first == second);
  CHECK(write(second) == written);
}

TEST_CASE("lines may end in CRLF or LF") {
  std::string text = std::string(kHead) + "m=audio 9 RTP/AVP 0\r\na=mid:0\r\n";
  const SessionDescription with_crlf = parsed(text);
  std::erase(text, '\r');
  CHECK(parsed(text) == with_crlf);
  CHECK(parsed(text.substr(0, text.size() - 1)) == with_crlf);
}

TEST_CASE("the session's lines and attributes are read") {
  const SessionDescription d = parsed(
      "v=0\r\no=alice 4611731400430051336 3 IN IP6 ::1\r\ns=a call\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
      "a=group:BUNDLE 0 v1\r\na=group:LS 0\r\na=ice-lite\r\na=ice-options:trickle "
      "ice2\r\na=extmap-allow-mixed\r\n"
      "a=fingerprint:sha-256 AB:cd:01\r\na=msid-semantic: WMS *\r\na=sendrecv\r\n");
  CHECK(d.origin.username == "alice");
  CHECK(d.origin.session_id == 4611731400430051336U);
  CHECK(d.origin.address_type == "IP6");
  CHECK(d.name == "a call");
  REQUIRE(d.lines.size() == 2);
  CHECK(d.lines[1] == Line{'t', "0 0"});
  REQUIRE(d.groups.size() == 2);
  CHECK(d.groups[0].mids == std::vector<std::string>{"0", "v1"});
  CHECK(d.ice_lite);
  CHECK(d.ice_options == std::vector<std::string>{"trickle", "ice2"});
  CHECK(d.extmap_allow_mixed);
  CHECK(d.fingerprints == std::vector<Fingerprint>{{"sha-256", "AB:cd:01"}});
  CHECK(d.direction == Direction::kSendRecv);
  REQUIRE(d.other.size() == 1);
  CHECK(d.other[0] == Attribute{"msid-semantic", " WMS *"});
}

TEST_CASE("codecs, feedback and extensions of a section are read") {
  const MediaDescription m = section(
      "a=rtpmap:96 VP8/90000\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n"
      "a=rtcp-fb:96 nack pli\r\na=rtcp-fb:* transport-cc\r\na=extmap:2/sendonly urn:x y z\r\na=extmap:14 "
      "urn:y\r\n"
      "a=rtcp-mux\r\na=rtcp-rsize\r\na=rtcp-mux-only\r\na=bundle-only\r\na=recvonly\r\n");
  REQUIRE(m.rtpmaps.size() == 2);
  CHECK(*m.rtpmap(96) == Rtpmap{96, "VP8", 90000, std::nullopt});
  CHECK(m.rtpmap(111)->channels == 2);
  CHECK(m.rtpmap(97) == nullptr);
  CHECK(m.fmtp(111)->config == "minptime=10;useinbandfec=1");
  CHECK(m.rtcp_fbs == std::vector<RtcpFb>{{96, "nack", "pli"}, {std::nullopt, "transport-cc", ""}});
  REQUIRE(m.extmaps.size() == 2);
  CHECK(m.extmaps[0] == Extmap{2, Direction::kSendOnly, "urn:x", "y z"});
  CHECK((m.rtcp_mux && m.rtcp_rsize && m.rtcp_mux_only && m.bundle_only));
  CHECK(m.direction == Direction::kRecvOnly);
}

TEST_CASE("sources, rids and simulcast of a section are read") {
  const MediaDescription m = section(
      "a=msid:stream track\r\na=ssrc:4294967295 cname:a:b\r\na=ssrc:1 mute\r\na=ssrc-group:FID 4294967295 "
      "1\r\n"
      "a=rid:q send max-width=320;pt=96\r\na=rid:r recv\r\na=simulcast:send q;~h,f recv r\r\n");
  CHECK(m.msids == std::vector<Msid>{{"stream", "track"}});
  CHECK(m.ssrcs[0] == SsrcAttribute{4294967295U, "cname", "a:b"});
  CHECK(m.ssrcs[1] == SsrcAttribute{1, "mute", std::nullopt});
  CHECK(m.ssrc_groups[0].ssrcs == std::vector<std::uint32_t>{4294967295U, 1});
  CHECK(m.rids[0] == Rid{"q", true, "max-width=320;pt=96"});
  CHECK_FALSE(m.rids[1].send);
  REQUIRE(m.simulcast->send.size() == 2);
  REQUIRE(m.simulcast->send[1].size() == 2);
  CHECK(m.simulcast->send[1][0].paused);
  CHECK(m.simulcast->send[1][1].rid == "f");
  CHECK(m.simulcast->recv.size() == 1);
}

TEST_CASE("transport attributes of a section are read") {
  const MediaDescription m = section(
      "a=ice-ufrag:aSqD\r\na=ice-pwd:GFwanZq0at1BXIS6OBVb0tYi\r\na=setup:actpass\r\na=end-of-candidates\r\n"
      "a=candidate:1 1 UDP 2122194687 192.0.2.1 45454 typ host generation 0 network-id 3\r\n"
      "a=candidate:2 1 tcp 1 2001:db8::1 9 typ srflx raddr 10.0.0.1 rport 5 tcptype active\r\n"
      "a=candidate:3 1 sctp 1 192.0.2.1 9 typ host\r\na=sctp-port:5000\r\na=max-message-size:262144\r\n");
  CHECK(m.ice_ufrag == "aSqD");
  CHECK(m.setup == Setup::kActpass);
  CHECK(m.end_of_candidates);
  REQUIRE(m.candidates.size() == 2);
  CHECK(m.candidates[0].ice.address == "192.0.2.1");
  CHECK(m.candidates[0].extension("network-id") == "3");
  CHECK(m.candidates[1].ice.tcp_type == IceTcpType::kActive);
  CHECK(m.candidates[1].ice.type == IceCandidateType::kSrflx);
  CHECK(m.candidates[1].related_port == 5);
  REQUIRE(m.other.size() == 1);  // a transport that is not known is kept, not used
  CHECK(m.sctp_port == 5000);
  CHECK(m.max_message_size == 262144);
}

TEST_CASE("what is not known survives a round trip") {
  check_round_trip(
      std::string(kHead) +
      "z=strange\r\na=unheard-of:1 2 3\r\na=flag\r\na=:\r\na=\r\na=empty:\r\n"
      "m=text 0/2 FOO bar baz\r\ni=a title\r\nb=AS:100\r\na=fmtp:bar x\r\na=rtcp:9 IN IP4 0.0.0.0\r\n"
      "a=rtcp-mux:odd\r\na=candidate:3 1 tcp 1 192.0.2.1 9 typ host\r\n");
}

TEST_CASE("everything that is known survives a round trip") {
  check_round_trip(
      std::string(kHead) +
      "a=group:BUNDLE 0\r\na=ice-lite\r\na=ice-options:trickle\r\na=setup:holdconn\r\n"
      "m=video 5 UDP/TLS/RTP/SAVPF 96 97\r\nc=IN IP4 192.0.2.1\r\na=mid:0\r\na=rtpmap:96 VP8/90000\r\n"
      "a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\na=rtcp-fb:* nack\r\na=extmap:1/inactive urn:a b\r\n"
      "a=candidate:1 1 udp 5 host.local 9 typ relay raddr 0.0.0.0 rport 0 ufrag abcd\r\na=msid:- "
      "t\r\na=msid:only\r\n"
      "a=ssrc:1 cname:x\r\na=ssrc-group:FID 1 2\r\na=rid:a send\r\na=simulcast:recv a,~b;c send d\r\n"
      "a=bundle-only\r\na=rtcp-mux\r\na=rtcp-mux-only\r\na=rtcp-rsize\r\na=sctp-port:1\r\na=max-message-size:"
      "0\r\n");
}

TEST_CASE("an error names the line, its number and what was expected") {
  struct Case {
    const char* line;
    const char* expected;
  };
  const Case c = GENERATE(
      Case{"a=rtpmap:128 VP8/90000", "rtpmap"}, Case{"a=rtpmap:96 VP8", "clock rate"},
      Case{"a=rtcp-fb:nack 96", "rtcp-fb"}, Case{"a=extmap:0 urn:x", "extmap"},
      Case{"a=extmap:1/both urn:x", "extmap"}, Case{"a=ssrc:x cname:y", "ssrc"}, Case{"a=ssrc:1", "ssrc"},
      Case{"a=ssrc-group:FID 1 b", "ssrc-group"}, Case{"a=rid:q sideways", "rid"},
      Case{"a=simulcast:send q;;h", "simulcast"}, Case{"a=simulcast:q", "simulcast"},
      Case{"a=ice-ufrag:abc", "4 to 256"}, Case{"a=ice-pwd:short", "22 to 256"},
      Case{"a=fingerprint:sha-256 AB:C", "fingerprint"}, Case{"a=setup:both", "actpass"},
      Case{"a=candidate:1 1 udp x 192.0.2.1 9 typ host", "priority"},
      Case{"a=candidate:1 1 udp 1 192.0.2.1 99999 typ host", "port"},
      Case{"a=candidate:1 1 udp 1 a 9 host", "typ"}, Case{"a=mid:a b", "mid"},
      Case{"a=sctp-port:x", "sctp-port"}, Case{"a=max-message-size:-1", "max-message-size"},
      Case{"m=video 70000 RTP/AVP 0", "port"}, Case{"m=video 9", "m=<media>"}, Case{"hello", "<letter>"},
      Case{"v=0", "only once"}, Case{"a=msid:a b c", "msid"}, Case{"x=y", "RFC 8866"},
      Case{"c=IN IP5 a", "c=IN IP4|IP6"}, Case{"t=0", "t=<start time>"}, Case{"b=AS", "b=<type>"},
      Case{"a=tls-id:short", "20 to 255"}, Case{"a=extmap:4352 urn:x", "4351"});
  const Error error = refused(std::string(kHead) + "m=audio 9 RTP/AVP 0\r\n" + c.line + "\r\n");
  INFO(error.message);
  CHECK(error.code == ErrorCode::kInvalidArgument);
  CHECK(error.field == c.line);
  CHECK(error.message.find("line 6") != std::string::npos);
  CHECK(error.message.find(c.expected) != std::string::npos);
}

TEST_CASE("a description that begins otherwise is refused at that line") {
  CHECK(refused("").message.find("v=0") != std::string::npos);
  CHECK(refused("hello").message.find("line 1") != std::string::npos);
  CHECK(refused("v=1\r\n").message.find("\"v=0\"") != std::string::npos);
  CHECK(refused("v=0\r\ns=-\r\n").message.find("o=<username>") != std::string::npos);
  CHECK(refused("v=0\r\no=- x 1 IN IP4 a\r\n").message.find("line 2") != std::string::npos);
  CHECK(refused("v=0\r\no=- 1 1 IN IP4 a\r\n").message.find("s=<session name>") != std::string::npos);
}

TEST_CASE("a line is found by its section and its beginning, else the section's own line") {
  const std::string text =
      std::string(kHead) + "a=mid:no\r\nm=audio 9 RTP/AVP 0\na=mid:a\nm=video 9 RTP/AVP 1\r\na=mid:v\r\n";
  const auto found = [&](std::size_t section, std::string_view prefix) {
    const FoundLine line = find_line(text, section, prefix);
    return describe_line(line.number, line.text);
  };
  CHECK(found(kSession, "a=mid") == "line 5 of the SDP is \"a=mid:no\"");
  CHECK(found(kSession, "a=group") == "line 1 of the SDP is \"v=0\"");
  CHECK(found(0, "a=mid") == "line 7 of the SDP is \"a=mid:a\"");
  CHECK(found(1, "a=mid") == "line 9 of the SDP is \"a=mid:v\"");
  CHECK(found(1, "a=setup") == "line 8 of the SDP is \"m=video 9 RTP/AVP 1\"");
  CHECK(find_line(text, 2, "a=mid").number == 0);
}

TEST_CASE("bandwidths are found by their type") {
  const MediaDescription m = section("b=AS:100\r\nb=TIAS:90000\r\nb=X-YZ:1\r\n");
  CHECK(bandwidth(m.lines, "AS") == 100);
  CHECK(bandwidth(m.lines, "TIAS") == 90000);
  CHECK_FALSE(bandwidth(m.lines, "CT").has_value());
}

TEST_CASE("a message stays printable whatever the line") {
  const Error error = refused("v=0\xff\x01" + std::string(500, 'y'));
  CHECK(error.message.size() < 300);
  CHECK(std::all_of(error.message.begin(), error.message.end(), [](char c) { return c >= ' ' && c <= '~'; }));
}

TEST_CASE("what can grow has limits") {
  std::string sections(kHead);
  for (std::size_t i = 0; i <= kMaxMediaSections; ++i) sections += "m=audio 9 RTP/AVP 0\r\n";
  CHECK(refused(sections).code == ErrorCode::kLimitExceeded);
  std::string attributes = std::string(kHead) + "m=audio 9 RTP/AVP 0\r\n";
  for (std::size_t i = 0; i <= kMaxAttributes; ++i) attributes += "a=x\r\n";
  CHECK(refused(attributes).code == ErrorCode::kLimitExceeded);
  CHECK(refused(std::string(kHead) + "a=" + std::string(kMaxBytes, 'x')).code == ErrorCode::kLimitExceeded);
}

TEST_CASE("a damaged description is refused or read, and what was read survives a round trip") {
  const std::string good =
      std::string(kHead) +
      "a=group:BUNDLE 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96 97\r\na=mid:0\r\na=ice-ufrag:aSqD\r\n"
      "a=rtpmap:96 VP8/90000\r\na=extmap:2/sendonly urn:x\r\na=simulcast:send q;~h\r\n"
      "a=candidate:1 1 udp 2122194687 192.0.2.1 45454 typ host generation 0\r\n"
      "a=ssrc-group:FID 1 2\r\na=fingerprint:sha-256 AB:CD\r\n";
  const std::uint64_t seed = GENERATE(1, 2, 3);
  INFO("seed " << seed);
  Random random(seed);
  for (int i = 0; i < 3000; ++i) {
    std::string text = good;
    for (std::uint32_t n = random.below(4) + 1; n > 0; --n) {
      const std::uint32_t at = random.below(static_cast<std::uint32_t>(text.size()));
      if (random.chance(0.3)) {
        text.erase(at, random.below(8));
      } else {
        text[at] = static_cast<char>(random.below(256));
      }
      if (text.empty()) text = "v";
    }
    const auto first = parse(text);
    if (!first) continue;
    const auto second = parse(write(*first));
    if (!second.ok() || !(*second == *first)) FAIL(text << "\n---\n" << write(*first));
  }
}

}  // namespace
}  // namespace sluice::sdp
