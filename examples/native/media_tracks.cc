// Audio (PCMU) and video (VP8) tracks with a certificate of one's own: offer, answer, ICE, DTLS, SRTP, media.
// Both ends are in this process. Usage: example_media_tracks [certificate.pem key.pem]
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "sluice/native.h"

using sluice::native::PeerConnection;

namespace {

template <typename Result>
void check(const Result& result) {
  if (result.ok()) return;
  std::fprintf(stderr, "%s: %s\n", result.error().field.c_str(), result.error().message.c_str());
  std::exit(1);
}

/// The start of a VP8 key frame of 320 by 240 (RFC 6386 §9.1), for want of an encoder.
std::vector<std::uint8_t> picture() {
  std::vector<std::uint8_t> out(3000, 0x55);
  const std::uint8_t head[] = {0x10, 0x20, 0x00, 0x9D, 0x01, 0x2A, 0x40, 0x01, 0xF0, 0x00};
  std::copy(std::begin(head), std::end(head), out.begin());
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  sluice::Configuration configuration;
  if (argc == 3) {
    configuration.certificate.emplace();
    configuration.certificate->certificate_path = argv[1];
    configuration.certificate->private_key_path = argv[2];
  }
  sluice::native::Loop loop;
  auto made = PeerConnection::create(loop, configuration, {.addresses = {"127.0.0.1"}});
  auto other = PeerConnection::create(loop, {}, {.addresses = {"127.0.0.1"}});
  check(made);
  check(other);
  const std::unique_ptr<PeerConnection> pc = std::move(*made);
  const std::unique_ptr<PeerConnection> remote = std::move(*other);

  auto audio = pc->add_track(sluice::MediaKind::kAudio,
                             {.id = "0", .stream_ids = {"stream"}, .codecs = {"audio/PCMU"}});
  auto video = pc->add_track(sluice::MediaKind::kVideo,
                             {.id = "1", .stream_ids = {"stream"}, .codecs = {"video/VP8"}});
  check(audio);
  check(video);
  std::printf("fingerprint %s %s\n", pc->core().fingerprint().algorithm.c_str(),
              pc->core().fingerprint().value.c_str());

  // Candidates go to the other side as they are found, once it has the description that they belong to.
  pc->on_ice_candidate = [&](const auto& c) {
    (void)remote->add_ice_candidate(c.value_or(sluice::IceCandidateInit{}));
  };
  remote->on_ice_candidate = [&](const auto& c) {
    (void)pc->add_ice_candidate(c.value_or(sluice::IceCandidateInit{}));
  };

  int sent = 0;
  std::function<void()> send = [&] {
    const std::vector<std::uint8_t> samples(160, 0xFF);  // 20 ms of silence
    sluice::FrameMetadata sound;
    sound.rtp_timestamp = static_cast<std::uint32_t>(sent * 160);
    audio->send_frame({samples, sound}, pc->now());
    const std::vector<std::uint8_t> coded = picture();
    sluice::FrameMetadata image;
    image.rtp_timestamp = static_cast<std::uint32_t>(sent * 1800);
    image.key_frame = true;
    video->send_frame({coded, image}, pc->now());
    if (++sent < 20) loop.after(std::chrono::milliseconds(20), send);
  };
  pc->on_connection_state_change = [&](sluice::PeerConnectionState state, const std::string& reason) {
    std::printf("connection %s%s%s\n", std::string(to_string(state)).c_str(), reason.empty() ? "" : ": ",
                reason.c_str());
    if (state == sluice::PeerConnectionState::kConnected) send();
    if (state == sluice::PeerConnectionState::kFailed) std::exit(1);
  };
  int sounds = 0;
  int pictures = 0;
  remote->on_frame = [&](const sluice::RtpTransceiver& transceiver, const sluice::EncodedFrame&) {
    ++(transceiver.kind() == sluice::MediaKind::kAudio ? sounds : pictures);
    if (sounds >= 20 && pictures >= 20) loop.stop();
  };

  const auto offer = pc->create_offer();
  check(offer);
  check(pc->set_local_description(*offer));
  check(remote->set_remote_description(*offer));
  check(remote->set_local_description());
  check(pc->set_remote_description(*remote->local_description()));
  loop.after(std::chrono::seconds(10), [&] {
    std::fprintf(stderr, "%d sounds and %d pictures within ten seconds\n", sounds, pictures);
    std::exit(1);
  });
  loop.run();
  std::printf("%d sounds and %d pictures\n", sounds, pictures);
  pc->close();
  remote->close();
}
