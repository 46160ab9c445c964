// Which of the client's m-lines can share the one transport, and that transport as they describe it (RFC
// 9143, RFC 8829 §4.1.1 "max-bundle", RFC 8839, RFC 8842). Used by jsep_remote.cc.
#pragma once

#include <string>
#include <string_view>

#include "negotiate/jsep_remote.h"
#include "sdp/description.h"

namespace sluice::negotiate::jsep {

/// The BUNDLE group that the mid is in; null when there is none.
const sdp::Group* bundle_with(const sdp::SessionDescription& description, std::string_view mid);

/// Fills `bundle` and `transport`, and takes the m-lines out that are not in the group. Refuses those in it
/// that lack what one encrypted transport needs, all at once.
Result<void> read_bundle(const sdp::SessionDescription& description, SdpType type, RemoteDescription& out);

/// "the m=audio section (number 1, mid "0")".
std::string name_of(const sdp::MediaDescription& media, std::size_t index);

}  // namespace sluice::negotiate::jsep
