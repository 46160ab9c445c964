// A call under measurement: a real worker on its core, rooms, and synthetic peers on the other core.
//
// Built by a scenario: rooms, joins, tracks, consumers; then measured any number of times under different
// loads. Between measurements all senders are silent.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bench/raw_flow.h"
#include "bench/udp_peers.h"
#include "bench/worker_process.h"
#include "srtp/suite.h"

namespace sluice::bench {

/// Ends the program with a sentence when the result is an error.
[[noreturn]] void give_up(const std::string& what);
template <typename T>
T need(Result<T> result, const char* what) {
  if (result) return std::move(result).value();
  give_up(std::string(what) + ": " + result.error().field + " " + result.error().message);
}
void need(const Result<void>& result, const char* what);

/// What all measurements of one run have in common.
struct Environment {
  std::string worker;
  std::string yardstick;
  std::string malloc_counter;
  std::string srtp_backend = "auto";
  Receivers receivers = Receivers::kPlain;
  Burst burst = Burst::kSendmmsg;
  bool verbose = false;  ///< Tell every step of the search for the highest rate.
};

struct Participant {
  std::string id;
  client::Peer* peer = nullptr;
};

class Call {
 public:
  /// `suite`: what the peers offer, and nothing else.
  Call(const Environment& environment, srtp::Suite suite);

  WorkerProcess& worker() { return worker_; }
  UdpPeers& peers() { return peers_; }
  [[nodiscard]] srtp::Suite suite() const { return suite_; }
  [[nodiscard]] const Environment& environment() const { return environment_; }

  void add_room(const std::string& room);
  /// A transport on the worker and a peer for it; ICE starts with start().
  Participant& add(const std::string& room, const std::string& id,
                   std::uint32_t consent_timeout_seconds = 30);
  void start(const Participant& participant);
  /// Connects all that were added since, at most `in_flight` at once.
  void connect_all(std::size_t in_flight = 64);
  [[nodiscard]] std::vector<std::unique_ptr<Participant>>& participants() { return participants_; }

  /// A track of the participant, silent so far. Gives the producer's id.
  std::string publish(Participant& participant, MediaKind kind);
  void consume(Participant& viewer, const std::string& producer);
  /// Everybody but those who only publish becomes a drained receiver.
  void drain();

  /// All senders start under this load, spread over a frame's time; they stop, and what is under way arrives.
  void start_media(const Traffic& load);
  void stop_media();
  /// Lets time pass; a key frame is asked for every two seconds, as viewers come or lose packets.
  void run(Duration time);

  /// RTP packets sent so far, each counted for every viewer that it is for.
  [[nodiscard]] double expected() const;
  [[nodiscard]] double received() const { return static_cast<double>(peers_.received()); }
  /// How many packets leave the worker for one packet of each sender.
  [[nodiscard]] std::size_t consumers() const;
  /// Viewers to take samples of, spread over the order in which they are served.
  [[nodiscard]] std::vector<const client::Peer*> viewers(std::size_t at_most) const;

  /// Calls of the worker so far, from its dump.
  struct Calls {
    double receive = 0;
    double send = 0;
    double wake_ups = 0;
  };
  Calls calls();
  /// Of the worker's sockets: what its dump says of datagrams and drops.
  std::string sockets();

 private:
  struct Track {
    std::string producer;
    Participant* participant = nullptr;
    client::MediaSender* sender = nullptr;
    MediaKind kind = MediaKind::kVideo;
    std::size_t consumers = 0;
  };

  const Environment& environment_;
  srtp::Suite suite_;
  WorkerProcess worker_;
  UdpPeers peers_;
  RtpCapabilities capabilities_;
  std::vector<std::unique_ptr<Participant>> participants_;
  std::vector<WebRtcTransportReply> replies_;  ///< By participant, until it is started.
  std::size_t started_ = 0;
  std::vector<Track> tracks_;
  std::vector<Participant*> viewers_;
  Instant next_key_frame_ = kNever;
};

/// 1 publisher, N viewers.
std::unique_ptr<Call> make_star(const Environment& environment, srtp::Suite suite, int viewers,
                                MediaKind kind, int tracks = 1);
/// Rooms in which everyone sends audio and video to everyone else.
std::unique_ptr<Call> make_rooms(const Environment& environment, srtp::Suite suite, int rooms, int size);

}  // namespace sluice::bench
