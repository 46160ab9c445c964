// Data channels of two peer connections where the network is bad or the application slow: reliability modes,
// back pressure, limits.
#include <algorithm>
#include <set>

#include "peer/peers_rig.h"

using namespace sluice;
using sluice::test::Peers;

namespace {

/// Connected over a network that loses 5 % each way and reorders.
struct Lossy : Peers {
  explicit Lossy(const DataChannelInit& init) : Peers(options()) {
    channel = *a.pc->create_data_channel("x", init);
    negotiate();
    REQUIRE(run_until_connected());
    REQUIRE(run_until([&] { return channel.ready_state() == DataChannelState::kOpen && !b.channels.empty(); },
                      10s));
  }
  static Options options() {
    Options out;
    out.up.loss = out.down.loss = 0.05;
    out.up.delay = out.down.delay = 20ms;
    out.up.jitter = out.down.jitter = 30ms;
    return out;
  }
  /// Of 500 messages at 100 a second, the numbers that arrived, in their order.
  std::vector<int> stream() {
    for (int i = 0; i < 500; ++i) {
      CHECK(channel.send(std::to_string(i), now()).ok());
      run_for(10ms);
    }
    run_for(10s);
    std::vector<int> out;
    for (const auto& message : b.messages) out.push_back(std::stoi(std::string(message.text())));
    return out;
  }
  DataChannel channel;
};

bool in_order(const std::vector<int>& numbers) {
  return std::is_sorted(numbers.begin(), numbers.end());
}

bool all_different(const std::vector<int>& numbers) {
  return std::set<int>(numbers.begin(), numbers.end()).size() == numbers.size();
}

}  // namespace

TEST_CASE(
    "channels: reliable ones lose nothing at 5 % loss and reordering, and ordered ones keep the order") {
  const bool ordered = GENERATE(true, false);
  DataChannelInit init;
  init.ordered = ordered;
  Lossy peers(init);
  const auto numbers = peers.stream();
  CHECK(numbers.size() == 500);
  CHECK(all_different(numbers));
  CHECK(in_order(numbers) == ordered);
  CHECK(peers.b.channels[0].ordered() == ordered);
}

TEST_CASE("channels: without retransmissions about what the network loses is missing, and no more") {
  const bool ordered = GENERATE(true, false);
  DataChannelInit init;
  init.ordered = ordered;
  init.max_retransmits = 0;
  Lossy peers(init);
  const auto numbers = peers.stream();
  CHECK(numbers.size() < 500);
  CHECK(numbers.size() > 440);
  CHECK(all_different(numbers));
  CHECK((!ordered || in_order(numbers)));
  CHECK(peers.b.channels[0].max_retransmits() == 0);
}

TEST_CASE("channels: one that is limited in time gives up what is late, and goes on") {
  DataChannelInit init;
  init.max_packet_life_time = 50;
  Lossy peers(init);
  peers.cut(true);
  for (int i = 0; i < 20; ++i) CHECK(peers.channel.send("late", peers.now()).ok());
  peers.run_for(1s);
  peers.cut(false);
  CHECK(peers.channel.send("in time", peers.now()).ok());
  REQUIRE(peers.run_until(
      [&] { return !peers.b.messages.empty() && peers.b.messages.back().text() == "in time"; }, 20s));
  CHECK(peers.b.messages.size() < 10);
  CHECK(peers.b.channels[0].max_packet_life_time() == 50);
}

