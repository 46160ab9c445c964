// What the JSEP tests share: a room, a session, recorded offers, and a client that answers as a browser
// would.
#pragma once

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include "base/random.h"
#include "catch.h"
#include "negotiate/codec_match.h"
#include "negotiate/jsep_session.h"
#include "negotiate/media_codecs.h"
#include "negotiate/ortc.h"
#include "sdp/sdp.h"

namespace sluice::negotiate::testing {

constexpr std::string_view kFingerprint =
    "19:B0:D2:41:7E:33:84:37:6B:2A:42:A3:2F:92:F4:7C:F0:C2:BB:AC:ED:CF:C9:4F:60:85:64:CE:B7:16:B9:18";

inline RtpCapabilities make_room() {
  std::vector<RtpCodecCapability> codecs(2);
  codecs[0].mime_type = "audio/opus";
  codecs[0].clock_rate = 48000;
  codecs[0].channels = 2;
  codecs[1].kind = MediaKind::kVideo;
  codecs[1].mime_type = "video/VP8";
  codecs[1].clock_rate = 90000;
  auto room = room_capabilities(codecs);
  REQUIRE(room.ok());
  return *room;
}

inline LocalTransport make_transport() {
  LocalTransport out;
  out.ice = {"serverufrag", "serverpasswordserverpass", true};
  IceCandidate candidate;
  candidate.foundation = "1";
  candidate.priority = 2130706431;
  candidate.address = "192.0.2.7";
  candidate.port = 40000;
  out.candidates.push_back(candidate);
  out.fingerprints.push_back({"sha-256", std::string(kFingerprint)});
  return out;
}

/// As the engine makes one from a producer: the room's numbers.
inline OutgoingTrack make_track(const RtpCapabilities& room, std::string id, MediaKind kind,
                                std::uint32_t ssrc) {
  OutgoingTrack out;
  out.id = std::move(id);
  out.kind = kind;
  out.stream_ids = {"stream-" + out.id};
  out.track_id = "track-" + out.id;
  for (const RtpCodecCapability& c : room.codecs) {
    if (c.kind != kind) continue;
    out.consumable.codecs.push_back(
        {c.mime_type, *c.preferred_payload_type, c.clock_rate, c.channels, c.parameters, c.rtcp_feedback});
  }
  for (const RtpHeaderExtension& e : room.header_extensions)
    if (e.kind == kind && e.direction == ExtensionDirection::kSendRecv)
      out.consumable.header_extensions.push_back({e.uri, e.preferred_id, false});
  RtpEncodingParameters encoding;
  encoding.ssrc = ssrc;
  if (kind == MediaKind::kVideo) encoding.rtx_ssrc = ssrc + 1;
  out.consumable.encodings.push_back(encoding);
  out.consumable.rtcp.cname = "cname-" + out.id;
  return out;
}

inline std::string recorded_offer(const std::string& name) {
  const auto path = std::filesystem::path(SLUICE_TEST_DATA) / "negotiate" / "offers" / (name + ".sdp");
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file.good());
  return {std::istreambuf_iterator<char>(file), {}};
}

inline sdp::SessionDescription parsed(std::string_view text) {
  auto result = sdp::parse(text);
  INFO((result.ok() ? std::string(text) : result.error().message));
  REQUIRE(result.ok());
  return *result;
}

template <typename T>
const T& good(const Result<T>& result) {
  INFO((result.ok() ? std::string() : result.error().field + ": " + result.error().message));
  REQUIRE(result.ok());
  return result.value();
}
inline void good(const Result<void>& result) {
  INFO((result.ok() ? std::string() : result.error().field + ": " + result.error().message));
  REQUIRE(result.ok());
}

/// A browser in little: opus 111, VP8 96 with RTX 97, mid extension 4, active DTLS, one bundle.
class Client {
 public:
  enum class Choice { kAccept, kReject, kInactive };
  using Policy = std::function<Choice(const sdp::MediaDescription&)>;

  std::string ufrag = "clientufrag";
  std::string fingerprint = std::string(kFingerprint);
  sdp::Setup answer_setup = sdp::Setup::kActive;
  std::vector<sdp::MediaDescription> sections;  ///< As last agreed, seen from here.

  /// A new m-line of its own. Gives its index.
  std::size_t add(std::string_view media, sdp::Direction direction) {
    sdp::MediaDescription m = described(media);
    m.mid = std::to_string(next_mid_++);
    m.direction = direction;
    if (sdp::sends(direction)) {
      const std::uint32_t ssrc = next_ssrc_;
      next_ssrc_ += 2;
      m.msids = {{"client", "track" + *m.mid}};
      m.ssrcs = {{ssrc, "cname", "client"}};
      if (media == "video") {
        m.ssrcs.push_back({ssrc + 1, "cname", "client"});
        m.ssrc_groups = {{"FID", {ssrc, ssrc + 1}}};
      }
    }
    sections.push_back(std::move(m));
    return sections.size() - 1;
  }

  [[nodiscard]] std::string offer() const { return written(sections, sdp::Setup::kActpass); }

  /// Notes the server's answer; its m-lines must be ours.
  void accept(std::string_view answer) {
    const auto theirs = parsed(answer);
    REQUIRE(theirs.media.size() == sections.size());
    for (std::size_t i = 0; i < sections.size(); ++i) {
      CHECK(theirs.media[i].media == sections[i].media);
      if (!theirs.media[i].rejected()) CHECK(theirs.media[i].mid == sections[i].mid);
      if (theirs.media[i].rejected()) sections[i].port = 0;
    }
  }

