// Reads the facts of a stream's frames, packet by packet, and keeps what later packets refer to: the template
// structure of the dependency descriptor (AV1 RTP, appendix A), VP9's scalability structure (RFC 9628
// §4.2.1).
//
// One per received RTP stream, held by ingress. Where a packet carries a dependency descriptor that can be
// read, it wins over what the payload says: so encrypted payloads forward by layers as well. One that refers
// to a structure which is still to come is not guessed at: the facts say so, and the packet can be read
// again. No allocation after the structure is known.
#pragma once

#include <memory>
#include <optional>

#include "codec/access_unit.h"
#include "codec/codec.h"

namespace sluice::codec {

class FrameReader {
 public:
  FrameReader();
  ~FrameReader();
  FrameReader(FrameReader&&) noexcept;
  FrameReader& operator=(FrameReader&&) noexcept;

  /// `descriptor`: the value of the header extension, when the packet has one. `marker`: of the RTP header.
  FrameFacts read(Kind kind, Bytes payload, std::optional<Bytes> descriptor, bool marker);

 private:
  struct State;
  State& state();
  /// A descriptor that cannot be read will be, once its structure has come. `told`: by the payload.
  bool awaits_structure(Bytes descriptor, const FrameFacts& told);
  static FrameFacts facts_of_unread(Bytes descriptor);
  FrameFacts read_payload(Kind kind, Bytes payload, bool marker);
  /// Nothing when it cannot be read, or not yet.
  std::optional<FrameFacts> read_descriptor(Bytes value);

  AccessUnitStart access_unit_;
  std::unique_ptr<State> state_;  ///< Made when first needed: most streams have none.
};

}  // namespace sluice::codec
