// A session description (RFC 8866) as values: what every attribute that WebRTC uses says, and everything else
// as it stood. Nothing here judges whether a description makes sense; src/negotiate does.
//
// Invariant: parse(write(d)) == d for every d that parse() gave. Attributes that are not understood, and
// lines of types not known, are kept in `other` and `lines`, in their order among themselves.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sdp/candidate.h"

namespace sluice::sdp {

enum class Direction : std::uint8_t { kSendRecv, kSendOnly, kRecvOnly, kInactive };
constexpr bool sends(Direction d) {
  return d == Direction::kSendRecv || d == Direction::kSendOnly;
}
constexpr bool receives(Direction d) {
  return d == Direction::kSendRecv || d == Direction::kRecvOnly;
}
constexpr Direction make_direction(bool send, bool receive) {
  if (send) return receive ? Direction::kSendRecv : Direction::kSendOnly;
  return receive ? Direction::kRecvOnly : Direction::kInactive;
}
/// As the other side writes it.
constexpr Direction reversed(Direction d) {
  return make_direction(receives(d), sends(d));
}
std::string_view to_string(Direction direction);

/// a=setup (RFC 4145 §4, RFC 8842 §5).
enum class Setup : std::uint8_t { kActive, kPassive, kActpass, kHoldconn };
std::string_view to_string(Setup setup);

/// a=name or a=name:value.
struct Attribute {
  std::string name;
  std::optional<std::string> value;
  friend bool operator==(const Attribute&, const Attribute&) = default;
};

/// Any line that is not v=, o=, s=, a= or m=.
struct Line {
  char type = 'c';
  std::string value;
  friend bool operator==(const Line&, const Line&) = default;
};

/// b=AS (kbit/s, RFC 8866 §5.8) or b=TIAS (bit/s, RFC 3890 §6.2) among `lines`: the number, in the line's own
/// unit.
std::optional<std::uint64_t> bandwidth(const std::vector<Line>& lines, std::string_view type);

/// o= (RFC 8866 §5.2).
struct Origin {
  std::string username = "-";
  std::uint64_t session_id = 0;
  std::uint64_t session_version = 0;
  std::string network_type = "IN";
  std::string address_type = "IP4";
  std::string address = "127.0.0.1";
  friend bool operator==(const Origin&, const Origin&) = default;
};

/// a=group (RFC 5888 §5; BUNDLE: RFC 8843).
struct Group {
  std::string semantics;
  std::vector<std::string> mids;
  friend bool operator==(const Group&, const Group&) = default;
};

/// a=fingerprint (RFC 8122 §5): "sha-256", "AB:CD:…".
struct Fingerprint {
  std::string algorithm;
  std::string value;
  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};

/// a=extmap (RFC 8285 §8).
struct Extmap {
  std::uint16_t id = 0;
  std::optional<Direction> direction;
  std::string uri;
  std::string attributes;
  friend bool operator==(const Extmap&, const Extmap&) = default;
};

/// a=rtpmap (RFC 8866 §6.6).
struct Rtpmap {
  std::uint8_t payload_type = 0;
  std::string encoding;
  std::uint32_t clock_rate = 0;
  std::optional<std::uint8_t> channels;
  friend bool operator==(const Rtpmap&, const Rtpmap&) = default;
};

/// a=fmtp (RFC 8866 §6.15); the configuration has its own grammar for each codec and stays text.
struct Fmtp {
  std::uint8_t payload_type = 0;
  std::string config;
  friend bool operator==(const Fmtp&, const Fmtp&) = default;
};

/// a=rtcp-fb (RFC 4585 §4.2); no payload type: "*", all of them.
struct RtcpFb {
  std::optional<std::uint8_t> payload_type;
  std::string type;
  std::string parameter;
  friend bool operator==(const RtcpFb&, const RtcpFb&) = default;
};

/// a=msid (RFC 8830 §2): stream ("-": none) and track.
struct Msid {
  std::string stream;
  std::string track;
  friend bool operator==(const Msid&, const Msid&) = default;
};

/// a=ssrc (RFC 5576 §4.1).
struct SsrcAttribute {
  std::uint32_t ssrc = 0;
  std::string name;
  std::optional<std::string> value;
  friend bool operator==(const SsrcAttribute&, const SsrcAttribute&) = default;
};

/// a=ssrc-group (RFC 5576 §4.2): FID, SIM, FEC-FR.
struct SsrcGroup {
  std::string semantics;
  std::vector<std::uint32_t> ssrcs;
  friend bool operator==(const SsrcGroup&, const SsrcGroup&) = default;
};

/// a=rid (RFC 8851 §10).
struct Rid {
  std::string id;
  bool send = true;
  std::string restrictions;
  friend bool operator==(const Rid&, const Rid&) = default;
};

/// a=simulcast (RFC 8853 §5.1): streams in order, each a list of alternative rids.
struct Simulcast {
  struct Alternative {
    std::string rid;
    bool paused = false;  ///< "~".
    friend bool operator==(const Alternative&, const Alternative&) = default;
  };
  using Streams = std::vector<std::vector<Alternative>>;
  Streams send;
  Streams recv;
  friend bool operator==(const Simulcast&, const Simulcast&) = default;
};

/// What both levels may carry; a media section without it takes the session's.
struct SharedAttributes {
  std::optional<Direction> direction;
  std::optional<std::string> ice_ufrag;  ///< RFC 8839 §5.4.
  std::optional<std::string> ice_pwd;
  std::vector<std::string> ice_options;  ///< RFC 8839 §5.6.
  std::vector<Fingerprint> fingerprints;
  std::optional<Setup> setup;
  std::optional<std::string> tls_id;  ///< RFC 8842 §4.
  std::vector<Extmap> extmaps;
  bool extmap_allow_mixed = false;  ///< RFC 8285 §6.
  std::vector<Attribute> other;
  friend bool operator==(const SharedAttributes&, const SharedAttributes&) = default;
};

/// One m= section.
struct MediaDescription : SharedAttributes {
  std::string media;  ///< "audio", "video", "application".
  std::uint16_t port = 9;
  std::optional<std::uint16_t> port_count;
  std::string protocol;
  std::vector<std::string> formats;
  std::vector<Line> lines;  ///< i=, c=, b=, k=.

