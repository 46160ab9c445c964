// Two peer connections, or three where a second device can answer, on a virtual network in virtual time, from
// a seed; signaling takes no time unless a test does it by hand. Every event is noted.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "catch.h"
#include "net/virtual_network.h"
#include "sluice/peer_connection.h"

namespace sluice::test {

/// One end.
struct Peer {
  std::unique_ptr<PeerConnection> pc;
  std::vector<SocketAddress> addresses;      ///< By socket.
  std::vector<IceCandidateInit> candidates;  ///< That it has told and nobody has taken.
  bool candidates_ended = false;
  std::vector<std::string> log;       ///< Names of events with what they say.
  std::vector<DataChannel> channels;  ///< That the other side opened.
  std::vector<event::ChannelMessage> messages;
  std::vector<event::FrameReceived> frames;
  std::vector<event::RtpReceived> packets;
  std::vector<event::IceCandidateError> candidate_errors;
  std::vector<event::KeyFrameRequested> key_frame_requests;
  std::vector<RtpTransceiver> tracks;
  std::string failure;  ///< The reason of failed, or of closed by the other side.
  int negotiation_needed = 0;
  /// Called for each event, before it is forgotten.
  std::function<void(const PeerEvent&)> on_event;

  [[nodiscard]] std::size_t count(std::string_view name) const;
};

class Peers {
 public:
  struct Options {
    std::uint64_t seed = 1;
    Configuration a;
    Configuration b;
    net::LinkSpec up;
    net::LinkSpec down;
    int addresses = 1;  ///< Of either end.
    IpFamily family = IpFamily::kIPv4;
    bool second_device = false;  ///< There is a `c`, configured as `b`.
  };
  explicit Peers(Options options);

  Peer a;
  Peer b;
  Peer c;
  Peer* answering = &b;  ///< Whom a's candidates go to: b, or c.

  [[nodiscard]] Instant now() const { return now_; }
  [[nodiscard]] net::VirtualNetwork& network() { return network_; }
  [[nodiscard]] Random& random() { return random_; }
  /// Gives each end the other's candidates as they come; false: run() leaves them in Peer::candidates.
  bool deliver_candidates = true;

  /// An offer of `from` and its answer.
  void negotiate(Peer& from, Peer& to);
  void negotiate() { negotiate(a, b); }
  void run_for(Duration duration);
  bool run_until(const std::function<bool()>& done, Duration limit);
  bool run_until_connected(Duration limit = 20s);
  void cut(bool is_cut);
  [[nodiscard]] Peer& other(const Peer& peer) { return &peer == &a ? *answering : a; }
  /// Until nothing more happens at this instant.
  void settle();

 private:
  void add(Peer& peer, const Configuration& configuration, std::uint64_t seed, const std::string& network,
           std::uint16_t port, bool first);
  void step(Instant limit);
  bool flush(Peer& peer);
  void note(Peer& peer, const PeerEvent& event);
  [[nodiscard]] Instant next_event() const;

  Options options_;
  std::vector<Peer*> ends_;
  Instant now_{Duration(1000s)};
  Random random_;
  net::VirtualNetwork network_;
  PacketPool pool_;
  net::Datagram scratch_;
};

/// A VP8 frame that is one as far as its header goes, `size` bytes of it.
std::vector<std::uint8_t> vp8_frame(bool key, std::size_t size, std::uint8_t fill);

}  // namespace sluice::test
