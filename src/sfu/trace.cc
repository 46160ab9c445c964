#include "sfu/trace.h"

#include <initializer_list>
#include <string_view>
#include <utility>

namespace sluice::sfu {
namespace {

/// Names and numbers only, so nothing has to be escaped.
std::string object(std::initializer_list<std::pair<std::string_view, std::uint64_t>> fields) {
  std::string out = "{";
  for (const auto& [name, value] : fields) {
    if (out.size() > 1) out += ',';
    out += '"';
    out += name;
    out += "\":";
    out += std::to_string(value);
  }
  return out + '}';
}

}  // namespace

std::string trace_info(const StoredPacket& packet) {
  const auto& view = packet.view;
  std::string out = object({{"payloadType", view.payload_type().value},
                            {"sequenceNumber", view.sequence_number().value},
                            {"timestamp", view.timestamp().value},
                            {"ssrc", view.ssrc().value},
                            {"size", view.size()},
                            {"payloadSize", view.payload().size()},
                            {"spatialLayer", packet.facts.spatial_layer},
                            {"temporalLayer", packet.facts.temporal_layer}});
  out.pop_back();
  out += view.marker() ? ",\"marker\":true" : ",\"marker\":false";
  out += packet.facts.is_key_frame ? ",\"isKeyFrame\":true}" : ",\"isKeyFrame\":false}";
  return out;
}

std::string trace_info(Ssrc ssrc) {
  return object({{"ssrc", ssrc.value}});
}

}  // namespace sluice::sfu
