// The ORTC way of signaling for a synthetic peer: what it says it can do and sends, in mediasoup's shapes,
// and how it takes what the server answers. Used by the scenario tests and the load tool.
#pragma once

#include "client/peer.h"
#include "sluice/reply.h"

namespace sluice::client {

/// What a room for synthetic peers routes: Opus and VP8; and RED.
std::vector<RtpCodecCapability> room_codecs(bool with_red = false);

/// As a browser would name its tracks: payload types and extension ids of its own choice, fresh SSRCs; video
/// with RTX.
RtpParameters send_parameters(MediaKind kind, std::string mid, std::string cname, Random& random);
/// Audio as RED with Opus in it.
RtpParameters red_parameters(std::string mid, std::string cname, Random& random);

/// Video in `layers` encodings, the smallest first, told apart by RID (RFC 8853): without SSRCs.
RtpParameters simulcast_parameters(std::size_t layers, std::string mid, std::string cname, Random& random);
/// The same for layered sources: their codec and scalability modes, and dependency descriptors. One source
/// has an SSRC, several are told apart by RID.
RtpParameters layered_parameters(const std::vector<LayeredSource::Options>& sources, std::string mid,
                                 std::string cname, Random& random);
/// A room that routes VP9 and AV1 as well.
std::vector<RtpCodecCapability> layered_room_codecs();
/// One of several encodings as a MediaSender wants it, with fresh SSRCs where it has none.
RtpParameters encoding_of(const RtpParameters& parameters, std::size_t index, Random& random);

/// Takes the answer to CreateWebRtcTransport: ICE begins. The server still needs
/// connection().dtls_parameters().
Result<void> connect(Peer& peer, const WebRtcTransportReply& transport, Instant now);
/// The answer to Consume.
MediaReceiver& receive(Peer& peer, const ConsumerReply& consumer);

}  // namespace sluice::client
