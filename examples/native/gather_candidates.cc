// STUN and TURN: reads an RTCConfiguration as JSON, gathers, and prints each candidate as the JSON that goes
// through signaling, and each error that a server led to.
//   example_gather_candidates '{"iceServers": [{"urls": "stun:stun.example.org"}]}' [ADDRESS…]
#include <cstdio>
#include <memory>

#include "sluice/native.h"

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: example_gather_candidates RTCCONFIGURATION [ADDRESS...]\n", stderr);
    return 2;
  }
  const auto configuration = sluice::configuration_from_json(argv[1]);
  if (!configuration) {
    std::fprintf(stderr, "%s: %s\n", configuration.error().field.c_str(),
                 configuration.error().message.c_str());
    return 1;
  }
  sluice::native::Loop loop;
  sluice::native::NetworkOptions network;
  for (int i = 2; i < argc; ++i) network.addresses.emplace_back(argv[i]);
  auto made = sluice::native::PeerConnection::create(loop, *configuration, network);
  if (!made) {
    std::fprintf(stderr, "%s: %s\n", made.error().field.c_str(), made.error().message.c_str());
    return 1;
  }
  const auto pc = std::move(*made);
  pc->on_ice_candidate = [&](const std::optional<sluice::IceCandidateInit>& candidate) {
    std::printf("%s\n", candidate ? sluice::to_json(*candidate).c_str() : "null");
    std::fflush(stdout);
    if (!candidate) loop.stop();
  };
  pc->on_ice_candidate_error = [](const sluice::event::IceCandidateError& error) {
    std::printf("error %u %s %s\n", static_cast<unsigned>(error.error_code), error.url.c_str(),
                error.error_text.c_str());
    std::fflush(stdout);
  };
  if (!pc->create_data_channel("data").ok() || !pc->set_local_description().ok()) return 1;
  loop.run();
  pc->close();
}
