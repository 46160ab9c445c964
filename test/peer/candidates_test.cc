// Candidates of the other side that are of no use, and servers that change under way.
#include "peer/peers_rig.h"

using namespace sluice;
using sluice::test::Peers;

TEST_CASE(
    "candidates: an mDNS name is taken politely and left alone; the call connects by what else there is") {
  Peers peers({});
  REQUIRE(peers.a.pc->create_data_channel("x").ok());
  peers.negotiate();
  IceCandidateInit hidden;
  hidden.candidate = "candidate:1 1 udp 2122260223 7b1c4ba8-2f4c-4f0e-9a3b-0d5d7a3c9f11.local 50000 typ host";
  hidden.sdp_mid = "0";
  CHECK(peers.a.pc->add_ice_candidate(hidden, peers.now()).ok());
  CHECK(peers.a.pc->remote_description()->sdp.find(".local 50000") != std::string::npos);
  CHECK(peers.run_until_connected());
  for (const auto& c : peers.a.pc->get_stats(peers.now()).all<CandidateStats>())
    CHECK(c.address.find(".local") == std::string::npos);
}

TEST_CASE("candidates: those of no m-line, of no generation and too many are refused by name") {
  Peers peers({});
  REQUIRE(peers.a.pc->create_data_channel("x").ok());
  peers.negotiate();
  const auto add = [&](std::string mid, std::string ufrag, int port) {
    IceCandidateInit candidate;
    candidate.candidate = "candidate:1 1 udp 1 203.0.113.7 " + std::to_string(port) + " typ host";
    candidate.sdp_mid = std::move(mid);
    if (!ufrag.empty()) candidate.username_fragment = std::move(ufrag);
    return peers.a.pc->add_ice_candidate(candidate, peers.now());
  };
  CHECK(add("7", "", 1000).error().field == "sdpMid");
  CHECK(add("0", "elsewhere", 1000).error().field == "usernameFragment");
  Result<void> result = add("0", "", 1000);
  for (int port = 1001; result.ok() && port < 2000; ++port) result = add("0", "", port);
  REQUIRE(!result.ok());
  CHECK(result.error().code == ErrorCode::kLimitExceeded);
  CHECK(result.error().field == "candidate");
  CHECK(peers.run_until_connected());
}

TEST_CASE("candidates: servers of set_configuration() are asked from the next ICE restart on") {
  Peers peers({});
  REQUIRE(peers.a.pc->create_data_channel("x").ok());
  peers.negotiate();
  REQUIRE(peers.run_until_connected());
  Configuration configuration = peers.a.pc->get_configuration();
  configuration.ice_servers = {{{"stun:192.0.2.77:3478"}, {}, {}, {}}};
  REQUIRE(peers.a.pc->set_configuration(configuration).ok());
  peers.run_for(50s);
  CHECK(peers.a.candidate_errors.empty());
  peers.a.pc->restart_ice();
  peers.negotiate();
  REQUIRE(peers.run_until([&] { return !peers.a.candidate_errors.empty(); }, 60s));
  CHECK(peers.a.candidate_errors[0].error_code == 701);
  CHECK(peers.a.candidate_errors[0].url == "stun:192.0.2.77:3478");
  CHECK(peers.a.pc->connection_state() == PeerConnectionState::kConnected);
}
