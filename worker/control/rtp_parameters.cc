#include "worker/control/rtp_parameters.h"

#include <memory>

namespace sluice::control {
// Static, not in an unnamed namespace: these overload the public to_wire().
static CodecParameter read_codec_parameter(Reader& reader, const wire::CodecParameter& table) {
  CodecParameter parameter{reader.text("name", table.name()), table.integer()};
  if (table.text() != nullptr || table.bare()) parameter.value = reader.text("text", table.text());
  return parameter;
}

static RtcpFeedback read_feedback(Reader& reader, const wire::RtcpFeedback& table) {
  return {reader.text("type", table.type()), reader.text("parameter", table.parameter())};
}

static RtpHeaderExtension read_header_extension(Reader& reader, const wire::RtpHeaderExtension& table) {
  RtpHeaderExtension extension;
  extension.kind = reader.choice<MediaKind>("kind", table.kind());
  extension.uri = reader.text("uri", table.uri());
  extension.preferred_id = table.preferred_id();
  extension.preferred_encrypt = table.preferred_encrypt();
  extension.direction = reader.choice<ExtensionDirection>("direction", table.direction());
  return extension;
}

static RtpCodecParameters read_codec(Reader& reader, const wire::RtpCodecParameters& table) {
  RtpCodecParameters codec;
  codec.mime_type = reader.text("mimeType", table.mime_type());
  codec.payload_type = table.payload_type();
  codec.clock_rate = table.clock_rate();
  codec.channels = table.channels();
  codec.parameters = reader.list("parameters", table.parameters(), [&](const wire::CodecParameter& p) {
    return read_codec_parameter(reader, p);
  });
  codec.rtcp_feedback = reader.list("rtcpFeedback", table.rtcp_feedback(),
                                    [&](const wire::RtcpFeedback& f) { return read_feedback(reader, f); });
  return codec;
}

static RtpHeaderExtensionParameters read_extension_parameters(
    Reader& reader, const wire::RtpHeaderExtensionParameters& table) {
  return {reader.text("uri", table.uri()), table.id(), table.encrypt()};
}

static RtpEncodingParameters read_encoding(Reader& reader, const wire::RtpEncodingParameters& table) {
  RtpEncodingParameters encoding;
  encoding.ssrc = Reader::optional(table.ssrc());
  if (table.rtx() != nullptr) encoding.rtx_ssrc = table.rtx()->ssrc();
  encoding.rid = reader.text("rid", table.rid());
  encoding.codec_payload_type = Reader::optional(table.codec_payload_type());
  encoding.dtx = table.dtx();
  encoding.scalability_mode = reader.text("scalabilityMode", table.scalability_mode());
  encoding.max_bitrate = Reader::optional(table.max_bitrate());
  return encoding;
}

static wire::CodecParameterT to_wire(const CodecParameter& parameter) {
  wire::CodecParameterT table;
  table.name = parameter.name;
  if (const auto* integer = std::get_if<std::int64_t>(&parameter.value)) {
    table.integer = *integer;
  } else {
    table.text = std::get<std::string>(parameter.value);
    table.bare = table.text.empty();
  }
  return table;
}

static wire::RtcpFeedbackT to_wire(const RtcpFeedback& feedback) {
  wire::RtcpFeedbackT table;
  table.type = feedback.type;
  table.parameter = feedback.parameter;
  return table;
}

template <typename Table, typename T>
static std::vector<std::unique_ptr<Table>> to_wire_list(const std::vector<T>& values);

static wire::RtpCodecCapabilityT to_wire(const RtpCodecCapability& codec) {
  wire::RtpCodecCapabilityT table;
  table.kind = to_wire(codec.kind);
  table.mime_type = codec.mime_type;
  if (codec.preferred_payload_type) table.preferred_payload_type = *codec.preferred_payload_type;
  table.clock_rate = codec.clock_rate;
  table.channels = codec.channels;
  table.parameters = to_wire_list<wire::CodecParameterT>(codec.parameters);
  table.rtcp_feedback = to_wire_list<wire::RtcpFeedbackT>(codec.rtcp_feedback);
  return table;
}

static wire::RtpHeaderExtensionT to_wire(const RtpHeaderExtension& extension) {
  wire::RtpHeaderExtensionT table;
  table.kind = to_wire(extension.kind);
  table.uri = extension.uri;
  table.preferred_id = extension.preferred_id;
  table.preferred_encrypt = extension.preferred_encrypt;
  table.direction = static_cast<wire::RtpHeaderExtensionDirection>(extension.direction);
  return table;
}

static wire::RtpCodecParametersT to_wire(const RtpCodecParameters& codec) {
  wire::RtpCodecParametersT table;
  table.mime_type = codec.mime_type;
  table.payload_type = codec.payload_type;
  table.clock_rate = codec.clock_rate;
  table.channels = codec.channels;
  table.parameters = to_wire_list<wire::CodecParameterT>(codec.parameters);
  table.rtcp_feedback = to_wire_list<wire::RtcpFeedbackT>(codec.rtcp_feedback);
  return table;
}

static wire::RtpHeaderExtensionParametersT to_wire(const RtpHeaderExtensionParameters& extension) {
  wire::RtpHeaderExtensionParametersT table;
  table.uri = extension.uri;
  table.id = extension.id;
  table.encrypt = extension.encrypt;
  return table;
}

static wire::RtpEncodingParametersT to_wire(const RtpEncodingParameters& encoding) {
  wire::RtpEncodingParametersT table;
  if (encoding.ssrc) table.ssrc = *encoding.ssrc;
  table.rid = encoding.rid;
  if (encoding.codec_payload_type) table.codec_payload_type = *encoding.codec_payload_type;
  if (encoding.rtx_ssrc) {
    table.rtx = std::make_unique<wire::RtxT>();
    table.rtx->ssrc = *encoding.rtx_ssrc;
  }
  table.dtx = encoding.dtx;
  table.scalability_mode = encoding.scalability_mode;
  if (encoding.max_bitrate) table.max_bitrate = *encoding.max_bitrate;
  return table;
}

template <typename Table, typename T>
static std::vector<std::unique_ptr<Table>> to_wire_list(const std::vector<T>& values) {
  std::vector<std::unique_ptr<Table>> tables;
  tables.reserve(values.size());
  for (const T& value : values) tables.push_back(std::make_unique<Table>(to_wire(value)));
  return tables;
}

RtpCodecCapability read_codec_capability(Reader& reader, const wire::RtpCodecCapability& table) {
  RtpCodecCapability codec;
  codec.kind = reader.choice<MediaKind>("kind", table.kind());
  codec.mime_type = reader.text("mimeType", table.mime_type());
  codec.preferred_payload_type = Reader::optional(table.preferred_payload_type());
  codec.clock_rate = table.clock_rate();
  codec.channels = table.channels();
  codec.parameters = reader.list("parameters", table.parameters(), [&](const wire::CodecParameter& p) {
    return read_codec_parameter(reader, p);
  });
  codec.rtcp_feedback = reader.list("rtcpFeedback", table.rtcp_feedback(),
                                    [&](const wire::RtcpFeedback& f) { return read_feedback(reader, f); });
  return codec;
}

RtpCapabilities read_rtp_capabilities(Reader& reader, const wire::RtpCapabilities& table) {
  RtpCapabilities capabilities;
  capabilities.codecs = reader.list("codecs", table.codecs(), [&](const wire::RtpCodecCapability& c) {
    return read_codec_capability(reader, c);
  });
  capabilities.header_extensions =
      reader.list("headerExtensions", table.header_extensions(),
                  [&](const wire::RtpHeaderExtension& e) { return read_header_extension(reader, e); });
  return capabilities;
}

RtpParameters read_rtp_parameters(Reader& reader, const wire::RtpParameters& table) {
  RtpParameters parameters;
  parameters.mid = reader.text("mid", table.mid());
  parameters.codecs = reader.list("codecs", table.codecs(),
                                  [&](const wire::RtpCodecParameters& c) { return read_codec(reader, c); });
  parameters.header_extensions = reader.list(
      "headerExtensions", table.header_extensions(),
      [&](const wire::RtpHeaderExtensionParameters& e) { return read_extension_parameters(reader, e); });
  parameters.encodings =
      reader.list("encodings", table.encodings(),
                  [&](const wire::RtpEncodingParameters& e) { return read_encoding(reader, e); });
  if (table.rtcp() != nullptr) {
    parameters.rtcp = reader.required("rtcp", table.rtcp(), [&](const wire::RtcpParameters& rtcp) {
      return RtcpParameters{reader.text("cname", rtcp.cname()), rtcp.reduced_size()};
    });
  }
  parameters.msid = reader.text("msid", table.msid());
  return parameters;
}

wire::MediaKind to_wire(MediaKind kind) {
  static_assert(static_cast<int>(MediaKind::kVideo) == static_cast<int>(wire::MediaKind::VIDEO));
  return static_cast<wire::MediaKind>(kind);
}

wire::RtpCapabilitiesT to_wire(const RtpCapabilities& capabilities) {
  wire::RtpCapabilitiesT table;
  table.codecs = to_wire_list<wire::RtpCodecCapabilityT>(capabilities.codecs);
  table.header_extensions = to_wire_list<wire::RtpHeaderExtensionT>(capabilities.header_extensions);
  return table;
}

wire::RtpParametersT to_wire(const RtpParameters& parameters) {
  wire::RtpParametersT table;
  table.mid = parameters.mid;
  table.codecs = to_wire_list<wire::RtpCodecParametersT>(parameters.codecs);
  table.header_extensions = to_wire_list<wire::RtpHeaderExtensionParametersT>(parameters.header_extensions);
  table.encodings = to_wire_list<wire::RtpEncodingParametersT>(parameters.encodings);
  table.rtcp = std::make_unique<wire::RtcpParametersT>();
  table.rtcp->cname = parameters.rtcp.cname;
  table.rtcp->reduced_size = parameters.rtcp.reduced_size;
  table.msid = parameters.msid;
  return table;
}

}  // namespace sluice::control
