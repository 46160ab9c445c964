// Frames of one track to RTP packets, all but their headers: sequence numbers, timestamps, markers, payloads
// and dependency descriptors. Sans-IO, and without allocation once its buffers have grown. Owned by a sender
// of PeerConnection, which knows SSRC, payload type and header extensions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/ids.h"
#include "base/random.h"
#include "packetize/dependency_writer.h"
#include "packetize/packetizer.h"

namespace sluice::packetize {

class FrameSender {
 public:
  struct Options {
    Packetizer::Options packetizer;
    /// Bytes of a payload, at most: what the path takes without IP, UDP, SRTP, RTP header and the header
    /// extensions that every packet has, a descriptor of three bytes among them.
    std::size_t max_payload = 1100;
    /// AV1 RTP, appendix A; of video.
    bool dependency_descriptor = false;
    SequenceNumber first_number;           ///< RFC 3550 §5.1: random, as the next.
    RtpTimestamp timestamp_offset;         ///< Added to every frame's.
    std::uint16_t first_frame_number = 0;  ///< Of dependency descriptors.
    /// Draws what should be random.
    void draw(Random& random);
  };
  struct Packet {
    SequenceNumber number;
    RtpTimestamp timestamp;
    bool marker = false;
    Bytes payload;
    Bytes dependency_descriptor;  ///< Empty without one.
  };
  struct Counters {
    std::uint64_t frames = 0;
    std::uint64_t key_frames = 0;
    std::uint64_t refused = 0;  ///< No frames of the format: nothing was sent of them.
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;  ///< Of payloads.
  };

  /// The error names the option and what was expected.
  static Result<FrameSender> make(const Options& options);

  /// The frame's packets, valid until the next call of anything here; none for what is no frame, and of G.711
  /// while samples are missing.
  std::span<const Packet> send(const EncodedFrameView& frame);
  /// G.711: the samples that wait for more, as a last packet.
  std::span<const Packet> flush();
  [[nodiscard]] const Counters& counters() const { return counters_; }
  /// The packetizer, for H.264's parameter sets.
  Packetizer& packetizer() { return packetizer_; }

 private:
  FrameSender(const Options& options, Packetizer packetizer);
  std::span<const Packet> number(RtpTimestamp timestamp, const FrameMetadata& told);
  void describe(std::size_t i, const FrameMetadata& told);

  Options options_;
  Packetizer packetizer_;
  std::optional<DependencyWriter> dependencies_;
  Payloads payloads_;
  std::vector<Packet> packets_;
  std::vector<std::uint8_t> descriptors_;  ///< DependencyWriter::kMaxSize for each packet.
  SequenceNumber next_number_;
  RtpTimestamp expected_;  ///< Of audio: behind the last packet.
  bool has_begun_ = false;
  Counters counters_;
};

}  // namespace sluice::packetize
