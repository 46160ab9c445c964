#include "negotiate/jsep_capabilities.h"

namespace sluice::negotiate::jsep {

ClientCapabilities::ClientCapabilities(const RemoteDescription& description) {
  for (const RemoteSection& section : description.sections) {
    if (section.rejected || !section.kind) continue;
    Known& known = *section.kind == MediaKind::kAudio ? audio_ : video_;
    for (const MatchedCodec& match : section.codecs) known.room_payload_types.insert(match.room_payload_type);
    for (const sdp::Extmap& e : section.extensions) known.extensions.insert(e.uri);
  }
}

void ClientCapabilities::limit(MediaKind kind, RtpParameters& parameters) const {
  const Known& known = of(kind);
  std::erase_if(parameters.codecs, [&](const RtpCodecParameters& codec) {
    return !known.room_payload_types.contains(codec.payload_type);
  });
  std::erase_if(parameters.header_extensions,
                [&](const RtpHeaderExtensionParameters& e) { return !known.extensions.contains(e.uri); });
}

}  // namespace sluice::negotiate::jsep
