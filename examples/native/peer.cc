// A peer for any other: PCMU and VP8 both ways and a data channel that echoes, with signaling by lines of
// JSON on standard input and output: descriptions ({"type", "sdp"}), candidates ({"candidate", "sdpMid", …}),
// and
// {"stats": true} for what getStats() says. Says what happens on standard error.
//   example_peer [--offer] [--no-trickle] [--video FILE.ivf] [--address ADDRESS]... [--configuration JSON]
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <unistd.h>

#include "sluice/native.h"

using sluice::native::PeerConnection;

namespace {

template <typename Result>
void check(const Result& result) {
  if (result.ok()) return;
  std::fprintf(stderr, "%s: %s\n", result.error().field.c_str(), result.error().message.c_str());
  std::exit(1);
}

/// The frames of an IVF file: 32 bytes of head, then 12 before each frame, the first four its size.
std::vector<std::vector<std::uint8_t>> read_ivf(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  const std::vector<char> all(std::istreambuf_iterator<char>(in), {});
  std::vector<std::vector<std::uint8_t>> out;
  for (std::size_t at = 32; at + 12 <= all.size();) {
    std::uint32_t size = 0;
    for (int i = 3; i >= 0; --i)
      size = size << 8 | static_cast<std::uint8_t>(all[at + static_cast<std::size_t>(i)]);
    at += 12;
    if (size > all.size() - at) break;
    out.emplace_back(all.begin() + static_cast<long>(at), all.begin() + static_cast<long>(at + size));
    at += size;
  }
  return out;
}

/// G.711 µ-law of a tone (ITU-T G.711): sign, segment, position, inverted.
std::uint8_t to_ulaw(int sample) {
  const int sign = sample < 0 ? 0x80 : 0;
  int magnitude = std::min(sample < 0 ? -sample : sample, 32635) + 132;
  int segment = 7;
  for (int mask = 0x4000; (magnitude & mask) == 0 && segment > 0; mask >>= 1) --segment;
  return static_cast<std::uint8_t>(~(sign | segment << 4 | ((magnitude >> (segment + 3)) & 15)));
}

void say(const std::string& line) {
  std::cout << line << std::endl;
}

}  // namespace

