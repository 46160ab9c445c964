// The tracks of a peer connection: which packet is whose, and the RTCP between them: reports both ways, NACK,
// key frame requests, transport-wide feedback. Owned by Connection, which tells what was agreed.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "cc/transport_cc_recorder.h"
#include "peer/agreement.h"
#include "peer/incoming_stream.h"
#include "peer/negotiator.h"
#include "peer/outgoing_stream.h"
#include "peer/transport.h"
#include "rtcp/compound.h"
#include "rtp/header_extensions.h"
#include "rtp/round_trip_time.h"

namespace sluice::peer {

class Media {
 public:
  static constexpr std::size_t kMaxEvents = 1024;  ///< Packets and requests that nobody takes; older ones go.

  struct Track {
    TransceiverId id = 0;
    MediaKind kind = MediaKind::kAudio;
    std::string mid;
    std::vector<std::unique_ptr<OutgoingStream>> outgoing;
    std::unique_ptr<IncomingStream> incoming;
    /// By agreement. Otherwise what comes is dropped, and the stream stays, with its replay window.
    bool receiving = false;
    bool deliver_packets = false;
  };
  struct Counts {
    std::uint64_t malformed = 0;
    std::uint64_t unknown_ssrc = 0;
    std::uint64_t events_dropped = 0;
  };
  struct Event {
    enum class Type : std::uint8_t { kFrame, kPacket, kKeyFrameRequested };
    Type type = Type::kFrame;
    TransceiverId transceiver = 0;
    EncodedFrame frame;
    std::vector<std::uint8_t> packet;
    std::string rid;
  };

  /// All outlive it; `pool` also what transport::SendBatch still holds.
  Media(Random& random, const WallClock& clock, PacketPool& pool);

  void set(const Negotiator& negotiator, Transport& transport);
  bool send_frame(TransceiverId id, const EncodedFrameView& frame, std::string_view rid, Transport& transport,
                  Instant now);
  bool send_rtp(TransceiverId id, const RtpPayload& payload, std::string_view rid, Transport& transport,
                Instant now);
  void request_key_frame(TransceiverId id, Transport& transport, Instant now);
  void deliver_packets(TransceiverId id, bool wanted);

  void receive_rtp(Bytes packet, Transport& transport, Instant now);
  void receive_rtcp(Bytes compound, Transport& transport, Instant now);  // media_rtcp.cc
  void advance(Transport& transport, Instant now);
  [[nodiscard]] Instant next_deadline() const;
  std::optional<Event> next_event();

  [[nodiscard]] const std::vector<std::unique_ptr<Track>>& tracks() const { return tracks_; }
  [[nodiscard]] const Counts& counts() const { return counts_; }
  [[nodiscard]] const rtp::RoundTripTime& round_trip_time() const { return rtt_; }

 private:
  Track* find(TransceiverId id);
  void set_outgoing(Track& track, const RtpParameters& parameters);
  static void forget(const IncomingStream& stream, Transport& transport);
  OutgoingStream* encoding(TransceiverId id, std::string_view rid);
  IncomingStream* route(const rtp::PacketView& packet, Transport& transport);
  Track* track_of(const IncomingStream* stream);
  std::pair<Track*, OutgoingStream*> find_outgoing(Ssrc ssrc);
  void map_ssrcs();
  void push(Event event);

  // media_rtcp.cc
  void on_report_blocks(const rtcp::ReportBlocks& blocks, Instant now);
  void on_feedback(const rtcp::Packet& packet, Transport& transport, Instant now);
  void send_nack(IncomingStream& stream, std::span<const SequenceNumber> missing, Transport& transport,
                 Instant now);
  void send_pli(IncomingStream& stream, Transport& transport, Instant now);
  void send_transport_feedback(Transport& transport, Instant now);
  void send_reports(Transport& transport, Instant now);
  void schedule_report(Instant now);

  Random& random_;
  const WallClock& clock_;
  PacketPool& pool_;
  Ssrc own_ssrc_;  ///< Of reports and feedback while nothing is sent.
  std::string cname_;
  std::vector<std::unique_ptr<Track>> tracks_;
  std::unordered_map<std::uint32_t, IncomingStream*> by_ssrc_;
  rtp::ExtensionMap extensions_;  ///< Of what is received: one transport, one meaning (RFC 8843 §9.1).
  cc::TransportCcRecorder transport_cc_;
  rtp::RoundTripTime rtt_;
  Instant next_report_ = kNever;
  std::deque<Event> events_;
  Counts counts_;
};

}  // namespace sluice::peer
