#include <algorithm>

#include "native/network.h"
#include "sluice/native.h"

namespace sluice::native {

class PeerConnection::Impl {
 public:
  Impl(Loop::Impl& of, std::unique_ptr<sluice::PeerConnection> pc)
      : loop(of), core(std::move(pc)), network(loop, *core), timer(std::make_unique<HandleOf<uv_timer_t>>()) {
    uv_timer_init(loop.raw(), &timer->uv);
    timer->uv.data = this;
  }
  ~Impl() {
    loop.remove_idle(this);
    loop.retire(std::move(timer));
  }

  /// Before the loop waits: events go out, datagrams too, and the timer is set.
  void flush() {
    const Instant due = core->next_deadline();
    if (due <= loop.now()) core->advance(loop.now());
    for (;;) {
      bool any = false;
      while (const auto event = core->poll_event()) {
        any = true;
        std::visit([&](const auto& e) { tell(e); }, *event);
      }
      network.flush();
      if (!any) break;
    }
    const Instant next = core->next_deadline();
    if (next == kNever) {
      uv_timer_stop(&timer->uv);
      return;
    }
    const auto ms = std::max<std::int64_t>(0, ((next - loop.now()).count() + 999) / 1000);
    uv_update_time(loop.raw());
    uv_timer_start(
        &timer->uv,
        [](uv_timer_t* handle) {
          auto* self = static_cast<Impl*>(handle->data);
          self->core->advance(self->loop.now());
        },
        static_cast<std::uint64_t>(ms), 0);
  }

  Loop::Impl& loop;
  std::unique_ptr<sluice::PeerConnection> core;
  Network network;
  std::unique_ptr<HandleOf<uv_timer_t>> timer;
  PeerConnection* owner = nullptr;

 private:
  template <typename Callback, typename... Args>
  static void call(const Callback& callback, Args&&... args) {
    if (callback) callback(std::forward<Args>(args)...);
  }
  void tell(const event::NegotiationNeeded&) { call(owner->on_negotiation_needed); }
  void tell(const event::SignalingStateChange& e) { call(owner->on_signaling_state_change, e.state); }
  void tell(const event::IceGatheringStateChange& e) { call(owner->on_ice_gathering_state_change, e.state); }
  void tell(const event::IceConnectionStateChange& e) {
    call(owner->on_ice_connection_state_change, e.state);
  }
  void tell(const event::ConnectionStateChange& e) {
    call(owner->on_connection_state_change, e.state, e.reason);
  }
  void tell(const event::IceCandidate& e) { call(owner->on_ice_candidate, e.candidate); }
  void tell(const event::IceCandidateError& e) { call(owner->on_ice_candidate_error, e); }
  void tell(const event::Track& e) { call(owner->on_track, e.transceiver); }
  void tell(const event::TrackRemoved& e) { call(owner->on_track_removed, e.transceiver); }
  void tell(const event::FrameReceived& e) { call(owner->on_frame, e.transceiver, e.frame); }
  void tell(const event::RtpReceived& e) { call(owner->on_packet, e.transceiver, e.packet); }
  void tell(const event::KeyFrameRequested& e) { call(owner->on_key_frame_requested, e.transceiver, e.rid); }
  void tell(const event::DataChannelOpened& e) { call(owner->on_data_channel, e.channel); }
  void tell(const event::ChannelOpen& e) { call(owner->on_open, e.channel); }
  void tell(const event::ChannelMessage& e) { call(owner->on_message, e); }
  void tell(const event::BufferedAmountLow& e) { call(owner->on_buffered_amount_low, e.channel); }
  void tell(const event::ChannelClosing& e) { call(owner->on_closing, e.channel); }
  void tell(const event::ChannelClosed& e) { call(owner->on_close, e.channel, e.reason); }
};

Result<std::unique_ptr<PeerConnection>> PeerConnection::create(Loop& loop, const Configuration& configuration,
                                                               const NetworkOptions& network) {
  sluice::PeerConnection::Environment environment;
  if (uv_random(nullptr, nullptr, environment.seed.data(), environment.seed.size(), 0, nullptr) != 0)
    return Error{ErrorCode::kInternal, "", "the system gives no randomness"};
  uv_timeval64_t wall{};
  uv_gettimeofday(&wall);
  environment.wall_clock = {loop.now(), wall.tv_sec * 1'000'000 + wall.tv_usec};
  auto core = sluice::PeerConnection::create(configuration, environment);
  if (!core) return core.error();
  auto impl = std::make_unique<Impl>(loop.impl(), std::move(*core));
  if (auto opened = impl->network.open(network); !opened) return opened.error();
  auto out = std::unique_ptr<PeerConnection>(new PeerConnection(std::move(impl)));
  out->impl_->owner = out.get();
  loop.impl().add_idle(out->impl_.get(), [raw = out->impl_.get()] { raw->flush(); });
  return out;
}

PeerConnection::PeerConnection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PeerConnection::~PeerConnection() = default;

sluice::PeerConnection& PeerConnection::core() {
  return *impl_->core;
}
const sluice::PeerConnection& PeerConnection::core() const {
  return *impl_->core;
}
Instant PeerConnection::now() const {
  return impl_->loop.now();
}
Result<RtpSender> PeerConnection::add_track(MediaKind kind, const TrackInit& init) {
  return core().add_track(kind, init);
}
Result<RtpTransceiver> PeerConnection::add_transceiver(MediaKind kind, const TransceiverInit& init) {
  return core().add_transceiver(kind, init);
}
Result<DataChannel> PeerConnection::create_data_channel(std::string_view label, const DataChannelInit& init) {
  return core().create_data_channel(label, init);
}
Result<SessionDescription> PeerConnection::create_offer(const OfferOptions& options) {
  return core().create_offer(options);
}
Result<SessionDescription> PeerConnection::create_answer() {
  return core().create_answer();
}
Result<void> PeerConnection::set_local_description() {
  return core().set_local_description(now());
}
Result<void> PeerConnection::set_local_description(const SessionDescription& description) {
  return core().set_local_description(description, now());
}
Result<void> PeerConnection::set_remote_description(const SessionDescription& description) {
  return core().set_remote_description(description, now());
}
Result<void> PeerConnection::add_ice_candidate(const IceCandidateInit& candidate) {
  return core().add_ice_candidate(candidate, now());
}
std::optional<SessionDescription> PeerConnection::local_description() const {
  return core().local_description();
}
PeerStats PeerConnection::get_stats() const {
  return core().get_stats(now());
}
void PeerConnection::close() {
  core().close(now());
  impl_->network.flush();
}

}  // namespace sluice::native
