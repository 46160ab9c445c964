// Calls of one JSEP session in any order from both sides: tracks that come and go, offers, answers,
// rollbacks, restarts of ICE, candidates, by a client whose descriptions are sound, slightly damaged or
// nonsense. After each call: the states follow the W3C's diagram, a refused call changed nothing, mids keep
// their places and m-lines never get fewer, our descriptions are by the rules of test/negotiate/rules.h, and
// what was produced is exactly what the agreed m-lines receive.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "negotiate/jsep_session.h"
#include "negotiate/media_codecs.h"
#include "rules.h"
#include "sdp/sdp.h"

namespace {

using namespace sluice;             // NOLINT(google-build-using-namespace)
using namespace sluice::negotiate;  // NOLINT(google-build-using-namespace)

constexpr std::string_view kFingerprint =
    "19:B0:D2:41:7E:33:84:37:6B:2A:42:A3:2F:92:F4:7C:F0:C2:BB:AC:ED:CF:C9:4F:60:85:64:CE:B7:16:B9:18";

const RtpCapabilities& room() {
  static const RtpCapabilities kRoom = [] {
    std::vector<RtpCodecCapability> codecs = supported_capabilities().codecs;
    for (RtpCodecCapability& codec : codecs) codec.preferred_payload_type.reset();
    return *room_capabilities(codecs);
  }();
  return kRoom;
}

class Fuzz {
 public:
  explicit Fuzz(Bytes bytes) : in_(bytes), session_(room(), transport(), random_) {}

  void run() {
    for (int steps = 0; in_.remaining() > 0 && steps < 200; ++steps) {
      const SignalingState before = session_.signaling_state();
      step();
      check(before);
    }
  }

 private:
  static LocalTransport transport() {
    LocalTransport out;
    out.ice = {"serverufrag", "serverpasswordserverpass", true};
    out.fingerprints.push_back({"sha-256", std::string(kFingerprint)});
    out.candidates.emplace_back().address = "192.0.2.7";
    out.candidates.back().foundation = "1";
    out.candidates.back().port = 40000;
    return out;
  }

  void step() {
    switch (in_.u8() % 13) {
      case 0:
        return add_track();
      case 1:
        return session_.remove_track("t" + std::to_string(in_.u8() % 16));
      case 2:
        return add_section();
      case 3:
        return change_section();
      case 4:
        return remote(SdpType::kOffer,
                      client_description(sections_, sdp::Setup::kActpass, in_.u8() % 12 == 0));
      case 5:
        return remote(SdpType::kAnswer, answer());
      case 6:
        return remote(SdpType::kRollback, "");
      case 7:
        return created(SdpType::kOffer, session_.create_offer());
      case 8:
        return created(SdpType::kAnswer, session_.create_answer());
      case 9:
        return local(static_cast<SdpType>(in_.u8() % 4));
      case 10:
        session_.set_local_ice({"fresh" + std::to_string(in_.u8()), "freshpasswordfreshpassword", true},
                               transport().candidates);
        return;
      case 11:
        return remote(SdpType::kPranswer, answer());
      default:
        return candidate();
    }
  }

  void add_track() {
    const std::string id = "t" + std::to_string(in_.u8() % 16);
    session_.remove_track(id);
    OutgoingTrack track;
    track.id = id;
    track.kind = in_.u8() % 2 == 0 ? MediaKind::kAudio : MediaKind::kVideo;
    for (const RtpCodecCapability& c : room().codecs)
      if (c.kind == track.kind)
        track.consumable.codecs.push_back({c.mime_type, *c.preferred_payload_type, c.clock_rate, c.channels,
                                           c.parameters, c.rtcp_feedback});
    for (const RtpHeaderExtension& e : room().header_extensions)
      if (e.kind == track.kind) track.consumable.header_extensions.push_back({e.uri, e.preferred_id, false});
    track.consumable.encodings.emplace_back().ssrc = ++ssrc_;
    session_.add_track(std::move(track));
  }

