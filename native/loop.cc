#include "native/loop.h"

#include <algorithm>

namespace sluice::native {

Loop::Impl::Impl() : prepare_(std::make_unique<HandleOf<uv_prepare_t>>()) {
  uv_loop_init(&loop_);
  loop_.data = this;
  uv_prepare_init(&loop_, &prepare_->uv);
  prepare_->uv.data = this;
  uv_prepare_start(&prepare_->uv, [](uv_prepare_t* handle) {
    auto* self = static_cast<Impl*>(handle->data);
    // A call may add and remove others.
    for (auto it = self->idle_.begin(); it != self->idle_.end();) {
      auto call = (it++)->second;
      call();
    }
  });
}

Loop::Impl::~Impl() {
  while (!timers_.empty()) {
    retire(std::move(timers_.front()));
    timers_.pop_front();
  }
  while (!polls_.empty()) {
    retire(std::move(polls_.front()));
    polls_.pop_front();
  }
  retire(std::move(prepare_));
  while (!retired_.empty()) uv_run(&loop_, UV_RUN_ONCE);
  uv_loop_close(&loop_);
}

void Loop::Impl::remove_idle(const void* key) {
  idle_.remove_if([&](const auto& entry) { return entry.first == key; });
}

void Loop::Impl::retire(std::unique_ptr<Handle> handle) {
  uv_handle_t* raw = handle->raw();
  retired_.push_back(std::move(handle));
  uv_close(raw, [](uv_handle_t* closed) { static_cast<Impl*>(closed->loop->data)->on_closed(closed); });
}

void Loop::Impl::on_closed(uv_handle_t* handle) {
  retired_.remove_if([&](const auto& one) { return one->raw() == handle; });
}

void Loop::Impl::after(Duration delay, std::function<void()> call) {
  auto& timer = timers_.emplace_back(std::make_unique<Timer>());
  timer->loop = this;
  timer->call = std::move(call);
  uv_timer_init(&loop_, &timer->uv);
  timer->uv.data = timer.get();
  const auto ms = std::max<std::int64_t>(0, (delay.count() + 999) / 1000);
  uv_timer_start(
      &timer->uv,
      [](uv_timer_t* handle) {
        auto* self = static_cast<Timer*>(handle->data);
        Impl* loop = self->loop;
        const auto of = std::find_if(loop->timers_.begin(), loop->timers_.end(),
                                     [&](const auto& t) { return t.get() == self; });
        auto due = std::move(*of);
        loop->timers_.erase(of);
        const auto what = std::move(due->call);
        loop->retire(std::move(due));
        what();
      },
      static_cast<std::uint64_t>(ms), 0);
}

void Loop::Impl::watch(int descriptor, std::function<void()> call) {
  const auto known =
      std::find_if(polls_.begin(), polls_.end(), [&](const auto& p) { return p->descriptor == descriptor; });
  if (known != polls_.end()) {
    auto old = std::move(*known);
    polls_.erase(known);
    uv_poll_stop(&old->uv);
    retire(std::move(old));
  }
  if (!call) return;
  auto& poll = polls_.emplace_back(std::make_unique<Poll>());
  poll->descriptor = descriptor;
  poll->call = std::move(call);
  uv_poll_init(&loop_, &poll->uv, descriptor);
  poll->uv.data = poll.get();
  uv_poll_start(&poll->uv, UV_READABLE, [](uv_poll_t* handle, int, int) {
    const auto what = static_cast<Poll*>(handle->data)->call;  // it may stop its own watch
    what();
  });
}

Loop::Loop() : impl_(std::make_unique<Impl>()) {}
Loop::~Loop() = default;
void Loop::run() {
  impl_->run();
}
void Loop::stop() {
  impl_->stop();
}
Instant Loop::now() const {
  return impl_->now();
}
void Loop::watch(int descriptor, std::function<void()> on_readable) {
  impl_->watch(descriptor, std::move(on_readable));
}
void Loop::after(Duration delay, std::function<void()> call) {
  impl_->after(delay, std::move(call));
}

}  // namespace sluice::native
