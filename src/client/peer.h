// A synthetic participant: one connection, the tracks it sends and receives, and the RTCP between them. What
// a browser's peer connection does on the wire, without a camera, a codec or a screen.
//
// Sans-IO: receive(), advance(), next_deadline(); what is sent waits in the shared batch. How it is connected
// is told by whoever signals: ortc.h or jsep.h. Driven by the load tool and the scenario tests.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "cc/transport_cc_recorder.h"
#include "client/connection.h"
#include "client/media_receiver.h"
#include "client/media_sender.h"
#include "rtcp/compound.h"
#include "rtcp/reference_times.h"
#include "rtp/header_extensions.h"
#include "rtp/round_trip_time.h"

namespace sluice::client {

/// Told of every packet of every track, after all checks: for figures and recordings.
class TrackObserver {
 public:
  virtual ~TrackObserver() = default;
  virtual void on_media(const MediaReceiver& track, const MediaReceiver::Received& received,
                        Instant arrival) = 0;
};

class Peer {
 public:
  Peer(const Shared& shared, Connection::Options options);
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  [[nodiscard]] Connection& connection() { return connection_; }
  [[nodiscard]] const Connection& connection() const { return connection_; }

  /// Sends from the moment that the connection is ready.
  MediaSender& add_sender(MediaSender::Options options, Instant now);
  void remove_sender(MediaSender& sender);
  MediaReceiver& add_receiver(MediaReceiver::Options options);
  void remove_receiver(MediaReceiver& receiver);
  [[nodiscard]] const std::vector<std::unique_ptr<MediaSender>>& senders() const { return senders_; }
  [[nodiscard]] const std::vector<std::unique_ptr<MediaReceiver>>& receivers() const { return receivers_; }
  /// By the consumer's id, or null.
  [[nodiscard]] MediaReceiver* find_receiver(std::string_view id) const;
  /// Asks for a key frame at once.
  void request_key_frame(MediaReceiver& receiver, bool fir, Instant now);

  /// Before there are receivers: of each track only one packet in `interval` is decrypted, the others are
  /// counted by their headers, and nothing is asked for again. For many viewers on few cores.
  void set_light(std::uint32_t interval) { light_ = interval; }
  /// Outlives the peer.
  void observe(TrackObserver* observer) { observer_ = observer; }

  /// One datagram; the packet is decrypted where it lies.
  void receive(Packet& packet, const Path& path, Instant now);
  /// An RTP packet of `size` bytes of which only the start is there, still encrypted: reported like any other
  /// (receiver reports, transport-cc feedback), but neither decrypted nor repaired. For receivers that must
  /// cost next to nothing.
  void receive_unread(Bytes start, std::size_t size, Instant arrival);
  void advance(Instant now);
  [[nodiscard]] Instant next_deadline() const;
  void close(Instant now);

  struct Counts {
    std::uint64_t rtp = 0;
    std::uint64_t rtcp = 0;
    std::uint64_t malformed = 0;
    std::uint64_t unknown_ssrc = 0;  ///< RTP of no track of ours; late ones of a track taken away count too.
    std::uint64_t sender_reports = 0;
    std::uint64_t receiver_reports = 0;    ///< Blocks on our tracks.
    std::uint64_t reference_times = 0;     ///< Extended reports that asked for an echo.
    std::uint64_t goodbyes = 0;            ///< SSRCs of our receivers that ended.
    std::uint64_t remb_bitrate = 0;        ///< The last that was told; bps.
    std::uint64_t transport_feedback = 0;  ///< Packets of feedback.
    std::uint64_t feedback_received = 0;   ///< Numbers told as received...
    std::uint64_t feedback_missing = 0;    ///< ...and as missing.
  };
  [[nodiscard]] const Counts& counts() const { return counts_; }
  /// By the reports of senders, or, without any, by extended reports.
  [[nodiscard]] const rtp::RoundTripTime& round_trip_time() const { return rtt_; }

 private:
  bool take_header(const Packet& packet);
  void start_senders(Instant now);
  void on_rtp(Packet& packet, Instant now);
  void on_rtcp(Bytes compound, Instant now);  // peer_rtcp.cc, as all that follows
  void on_report_blocks(const rtcp::ReportBlocks& blocks, Instant now);
  void on_extended_report(const rtcp::ExtendedReport& report, Instant now);
  void on_round_trip_time(Duration rtt);
  void on_feedback(const rtcp::Packet& packet, Instant now);
  void send_nacks(Instant now);
  void send_nack(MediaReceiver& receiver, std::span<const SequenceNumber> missing, Instant now);
  void send_transport_feedback(Instant now);
  void send_reports(Instant now);
  void write_extended_report(ByteWriter& writer, Instant now);
  MediaSender* find_sender(Ssrc ssrc) const;
  void schedule_report(Instant now);

  const Shared& shared_;
  Connection connection_;
  Ssrc own_ssrc_;  ///< Of receiver reports and feedback.
  std::string cname_;
  std::vector<std::unique_ptr<MediaSender>> senders_;
  std::vector<std::unique_ptr<MediaReceiver>> receivers_;
  std::unordered_map<Ssrc, MediaReceiver*> by_ssrc_;
  rtp::ExtensionMap extensions_;  ///< Of what is received.
  cc::TransportCcRecorder transport_cc_;
  TrackObserver* observer_ = nullptr;
  std::uint32_t light_ = 0;
  bool started_ = false;
  Instant next_report_ = kNever;
  Instant next_nack_ = kNever;  ///< Of all receivers; may be early, never late.
  std::uint8_t fir_count_ = 0;
  rtcp::ReferenceTimes reference_times_;  ///< Of the server, to be echoed.
  rtp::RoundTripTime rtt_;
  Counts counts_;
};

}  // namespace sluice::client
