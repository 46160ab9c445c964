// Two PeerConnections, and so two full ICE agents, two DTLS and two SCTP ends, on a network and a signaling
// channel that a fuzzer rules: it makes the calls of both applications, delivers, drops, repeats, reorders,
// changes and forges packets and descriptions, and lets time pass. Held to be true: every call returns with a
// reason when it refuses, outputs are bounded, time moves on; and when the fuzzer has had its say and the
// network is good again, two ends that are not closed connect, or fail in bounded time and say why. Where
// nothing but packets was lost they must connect.
#include <algorithm>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "fast_fuzzing.h"
#include "peers_world.h"

namespace sluice::fuzz {
namespace {

class Driver : public PeersWorld {
 public:
  void step(ByteReader& in) {
    const std::uint8_t operation = in.u8();
    const std::uint8_t argument = in.u8();
    End& end = ends_[operation >> 7];
    PeerConnection& pc = *end.pc;
    switch (operation & 31) {
      case 0:
      case 1:
        run(std::chrono::milliseconds(argument * (1 + (operation & 1) * 20)), 0);
        break;
      case 2:  // loses what the bits of a byte say, over and over
        run(500ms, argument);
        break;
      case 3:
        one_packet(argument, in);
        break;
      case 4:
        forge(end, in);
        break;
      case 5:
        call_set_local(end, set_type(pc, argument));
        break;
      case 6:
      case 7:
        take_signaled(end);
        break;
      case 8:
        if (!end.signaled.empty()) {
          signaling_broken_ = true;
          if ((argument & 1) != 0) {
            end.signaled.pop_front();
          } else if (end.signaled.size() < kMaxSignaled) {
            end.signaled.push_back(end.signaled.front());
          }
        }
        break;
      case 9:
        mutate_signaled(end, argument, in);
        break;
      case 10:
        if (pc.get_transceivers().size() < 6)
          (void)pc.add_track((argument & 1) != 0 ? MediaKind::kAudio : MediaKind::kVideo);
        break;
      case 11:
        if (pc.get_transceivers().size() < 6) {
          TransceiverInit init;
          init.direction = static_cast<TransceiverDirection>(argument % 5);
          for (int i = 0; i < (argument >> 5); ++i)
            init.send_encodings.push_back({std::string(1, static_cast<char>('a' + i)), {}});
          const auto added =
              pc.add_transceiver((argument & 8) != 0 ? MediaKind::kAudio : MediaKind::kVideo, init);
          require(added.ok() || !added.error().field.empty() || !added.error().message.empty());
        }
        break;
      case 12:
        with_transceiver(pc, argument, [&](RtpTransceiver t) { check(pc.remove_track(t.sender())); });
        break;
      case 13:
        with_transceiver(pc, argument, [&](RtpTransceiver t) {
          check(t.set_direction(static_cast<TransceiverDirection>(argument / 8 % 5)));
        });
        break;
      case 14:
        with_transceiver(pc, argument, [](RtpTransceiver t) { t.stop(); });
        break;
      case 15: {
        DataChannelInit init;
        init.ordered = (argument & 1) != 0;
        if ((argument & 2) != 0) init.max_retransmits = argument / 16;
        if ((argument & 4) != 0) init.max_packet_life_time = argument;
        if ((argument & 8) != 0) init.negotiated = true;
        if ((argument & 16) != 0) init.id = argument / 32;
        const auto made = pc.create_data_channel("x", init);
        require(made.ok() || !made.error().message.empty());
        if (made.ok() && end.channels.size() < 16) end.channels.push_back(*made);
        break;
      }
      case 16:
        with_channel(end, argument, [&](DataChannel c) {
          const std::vector<std::uint8_t> bytes(std::size_t{in.u8()} * (1U << (argument >> 5)));
          check(c.send(std::span<const std::uint8_t>(bytes), now_));
        });
        break;
      case 17:
        with_channel(end, argument, [&](DataChannel c) {
          check(c.send("text", now_));
          c.set_buffered_amount_low_threshold(argument);
        });
        break;
      case 18:
        with_channel(end, argument, [&](DataChannel c) { c.close(now_); });
        break;
      case 19:
      case 20: {
        const std::uint8_t size = in.u8();
        const Bytes given = in.bytes(std::min<std::size_t>(size & 31, in.remaining()));
        std::vector<std::uint8_t> frame(given.begin(), given.end());
        frame.resize(frame.size() + std::size_t{size} * 8, argument);
        FrameMetadata metadata;
        metadata.rtp_timestamp = static_cast<std::uint32_t>(now_.time_since_epoch().count() / 11);
        metadata.key_frame = (argument & 64) != 0;
        const std::string rid = (operation & 32) != 0 ? "a" : "";
        with_transceiver(pc, argument, [&](RtpTransceiver t) {
          t.sender().send_frame({frame, metadata}, now_, rid);
        });
        break;
      }
      case 21: {
        const std::vector<std::uint8_t> payload(std::size_t{argument} * 5, 7);
        with_transceiver(pc, argument, [&](RtpTransceiver t) {
          t.sender().send_rtp({argument, true, payload}, now_);
        });
        break;
      }
      case 22:
        with_transceiver(pc, argument, [&](RtpTransceiver t) {
          t.receiver().request_key_frame(now_);
          t.receiver().deliver_packets((argument & 32) != 0);
        });
        break;
      case 23:
        pc.restart_ice();
        break;
      case 24: {
        const Bytes text = in.bytes(std::min<std::size_t>(in.u8(), in.remaining()));
        IceCandidateInit candidate{{text.begin(), text.end()}, {}, argument, {}};
        if ((argument & 1) != 0) candidate.candidate.insert(0, "candidate:1 1 udp 99 192.0.");
        check(pc.add_ice_candidate(candidate, now_));
        break;
      }
      case 25: {
        paths_removed_ = true;
        const std::uint16_t socket = argument % 2;
        pc.remove_local_address(socket, now_);
        end.addresses[socket] = end.addresses[socket].with_port(0);
        break;
      }
      case 26:
        signaling_broken_ = true;
        check(pc.set_local_description({SdpType::kRollback, ""}, now_));
        break;
      case 27:
        signaling_broken_ = true;
        check(pc.set_remote_description({static_cast<SdpType>(argument % 4), ""}, now_));
        break;
      case 28:
        require(pc.get_stats(now_).to_json().size() > 2);
        break;
      case 29: {
        const auto offer = (argument & 1) != 0 ? pc.create_offer({(argument & 2) != 0}) : pc.create_answer();
        require(offer.ok() || !offer.error().message.empty());
        break;
      }
      case 30: {
        Configuration configuration = pc.get_configuration();
        configuration.ice_transport_policy = static_cast<IceTransportPolicy>(argument & 1);
        paths_removed_ = true;
        check(pc.set_configuration(configuration));
        break;
      }
      default:
        if (argument < 4) {
          end.closed = true;
          pc.close(now_);
        }
    }
    settle();
  }

