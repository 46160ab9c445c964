// What every packet index of every SSRC was protected over, as an eavesdropper sees it: one key, SSRC and
// index are one nonce, and two different packets under one nonce give away GCM's authentication key (RFC 7714
// §8.1).
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "catch.h"
#include "rtp/packet_view.h"
#include "sfu/rig.h"

namespace sluice::sfu::testing {

class NonceLedger {
 public:
  explicit NonceLedger(Rig& rig) {
    rig.tap = [this](SocketId side, Bytes bytes) { note(side, bytes); };
  }
  [[nodiscard]] std::size_t packets() const { return packets_.size(); }
  [[nodiscard]] std::size_t repeats() const { return repeats_; }
  [[nodiscard]] std::size_t reused() const { return reused_; }
  [[nodiscard]] const std::string& first_reuse() const { return first_reuse_; }
  /// The newest number sent under an SSRC.
  [[nodiscard]] int newest(std::uint32_t ssrc) const {
    const auto it = newest_.find(ssrc);
    return it == newest_.end() ? 0 : it->second;
  }

 private:
  void note(SocketId side, Bytes bytes) {
    if (bytes[1] >= 192 && bytes[1] <= 223) return;  // RTCP counts by itself
    const std::uint32_t ssrc = load32(bytes.data() + 8);
    newest_[ssrc] = load16(bytes.data() + 2);
    // The roll-over counter as RFC 3711 §3.3.1 has it.
    const std::int64_t index = indexes_[{side, ssrc}].unwrap({load16(bytes.data() + 2)});
    const auto [it, first] = packets_.try_emplace({side, ssrc, index}, bytes.begin(), bytes.end());
    if (first) return;
    ++repeats_;
    const Bytes before = it->second;
    if (std::equal(bytes.begin(), bytes.end(), before.begin(), before.end())) return;
    if (reused_++ == 0) first_reuse_ = describe(before) + "; then " + describe(bytes);
  }
  static std::string describe(Bytes packet) {
    return "number " + std::to_string(load16(packet.data() + 2)) + ", timestamp " +
           std::to_string(load32(packet.data() + 4)) + ", payload type " + std::to_string(packet[1] & 127) +
           ", " + std::to_string(packet.size()) + " bytes";
  }

  std::map<std::uint32_t, int> newest_;
  std::map<std::pair<SocketId, std::uint32_t>, SequenceUnwrapper> indexes_;
  std::map<std::tuple<SocketId, std::uint32_t, std::int64_t>, std::vector<std::uint8_t>> packets_;
  std::size_t repeats_ = 0;
  std::size_t reused_ = 0;
  std::string first_reuse_;
};

}  // namespace sluice::sfu::testing
