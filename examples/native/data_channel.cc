// Two peer connections in one process, connected over loopback, and a data channel between them: the order of
// events is what this program prints.
#include <cstdio>
#include <memory>

#include "sluice/native.h"

using sluice::native::PeerConnection;

namespace {

/// Says why and ends.
template <typename Result>
void check(const Result& result) {
  if (result.ok()) return;
  std::fprintf(stderr, "%s: %s\n", result.error().field.c_str(), result.error().message.c_str());
  std::exit(1);
}

}  // namespace

int main() {
  sluice::native::Loop loop;
  auto made1 = PeerConnection::create(loop, {}, {.addresses = {"127.0.0.1", "127.0.0.2", "127.0.0.3"}});
  auto made2 = PeerConnection::create(loop, {}, {.addresses = {"127.0.0.1", "127.0.0.2"}});
  check(made1);
  check(made2);
  const std::unique_ptr<PeerConnection> pc1 = std::move(*made1);
  const std::unique_ptr<PeerConnection> pc2 = std::move(*made2);

  check(pc1->create_data_channel("cookies"));
  pc1->on_open = [](sluice::DataChannel) { std::puts("Peer 1: Data channel has opened"); };
  pc1->on_message = [&](const sluice::event::ChannelMessage& message) {
    std::printf("Peer 1: Got message: \"%.*s\"\n", static_cast<int>(message.data.size()),
                message.text().data());
    loop.stop();
  };

  const auto send_answer = [&] {
    std::puts("Peer 1: Setting remote description");
    check(pc1->set_remote_description(*pc2->local_description()));
  };
  const auto send_offer = [&] {
    std::puts("Peer 2: Setting remote description");
    check(pc2->set_remote_description(*pc1->local_description()));
    check(pc2->set_local_description(*pc2->create_answer()));
    std::puts("Peer 2: Setting local description");
  };
  pc1->on_ice_candidate = [&](const std::optional<sluice::IceCandidateInit>& candidate) {
    std::puts("Peer 1: Found an ICE candidate");
    // No more candidates: the local description has them all.
    if (!candidate) send_offer();
  };
  pc2->on_ice_candidate = [&](const std::optional<sluice::IceCandidateInit>& candidate) {
    std::puts("Peer 2: Found an ICE candidate");
    if (!candidate) send_answer();
  };
  pc2->on_data_channel = [&](sluice::DataChannel channel) {
    std::puts("Peer 2: Sending message");
    check(channel.send("Cookies 4 life", pc2->now()));
  };

  check(pc1->set_local_description(*pc1->create_offer()));
  std::puts("Peer 1: Setting local description");
  loop.after(std::chrono::seconds(10), [&] {
    std::fputs("no message within ten seconds\n", stderr);
    std::exit(1);
  });
  loop.run();
  pc1->close();
  pc2->close();
}
