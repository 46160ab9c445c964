#include "negotiate/jsep_data.h"

#include <algorithm>
#include <charconv>

namespace sluice::negotiate::jsep {
namespace {

constexpr std::string_view kFormat = "webrtc-datachannel";  // RFC 8841 §4.3
constexpr std::string_view kProtocol = "UDP/DTLS/SCTP";     // §4.1
constexpr std::string_view kOldProtocol = "DTLS/SCTP";      // draft-ietf-mmusic-sctp-sdp-06 and before
constexpr std::string_view kSctpmap = "sctpmap";
constexpr std::size_t kDefaultMaxMessageSize = 65'536;  // §6: when a=max-message-size is missing

/// a=sctpmap:5000 webrtc-datachannel 1024
bool maps_channels(const sdp::MediaDescription& media, const std::string& port) {
  return std::ranges::any_of(media.other, [&](const sdp::Attribute& attribute) {
    return attribute.name == kSctpmap && attribute.value &&
           (attribute.value->starts_with(port + ' ' + std::string(kFormat) + ' ') ||
            *attribute.value == port + ' ' + std::string(kFormat));
  });
}

std::optional<std::uint16_t> parse_port(const std::string& text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

}  // namespace

std::optional<RemoteData> read_data(const sdp::MediaDescription& media) {
  if (media.media != "application" || media.formats.size() != 1) return std::nullopt;
  RemoteData out;
  out.max_message_size = media.max_message_size.value_or(kDefaultMaxMessageSize);
  if (media.protocol == kOldProtocol) {
    const auto port = parse_port(media.formats.front());
    if (!port || !maps_channels(media, media.formats.front())) return std::nullopt;
    out.port = *port;
    return out;
  }
  // §4.1 has TCP/DTLS/SCTP too; what the bundle's transport is, ICE decides (RFC 8829 §5.1.2).
  if (media.protocol != kProtocol && media.protocol != "TCP/DTLS/SCTP") return std::nullopt;
  // §5.2: 5000 when a=sctp-port is missing, 0 when the client wants no association.
  out.port = media.sctp_port.value_or(5000);
  return media.formats.front() == kFormat && out.port != 0 ? std::optional(out) : std::nullopt;
}

void take_data(const RemoteSection& section, Slot& slot) {
  slot.named = !section.mid.empty();
  slot.data = section.data;
}

void offer_data(Slot& slot) {
  slot.media = "application";
  slot.protocol = kProtocol;
  slot.formats = {std::string(kFormat)};
  if (!slot.data) slot.data = RemoteData{};
}

sdp::MediaDescription data_section(const Slot& slot, const LocalData& local) {
  sdp::MediaDescription out;
  out.media = slot.media;
  out.protocol = slot.protocol;
  out.formats = slot.formats;
  out.max_message_size = local.max_message_size;
  if (slot.protocol == kOldProtocol) {  // as it was offered: the number is our port too
    out.other.push_back({std::string(kSctpmap), slot.formats.front() + ' ' + std::string(kFormat) + " 1024"});
  } else {
    out.sctp_port = local.port;
  }
  return out;
}

const Slot* find_data(const State& state) {
  const auto it = std::ranges::find_if(state.slots, [](const Slot& s) { return s.data && !s.rejected; });
  return it == state.slots.end() ? nullptr : &*it;
}

void add_data_effects(const State& before, const State& after, Effects& out) {
  const Slot* was = find_data(before);
  const Slot* is = find_data(after);
  if (is != nullptr && (was == nullptr || *was->data != *is->data)) {
    out.data = Effects::Data{is->mid, is->data->port, is->data->max_message_size};
    if (is->protocol == kOldProtocol) out.data->local_port = is->data->port;
  }
  if (was != nullptr && is == nullptr) out.data_ended = true;
}

}  // namespace sluice::negotiate::jsep
