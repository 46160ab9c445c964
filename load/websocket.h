// WebSocket clients (RFC 6455) by the hundred, in the thread that calls poll(): text messages out and in. A
// thin layer over Boost.Beast, which stays in websocket.cc.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "sluice/result.h"

namespace sluice::load {

class WebSocket {
 public:
  class Handler {
   public:
    virtual ~Handler() = default;
    virtual void on_open() = 0;
    virtual void on_text(std::string_view text) = 0;
    /// Not called after close(). `reason`: one sentence.
    virtual void on_closed(const std::string& reason) = 0;
  };
  virtual ~WebSocket() = default;
  virtual void send(std::string text) = 0;
  virtual void close() = 0;
};

class WebSockets {
 public:
  static Result<std::unique_ptr<WebSockets>> create(const std::string& host, const std::string& port);
  virtual ~WebSockets() = default;

  /// `handler` outlives the socket, which belongs to this.
  virtual WebSocket& open(const std::string& path, WebSocket::Handler& handler) = 0;
  virtual void poll() = 0;
  /// Readable when one of the sockets is.
  [[nodiscard]] virtual int fd() const = 0;
  /// Something is under way that fd() does not tell of: a connection, a full send buffer.
  [[nodiscard]] virtual bool busy() const = 0;
};

}  // namespace sluice::load
