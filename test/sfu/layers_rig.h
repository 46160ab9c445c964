// Publishers with layers and viewers who judge, around media sessions, without a network: what LayeredSources
// make goes through links that lose, delay, overtake and repeat as a seed says, into the publisher's session;
// what the viewers' sessions send goes through such links into a DecoderModel each. RTCP goes both ways: key
// frame requests, NACKs and sender reports.
//
//   LayersRig rig(vp8_simulcast(7));         // a seed
//   auto& viewer = rig.add_viewer();
//   rig.prefer(viewer, {2, 2});
//   rig.run(5s);
//   rig.expect_clean();                      // every viewer's model is content
//
// A failure prints the seed (INFO), and the same seed fails the same way.
#pragma once

#include <functional>
#include <map>
#include <optional>

#include "client/decoder_model.h"
#include "client/layered_source.h"
#include "rtp/nack_generator.h"
#include "seeds.h"
#include "sfu/rig.h"
#include "sluice/command.h"

namespace sluice::sfu::testing {

inline constexpr std::uint8_t kDependencyId = 8;
inline constexpr std::uint8_t kRepairedRidId = 6;

struct LinkKnobs {
  double loss = 0;
  double duplication = 0;
  Duration delay = 10ms;
  Duration
      jitter{};  ///< Up to so much more, each packet for itself: more than the distance of packets reorders.
};

struct LayersOptions {
  std::uint64_t seed = 1;
  std::vector<client::LayeredSource::Options> encodings;  ///< The smallest first.
  bool by_rid = true;  ///< Several encodings: SSRCs are learned by RID, not told.
  bool rtx = true;     ///< Viewers have RTX.
  LinkKnobs up{};
  LinkKnobs down{};
  bool nack = true;            ///< Viewers and the publisher repair losses.
  bool sender_reports = true;  ///< The publisher sends them.
  /// Of the judge; a strict one only for links without loss and jitter, and nobody paused.
  bool strict = false;
  Duration timestamp_tolerance = 10ms;
};

/// 320x180, 640x360 and 1280x720, each L1T3.
LayersOptions vp8_simulcast(std::uint64_t seed, std::size_t encodings = 3);
/// One encoding with spatial layers in it; `key_only`: L3T3_KEY.
LayersOptions vp9_svc(std::uint64_t seed, bool key_only = false, std::uint8_t spatial = 3);
LayersOptions av1_svc(std::uint64_t seed, std::uint8_t spatial = 1, bool key_only = false);

class LayersRig {
 public:
  explicit LayersRig(LayersOptions options);
  LayersRig(const LayersRig&) = delete;
  LayersRig& operator=(const LayersRig&) = delete;

  struct Viewer {
    Viewer(std::size_t number, Side& its_side, Consumer& its_consumer, client::DecoderModel::Options judge);
    std::size_t index;
    Side& side;
    Consumer& consumer;
    client::DecoderModel model;
    rtp::NackGenerator nack;
    Instant key_frame_due = kNever;  ///< When it asks, unless a picture is shown before.
    std::uint64_t pictures_seen = 0;
    std::uint64_t plis = 0;
    std::uint64_t packets = 0;  ///< Sent to it, whether they came or not.
  };

  Viewer& add_viewer();
  /// Consumers choose layers: false while they do not, and what needs it has nothing to test.
  static constexpr bool can_prefer() { return offers_layers<Consumer>(); }
  /// False when they do not.
  bool prefer(Viewer& viewer, ConsumerLayers layers) {
    return prefer_layers(viewer.consumer, layers, rig.now);
  }
  /// The encoder of one encoding has no bits left for it, or has again.
  void set_active(std::size_t encoding, bool active);
  void pause(Viewer& viewer, bool paused) { viewer.consumer.set_paused(paused, rig.now); }
  void pause_producer(bool paused);
  /// The camera was taken out and put in again: everything starts anew, under new SSRCs if so wished.
  void restart_publisher(bool new_ssrcs);

  void run(Duration duration);
  bool run_until(const std::function<bool()>& done, Duration limit);

  /// Everyone's model is finished and has nothing to complain of. Last of all.
  void expect_clean();
  /// The encoder stops, and what is under way arrives.
  void quiet(Duration patience = 2s);

  [[nodiscard]] std::uint64_t key_frame_requests() const { return key_frame_requests_; }
  [[nodiscard]] std::uint64_t nacked() const { return nacked_; }
  [[nodiscard]] client::LayeredSource& source(std::size_t encoding) { return *encoders_[encoding].source; }
  [[nodiscard]] Ssrc ssrc(std::size_t encoding) const { return encoders_[encoding].ssrc; }
  /// What the source has made, as it leaves the publisher; under the encoding's next number.
  PacketRef make_packet(std::size_t encoding, const client::MediaUnit& unit);

  Rig rig;
  LayersOptions options;
  Side& publisher;
  Producer& producer;
  std::vector<std::unique_ptr<Viewer>> viewers;
  /// Sees each packet on its way to the server; what it answers true to is lost.
  std::function<bool(std::size_t encoding, const client::MediaUnit&)> lose;
  /// Sees each packet that a viewer is sent; what it answers true to is lost.
  std::function<bool(const Viewer&, const rtp::PacketView&)> lose_down;
  /// How much later than the link has it a packet comes to the server.
  std::function<Duration(std::size_t encoding, const client::MediaUnit&)> delay;

 private:
  struct Encoder {
    std::unique_ptr<client::LayeredSource> source;
    bool active = true;
    std::string rid;
    Ssrc ssrc;
    SequenceNumber next;
    std::map<std::uint16_t, std::vector<std::uint8_t>> sent;  ///< For NACKs.
    std::uint32_t packets = 0;
    std::uint32_t octets = 0;
  };
  struct Flight {
    static constexpr std::size_t kServer = static_cast<std::size_t>(-1);
    std::size_t to = kServer;  ///< Or a viewer.
    std::vector<std::uint8_t> bytes;
    bool rtcp = false;
  };

  template <typename SomeConsumer>
  static constexpr bool offers_layers() {
    return requires(SomeConsumer & consumer, ConsumerLayers layers, Instant now) {
      consumer.set_preferred_layers(layers, now);
    };
  }
  template <typename SomeConsumer>
  static bool prefer_layers(SomeConsumer& consumer, ConsumerLayers layers, Instant now) {
    if constexpr (offers_layers<SomeConsumer>()) {
      consumer.set_preferred_layers(layers, now);
      return true;
    } else {
      return false;
    }
  }

  Producer& make_producer();
  void make_encoders(bool new_ssrcs);
  [[nodiscard]] RtpParameters parameters(std::uint32_t ssrc, bool with_encodings) const;
  void step(Instant limit);
  [[nodiscard]] Instant next_event() const;
  void fly(const LinkKnobs& link, Flight flight, Duration more = {});
  void deliver(const Flight& flight);
  void deliver_to_viewer(Viewer& viewer, Bytes bytes);
  void send_media();
  void send_unit(std::size_t encoding, const client::MediaUnit& unit);
  void send_reports();
  void take_sent();
  void on_publisher_rtcp(Bytes compound);
  void serve_viewer(Viewer& viewer);
  [[nodiscard]] Encoder* find_encoder(Ssrc ssrc);

  Random random_;
  std::vector<Encoder> encoders_;
  std::uint32_t incarnation_ = 0;
  std::multimap<Instant, Flight> flights_;
  Instant next_report_;
  std::uint64_t key_frame_requests_ = 0;
  std::uint64_t nacked_ = 0;
};

}  // namespace sluice::sfu::testing