  sdp::MediaDescription section() {
    sdp::MediaDescription m;
    const std::uint8_t kind = in_.u8();
    m.media = kind % 5 == 0 ? "application" : kind % 2 == 0 ? "audio" : "video";
    m.protocol = "UDP/TLS/RTP/SAVPF";
    m.rtcp_mux = true;
    const std::uint8_t base = in_.u8() % 120;
    m.rtpmaps = m.media == "audio"
                    ? std::vector<sdp::Rtpmap>{{base, "opus", 48000, 2}}
                    : std::vector<sdp::Rtpmap>{{base, "VP8", 90000, {}},
                                               {static_cast<std::uint8_t>(base + 1), "rtx", 90000, {}}};
    for (const sdp::Rtpmap& r : m.rtpmaps) m.formats.push_back(std::to_string(r.payload_type));
    m.fmtps = {{static_cast<std::uint8_t>(base + 1), "apt=" + std::to_string(base)}};
    const auto id = [&] {
      const std::uint8_t number = in_.u8();
      return static_cast<std::uint16_t>(number > 240 ? 4096 + number : number % 20 + 1);
    };
    m.extmaps = {{id(), {}, std::string(extension_uri::kMid), {}},
                 {id(), {}, std::string(extension_uri::kRid), {}}};
    if (kind & 0x40U) {
      m.rids = {{"q", true, ""}, {"h", true, kind & 0x10U ? "pt=" + std::to_string(base) : ""}};
      m.simulcast = sdp::Simulcast{{{{"q", false}}, {{"h", true}}}, {}};
    }
    if (kind & 0x08U) m.tls_id = "abcdefghijklmnopqrstuvwxyz";
    m.extmap_allow_mixed = (kind & 0x80U) != 0;
    m.rtcp_rsize = base % 2 == 0;
    if (base % 8 == 0) m.lines.push_back({'b', "TIAS:" + std::to_string(base * 10000)});
    if (kind & 0x20U) m.ssrcs = {{++ssrc_, "cname", "c"}};
    m.direction = static_cast<sdp::Direction>(in_.u8() % 4);
    return m;
  }

  void add_section() {
    if (sections_.size() > 40) return;
    sections_.push_back(section());
    sections_.back().mid = "c" + std::to_string(mid_++);
  }

  void change_section() {
    if (sections_.empty()) return;
    sdp::MediaDescription& m = sections_[in_.u8() % sections_.size()];
    const std::uint8_t how = in_.u8();
    if (how % 8 == 0) {
      m.port = m.port == 0 ? 9 : 0;
    } else if (how % 8 == 1) {
      const auto mid = m.mid;
      m = section();
      m.mid = mid;
    } else {
      m.direction = static_cast<sdp::Direction>(how % 4);
    }
  }

  /// `alone`: by a client that knows neither BUNDLE nor mids.
  std::string client_description(std::vector<sdp::MediaDescription> media, sdp::Setup setup, bool alone) {
    sdp::SessionDescription out;
    sdp::Group bundle{"BUNDLE", {}};
    const std::uint8_t how = in_.u8();
    if (how % 16 == 0) ++restarts_;
    for (sdp::MediaDescription& m : media) {
      m.ice_ufrag = "client" + std::to_string(restarts_);
      m.ice_pwd = "clientpasswordclientpassword";
      m.fingerprints = {{"sha-256", std::string(kFingerprint)}};
      m.setup = setup;
      if (!m.rejected() && m.mid) bundle.mids.push_back(*m.mid);
      if (alone) m.mid.reset();
    }
    if (how % 5 == 0 && bundle.mids.size() > 1) out.groups.push_back({"LS", bundle.mids});
    if (how % 11 == 0 && bundle.mids.size() > 1) std::swap(bundle.mids.front(), bundle.mids.back());
    if (how % 13 == 0 && bundle.mids.size() > 1) bundle.mids.pop_back();
    if (!alone) out.groups.push_back(std::move(bundle));
    if (how % 3 == 0) out.ice_options = {"trickle"};
    out.media = std::move(media);
    std::string text = sdp::write(out);
    if (how % 7 == 0)
      for (int i = how % 3; i >= 0; --i) text[in_.u16() % text.size()] = static_cast<char>(in_.u8());
    return text;
  }

