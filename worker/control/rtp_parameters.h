// fbs/rtp_parameters.fbs ↔ sluice/rtp_parameters.h.
#pragma once

#include "rtp_parameters_generated.h"
#include "sluice/rtp_parameters.h"
#include "worker/control/reader.h"

namespace sluice::control {

RtpCodecCapability read_codec_capability(Reader& reader, const wire::RtpCodecCapability& table);
RtpCapabilities read_rtp_capabilities(Reader& reader, const wire::RtpCapabilities& table);
RtpParameters read_rtp_parameters(Reader& reader, const wire::RtpParameters& table);

wire::MediaKind to_wire(MediaKind kind);
wire::RtpCapabilitiesT to_wire(const RtpCapabilities& capabilities);
wire::RtpParametersT to_wire(const RtpParameters& parameters);

}  // namespace sluice::control