TEST_CASE(
    "channels: bufferedAmount tells what waits, its event comes once, and a full queue refuses by name") {
  Peers peers({});
  auto channel = *peers.a.pc->create_data_channel("x");
  peers.negotiate();
  REQUIRE(peers.run_until([&] { return channel.ready_state() == DataChannelState::kOpen; }, 10s));
  CHECK(channel.buffered_amount() == 0);
  channel.set_buffered_amount_low_threshold(100'000);
  CHECK(channel.buffered_amount_low_threshold() == 100'000);
  const std::vector<std::uint8_t> message(200'000, 7);
  std::size_t sent = 0;
  Result<void> result = channel.send(message, peers.now());
  for (; result.ok(); result = channel.send(message, peers.now())) ++sent;
  CHECK(result.error().code == ErrorCode::kLimitExceeded);
  CHECK(result.error().field == "bufferedAmount");
  CHECK(channel.buffered_amount() <= DataChannel::kMaxBuffered);
  CHECK(channel.buffered_amount() > DataChannel::kMaxBuffered - 2 * message.size());
  REQUIRE(peers.run_until([&] { return peers.b.messages.size() == sent; }, 60s));
  peers.run_for(1s);
  CHECK(peers.a.count("bufferedamountlow x") == 1);
  CHECK(channel.buffered_amount() == 0);
  for (const auto& m : peers.b.messages) REQUIRE(m.data == message);
}

TEST_CASE(
    "channels: when the other side rejects m=application they close, with the reason, and the rest goes on") {
  Peers peers({});
  REQUIRE(peers.a.pc->add_track(MediaKind::kAudio).ok());
  REQUIRE(peers.a.pc->create_data_channel("x").ok());
  std::string reason;
  peers.a.on_event = [&](const PeerEvent& event) {
    if (const auto* closed = std::get_if<event::ChannelClosed>(&event)) reason = closed->reason;
  };
  const auto exchange = [&](bool with_data) {
    REQUIRE(peers.a.pc->set_local_description(peers.now()).ok());
    peers.settle();
    REQUIRE(peers.b.pc->set_remote_description(*peers.a.pc->local_description(), peers.now()).ok());
    std::string sdp = peers.b.pc->create_answer()->sdp;
    REQUIRE(peers.b.pc->set_local_description({SdpType::kAnswer, sdp}, peers.now()).ok());
    if (!with_data) {
      sdp.replace(sdp.find("m=application 9"), 15, "m=application 0");
      sdp.replace(sdp.find("BUNDLE 0 1"), 10, "BUNDLE 0");
    }
    REQUIRE(peers.a.pc->set_remote_description({SdpType::kAnswer, sdp}, peers.now()).ok());
    peers.settle();
  };
  if (GENERATE(false, true)) {  // after it was had
    exchange(true);
    REQUIRE(peers.run_until([&] { return peers.a.count("open x") == 1; }, 10s));
  }
  exchange(false);
  peers.run_for(1s);
  CHECK(peers.a.count("closed x") == 1);
  CHECK(reason == "the other side has rejected data channels");
  CHECK(peers.a.negotiation_needed == 1);  // it is not asked for again, and again
  CHECK(peers.run_until_connected());
  REQUIRE(peers.a.pc->create_data_channel("y").ok());  // asks
  peers.run_for(1ms);
  CHECK(peers.a.negotiation_needed == 2);
}

TEST_CASE("channels: those over the other side's limit are closed, and the others live") {
  Peers::Options options;
  options.b.max_data_channels = 8;
  Peers peers(options);
  std::vector<DataChannel> channels;
  for (int i = 0; i < 12; ++i) {
    const auto made = peers.a.pc->create_data_channel("x");
    REQUIRE(made.ok());
    channels.push_back(*made);
  }
  peers.negotiate();
  REQUIRE(peers.run_until_connected());
  peers.run_for(5s);
  CHECK(peers.b.channels.size() == 8);
  CHECK(peers.a.count("closed x") == 4);
  for (DataChannel& channel : channels)
    if (channel.ready_state() == DataChannelState::kOpen) CHECK(channel.send("alive", peers.now()).ok());
  peers.run_for(1s);
  CHECK(peers.b.messages.size() == 8);
  // Ours is refused at once, by name.
  const auto refused = [&] {
    for (int i = 0; i < 9; ++i)
      if (const auto made = peers.b.pc->create_data_channel("y"); !made) return made.error();
    return Error{};
  }();
  CHECK(refused.code == ErrorCode::kLimitExceeded);
}
