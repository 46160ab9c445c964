// The connected byte stream to a controller over libuv: bounded reads in, one write in flight out.
//
// Whatever collects while a write is in flight goes out as the next one; Session bounds how much that may be.
// Lives on the heap until libuv has closed its handle: hold it by ControlStreamPtr, whose deleter does that.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <uv.h>

#include "sluice/result.h"

namespace sluice::worker {

class ControlStream;
struct CloseControlStream {
  void operator()(ControlStream* stream) const;
};
using ControlStreamPtr = std::unique_ptr<ControlStream, CloseControlStream>;

class ControlStream {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void on_control_bytes(std::span<const std::uint8_t> bytes) = 0;
    /// The stream ended or failed. The owner gives up its ControlStreamPtr, if not here then soon.
    virtual void on_control_end() = 0;
    /// A write went out: more may follow.
    virtual void on_control_written() = 0;
  };

  /// Fails when the descriptor is not an open stream socket. To be asked before anything is opened: the
  /// loop's own descriptors would take the number of one that is missing.
  static Result<void> check(int fd);
  /// Takes a checked descriptor over.
  static Result<ControlStreamPtr> open(uv_loop_t* loop, int fd, Owner& owner);
  static ControlStreamPtr accept(uv_loop_t* loop, uv_stream_t* server, Owner& owner);

  /// Takes all of `bytes` when nothing is in flight; else leaves them for later.
  void write(std::vector<std::uint8_t>& bytes);
  [[nodiscard]] std::size_t in_flight() const { return writing_.size(); }
  /// Writes at once what the kernel takes, as last words before closing.
  void write_last(std::span<const std::uint8_t> bytes);

 private:
  friend struct CloseControlStream;
  explicit ControlStream(Owner& owner) : owner_(&owner) {}
  void start_reading();
  void end();

  uv_pipe_t pipe_{};
  uv_write_t request_{};
  Owner* owner_;  // null once closing
  std::vector<std::uint8_t> writing_;
  std::array<char, 64U << 10> buffer_;
};

}  // namespace sluice::worker
