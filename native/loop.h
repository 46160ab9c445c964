// What Loop is made of. Handles of libuv must outlive their close callback: retire() keeps them until then.
#pragma once

#include <functional>
#include <list>
#include <memory>

#include <uv.h>

#include "sluice/native.h"

namespace sluice::native {

/// Anything with a libuv handle in it.
class Handle {
 public:
  virtual ~Handle() = default;
  [[nodiscard]] virtual uv_handle_t* raw() = 0;
};

template <typename Raw>
class HandleOf : public Handle {
 public:
  Raw uv{};
  [[nodiscard]] uv_handle_t* raw() override { return reinterpret_cast<uv_handle_t*>(&uv); }
};

class Loop::Impl {
 public:
  Impl();
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  [[nodiscard]] uv_loop_t* raw() { return &loop_; }
  [[nodiscard]] Instant now() const {
    return Instant(Duration(static_cast<std::int64_t>(uv_hrtime() / 1000)));
  }
  /// Closes it, and lets it go when libuv has.
  void retire(std::unique_ptr<Handle> handle);
  /// Called before the loop waits, each time; a peer connection flushes then. Removed by its key.
  void add_idle(const void* key, std::function<void()> call) { idle_.emplace_back(key, std::move(call)); }
  void remove_idle(const void* key);
  void after(Duration delay, std::function<void()> call);
  void watch(int descriptor, std::function<void()> call);
  void run() { uv_run(&loop_, UV_RUN_DEFAULT); }
  void stop() { uv_stop(&loop_); }

 private:
  struct Timer : HandleOf<uv_timer_t> {
    Impl* loop = nullptr;
    std::function<void()> call;
  };

  struct Poll : HandleOf<uv_poll_t> {
    int descriptor = -1;
    std::function<void()> call;
  };

  void on_closed(uv_handle_t* handle);

  uv_loop_t loop_{};
  std::list<std::pair<const void*, std::function<void()>>> idle_;
  std::list<std::unique_ptr<Handle>> retired_;
  std::list<std::unique_ptr<Timer>> timers_;
  std::list<std::unique_ptr<Poll>> polls_;
  std::unique_ptr<HandleOf<uv_prepare_t>> prepare_;
};

}  // namespace sluice::native
