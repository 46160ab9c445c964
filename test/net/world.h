// An engine and any number of synthetic participants on a virtual network, in virtual time: the stage of
// every scenario.
//
// Time jumps from deadline to delivery; nothing sleeps. Signaling takes no time and goes through
// Engine::execute as a controller would: everyone consumes what everyone else produces, objects that the
// engine closes are closed here.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/deadline_heap.h"
#include "client/jsep.h"
#include "client/ortc.h"
#include "client/peer.h"
#include "net/virtual_network.h"
#include "sluice/engine.h"

namespace sluice::net {

struct WorldOptions {
  std::uint64_t seed = 1;
  LinkSpec up{};  ///< Of every participant, unless its own say otherwise.
  LinkSpec down{};
  SrtpBackend server_backend = SrtpBackend::kAuto;
  std::vector<std::uint16_t> client_profiles{};  ///< SRTP profiles that clients offer; empty: all.
  /// Datagrams are handed to the engine in batches: its clock moves in steps of so much. 0: one instant at a
  /// time.
  Duration batch{};
};

/// A participant over a plain transport, with rtcp-mux.
struct PlainOptions {
  bool comedia = true;
  std::optional<srtp::Suite> suite{};  ///< SRTP; nothing: in the clear.
  bool bare = false;                   ///< As ffmpeg sends: no header extensions, no mid, no RTX.
};

struct JoinOptions {
  std::string room = "room";
  bool audio = true;
  bool video = true;
  client::VideoSource::Options video_options{};
  /// Layered video instead: one encoding, or the encodings of a simulcast. By ORTC only.
  std::vector<client::LayeredSource::Options> layered{};
  double audio_drift_ppm = 0;             ///< Of the microphone's clock.
  double clock_drift_ppm = 0;             ///< Of the clock of its sender reports.
  client::DecoderModel::Options judge{};  ///< Of what it receives in layers.
  IpFamily family = IpFamily::kIPv4;
  dtls::Role dtls_role = dtls::Role::kClient;
  bool consume = true;
  std::optional<PlainOptions> plain{};  ///< Instead of ICE and DTLS.
  bool jsep = false;                    ///< By offer and answer, subscribed to all; otherwise by ORTC.
  bool nack = true;                     ///< Asks for what it misses.
  bool red = false;                     ///< Sends RED. By ORTC only, in a room whose first member does.
  std::vector<std::string> lacks{};     ///< Media types that it does not receive: "audio/red". By ORTC only.
  std::optional<SocketAddress>
      address{};                      ///< Instead of one of its own, which a participant before may have had.
  std::optional<SctpOptions> data{};  ///< Data channels. By ORTC only.
  std::uint32_t key_frame_request_delay_ms = 0;
  std::uint32_t consent_timeout_seconds = 30;
  std::optional<LinkSpec> up{};
  std::optional<LinkSpec> down{};
};

struct Participant {
  std::string id;
  JoinOptions options;
  std::string transport_id;
  SocketAddress address;  ///< Behind its NAT.
  SocketId socket = 0;
  std::unique_ptr<client::Peer> peer;
  std::unique_ptr<client::JsepSignaling> jsep;
  Deadline deadline{this};
  Instant joined_at{};
  bool present = true;
  struct Track {
    std::string mid;
    std::string producer_id;
    std::uint32_t stream = 0;
    client::MediaSender* sender = nullptr;  ///< Of a simulcast the smallest encoding's.
    std::vector<client::MediaSender*> encodings{};
  };
  std::vector<Track> tracks;
  /// Consumer id → producer id, of what it receives now.
  std::map<std::string, std::string> consumers;
  /// JSEP: consumer id → mid, which is what its receiver is known by.
  std::map<std::string, std::string> mids;

  [[nodiscard]] client::MediaSender* audio() const { return sender(MediaKind::kAudio); }
  [[nodiscard]] client::MediaSender* video() const { return sender(MediaKind::kVideo); }
  [[nodiscard]] client::MediaSender* sender(MediaKind kind) const;
  [[nodiscard]] const std::string& producer_id(MediaKind kind) const;
};

/// What became of a received track, kept after it was taken away.
struct FinishedTrack {
  std::string viewer;
  MediaKind kind;
  client::Continuity continuity;
  std::uint64_t given_up = 0;
  std::unique_ptr<client::DecoderModel> model;  ///< Of layered media.
};

class World {
 public:
  explicit World(WorldOptions options);
  ~World();

  [[nodiscard]] Instant now() const { return now_; }
  [[nodiscard]] Engine& engine() { return *engine_; }
  [[nodiscard]] VirtualNetwork& network() { return network_; }
  [[nodiscard]] const WallClock& wall_clock() const { return wall_clock_; }
  [[nodiscard]] Random& random() { return random_; }
  [[nodiscard]] const SocketAddress& server(IpFamily family) const;

