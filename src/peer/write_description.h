// An agreement or a proposal as our description. Called by Negotiator.
#pragma once

#include "peer/agreement.h"
#include "sdp/description.h"
#include "sluice/session_description.h"

namespace sluice::peer {

struct WriteOptions {
  std::uint64_t session_id = 0;
  std::uint64_t session_version = 0;
  SdpType type = SdpType::kOffer;
  sdp::Setup setup = sdp::Setup::kActpass;
  std::vector<DtlsFingerprint> fingerprints;
  std::string cname;
  std::uint64_t max_message_size = 0;
  std::vector<std::string> agreed_bundle;  ///< Mids whose bundling both sides know already.
  bool bundled = true;                     ///< False: an answer to an offer without a group.
};

/// `transceivers` are those that the lines name. Without candidates: they are added when it is read.
sdp::SessionDescription write_description(const Agreement& agreement,
                                          const std::vector<const Transceiver*>& transceivers,
                                          const WriteOptions& options);

}  // namespace sluice::peer
