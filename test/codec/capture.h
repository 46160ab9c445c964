// Reads the captures of test/data (test/data/README.md) packet by packet, as ingress does.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "codec/frame_reader.h"
#include "rtp/packet_view.h"

namespace sluice::codec {

class Capture {
 public:
  struct Packet {
    rtp::PacketView view;
    Bytes payload;
    std::optional<Bytes> descriptor;
    FrameFacts facts;  ///< By the stream's FrameReader.
  };

  /// `name`: of test/data/NAME.rtp.
  explicit Capture(const std::string& name);

  [[nodiscard]] Kind kind() const { return kind_of(head_.at("codec")); }
  /// Without packets of padding only, which browsers probe the link with.
  [[nodiscard]] const std::vector<Packet>& packets() const { return packets_; }
  /// Packets of the nth stream, as streams appear.
  [[nodiscard]] std::vector<Packet> stream(std::size_t n) const;
  [[nodiscard]] std::size_t stream_count() const { return ssrcs_.size(); }
  /// The id of a header extension; 0 without it.
  [[nodiscard]] std::uint8_t extension_id(const std::string& extension) const;

 private:
  std::map<std::string, std::string> head_;
  std::vector<std::uint8_t> bytes_;
  std::vector<Packet> packets_;
  std::vector<std::uint32_t> ssrcs_;
};

}  // namespace sluice::codec
