// Two PeerConnections, and so two full ICE agents, two DTLS and two SCTP ends, on a network and a signaling
// channel that a fuzzer rules: it makes the calls of both applications, delivers, drops, repeats, reorders,
// changes and forges packets and descriptions, and lets time pass. Held to be true: every call returns with a
// reason when it refuses, outputs are bounded, time moves on; and when the fuzzer has had its say and the
// network is good again, two ends that are not closed connect, or fail in bounded time and say why. Where
// nothing but packets was lost they must connect.
#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "require.h"
#include "sluice/peer_connection.h"

namespace sluice {
namespace {

constexpr std::size_t kMaxFlying = 200;
constexpr std::size_t kMaxDatagram = 1500;
constexpr std::size_t kMaxSignaled = 64;

/// One that is there: to make a key for each input would be most of the work.
CertificatePem certificate() {
  CertificatePem out;
  out.certificate_path = SLUICE_TEST_DATA "/data/certificates/first.pem";
  out.private_key_path = SLUICE_TEST_DATA "/data/certificates/first_key.pem";
  return out;
}

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

void check(const Result<void>& result) {
  require(result.ok() || !result.error().message.empty());
}

class Driver {
 public:
  Driver() {
    for (int i = 0; i < 2; ++i) {
      End& end = ends_[static_cast<std::size_t>(i)];
      PeerConnection::Environment environment;
      environment.seed = Random::expand(static_cast<std::uint64_t>(i) + 1);
      environment.wall_clock = {now_, 1'700'000'000'000'000};
      Configuration configuration;
      configuration.certificate = certificate();
      if (i == 1) configuration.answer_role = DtlsRole::kServer;
      auto made = PeerConnection::create(configuration, environment);
      require(made.ok());
      end.pc = std::move(*made);
      for (std::uint16_t socket = 0; socket < 2; ++socket) {
        const std::uint8_t ip[4] = {192, 0, static_cast<std::uint8_t>(i),
                                    static_cast<std::uint8_t>(socket + 1)};
        end.addresses.push_back(SocketAddress::ipv4(ip, static_cast<std::uint16_t>(1000 + socket)));
        end.pc->add_local_address({end.addresses.back(), socket, IceProtocol::kUdp});
      }
    }
  }

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
        call_set_local(end);
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

  /// All is well again: what was under way is called back, one offer and its answer go over.
  void finish() {
    take_all_signaled();
    for (End& end : ends_) {
      if (end.pc->signaling_state() == SignalingState::kHaveLocalOffer)
        check(end.pc->set_local_description({SdpType::kRollback, ""}, now_));
      if (end.pc->signaling_state() == SignalingState::kHaveRemoteOffer)
        check(end.pc->set_remote_description({SdpType::kRollback, ""}, now_));
    }
    settle();
    auto& [a, b] = ends_;
    const bool open = !over(a) && !over(b);
    if (open) {
      a.pc->restart_ice();
      if (!a.pc->create_data_channel("last").ok()) return;
      const bool agreed = a.pc->set_local_description(now_).ok() &&
                          b.pc->set_remote_description(*a.pc->local_description(), now_).ok() &&
                          b.pc->set_local_description(now_).ok() &&
                          a.pc->set_remote_description(*b.pc->local_description(), now_).ok();
      require(agreed || signaling_broken_);
      if (!agreed) return;
    }
    for (int i = 0; i < (open ? 400 : 20) && !settled(a, b); ++i) {
      run(500ms, 0);
      take_all_signaled();
    }
    for (const End& end : ends_) {
      const PeerConnectionState state = end.pc->connection_state();
      if (end.closed) continue;
      if (state == PeerConnectionState::kFailed || state == PeerConnectionState::kDisconnected ||
          state == PeerConnectionState::kClosed) {
        require(!end.pc->reason().empty());
      } else if (open) {
        require(state == PeerConnectionState::kConnected || signaling_broken_);
      }
    }
    if (open && !signaling_broken_ && !tampered_ && !paths_removed_ && !dtls_lost_) {
      require(a.pc->connection_state() == PeerConnectionState::kConnected);
      require(b.pc->connection_state() == PeerConnectionState::kConnected);
    }
  }

 private:
  static bool over(const End& end) { return end.pc->signaling_state() == SignalingState::kClosed; }
  static bool settled(const End& a, const End& b) {
    const auto done = [](const End& end) {
      const PeerConnectionState state = end.pc->connection_state();
      return state == PeerConnectionState::kConnected || state == PeerConnectionState::kClosed ||
             state == PeerConnectionState::kFailed;
    };
    return done(a) && done(b);
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
  End& other(const End& end) { return &end == ends_.data() ? ends_[1] : ends_[0]; }

  void call_set_local(End& end) {
    if (const auto set = end.pc->set_local_description(now_); !set) return check(set);
    signal(end, {end.pc->local_description(), {}});
  }
  void signal(End& end, Message message) {
    if (end.signaled.size() < kMaxSignaled) {
      end.signaled.push_back(std::move(message));
    } else {
      signaling_broken_ = true;
    }
  }
  void take_signaled(End& to) {
    End& from = other(to);
    if (from.signaled.empty()) return;
    const Message message = std::move(from.signaled.front());
    from.signaled.pop_front();
    if (!message.description) return check(to.pc->add_ice_candidate(message.candidate, now_));
    const auto set = to.pc->set_remote_description(*message.description, now_);
    check(set);
    if (!set) {
      signaling_broken_ = true;  // glare, which nobody has resolved
    } else if (message.description->type == SdpType::kOffer) {
      call_set_local(to);
    }
  }
  void take_all_signaled() {
    for (int i = 0; i < 200 && !(ends_[0].signaled.empty() && ends_[1].signaled.empty()); ++i) {
      for (End& end : ends_) take_signaled(end);
      settle();
    }
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

  void deliver(Flying packet) {
    for (End& end : ends_) {
      for (std::size_t socket = 0; socket < end.addresses.size(); ++socket) {
        if (end.addresses[socket] != packet.to) continue;
        PacketRef ref = pool_.allocate();
        require(packet.bytes.size() <= Packet::kCapacity);
        std::copy(packet.bytes.begin(), packet.bytes.end(), ref->data);
        ref->size = static_cast<std::uint16_t>(packet.bytes.size());
        ref->arrival = now_;
        end.pc->receive(*ref, {packet.from, static_cast<SocketId>(socket)}, now_);
      }
    }
  }
  /// Loses the nth packet when bit n % 8 of `loss` is set.
  void run(Duration duration, std::uint8_t loss) {
    const Instant end = now_ + duration;
    for (int i = 0; i < 2000; ++i) {
      settle();
      for (Flying& packet : std::exchange(flying_, {})) {
        if ((loss >> (count_++ & 7) & 1) == 0) {
          deliver(std::move(packet));
        } else {
          lose(packet);
        }
      }
      settle();
      if (!flying_.empty()) {
        now_ += 1ms;
        continue;
      }
      const Instant next = std::min(ends_[0].pc->next_deadline(), ends_[1].pc->next_deadline());
      if (next > end) break;
      now_ = std::max(now_, next);
      for (End& e : ends_)
        if (e.pc->next_deadline() <= now_) e.pc->advance(now_);
      now_ += 100us;
    }
    now_ = std::max(now_, end);
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
  void lose(const Flying& packet) {
    if (!packet.bytes.empty() && packet.bytes[0] >= 20 && packet.bytes[0] < 64) dtls_lost_ = true;
  }

  void settle() {
    for (int i = 0;; ++i) {
      require(i < 1000);  // two ends at one instant come to rest
      bool any = false;
      for (End& end : ends_) any |= flush(end);
      if (!any) return;
    }
  }
  bool flush(End& end) {
    bool any = false;
    while (end.pc->poll_request()) {
    }
    while (const auto e = end.pc->poll_event()) {
      any = true;
      if (const auto* c = std::get_if<event::IceCandidate>(&*e))
        signal(end, {{}, c->candidate.value_or(IceCandidateInit{})});
      if (const auto* c = std::get_if<event::DataChannelOpened>(&*e);
          c != nullptr && end.channels.size() < 16)
        end.channels.push_back(c->channel);
      if (const auto* s = std::get_if<event::ConnectionStateChange>(&*e);
          s != nullptr && s->state == PeerConnectionState::kFailed)
        require(!s->reason.empty());
    }
    for (const OutgoingDatagram& out : end.pc->drain()) {
      any = true;
      require(out.path.socket < end.addresses.size() && !out.bytes.empty() &&
              out.bytes.size() <= kMaxDatagram);
      Flying packet{end.addresses[out.path.socket], out.path.remote, {out.bytes.begin(), out.bytes.end()}};
      if (packet.from.port() == 0) continue;
      if (flying_.size() < kMaxFlying) {
        flying_.push_back(std::move(packet));
      } else {
        lose(packet);
      }
    }
    if (over(end)) require(end.pc->next_deadline() == kNever);
    return any;
  }

  Instant now_{1000s};
  PacketPool pool_;
  std::array<End, 2> ends_;
  std::vector<Flying> flying_;
  std::uint32_t count_ = 0;
  bool signaling_broken_ = false;  ///< Descriptions or candidates were lost, changed, or crossed.
  bool tampered_ = false;
  bool paths_removed_ = false;
  bool dtls_lost_ = false;  ///< A handshake has twelve chances, which a fuzzer can take all.
};

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::Driver driver;
  sluice::ByteReader in(sluice::Bytes(data, size));
  while (in.ok() && in.remaining() > 0) driver.step(in);
  driver.finish();
  return 0;
}
