// The media of one transport: its producers and consumers, whose packet is whose, and the RTCP that goes both
// ways.
//
// Owns producers and consumers. Feedback that one session causes on another (a viewer's key frame request
// reaches the publisher) goes through Producer, which marks its own session dirty; the engine then looks at
// that session's deadline again. Owned by the engine's transport, together with the transport whose sender it
// borrows.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "cc/transport_cc_recorder.h"
#include "rtcp/nack.h"
#include "rtcp/receiver_report.h"
#include "sfu/capture_clock.h"
#include "sfu/consumer.h"
#include "sfu/producer.h"
#include "sfu/router.h"
#include "sluice/event.h"
#include "transport/drop_reason.h"
#include "transport/media_sender.h"

namespace sluice::sfu {

class MediaSession {
 public:
  struct Shared {
    Random& random;
    const WallClock& wall_clock;
    std::vector<MediaSession*>& dirty;  ///< Sessions whose deadline may have changed.
    Router& router;
    std::vector<Event>& events;  ///< What the controller is told: scores, layers, orientation, traces.
  };

  /// `owner`: given back to whoever walks the dirty list.
  MediaSession(transport::MediaSender& sender, transport::DropCounters& drops, Shared shared, void* owner);
  ~MediaSession();
  MediaSession(const MediaSession&) = delete;
  MediaSession& operator=(const MediaSession&) = delete;

  Producer& add_producer(Producer::Options options);
  /// The consumers of a producer must be gone before it.
  void remove_producer(Producer& producer);
  Consumer& add_consumer(Consumer::Options options, Producer& producer, Instant now);
  void remove_consumer(Consumer& consumer);
  [[nodiscard]] const std::vector<std::unique_ptr<Producer>>& producers() const { return producers_; }
  [[nodiscard]] const std::vector<std::unique_ptr<Consumer>>& consumers() const { return consumers_; }

  /// One of its consumers starts to forward, or stops.
  void on_active_changed(bool active, Instant now);
  /// The transport has become able to send, or no longer is: consumers start or stop.
  void on_ready_changed(Instant now);
  /// Plain RTP that came in: to its producer, and on to everyone who watches it.
  void on_rtp(const PacketRef& packet, Instant now);
  void on_rtcp(Bytes compound, Instant now);

  void set_bitrate_limit(BitrateLimit, std::uint32_t, Instant) {}

  /// Bytes, bitrates and loss of all that it receives and sends (media_session_stats.cc).
  void add_stats(TransportStats& out, Instant now) const;

  void advance(Instant now);
  [[nodiscard]] Instant next_deadline() const;
  void mark_dirty();
  void clear_dirty() { dirty_ = false; }
  [[nodiscard]] void* owner() const { return owner_; }
  [[nodiscard]] Router& router() { return shared_.router; }
  [[nodiscard]] const CaptureClock& capture_clock() const { return capture_clock_; }
  [[nodiscard]] std::optional<Duration> round_trip_time() const { return rtt_; }

 private:
  /// Whose packets an SSRC carries.
  struct Route {
    Producer* producer = nullptr;
    ProducerStream* stream = nullptr;
  };

  Route find_route(const rtp::PacketView& view);
  Route learn_route(const rtp::PacketView& view);
  [[nodiscard]] Producer* match_producer(const rtp::PacketView& view) const;
  Consumer* find_consumer(Ssrc ssrc) const;

  void on_sender_report(const rtcp::SenderReport& report, Instant now);
  void on_report_blocks(const rtcp::ReportBlocks& blocks, Instant now);

  void send_feedback(Instant now);
  void send_nack(ProducerStream& stream, std::span<const SequenceNumber> missing, Instant now);
  void send_pli(ProducerStream& stream, Instant now);
  void note_transport_cc(SequenceNumber number, const ProducerStream& stream, Instant arrival);
  void send_transport_feedback(Instant now);
  void send_reports(Instant now);
  void start_reports(Instant now);
  void schedule_report(Instant now);

  transport::MediaSender& sender_;
  transport::DropCounters& drops_;
  Shared shared_;
  void* owner_;
  Ssrc own_ssrc_;  ///< Of our receiver reports and feedback.
  std::string own_cname_;
  std::vector<std::unique_ptr<Producer>> producers_;
  std::vector<std::unique_ptr<Consumer>> consumers_;
  std::unordered_map<Ssrc, Route> routes_;
  std::unordered_map<Ssrc, Consumer*> consumer_by_ssrc_;
  CaptureClock capture_clock_;
  cc::TransportCcRecorder transport_cc_;
  Ssrc transport_cc_media_;  ///< Feedback names a media SSRC, and libwebrtc ignores one that is not its own.
  Instant next_report_ = kNever;
  std::size_t active_consumers_ = 0;
  std::optional<Duration> rtt_;
  bool dirty_ = false;
};

}  // namespace sluice::sfu