  // --- Conference
  Participant& join(JoinOptions options = {});
  /// Its connection says goodbye and its peer is closed.
  void leave(Participant& participant);
  /// Gone without a word; the engine still has it.
  void vanish(Participant& participant);
  void produce(Participant& participant, MediaKind kind);
  /// One encoding of a simulcast has no bits left for it, or has again.
  void set_active(Participant& participant, std::size_t encoding, bool active);
  /// The camera is taken out and put in again: all encodings start anew, under the same SSRCs.
  void restart_video(Participant& participant);
  void close_producer(Participant& participant, MediaKind kind);
  /// Consumes `producer_id`, or nothing when it has it already.
  client::MediaReceiver* consume(Participant& viewer, const std::string& producer_id, bool paused = false);
  [[nodiscard]] client::MediaReceiver* find_receiver(const Participant& viewer, const Participant& publisher,
                                                     MediaKind kind) const;
  [[nodiscard]] std::string consumer_id(const Participant& viewer, const Participant& publisher,
                                        MediaKind kind) const;
  void restart_ice(Participant& participant);
  /// The participant's NAT gives it another address.
  void rebind(Participant& participant);
  [[nodiscard]] const std::vector<std::unique_ptr<Participant>>& participants() const {
    return participants_;
  }
  [[nodiscard]] std::vector<Participant*> present() const;

  // --- Requests. The test fails when one is refused.
  template <typename Answer>
  Answer request(const Command& command) {
    return std::get<Answer>(execute(command));
  }
  Reply execute(const Command& command);
  [[nodiscard]] TransportStats transport_stats(const Participant& participant);
  [[nodiscard]] std::vector<RtpStreamStats> producer_stats(const Participant& participant, MediaKind kind);
  [[nodiscard]] std::string dump_worker() { return request<DumpReply>(Dump{ObjectKind::kWorker, ""}).json; }

  /// Something was called on its connection from outside.
  void touch(Participant& participant);

  // --- Time
  void run_for(Duration duration);
  /// False when `done` did not hold within `limit`.
  bool run_until(const std::function<bool()>& done, Duration limit);
  /// Everyone's media can flow.
  bool run_until_connected(Duration limit = 10s);
  /// A datagram from nowhere, handed to the engine at once; gives what the engine sent to that source in
  /// answer.
  std::size_t inject(const SocketAddress& from, Bytes bytes, SocketId socket = 0);

  // --- Looking back
  [[nodiscard]] const std::vector<Event>& events() const { return events_; }
  [[nodiscard]] const std::vector<FinishedTrack>& finished() const { return finished_; }
  /// Sees every datagram that reaches the server, as it was sent; what it answers true to goes no further.
  std::function<bool(const Datagram&)> intercept;

  /// Closes every room and checks that nothing is left: objects, packets, paths, deadlines. Call at the end
  /// of every scenario.
  void finish();

 private:
  void step(Instant limit);
  void deliver();
  void flush_engine();
  void flush_clients();
  void take_events();
  void on_closed(const ObjectClosed& closed);
  void join_ortc(Participant& participant);
  void join_plain(Participant& participant);
  void consume_others(Participant& participant);
  void join_jsep(Participant& participant);
  void offer_from_client(Participant& participant, bool ice_restart = false);
  void offer_from_server(Participant& participant);
  void take_sections(Participant& participant, const DescriptionReply& reply);
  void on_produced(const ProducerCreated& created);
  /// Negotiates with everyone who needs it.
  void settle_signaling();
  void retire(Participant& viewer, const std::string& consumer_id);
  [[nodiscard]] Instant next_event() const;

  WorldOptions options_;
  Instant now_{Duration(1000s)};
  Random random_;
  WallClock wall_clock_;
  VirtualNetwork network_;
  std::vector<SocketAddress> servers_;  ///< By socket id; first those that every WebRTC transport has.
  std::set<SocketId> plain_sockets_;    ///< That the engine holds.
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<srtp::Backend> backend_;
  dtls::Context dtls_;
  PacketPool pool_;
  transport::SendBatch batch_;
  client::Shared shared_;
  std::set<std::string> rooms_;
  std::map<std::string, RtpCapabilities> capabilities_;
  DeadlineHeap deadlines_;
  std::vector<std::unique_ptr<Participant>> participants_;
  std::unordered_map<SocketAddress, Participant*> by_address_;
  std::vector<ReceivedDatagram> to_engine_;
  Datagram scratch_;
  std::vector<Event> events_;
  std::vector<std::string> to_negotiate_;
  std::vector<ProducerCreated> produced_;
  std::vector<FinishedTrack> finished_;
  std::uint32_t next_stream_ = 1;
  std::uint16_t next_outer_port_ = 40'000;
  int idle_rounds_ = 0;
};

}  // namespace sluice::net