  std::string answer() {
    const auto offer = sdp::parse(session_.pending_local_description());
    if (!offer) return "nonsense";
    std::vector<sdp::MediaDescription> media = offer->media;
    for (sdp::MediaDescription& m : media) {
      const std::uint8_t how = in_.u8();
      m.candidates.clear();
      if (how % 8 == 0) m.port = 0;
      m.direction = how % 8 == 1 ? sdp::Direction::kInactive : sdp::reversed(*m.direction);
    }
    const std::uint8_t how = in_.u8();
    return client_description(media, how % 4 == 0 ? sdp::Setup::kPassive : sdp::Setup::kActive,
                              how % 16 == 1);
  }

  void remote(SdpType type, const std::string& text) {
    const SignalingState before = session_.signaling_state();
    const std::string current = session_.current_local_description();
    const std::string pending = session_.pending_local_description();
    const auto result = session_.set_remote_description(type, text);
    if (!result) {
      SLUICE_CHECK(!result.error().message.empty());
      SLUICE_CHECK(session_.signaling_state() == before && session_.current_local_description() == current &&
                   session_.pending_local_description() == pending);
      return;
    }
    created_ = false;
    settle(type);
  }

  void created(SdpType type, const Result<std::string>& text) {
    if (!text) return;
    created_ = true;
    check_description(*text);
    if (type == SdpType::kAnswer) check_answer(*text);
    if (in_.u8() % 2 != 0) return;
    if (type == SdpType::kAnswer && in_.u8() % 4 == 0) type = SdpType::kPranswer;
    SLUICE_CHECK(session_.set_local_description(type, *text).ok());
    created_ = type == SdpType::kPranswer;
    settle(type);
  }

  void local(SdpType type) {
    if (!session_.set_local_description(type)) return;
    created_ = type == SdpType::kPranswer;
    settle(type);
  }

  void settle(SdpType type) {
    if (type == SdpType::kAnswer) agree();
    if (type != SdpType::kPranswer) return;
    const Effects effects = session_.take_effects();
    SLUICE_CHECK(effects.unproduced.empty() && effects.refused.empty() && effects.declined.empty());
    apply(effects);
  }

  void check_answer(const std::string& text) const {
    const auto offer = sdp::parse(session_.pending_remote_description());
    const auto answer = sdp::parse(text);
    for (const auto& rule : testing::answer_rules()) {
      const std::string broken = rule.broken(*offer, *answer);
      if (!broken.empty()) std::fprintf(stderr, "%s: %s\n", std::string(rule.rule).c_str(), broken.c_str());
      SLUICE_CHECK(broken.empty());
    }
  }

  /// The client's view after an answer on either side: every m-line, as agreed.
  void agree() {
    const auto agreed = sdp::parse(session_.current_local_description());
    SLUICE_CHECK(agreed.ok() && agreed->media.size() >= lines_);
    created_ = false;
    lines_ = agreed->media.size();
    check_places();
    std::vector<sdp::MediaDescription> mine;
    for (std::size_t i = 0; i < lines_; ++i) {
      const auto& m = agreed->media[i];
      mine.push_back(i < sections_.size() && sections_[i].mid == m.mid ? sections_[i] : m);
      mine.back().candidates.clear();
      mine.back().end_of_candidates = mine.back().bundle_only = mine.back().rtcp_mux_only = false;
      mine.back().port = m.port;
      if (!mine.back().mid) mine.back().mid = "c" + std::to_string(mid_++);
    }
    sections_ = std::move(mine);
    apply(session_.take_effects());
  }

  void apply(const Effects& effects) {
    std::set<std::string> produced;
    for (const IncomingTrack& t : effects.produced) {
      SLUICE_CHECK(!t.rtp_parameters.codecs.empty() && !t.rtp_parameters.encodings.empty());
      produced.insert(t.mid);
    }
    for (const std::string& mid : effects.unproduced) SLUICE_CHECK(produced_.erase(mid) == 1);
    produced_.merge(produced);
    for (const NegotiatedTrack& t : effects.consumed)
      SLUICE_CHECK(!t.rtp_parameters.codecs.empty() && t.rtp_parameters.mid == t.mid);
    for (const std::string& id : effects.held) SLUICE_CHECK(held_.insert(id).second);
    for (const std::string& id : effects.released) SLUICE_CHECK(held_.erase(id) == 1);
    for (const Effects::Refusal& r : effects.refused) held_.erase(r.id);
    if (session_.signaling_state() == SignalingState::kStable) held_.clear();
    if (effects.transport) SLUICE_CHECK(effects.transport->dtls.role != DtlsRole::kAuto);
  }