  std::string answer(std::string_view offer, const Policy& policy = nullptr) {
    const auto theirs = parsed(offer);
    std::vector<sdp::MediaDescription> mine;
    for (std::size_t i = 0; i < theirs.media.size(); ++i) {
      const sdp::MediaDescription& m = theirs.media[i];
      const bool known = i < sections.size() && sections[i].mid == m.mid;
      sdp::MediaDescription out = known ? sections[i] : described(m.media);
      out.mid = m.mid;
      const Choice choice = policy ? policy(m) : Choice::kAccept;
      out.port = m.rejected() || choice == Choice::kReject ? 0 : 9;
      const auto theirs_direction = m.direction.value_or(sdp::Direction::kSendRecv);
      const bool may_send = known && sdp::sends(sections[i].direction.value_or(sdp::Direction::kInactive));
      out.direction = choice == Choice::kInactive
                          ? sdp::Direction::kInactive
                          : sdp::make_direction(sdp::receives(theirs_direction) && may_send,
                                                sdp::sends(theirs_direction));
      keep_common(m, out);
      mine.push_back(std::move(out));
    }
    const std::string text = written(mine, answer_setup);
    for (std::size_t i = 0; i < mine.size(); ++i) {
      // As a transceiver does, an m-line of the server's wants to receive from now on.
      const bool known = i < sections.size() && sections[i].mid == mine[i].mid;
      mine[i].direction = known ? sections[i].direction : sdp::Direction::kRecvOnly;
    }
    sections = std::move(mine);
    return text;
  }

  static sdp::MediaDescription described(std::string_view media) {
    sdp::MediaDescription m;
    m.media = media;
    m.protocol = "UDP/TLS/RTP/SAVPF";
    m.rtcp_mux = true;
    m.extmaps = {{4, std::nullopt, std::string(extension_uri::kMid), {}},
                 {3, std::nullopt, std::string(extension_uri::kTransportWideCc), {}}};
    if (media == "audio") {
      m.formats = {"111", "63"};
      m.rtpmaps = {{111, "opus", 48000, 2}, {63, "red", 48000, 2}};
      m.fmtps = {{111, "minptime=10;useinbandfec=1"}, {63, "111/111"}};
      m.rtcp_fbs = {{111, "transport-cc", ""}};
    } else {
      m.formats = {"96", "97", "102"};
      m.rtpmaps = {{96, "VP8", 90000, std::nullopt},
                   {97, "rtx", 90000, std::nullopt},
                   {102, "H264", 90000, std::nullopt}};
      m.fmtps = {{97, "apt=96"}};
      m.rtcp_fbs = {{96, "nack", ""}, {96, "nack", "pli"}, {96, "transport-cc", ""}};
      m.extmaps.push_back({10, std::nullopt, std::string(extension_uri::kRid), {}});
    }
    return m;
  }

 private:
  static void keep_common(const sdp::MediaDescription& offer, sdp::MediaDescription& out) {
    out.formats = offer.formats;
    out.rtpmaps = offer.rtpmaps;
    out.fmtps = offer.fmtps;
    out.rtcp_fbs = offer.rtcp_fbs;
    out.extmaps = offer.extmaps;
  }

  [[nodiscard]] std::string written(std::vector<sdp::MediaDescription> media, sdp::Setup setup) const {
    sdp::SessionDescription out;
    out.lines.push_back({'t', "0 0"});
    sdp::Group bundle{"BUNDLE", {}};
    for (sdp::MediaDescription& m : media) {
      m.ice_ufrag = ufrag;
      m.ice_pwd = "clientpasswordclientpassword";
      m.fingerprints = {{"sha-256", fingerprint}};
      m.setup = setup;
      if (!m.rejected()) bundle.mids.push_back(*m.mid);
    }
    out.groups.push_back(std::move(bundle));
    out.media = std::move(media);
    return sdp::write(out);
  }

  int next_mid_ = 0;
  std::uint32_t next_ssrc_ = 5000;
};

/// A session and its client, with the messages between them.
struct Call {
  RtpCapabilities room = make_room();
  Random random{7};
  JsepSession session{room, make_transport(), random};
  Client client;
  std::uint32_t next_ssrc = 100;

  void add(const std::string& id, MediaKind kind) {
    session.add_track(make_track(room, id, kind, next_ssrc));
    next_ssrc += 2;
  }

  Effects client_offers() {
    good(session.set_remote_description(SdpType::kOffer, client.offer()));
    const std::string answer = good(session.create_answer());
    good(session.set_local_description(SdpType::kAnswer));
    CHECK(session.signaling_state() == SignalingState::kStable);
    client.accept(answer);
    return session.take_effects();
  }

  Effects server_offers(const Client::Policy& policy = nullptr) {
    const std::string offer = good(session.create_offer());
    good(session.set_local_description(SdpType::kOffer));
    good(session.set_remote_description(SdpType::kAnswer, client.answer(offer, policy)));
    CHECK(session.signaling_state() == SignalingState::kStable);
    return session.take_effects();
  }

  [[nodiscard]] sdp::SessionDescription local() const { return parsed(session.current_local_description()); }
};

}  // namespace sluice::negotiate::testing
