#include "load/websocket.h"

#include <deque>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>
#include <sys/epoll.h>
#include <unistd.h>

namespace sluice::load {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using Tcp = asio::ip::tcp;
using Code = boost::system::error_code;

constexpr std::size_t kMaxMessage = 4U << 20;

/// Lives as long as the pool: asio may hold an operation of it until the context is gone.
class Connection : public WebSocket {
 public:
  Connection(asio::io_context& context, std::string host, std::string path, Handler& handler, int epoll,
             std::size_t& busy)
      : stream_(context),
        host_(std::move(host)),
        path_(std::move(path)),
        handler_(handler),
        epoll_(epoll),
        busy_(busy) {}

  void start(const Tcp::resolver::results_type& endpoints) {
    ++busy_;
    beast::get_lowest_layer(stream_).expires_after(std::chrono::seconds(10));
    beast::get_lowest_layer(stream_).async_connect(
        endpoints, [this](const Code& error, const Tcp::endpoint&) { on_connected(error); });
  }

  void send(std::string text) override {
    if (closed_) return;
    out_.push_back(std::move(text));
    if (open_ && out_.size() == 1) write();
  }

  void close() override {
    closed_ = true;
    if (!open_) return;
    ++busy_;
    stream_.async_close(beast::websocket::close_code::normal, [this](const Code&) { --busy_; });
  }

 private:
  void on_connected(const Code& error) {
    if (error) return fail("cannot connect", error);
    beast::get_lowest_layer(stream_).expires_never();
    beast::get_lowest_layer(stream_).socket().set_option(Tcp::no_delay(true));
    stream_.set_option(beast::websocket::stream_base::timeout::suggested(beast::role_type::client));
    stream_.read_message_max(kMaxMessage);
    epoll_event event{};
    event.events = EPOLLIN;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, beast::get_lowest_layer(stream_).socket().native_handle(), &event);
    stream_.async_handshake(host_, path_, [this](const Code& failed) {
      if (failed) return fail("the server's answer is no WebSocket", failed);
      --busy_;
      open_ = true;
      stream_.text(true);
      if (closed_) return close();
      if (!out_.empty()) write();
      read();
      handler_.on_open();
    });
  }

  void read() {
    stream_.async_read(in_, [this](const Code& error, std::size_t) {
      if (error) return end("the server closed the WebSocket", error);
      const auto data = in_.cdata();
      if (!closed_) handler_.on_text({static_cast<const char*>(data.data()), data.size()});
      in_.clear();
      read();
    });
  }

  void write() {
    ++busy_;
    stream_.async_write(asio::buffer(out_.front()), [this](const Code& error, std::size_t) {
      --busy_;
      out_.pop_front();
      if (error) return end("the WebSocket broke", error);
      if (!out_.empty()) write();
    });
  }

  void fail(const char* what, const Code& error) {
    --busy_;
    end(what, error);
  }

  void end(const char* what, const Code& error) {
    open_ = false;
    if (std::exchange(closed_, true)) return;
    std::string reason = std::string(what) + ": " + error.message();
    if (error == beast::websocket::error::closed)
      reason += " (code " + std::to_string(stream_.reason().code) + ")";
    handler_.on_closed(reason);
  }

  beast::websocket::stream<beast::tcp_stream, false>
      stream_;  // without compression, which signaling has no use for
  std::string host_;
  std::string path_;
  Handler& handler_;
  int epoll_;
  std::size_t& busy_;
  beast::flat_buffer in_;
  std::deque<std::string> out_;
  bool open_ = false;
  bool closed_ = false;
};

class Pool : public WebSockets {
 public:
  Pool(std::string host, std::unique_ptr<asio::io_context> context, Tcp::resolver::results_type endpoints)
      : host_(std::move(host)),
        context_(std::move(context)),
        endpoints_(std::move(endpoints)),
        epoll_(epoll_create1(EPOLL_CLOEXEC)) {}
  ~Pool() override {
    connections_.clear();
    context_.reset();  // operations that were under way end here, uncalled
    ::close(epoll_);
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  WebSocket& open(const std::string& path, WebSocket::Handler& handler) override {
    connections_.push_back(std::make_unique<Connection>(*context_, host_, path, handler, epoll_, busy_));
    connections_.back()->start(endpoints_);
    return *connections_.back();
  }
  void poll() override {
    context_->restart();
    context_->poll();
  }
  [[nodiscard]] int fd() const override { return epoll_; }
  [[nodiscard]] bool busy() const override { return busy_ > 0; }

 private:
  std::string host_;
  std::unique_ptr<asio::io_context> context_;
  Tcp::resolver::results_type endpoints_;
  int epoll_;
  std::size_t busy_ = 0;
  std::vector<std::unique_ptr<Connection>> connections_;
};

}  // namespace

Result<std::unique_ptr<WebSockets>> WebSockets::create(const std::string& host, const std::string& port) {
  auto context = std::make_unique<asio::io_context>(1);
  Code error;
  auto endpoints = Tcp::resolver(*context).resolve(host, port, error);
  if (error)
    return Error{ErrorCode::kNotFound, "server", "'" + host + "' has no address: " + error.message()};
  // Host as RFC 7230 §5.4 has it.
  const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return std::unique_ptr<WebSockets>(
      std::make_unique<Pool>(name + ":" + port, std::move(context), std::move(endpoints)));
}

}  // namespace sluice::load
