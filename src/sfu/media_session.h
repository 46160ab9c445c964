// The media of one transport: its producers and consumers, whose packet is whose, and the RTCP that goes both
// ways.
//
// Owns producers and consumers. Feedback that one session causes on another (a viewer's key frame request
// reaches the publisher) goes through Producer, which marks its own session dirty; the engine then looks at
// that session's deadline again. Owned by the engine's transport, together with the transport whose sender it
// borrows.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "cc/transport_cc_recorder.h"
#include "rtcp/compound.h"
#include "rtcp/extended_report.h"
#include "rtcp/receiver_report.h"
#include "rtcp/reference_times.h"
#include "rtcp/sender_report.h"
#include "rtp/round_trip_time.h"
#include "sfu/capture_clock.h"
#include "sfu/consumer.h"
#include "sfu/producer.h"
#include "sfu/router.h"
#include "sfu/totals.h"
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
    Totals& totals;              ///< What outlives producers and consumers.
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
  /// To the controller.
  void tell(Event event) { shared_.events.push_back(std::move(event)); }
  /// A viewer's numbers or times have changed their meaning: reports go out at the next chance.
  void report_soon();

  /// Limits set by hand. Outgoing: what the consumers share; by priority, each gets the highest layers that
  /// fit.
  void set_bitrate_limit(BitrateLimit limit, std::uint32_t bitrate, Instant now);
  /// Which of its consumers get how much has to be worked out again.
  void allocate_bitrate(Instant now);
  [[nodiscard]] std::optional<std::uint32_t> available_bitrate() const { return available_bitrate_; }

  /// Plain RTP that came in: to its producer, and on to everyone who watches it.
  void on_rtp(const PacketRef& packet, Instant now);
  void on_rtcp(Bytes compound, Instant now);

  /// Who sends with this SSRC; null: nobody.
  [[nodiscard]] Consumer* find_consumer(Ssrc ssrc) const;

  /// Bytes, bitrates and loss of all that it receives and sends (media_session_stats.cc).
  void add_stats(TransportStats& out, Instant now) const;

  void advance(Instant now);
  [[nodiscard]] Instant next_deadline() const;
  void mark_dirty();
  void clear_dirty() { dirty_ = false; }
  [[nodiscard]] void* owner() const { return owner_; }
  [[nodiscard]] Router& router() { return shared_.router; }
  [[nodiscard]] const CaptureClock& capture_clock() const { return capture_clock_; }
  /// Smoothed: by report blocks where we send, by extended reports (RFC 3611) where we only receive.
  [[nodiscard]] std::optional<Duration> round_trip_time() const {
    return rtt_.known() ? std::optional(rtt_.smoothed()) : std::nullopt;
  }
  /// bps that its publisher is asked to stay below, by REMB; 0: no limit.
  void set_max_incoming_bitrate(std::uint32_t bps);

 private:
  /// Whose packets an SSRC carries.
  struct Route {
    Producer* producer = nullptr;
    ProducerStream* stream = nullptr;
  };

  Route find_route(const rtp::PacketView& view, Instant now);
  Route learn_route(const rtp::PacketView& view, Instant now);
  [[nodiscard]] Producer* match_producer(const rtp::PacketView& view) const;
  /// Of a producer that was closed just now: on its way since before, and of no other that has its MID and
  /// RID.
  [[nodiscard]] bool is_left_over(Ssrc ssrc, Instant now) const;
  // media_session_rtcp.cc
  void on_feedback(const rtcp::Packet& packet, Instant now);
  void on_sender_report(const rtcp::SenderReport& report, Instant now);
  void on_report_blocks(const rtcp::ReportBlocks& blocks, Instant now);
  void on_extended_report(const rtcp::ExtendedReport& report, Instant now);
  void on_round_trip_time(Duration rtt);
  void on_bye(Ssrc ssrc);
  [[nodiscard]] bool reduced_size() const;
  void write_lead(ByteWriter& writer) const;
  static void write_name(ByteWriter& writer, Ssrc ssrc, std::string_view cname);
  [[nodiscard]] static bool has_feedback(const Producer& producer, std::string_view type,
                                         std::string_view parameter);
  template <typename Write>
  void send_feedback_packet(Write write, Instant now);
  void send_feedback(Instant now);
  void send_nack(ProducerStream& stream, std::span<const SequenceNumber> missing, Instant now);
  void send_key_frame_request(const Producer& producer, ProducerStream& stream, Instant now);
  void note_transport_cc(SequenceNumber number, std::size_t size, const ProducerStream& stream,
                         Instant arrival);
  void send_transport_feedback(Instant now);

  // media_session_reports.cc
  void start_reports(Instant now);
  void schedule_report(Instant now);
  void send_reports(Instant now);
  bool send_sender_reports(const rtcp::ExtendedReport& echoes, Instant now);
  void send_receiver_reports(rtcp::ExtendedReport extended, Instant now);
  [[nodiscard]] std::uint64_t remb_bitrate(Instant now) const;
  void write_remb(ByteWriter& writer, Instant now);
  void send_remb(Instant now);
  void say_goodbye(const Consumer& consumer);
  void send_goodbyes(Instant now);

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
  struct LeftOver {
    Ssrc ssrc;
    Instant last_received = kNever;
  };
  std::array<LeftOver, 16> left_over_{};  ///< Streams of the producers closed last.
  std::size_t left_over_count_ = 0;
  CaptureClock capture_clock_;
  cc::TransportCcRecorder transport_cc_;
  Ssrc transport_cc_media_;  ///< Feedback names a media SSRC, and libwebrtc ignores one that is not its own.
  Instant next_report_ = kNever;
  std::size_t active_consumers_ = 0;
  std::optional<std::uint32_t> available_bitrate_;  ///< bps out, set by hand; nothing: no limit.
  std::uint32_t min_outgoing_bitrate_ = 0;
  rtp::RoundTripTime rtt_;
  rtcp::ReferenceTimes reference_times_;  ///< Of the other side, to be echoed.
  std::vector<Ssrc> leaving_;             ///< To be told goodbye.
  std::uint32_t max_incoming_bitrate_ = 0;
  int remb_repeats_ = 0;
  bool remb_due_ = false;
  bool dirty_ = false;
};

}  // namespace sluice::sfu