  void candidate() {
    std::string text = "candidate:1 1 udp 1 192.0.2.1 5 typ host";
    if (in_.u8() % 2 == 0) text[in_.u8() % text.size()] = static_cast<char>(in_.u8());
    (void)session_.add_ice_candidate(text, "c" + std::to_string(in_.u8() % 4), std::nullopt, "");
  }

  /// RFC 3264, RFC 8843: mids once, the bundle complete, a codec behind every format.
  void check_description(const std::string& text) const {
    const auto d = sdp::parse(text);
    SLUICE_CHECK(d.ok());
    std::set<std::string> mids;
    std::vector<std::string> bundled;
    for (const sdp::MediaDescription& m : d->media) {
      if (m.mid) SLUICE_CHECK(mids.insert(*m.mid).second || m.rejected());
      if (m.rejected()) continue;
      SLUICE_CHECK(m.rtcp_mux && !m.formats.empty() && m.rtpmaps.size() == m.formats.size());
      SLUICE_CHECK(m.mid || d->groups.empty());  // a client without mids is answered without
      if (m.mid) bundled.push_back(*m.mid);
    }
    std::vector<std::string> group = testing::bundle_of(*d).mids;
    std::sort(group.begin(), group.end());
    std::sort(bundled.begin(), bundled.end());
    SLUICE_CHECK(group.empty() || group == bundled);
    for (const auto& rule : testing::text_rules()) SLUICE_CHECK(rule.broken(text).empty());
  }

  /// A mid keeps its m-line until it was rejected.
  void check_places() {
    const auto sections = session_.sections();
    SLUICE_CHECK(sections.size() == lines_);
    for (std::size_t i = 0; i < places_.size(); ++i)
      SLUICE_CHECK(places_[i].empty() || sections[i].rejected || sections[i].mid == places_[i]);
    places_.clear();
    for (const Section& s : sections) places_.push_back(s.rejected ? "" : s.mid);
  }

  void check(SignalingState before) {
    (void)session_.negotiation_needed();
    const SignalingState now = session_.signaling_state();
    const bool provisional =
        now == SignalingState::kHaveLocalPranswer || now == SignalingState::kHaveRemotePranswer;
    SLUICE_CHECK(session_.pending_local_description().empty() !=
                 (provisional || now == SignalingState::kHaveLocalOffer));
    SLUICE_CHECK(session_.pending_remote_description().empty() !=
                 (provisional || now == SignalingState::kHaveRemoteOffer));
    check_step(before, now);
    std::set<std::string> sending;
    std::set<std::string> receiving;
    for (const Section& s : session_.sections()) {
      if (s.sending) SLUICE_CHECK(!s.rejected && sending.insert(s.track_id).second);
      if (s.receiving) SLUICE_CHECK(!s.rejected && receiving.insert(s.mid).second);
    }
    if (now == SignalingState::kStable && !created_) SLUICE_CHECK(receiving == produced_);
  }

  /// W3C WebRTC §4.3.1: what may follow on what; from one side's offer to the other's, only ours gives way.
  static void check_step(SignalingState before, SignalingState now) {
    using S = SignalingState;
    if (before == now || now == S::kStable) return;
    switch (before) {
      case S::kStable:
        SLUICE_CHECK(now == S::kHaveLocalOffer || now == S::kHaveRemoteOffer);
        return;
      case S::kHaveLocalOffer:
        SLUICE_CHECK(now == S::kHaveRemoteOffer || now == S::kHaveRemotePranswer);
        return;
      case S::kHaveRemoteOffer:
        SLUICE_CHECK(now == S::kHaveLocalPranswer);
        return;
      default:
        SLUICE_CHECK(false);
    }
  }

  ByteReader in_;
  Random random_{1};
  JsepSession session_;
  std::vector<sdp::MediaDescription> sections_;
  std::set<std::string> produced_;
  std::set<std::string> held_;
  std::vector<std::string> places_;  ///< Mids by m-line, empty where rejected.
  bool created_ = false;             ///< A description was created and not set: sections() are of that.
  int restarts_ = 0;
  std::uint32_t ssrc_ = 0;
  std::size_t lines_ = 0;
  int mid_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Fuzz(Bytes(data, size)).run();
  return 0;
}
