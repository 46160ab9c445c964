// What a client said it can decode before anything was negotiated with it, so that a first offer of the
// server's holds nothing it would have to refuse. A value; used by JsepSession and propose_offer().
#pragma once

#include <set>
#include <string>

#include "negotiate/jsep_remote.h"
#include "sluice/rtp_parameters.h"

namespace sluice::negotiate::jsep {

class ClientCapabilities {
 public:
  /// Of the m-lines of a kind together; one that it does not describe, it cannot receive.
  explicit ClientCapabilities(const RemoteDescription& description);

  /// Takes codecs and header extensions that the client lacks out of `parameters`, which are in the room's
  /// numbers.
  void limit(MediaKind kind, RtpParameters& parameters) const;

 private:
  struct Known {
    std::set<std::uint8_t> room_payload_types;
    std::set<std::string, std::less<>> extensions;
  };
  [[nodiscard]] const Known& of(MediaKind kind) const { return kind == MediaKind::kAudio ? audio_ : video_; }

  Known audio_;
  Known video_;
};

}  // namespace sluice::negotiate::jsep