  std::optional<std::string> mid;  ///< RFC 5888 §4.
  bool bundle_only = false;        ///< RFC 8843 §6.
  bool rtcp_mux = false;           ///< RFC 5761 §5.1.3.
  bool rtcp_mux_only = false;      ///< RFC 8858.
  bool rtcp_rsize = false;         ///< RFC 5506 §5.
  std::vector<Candidate> candidates;
  bool end_of_candidates = false;  ///< RFC 8840 §8.2.
  std::vector<Rtpmap> rtpmaps;
  std::vector<Fmtp> fmtps;
  std::vector<RtcpFb> rtcp_fbs;
  std::optional<std::uint32_t> ptime;     ///< RFC 8866 §6.4, in microseconds of media in a packet.
  std::optional<std::uint32_t> maxptime;  ///< RFC 8866 §6.5, the same.
  std::vector<Msid> msids;
  std::vector<SsrcAttribute> ssrcs;
  std::vector<SsrcGroup> ssrc_groups;
  std::vector<Rid> rids;
  std::optional<Simulcast> simulcast;
  std::optional<std::uint16_t> sctp_port;         ///< RFC 8841 §5.
  std::optional<std::uint64_t> max_message_size;  ///< RFC 8841 §6.
  friend bool operator==(const MediaDescription&, const MediaDescription&) = default;

  /// Port 0 that does not merely mean "in the bundle" (RFC 8843 §6).
  [[nodiscard]] bool rejected() const { return port == 0 && !bundle_only; }
  [[nodiscard]] const Rtpmap* rtpmap(std::uint8_t payload_type) const;
  [[nodiscard]] const Fmtp* fmtp(std::uint8_t payload_type) const;
};

struct SessionDescription : SharedAttributes {
  Origin origin;
  std::string name = "-";
  std::vector<Line> lines;  ///< Between s= and the attributes: t= and its like.
  bool ice_lite = false;    ///< RFC 8839 §5.3.
  std::vector<Group> groups;
  std::vector<MediaDescription> media;
  friend bool operator==(const SessionDescription&, const SessionDescription&) = default;
};

}  // namespace sluice::sdp