int main(int argc, char** argv) {
  bool offers = false;
  bool trickles = true;  // else descriptions are sent once they hold all candidates
  std::vector<std::vector<std::uint8_t>> video_frames;
  sluice::native::NetworkOptions network;
  sluice::Configuration configuration;
  for (int i = 1; i < argc; ++i) {
    const std::string_view option = argv[i];
    if (option == "--offer") {
      offers = true;
    } else if (option == "--no-trickle") {
      trickles = false;
    } else if (option == "--video" && i + 1 < argc) {
      video_frames = read_ivf(argv[++i]);
    } else if (option == "--address" && i + 1 < argc) {
      network.addresses.emplace_back(argv[++i]);
    } else if (option == "--configuration" && i + 1 < argc) {
      auto read = sluice::configuration_from_json(argv[++i]);
      check(read);
      configuration = *read;
    } else {
      std::fputs(
          "usage: example_peer [--offer] [--no-trickle] [--video FILE.ivf] [--address ADDRESS]... "
          "[--configuration JSON]\n",
          stderr);
      return 2;
    }
  }
  sluice::native::Loop loop;
  auto made = PeerConnection::create(loop, configuration, network);
  check(made);
  const std::unique_ptr<PeerConnection> pc = std::move(*made);

  auto audio = pc->add_track(sluice::MediaKind::kAudio,
                             {.id = "audio", .stream_ids = {"peer"}, .codecs = {"audio/PCMU"}});
  auto video = pc->add_track(sluice::MediaKind::kVideo,
                             {.id = "video", .stream_ids = {"peer"}, .codecs = {"video/VP8"}});
  check(audio);
  check(video);

  // --- Media out: a tone, and the file over and over
  std::uint32_t audio_clock = 0;
  std::function<void()> send_audio = [&] {
    std::vector<std::uint8_t> samples(160);
    for (auto& sample : samples) sample = to_ulaw(audio_clock++ % 20 < 10 ? 8000 : -8000);  // 400 Hz
    sluice::FrameMetadata metadata;
    metadata.rtp_timestamp = audio_clock;
    audio->send_frame({samples, metadata}, pc->now());
    loop.after(std::chrono::milliseconds(20), send_audio);
  };
  std::size_t next = 0;
  std::uint32_t video_clock = 0;
  bool key_frame_wanted = true;
  std::function<void()> send_video = [&] {
    loop.after(std::chrono::microseconds(33'333), send_video);
    if (video_frames.empty()) return;
    if (std::exchange(key_frame_wanted, false)) next = 0;  // the file begins with one
    const auto& frame = video_frames[next];
    sluice::FrameMetadata metadata;
    metadata.rtp_timestamp = video_clock += 3000;
    metadata.key_frame = (frame[0] & 1) == 0;  // RFC 6386 §9.1
    video->send_frame({frame, metadata}, pc->now());
    next = (next + 1) % video_frames.size();
  };
  pc->on_key_frame_requested = [&](sluice::RtpTransceiver, const std::string&) { key_frame_wanted = true; };
  pc->on_connection_state_change = [&](sluice::PeerConnectionState state, const std::string& reason) {
    std::fprintf(stderr, "connection %s %s\n", std::string(to_string(state)).c_str(), reason.c_str());
    if (state == sluice::PeerConnectionState::kConnected) {
      send_audio();
      send_video();
    }
    if (state == sluice::PeerConnectionState::kClosed || state == sluice::PeerConnectionState::kFailed)
      loop.stop();
  };

  // --- Media in
  std::size_t sounds = 0;
  std::size_t pictures = 0;
  pc->on_frame = [&](const sluice::RtpTransceiver& transceiver, const sluice::EncodedFrame&) {
    std::size_t& count = transceiver.kind() == sluice::MediaKind::kAudio ? sounds : pictures;
    if (++count == 1 || count == 50)
      std::fprintf(stderr, "received %zu frames of %s\n", count,
                   transceiver.kind() == sluice::MediaKind::kAudio ? "audio" : "video");
  };

  // --- Data: comes back as it is
  if (offers) check(pc->create_data_channel("echo"));
  pc->on_message = [&](const sluice::event::ChannelMessage& message) {
    sluice::DataChannel channel = message.channel;
    if (message.binary) {
      (void)channel.send(std::span<const std::uint8_t>(message.data), pc->now());
    } else {
      (void)channel.send(message.text(), pc->now());
    }
  };

  // --- Signaling
  pc->on_ice_candidate = [&](const auto& candidate) {
    if (trickles) say(sluice::to_json(candidate.value_or(sluice::IceCandidateInit{})));
    if (!trickles && !candidate) say(sluice::to_json(*pc->local_description()));
  };
  pc->on_ice_candidate_error = [](const sluice::event::IceCandidateError& e) {
    std::fprintf(stderr, "candidate error %u %s %s\n", static_cast<unsigned>(e.error_code), e.url.c_str(),
                 e.error_text.c_str());
  };
  const auto on_line = [&](const std::string& line) {
    if (line.find("\"stats\"") != std::string::npos) return say(pc->get_stats().to_json());
    if (line.find("\"sdp\"") == std::string::npos) {
      const auto candidate = sluice::ice_candidate_from_json(line);
      if (!candidate || !pc->add_ice_candidate(*candidate))
        std::fprintf(stderr, "a candidate that cannot be used: %s\n", line.c_str());
      return;
    }
    const auto description = sluice::session_description_from_json(line);
    check(description);
    check(pc->set_remote_description(*description));
    if (description->type != sluice::SdpType::kOffer) return;
    check(pc->set_local_description());
    if (trickles) say(sluice::to_json(*pc->local_description()));
  };
  std::string input;
  loop.watch(0, [&] {
    char buffer[65536];
    const auto size = read(0, buffer, sizeof buffer);
    if (size <= 0) return loop.stop();  // whoever signals is gone
    input.append(buffer, static_cast<std::size_t>(size));
    for (std::size_t end = input.find('\n'); end != std::string::npos; end = input.find('\n')) {
      const std::string line = input.substr(0, end);
      input.erase(0, end + 1);
      if (!line.empty()) on_line(line);
    }
  });
  if (offers) {
    check(pc->set_local_description());
    if (trickles) say(sluice::to_json(*pc->local_description()));
  }
  loop.run();
  pc->close();
}
