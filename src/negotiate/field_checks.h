// The small checks that validate.cc is made of: text by rule, sizes, and the lists within a codec. Each error
// names its field by path. Every rule keeps out control characters, so that what passes can be written into
// SDP.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "negotiate/validate.h"
#include "sluice/result.h"
#include "sluice/rtp_parameters.h"

namespace sluice::negotiate {

/// "field.name" and "field.name[index]".
std::string join(std::string_view field, std::string_view name);
std::string join(std::string_view field, std::string_view name, std::size_t index);

/// Which characters, how many, and how to say it.
struct TextRule {
  bool (*allowed)(char);
  std::size_t longest;
  std::string_view expected;
};

namespace rules {
extern constinit const TextRule kUri;
extern constinit const TextRule kMid;
extern constinit const TextRule kRid;
extern constinit const TextRule kScalabilityMode;
extern constinit const TextRule kCname;
extern constinit const TextRule kMsid;
}  // namespace rules

/// Empty passes check_text() and not check_required().
Result<void> check_text(std::string_view text, const TextRule& rule, std::string field);
Result<void> check_required(std::string_view text, const TextRule& rule, std::string field);
Result<void> check_size(std::size_t size, std::size_t limit, std::string field);

/// `field` is the codec's.
Result<void> check_mime_type(std::string_view mime_type, const std::string& field);
Result<void> check_payload_type(std::uint8_t payload_type, std::string field);
Result<void> check_parameters(std::span<const CodecParameter> parameters, const std::string& field);
Result<void> check_feedback(std::span<const RtcpFeedback> feedback, const std::string& field);

}  // namespace sluice::negotiate
