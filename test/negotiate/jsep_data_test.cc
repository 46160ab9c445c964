// The m-line of data channels (RFC 8841).
#include "jsep_fixture.h"

namespace sluice::negotiate {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

const sdp::MediaDescription& data_of(const sdp::SessionDescription& description) {
  return *std::find_if(description.media.begin(), description.media.end(),
                       [](const sdp::MediaDescription& m) { return m.media == "application"; });
}

Effects answered(JsepSession& session, const std::string& offer) {
  good(session.set_remote_description(SdpType::kOffer, offer));
  good(session.set_local_description(SdpType::kAnswer));
  return session.take_effects();
}

std::string changed(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

TEST_CASE("data channels are accepted, beside media or alone, and the engine is told where SCTP goes") {
  const std::string name = GENERATE(as<std::string>(), "chromium-data-first", "chromium-data-only",
                                    "firefox-data-only", "libdatachannel-data-first");
  INFO(name);
  Call call;
  const Effects effects = answered(call.session, recorded_offer(name));
  const auto answer = call.local();
  const sdp::MediaDescription& data = data_of(answer);
  CHECK(data.port == 40000);
  CHECK(data.protocol == "UDP/DTLS/SCTP");
  CHECK(data.formats == std::vector<std::string>{"webrtc-datachannel"});
  CHECK(data.sctp_port == 5000);
  CHECK(data.max_message_size == 262144U);
  CHECK_FALSE(data.direction.has_value());
  CHECK_FALSE(data.rtcp_mux);
  REQUIRE(effects.data.has_value());
  CHECK(effects.data->mid == data.mid);
  CHECK(effects.data->remote_port == 5000);
  const auto theirs = data_of(parsed(recorded_offer(name))).max_message_size;
  CHECK(effects.data->max_send_message_size == theirs.value_or(65536));
  CHECK(effects.transport.has_value());
  CHECK(effects.declined.empty());
}

TEST_CASE("the drafts' form, DTLS/SCTP with a=sctpmap, is answered in kind") {
  Call call;
  const Effects effects = answered(call.session, recorded_offer("aiortc-data-and-video"));
  const auto answer = call.local();
  const sdp::MediaDescription& data = data_of(answer);
  CHECK(data.port == 40000);
  CHECK(data.protocol == "DTLS/SCTP");
  CHECK(data.formats == std::vector<std::string>{"5000"});
  CHECK_FALSE(data.sctp_port.has_value());
  REQUIRE(data.other.size() == 1);
  CHECK(data.other[0] == sdp::Attribute{"sctpmap", "5000 webrtc-datachannel 1024"});
  REQUIRE(effects.data.has_value());
  CHECK(effects.data->max_send_message_size == 65536);
}

TEST_CASE("a client's numbers count: another port, no limit, none at all") {
  const std::string offer = recorded_offer("chromium-data-only");
  Call call;
  const Effects effects =
      answered(call.session, changed(changed(offer, "a=sctp-port:5000", "a=sctp-port:6000"),
                                     "a=max-message-size:262144", "a=max-message-size:0"));
  CHECK(effects.data->remote_port == 6000);
  CHECK(effects.data->max_send_message_size == 0);
  Call other;
  const Effects missing = answered(other.session, changed(changed(offer, "a=sctp-port:5000\r\n", ""),
                                                          "a=max-message-size:262144\r\n", ""));
  CHECK(missing.data->remote_port == 5000);
  CHECK(missing.data->max_send_message_size == 65536);
}

TEST_CASE("no data channels: another application, a closed port, or a peer that takes none") {
  const std::string offer = recorded_offer("chromium-data-first");
  for (const std::string& changes :
       {changed(offer, "webrtc-datachannel", "something-else"), changed(offer, "UDP/DTLS/SCTP", "UDP/BFCP"),
        changed(offer, "a=sctp-port:5000", "a=sctp-port:0")}) {
    Call call;
    const Effects effects = answered(call.session, changes);
    CHECK(data_of(call.local()).port == 0);
    CHECK_FALSE(effects.data.has_value());
    REQUIRE(effects.declined.size() == 1);
    CHECK(effects.declined[0].media == "application");
  }
  Random random(1);
  LocalTransport local = make_transport();
  local.data.reset();
  JsepSession none(make_room(), local, random);
  const Effects effects = answered(none, offer);
  REQUIRE(effects.declined.size() == 1);
  CHECK(effects.declined[0].reason == "the peer takes no data channels");
}

TEST_CASE("the same data channels again are no news; their end is") {
  Call call;
  const std::string offer = recorded_offer("chromium-data-first");
  CHECK(answered(call.session, offer).data.has_value());
  const Effects again = answered(call.session, offer);
  CHECK_FALSE(again.data.has_value());
  CHECK_FALSE(again.data_ended);
  const Effects ended = answered(call.session, changed(offer, "m=application 9", "m=application 0"));
  CHECK(ended.data_ended);
  CHECK(data_of(call.local()).port == 0);
}

TEST_CASE("the server offers data channels when it wants them, once, and keeps them in its later offers") {
  Call call;
  CHECK_FALSE(call.session.negotiation_needed());
  call.session.want_data();
  CHECK(call.session.negotiation_needed());
  const auto offer = parsed(good(call.session.create_offer()));
  REQUIRE(offer.media.size() == 1);
  CHECK(offer.media[0].media == "application");
  CHECK(offer.media[0].sctp_port == 5000);
  CHECK_FALSE(offer.media[0].rtcp_mux);
  good(call.session.set_local_description(SdpType::kOffer));
  // The client's own m-line, as an answer to ours.
  std::string answer = recorded_offer("chromium-data-only");
  answer = changed(changed(answer, "a=setup:actpass", "a=setup:active"), "a=mid:0", "a=mid:s0");
  answer = changed(answer, "a=group:BUNDLE 0", "a=group:BUNDLE s0");
  good(call.session.set_remote_description(SdpType::kAnswer, answer));
  const Effects effects = call.session.take_effects();
  REQUIRE(effects.data.has_value());
  CHECK(effects.data->mid == "s0");
  CHECK_FALSE(call.session.negotiation_needed());
  call.add("v", MediaKind::kVideo);
  const auto next = parsed(good(call.session.create_offer()));
  REQUIRE(next.media.size() == 2);
  CHECK(next.media[0].media == "application");
  CHECK(next.media[0].port != 0);
}

TEST_CASE("data channels that a client refuses are not offered again, once its group is agreed") {
  Call call;
  call.add("a", MediaKind::kAudio);
  call.session.want_data();
  const auto refuse_data = [](const sdp::MediaDescription& m) {
    return m.media == "application" ? Client::Choice::kReject : Client::Choice::kAccept;
  };
  call.server_offers(refuse_data);
  CHECK(call.session.negotiation_needed());  // perhaps it did not know a=bundle-only
  call.server_offers(refuse_data);
  CHECK_FALSE(call.session.negotiation_needed());
  CHECK_FALSE(call.session.take_effects().data.has_value());
  const auto next = parsed(good(call.session.create_offer()));
  CHECK(data_of(next).port == 0);
}

TEST_CASE("want_data has nothing to do once the client has offered data channels") {
  Call call;
  call.session.want_data();
  answered(call.session, recorded_offer("chromium-data-first"));
  CHECK_FALSE(call.session.negotiation_needed());
}

}  // namespace
}  // namespace sluice::negotiate