 private:
  /// What is due; now and then a provisional answer, or what is not due at all.
  static SdpType set_type(const PeerConnection& pc, std::uint8_t argument) {
    if (argument >= 0xF8) return static_cast<SdpType>(argument % 3);
    const SignalingState state = pc.signaling_state();
    if (state != SignalingState::kHaveRemoteOffer && state != SignalingState::kHaveLocalPranswer)
      return SdpType::kOffer;
    return (argument & 1) != 0 ? SdpType::kPranswer : SdpType::kAnswer;
  }
  template <typename Call>
  static void with_transceiver(PeerConnection& pc, std::uint8_t argument, Call call) {
    const auto all = pc.get_transceivers();
    if (!all.empty()) call(all[argument % all.size()]);
  }
  template <typename Call>
  static void with_channel(End& end, std::uint8_t argument, Call call) {
    if (!end.channels.empty()) call(end.channels[argument % end.channels.size()]);
  }
  void mutate_signaled(End& end, std::uint8_t argument, ByteReader& in) {
    if (end.signaled.empty()) return;
    Message& message = end.signaled[argument % end.signaled.size()];
    std::string& text = message.description ? message.description->sdp : message.candidate.candidate;
    const std::uint16_t at = in.u16();
    const std::uint8_t how = in.u8();
    if (text.empty()) return;
    signaling_broken_ = true;
    const std::size_t place = at % text.size();
    if ((how & 1) != 0) {
      text[place] = static_cast<char>(how);
    } else if (const std::size_t start = text.rfind('\n', place);
               start != std::string::npos) {  // a line less
      text.erase(start + 1, text.find('\n', start + 1) - start);
    }
  }

  void one_packet(std::uint8_t argument, ByteReader& in) {
    if (flying_.empty()) return;
    const std::size_t index = in.u8() % flying_.size();
    Flying packet = flying_[index];
    if ((argument & 3) != 3) flying_.erase(flying_.begin() + static_cast<std::ptrdiff_t>(index));
    if ((argument & 3) == 1) return lose(packet);
    if ((argument & 3) == 2 && !packet.bytes.empty()) {
      tampered_ = true;
      packet.bytes[in.u16() % packet.bytes.size()] ^= static_cast<std::uint8_t>(1 + (argument >> 2));
      if ((argument & 64) != 0) packet.bytes.resize(in.u16() % packet.bytes.size());
    }
    deliver(std::move(packet));
  }
  void forge(End& to, ByteReader& in) {
    const Bytes bytes = in.bytes(std::min<std::size_t>(in.u8(), in.remaining()));
    if (bytes.empty()) return;
    tampered_ = true;
    deliver({other(to).addresses[0], to.addresses[0], {bytes.begin(), bytes.end()}});
  }
};

}  // namespace
}  // namespace sluice::fuzz

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  sluice::fuzz::make_fast(argc, argv);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::fuzz::Driver driver;
  sluice::ByteReader in(sluice::Bytes(data, size));
  while (in.ok() && in.remaining() > 0) driver.step(in);
  driver.finish();
  return 0;
}
