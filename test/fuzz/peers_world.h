// What the fuzzer of two PeerConnections rules: both ends, the network and the signaling channel between
// them, time, and what has been done to them that excuses a call which does not come about. Used by
// peers_fuzz.cc.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <vector>

#include "require.h"
#include "sluice/peer_connection.h"

namespace sluice::fuzz {

constexpr std::size_t kMaxFlying = 200;
constexpr std::size_t kMaxDatagram = 1500;
constexpr std::size_t kMaxSignaled = 64;

struct Flying {
  SocketAddress from;
  SocketAddress to;
  std::vector<std::uint8_t> bytes;
};

struct Message {
  std::optional<SessionDescription> description;
  IceCandidateInit candidate;
};

struct End {
  std::unique_ptr<PeerConnection> pc;
  std::vector<SocketAddress> addresses;  ///< By socket; a port of 0 when it is gone.
  std::deque<Message> signaled;          ///< On the way to the other end.
  std::vector<DataChannel> channels;
  std::vector<RtpTransceiver> tracks;
  bool closed = false;  ///< By its application.
};

inline void check(const Result<void>& result) {
  require(result.ok() || !result.error().message.empty());
}

class PeersWorld {
 public:
  PeersWorld();
  /// All is well again: what was under way is called back or answered, one offer and its answer go over; then
  /// two ends that are open connect, or say why not.
  void finish();

 protected:
  static bool over(const End& end) { return end.pc->signaling_state() == SignalingState::kClosed; }
  End& other(const End& end) { return &end == ends_.data() ? ends_[1] : ends_[0]; }
  void call_set_local(End& end, SdpType type);
  void take_signaled(End& to);
  void deliver(Flying packet);
  /// Lets time pass, deadline by deadline; loses the nth packet when bit n % 8 of `loss` is set.
  void run(Duration duration, std::uint8_t loss);
  void lose(const Flying& packet);
  void settle();

  Instant now_{1000s};
  PacketPool pool_;
  std::array<End, 2> ends_;
  std::vector<Flying> flying_;
  std::uint32_t count_ = 0;
  bool signaling_broken_ = false;  ///< Descriptions or candidates were lost, changed, or crossed.
  bool tampered_ = false;
  bool paths_removed_ = false;
  bool dtls_lost_ = false;  ///< A handshake has twelve chances, which a fuzzer can take all.

 private:
  void end_offers();
  void signal(End& end, Message message);
  void take_all_signaled();
  bool flush(End& end);
};

}  // namespace sluice::fuzz
