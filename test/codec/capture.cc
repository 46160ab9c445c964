#include "codec/capture.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "catch.h"

namespace sluice::codec {

Capture::Capture(const std::string& name) {
  std::ifstream file(std::string(SLUICE_TEST_DATA) + "/data/" + name + ".rtp", std::ios::binary);
  REQUIRE(file.good());
  for (std::string line; std::getline(file, line) && !line.empty();) {
    const std::size_t colon = line.find(": ");
    REQUIRE(colon != std::string::npos);
    head_[line.substr(0, colon)] = line.substr(colon + 2);
  }
  REQUIRE(head_["rtp-capture"] == "1");
  bytes_.assign(std::istreambuf_iterator<char>(file), {});

  std::map<std::uint32_t, FrameReader> readers;
  const std::uint8_t descriptor_id = extension_id("dependency-descriptor");
  ByteReader reader(bytes_);
  while (reader.remaining() > 0) {
    const std::size_t size = reader.u16();
    const auto view = rtp::PacketView::parse(reader.bytes(size));
    REQUIRE(view);
    if (view->payload().empty()) continue;
    const std::uint32_t ssrc = view->ssrc().value;
    if (std::find(ssrcs_.begin(), ssrcs_.end(), ssrc) == ssrcs_.end()) ssrcs_.push_back(ssrc);
    const auto descriptor = descriptor_id == 0 ? std::nullopt : view->extension(descriptor_id);
    packets_.push_back({*view, view->payload(), descriptor,
                        readers[ssrc].read(kind(), view->payload(), descriptor, view->marker())});
  }
  REQUIRE(packets_.size() > 10);
}

std::vector<Capture::Packet> Capture::stream(std::size_t n) const {
  std::vector<Packet> out;
  for (const Packet& packet : packets_) {
    if (packet.view.ssrc().value == ssrcs_.at(n)) out.push_back(packet);
  }
  return out;
}

std::uint8_t Capture::extension_id(const std::string& extension) const {
  const auto found = head_.find(extension);
  return found == head_.end() ? std::uint8_t{0} : static_cast<std::uint8_t>(std::stoi(found->second));
}

}  // namespace sluice::codec
