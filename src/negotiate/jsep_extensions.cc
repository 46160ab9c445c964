#include "negotiate/jsep_extensions.h"

#include <algorithm>
#include <bitset>
#include <set>
#include <string_view>

namespace sluice::negotiate::jsep {
namespace {

constexpr std::uint16_t kReserved = 15;  // RFC 8285 §4.2
constexpr std::uint16_t kFirstLeftToUs = 4096;
constexpr std::uint16_t kMostOneByte = 14;

using Ids = std::bitset<256>;

bool is_carried(std::uint16_t id) {
  return id <= 255 && id != kReserved;
}

Ids taken_ids(const sdp::SessionDescription& description) {
  Ids out;
  const auto add = [&](const std::vector<sdp::Extmap>& extmaps) {
    for (const sdp::Extmap& e : extmaps)
      if (is_carried(e.id)) out.set(e.id);
  };
  add(description.extmaps);
  for (const sdp::MediaDescription& m : description.media) add(m.extmaps);
  return out;
}

bool is_known(const RtpCapabilities& room, MediaKind kind, std::string_view uri) {
  return std::any_of(room.header_extensions.begin(), room.header_extensions.end(),
                     [&](const RtpHeaderExtension& e) { return e.kind == kind && e.uri == uri; });
}

/// The same for every m-line of a description: the client wants one URI to have one id in a bundle.
std::uint16_t chosen_id(const RtpCapabilities& room, std::string_view uri, const Ids& taken) {
  std::set<std::string_view> uris;
  for (const RtpHeaderExtension& e : room.header_extensions) uris.insert(e.uri);
  std::uint16_t id = 0;
  for (const std::string_view known : uris) {
    do ++id;
    while (id <= kMostOneByte && taken.test(id));
    if (id > kMostOneByte) return 0;
    if (known == uri) return id;
  }
  return 0;
}

/// Bundled m-lines share one RTP session, where an id stands for one extension (RFC 8285 §5, RFC 8829
/// §5.2.1). Of a client whose m-lines each count from 1 (aiortc), the first one that the room takes has the
/// id: with both, the client could not read what we send.
bool is_taken_before(const sdp::SessionDescription& description, const sdp::MediaDescription& media,
                     const RtpCapabilities& room, const sdp::Extmap& extmap) {
  for (const sdp::MediaDescription& before : description.media) {
    if (&before == &media) return false;
    const MediaKind kind = before.media == "audio" ? MediaKind::kAudio : MediaKind::kVideo;
    for (const sdp::Extmap& e : before.extmaps)
      if (e.id == extmap.id && e.uri != extmap.uri && is_known(room, kind, e.uri)) return true;
  }
  return false;
}

}  // namespace

std::vector<sdp::Extmap> extensions_of(const sdp::SessionDescription& description,
                                       const sdp::MediaDescription& media, const RtpCapabilities& room,
                                       MediaKind kind) {
  std::vector<sdp::Extmap> out;
  std::set<std::uint16_t> ids;
  std::set<std::string_view> uris;
  for (const auto* level : {&media.extmaps, &description.extmaps}) {
    for (const sdp::Extmap& e : *level) {
      if (!is_carried(e.id) || uris.contains(e.uri) || is_taken_before(description, media, room, e)) continue;
      if (!ids.insert(e.id).second) continue;
      uris.insert(e.uri);
      out.push_back(e);
    }
  }
  std::optional<Ids> taken;
  for (const auto* level : {&media.extmaps, &description.extmaps}) {
    for (const sdp::Extmap& e : *level) {
      if (e.id < kFirstLeftToUs || uris.contains(e.uri) || !is_known(room, kind, e.uri)) continue;
      if (!taken) taken = taken_ids(description);
      const std::uint16_t id = chosen_id(room, e.uri, *taken);
      if (id == 0 || !ids.insert(id).second) continue;
      uris.insert(e.uri);
      out.push_back(e);
      out.back().id = id;
    }
  }
  return out;
}

}  // namespace sluice::negotiate::jsep
