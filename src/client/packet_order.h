// Holds the numbers of a received layered stream to what a receiver relies on: sequence numbers, picture ids,
// TL0PICIDX, timestamps and marker bits of neighbours fit each other, whatever layers were left out or
// switched between. What lies between two packets that came (a hole) may be no more than was really made.
//
// Keeps every packet's facts: made for tests of minutes. Owned by DecoderModel.
#pragma once

#include <map>
#include <set>

#include "client/layered_packet.h"
#include "client/violations.h"
#include "sluice/time.h"

namespace sluice::client {

class PacketOrder {
 public:
  struct Options {
    LayeredCodec codec = LayeredCodec::kVp8;
    Duration tolerance = 10ms;  ///< Of RTP timestamps against the truth, over the whole stream.
    /// Nothing was lost or overtaken on any link, and nobody was paused: there are no holes, and every frame
    /// is whole. Otherwise one may be cut short before a key frame.
    bool strict = false;
    int picture_step = 1;  ///< The most that a picture id may go on by; more where the codec leaves gaps.
  };

  PacketOrder(Options options, Violations& violations) : options_(options), violations_(violations) {}

  /// False when the number came before: with the same packet, or (a violation) with another.
  bool insert(const LayeredPacket& packet);
  /// A number that came without a payload: a place that a server gave to a packet before it knew that it
  /// would leave it out. Receivers count it as come; it must not lie within a frame.
  bool insert_empty(std::int64_t number);
  /// Judges the holes, once nothing more is expected.
  void finish();

  /// Frames cut short before a key frame, where that may be.
  [[nodiscard]] std::uint64_t cut() const { return cut_; }
  [[nodiscard]] std::size_t empty() const { return empty_.size(); }
  /// Whether a number in [from, to) has not come.
  [[nodiscard]] bool hole_between(std::int64_t from, std::int64_t to) const;
  /// Numbers between the first and the newest that have not come.
  [[nodiscard]] std::size_t holes() const;
  /// The farthest that a timestamp was from where the first one puts it.
  [[nodiscard]] Duration timestamp_error() const;
  [[nodiscard]] const std::map<std::int64_t, LayeredPacket>& all() const { return packets_; }

 private:
  using Packets = std::map<std::int64_t, LayeredPacket>;
  void check_after(Packets::const_iterator after);
  void check_neighbours(const LayeredPacket& before, const LayeredPacket& after);
  void check_frame(const LayeredPacket& before, const LayeredPacket& after);
  void check_picture(const LayeredPacket& before, const LayeredPacket& after);
  void check_hole(const LayeredPacket& before, const LayeredPacket& after);
  /// Numbers between two packets that have not come.
  [[nodiscard]] std::int64_t missing_between(const LayeredPacket& before, const LayeredPacket& after) const;
  [[nodiscard]] std::int64_t empty_between(std::int64_t from, std::int64_t to) const;
  void check_timestamp(const LayeredPacket& packet);
  void complain(const std::string& what, const LayeredPacket& before, const LayeredPacket& after);

  Options options_;
  Violations& violations_;
  Packets packets_;
  std::set<std::int64_t> empty_;
  std::uint32_t offset_ = 0;  ///< From media time to RTP timestamp, of the first packet.
  std::int32_t worst_ = 0;    ///< Ticks.
  std::int32_t complained_ = 0;
  std::uint64_t cut_ = 0;
};

}  // namespace sluice::client
