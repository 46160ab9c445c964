// The Unix socket of --control unix:PATH, where controllers come and go one after another while the rooms
// live on.
#pragma once

#include <memory>
#include <string>

#include <uv.h>

#include "sluice/result.h"

namespace sluice::worker {

class ControlListener;
struct CloseControlListener {
  void operator()(ControlListener* listener) const;
};
using ControlListenerPtr = std::unique_ptr<ControlListener, CloseControlListener>;

class ControlListener {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    /// To be taken with ControlStream::accept.
    virtual void on_controller(uv_stream_t* server) = 0;
  };

  /// Replaces a socket that a dead worker left; fails when a living one answers there. Only this user may
  /// connect.
  static Result<ControlListenerPtr> open(uv_loop_t* loop, const std::string& path, Owner& owner);

 private:
  friend struct CloseControlListener;
  explicit ControlListener(Owner& owner) : owner_(&owner) {}

  uv_pipe_t pipe_{};
  Owner* owner_;
};

}  // namespace sluice::worker
