// A media track coming in: recognises its packets, unwraps retransmissions, notes loss, reads frame facts,
// and holds the routes to those who watch it. Owned by the MediaSession of its transport.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "sfu/capture_clock.h"
#include "sfu/layer_selector.h"
#include "sfu/level_meter.h"
#include "sfu/media_packet.h"
#include "sfu/producer_stream.h"
#include "sluice/event.h"
#include "sluice/rtp_parameters.h"
#include "sluice/stats.h"
#include "transport/drop_reason.h"

namespace sluice::sfu {

class Consumer;
class MediaSession;

class Producer {
 public:
  static constexpr std::uint8_t kNoPayloadType = 0xFF;
  struct Options {
    std::string id;
    MediaKind kind = MediaKind::kAudio;
    RtpParameters parameters;  ///< As the publisher sends.
    RtpParameters consumable;  ///< As the room names it.
    bool paused = false;
    Duration key_frame_request_delay{};
    std::string type = "simple";
    /// Of the Opus inside its RED; kNoPayloadType when it sends none.
    std::uint8_t red_block_type = kNoPayloadType;
  };

  explicit Producer(Options options);
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  [[nodiscard]] const std::string& id() const { return options_.id; }
  [[nodiscard]] MediaKind kind() const { return options_.kind; }
  [[nodiscard]] const RtpParameters& parameters() const { return options_.parameters; }
  [[nodiscard]] const RtpParameters& consumable() const { return options_.consumable; }
  [[nodiscard]] const rtp::ExtensionMap& extensions() const { return extensions_; }
  [[nodiscard]] bool has_payload_type(PayloadType type) const { return find_codec(type) != nullptr; }
  [[nodiscard]] bool is_rtx(PayloadType type) const;
  [[nodiscard]] std::uint8_t red_block_type() const { return options_.red_block_type; }
  [[nodiscard]] std::vector<std::unique_ptr<ProducerStream>>& streams() { return streams_; }
  /// Key frames of its codec can be told from other frames.
  [[nodiscard]] bool knows_key_frames() const { return knows_key_frames_; }

  /// "simple", "simulcast" (several streams) or "svc" (layers within one).
  [[nodiscard]] std::string_view type() const;
  /// There is something to choose from; temporal layers may show only when they come.
  [[nodiscard]] bool has_layers() const;
  /// As a consumer names them: simulcast streams count as spatial layers.
  [[nodiscard]] ConsumerLayers name_of(const LayerSelector::Choice& choice);
  [[nodiscard]] codec::Layers highest_layers() const;
  [[nodiscard]] ProducerStream& stream(std::size_t index) {
    return *streams_[std::min(index, streams_.size() - 1)];
  }

  /// VP8: its receivers wait for picture ids that are missing, so what is left out is closed up. VP9's
  /// receivers find a picture's place in its group by the id (RFC 9628 §4.2.1), so there gaps stay.
  [[nodiscard]] bool closes_picture_gaps() const { return closes_picture_gaps_; }

  /// Takes a packet of `stream`. Nothing, with the reason, when it goes no further.
  std::optional<MediaPacket> receive(ProducerStream& stream, const PacketRef& packet,
                                     const rtp::PacketView& view, Instant now, transport::DropReason& reason);

  [[nodiscard]] bool paused() const { return options_.paused; }
  void set_paused(bool paused) { options_.paused = paused; }

  [[nodiscard]] ExtensionValues extension_values(const rtp::PacketView& view) const;

  /// Somebody needs a key frame, of one stream or of all; the session's next advance() asks for it. Audio
  /// ignores it.
  void request_key_frame(std::size_t stream, Instant now);
  void request_key_frame(Instant now);
  /// The publisher goes on under another SSRC.
  void begin_anew(ProducerStream& stream, Ssrc ssrc, Instant now);

  /// 0 to 10, in the order of the encodings.
  [[nodiscard]] std::vector<ProducerScoreChange::Stream> scores() const;
  /// About once a second.
  void update_scores(Instant now);
  /// Which events are told, by bit (TraceType).
  void set_trace(std::uint8_t types) { trace_ = types; }
  [[nodiscard]] bool traces(TraceType type) const { return (trace_ >> static_cast<unsigned>(type) & 1) != 0; }

  /// The routes. `consumers` holds all, `active` those that packets are forwarded to; kept by Consumer.
  std::vector<Consumer*> consumers;
  std::vector<Consumer*> active;

  /// Who wants to know how loud it is: audio, kept by the engine's observers.
  std::vector<LevelMeter*> observers;

  /// Set by the session that owns it.
  MediaSession* session = nullptr;

  /// Where what it has received waits to be forwarded; kept by Router.
  static constexpr std::size_t kNoBurst = static_cast<std::size_t>(-1);
  std::size_t burst = kNoBurst;

  [[nodiscard]] std::vector<RtpStreamStats> stats(Instant now) const;
  [[nodiscard]] TrackCounts counts() const;

 private:
  struct Codec {
    std::uint8_t payload_type = 0;
    bool rtx = false;
    std::uint8_t apt = 0;  ///< Of RTX: the media payload type.
    codec::Kind kind = codec::Kind::kOther;
    bool nack = false;
    bool kept = false;  ///< For those who miss it.
    std::string mime_type;
  };
  [[nodiscard]] const Codec* find_codec(PayloadType type) const;
  void add_codecs();
  void tell_observers(const MediaPacket& packet, Instant now);
  void add_streams();
  /// Of an RTX packet: the media packet inside.
  std::optional<rtp::PacketView> unwrap(ProducerStream& stream, const rtp::PacketView& view, const Codec& rtx,
                                        Instant arrival, transport::DropReason& reason);

  /// Counts what a packet tells of its stream: layers, rates, whether it lives.
  void note_layers(ProducerStream& stream, RtpTimestamp picture, const codec::FrameFacts& facts,
                   std::size_t size, Instant now);
  void check_red(ProducerStream& stream, StoredPacket& packet) const;
  /// `start` brought the structure that packets behind it, which came before it, refer to.
  void read_again(ProducerStream& stream, codec::Kind kind, SequenceNumber start, Instant now);
  static void note_discardable(ProducerStream& stream, const StoredPacket& packet);
  void check_liveness(Instant now);
  void reselect(Instant now);
  void note_orientation(const ExtensionValues& extensions);
  void trace_rtp(TraceType type, const StoredPacket& packet, Instant now) const;

  static constexpr Duration kLivenessInterval = 50ms;

  Options options_;
  rtp::ExtensionMap extensions_;
  std::vector<Codec> codecs_;
  std::array<std::uint8_t, 128> codec_index_{};  ///< Payload type → index into codecs_ plus one.
  std::vector<std::unique_ptr<ProducerStream>> streams_;
  std::uint32_t received_ = 0;
  Instant next_liveness_check_{};
  std::uint8_t orientation_ = kNoOrientation;
  std::uint8_t trace_ = 0;
  bool knows_key_frames_ = false;
  bool closes_picture_gaps_ = false;
  bool sends_spatial_layers_ = false;
  static constexpr std::uint8_t kNoOrientation = 0xFF;
};

}  // namespace sluice::sfu
