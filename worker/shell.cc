#include "worker/shell.h"

#include <algorithm>

#include <sys/random.h>
#include <unistd.h>

namespace sluice::worker {
namespace {

/// Full batches read from one socket in one wake-up, before the others have their turn.
constexpr int kBatchesPerWakeUp = 4;

constexpr std::string_view kHowToStart =
    "; a worker is started by a controller, which passes a connected socket as descriptor 3, or with "
    "--control unix:PATH";

uv_handle_t* as_handle(auto& handle) {
  return reinterpret_cast<uv_handle_t*>(&handle);
}

void close_handle(auto& handle) {
  if (handle.data != nullptr && uv_is_closing(as_handle(handle)) == 0) uv_close(as_handle(handle), nullptr);
}

}  // namespace

Result<std::unique_ptr<Shell>> Shell::create(const Options& options) {
  if (options.control_path.empty()) {
    if (const auto checked = ControlStream::check(options.control_fd); !checked.ok()) {
      return Error{checked.error().code, checked.error().field,
                   checked.error().message + std::string(kHowToStart)};
    }
  }
  std::unique_ptr<Shell> shell(new Shell(options));
  if (auto started = shell->start(); !started.ok()) {
    shell->tell_controller(started.error().message);
    return started.error();
  }
  return shell;
}

Shell::Shell(const Options& options)
    : options_(options),
      log_output_(options.log_format),
      log_level_(options.log_level),
      socket_opener_(options.ports, options.udp) {
  log_info_ =
      std::find(options.log_tags.begin(), options.log_tags.end(), LogTag::kInfo) != options.log_tags.end();
  uv_loop_init(&loop_);
}

Shell::~Shell() {
  stop(exit_code_);
  uv_run(&loop_, UV_RUN_DEFAULT);  // closing handles end here
  uv_loop_close(&loop_);
  batch_.reset();
  tcp_.reset();
  sockets_.clear();
}

Result<void> Shell::start() {
  // The channel first: without one there is nothing to do, and the line that says so must not be hidden by a
  // port's.
  if (auto control = start_control(); !control.ok()) return control;
  auto sockets = open_sockets(options_);
  if (!sockets.ok()) return sockets.error();
  sockets_ = std::move(sockets).value();
  auto listeners = open_listeners(options_);
  if (!listeners.ok()) return listeners.error();
  listeners_ = std::move(listeners).value();
  if (auto engine = start_engine(); !engine.ok()) return engine;
  return start_loop();
}

Result<void> Shell::start_engine() {
  EngineOptions engine;
  if (getrandom(engine.seed.data(), engine.seed.size(), 0) != static_cast<ssize_t>(engine.seed.size())) {
    return Error{ErrorCode::kInternal, "", "the system gives no random bytes"};
  }
  const Moment start = read_clocks();
  engine.wall_clock = {start.now, start.unix_nanos / 1000};
  for (std::size_t i = 0; i < sockets_.size(); ++i) {
    engine.sockets.push_back({static_cast<SocketId>(i), sockets_[i].socket->local(), sockets_[i].announced});
  }
  for (const auto& [listener, announced] : listeners_) {
    engine.sockets.push_back(
        {static_cast<SocketId>(engine.sockets.size()), listener->local(), announced, IceProtocol::kTcp});
  }
  engine.certificate_file = options_.certificate_file;
  engine.private_key_file = options_.private_key_file;
  engine.log_level = options_.log_level;
  engine.log_tags = options_.log_tags;
  engine.srtp_backend = options_.srtp_backend;
  auto created = Engine::create(std::move(engine));
  if (!created.ok()) return created.error();
  engine_ = std::move(created).value();
  batch_.emplace(engine_->pool());
  return {};
}

Result<void> Shell::start_loop() {
  prepare_.data = timer_.data = terminate_.data = interrupt_.data = this;
  uv_prepare_init(&loop_, &prepare_);
  uv_prepare_start(&prepare_, [](uv_prepare_t* handle) { static_cast<Shell*>(handle->data)->settle(); });
  uv_timer_init(&loop_, &timer_);
  for (uv_signal_t* signal : {&terminate_, &interrupt_}) {
    uv_signal_init(&loop_, signal);
    uv_signal_start(
        signal, [](uv_signal_t* handle, int) { static_cast<Shell*>(handle->data)->stop(0); },
        signal == &terminate_ ? SIGTERM : SIGINT);
  }
  for (BoundSocket& socket : std::exchange(sockets_, {})) {
    if (auto added = add_socket(std::move(socket)); !added.ok()) return added.error();
  }
  // The listeners' ids follow; those of plain transports come after them.
  const auto first = static_cast<SocketId>(sockets_.size());
  for (std::size_t i = 0; i < listeners_.size(); ++i) socket_ids_.take();
  TcpSockets::Owner& owner = *this;
  tcp_.emplace(&loop_, listeners_, first, *engine_, owner);
  for (const auto& [listener, announced] : listeners_) {
    log(LogLevel::kDebug, "socket " + listener->local().to_string(),
        "listening for TCP" + (announced.empty() ? "" : ", announced as " + announced));
  }
  return {};
}

void Shell::report_notice(UdpSocket& socket) {
  if (auto notice = socket.take_notice())
    log(LogLevel::kWarn, "socket " + socket.local().to_string(), std::move(*notice));
}

/// Readable always; writable while datagrams are deferred.
void Shell::watch(WatchedSocket& watched) {
  const int wanted = UV_READABLE | (sockets_[watched.id].socket->wants_writable() ? UV_WRITABLE : 0);
  if (wanted == watched.watched || stopping_) return;
  watched.watched = wanted;
  uv_poll_start(&watched.poll, wanted, [](uv_poll_t* handle, int status, int events) {
    auto& self = *static_cast<WatchedSocket*>(handle->data);
    self.shell->on_socket(
        self, status < 0 ? int{UV_READABLE} : events);  // an error is told, and cleared, by the next receive
  });
}

int Shell::run() {
  uv_run(&loop_, UV_RUN_DEFAULT);
  return exit_code_;
}

const Moment& Shell::moment() {
  if (!moment_is_fresh_) {
    moment_ = read_clocks();
    moment_is_fresh_ = true;
    ++counters_.wake_ups;
  }
  return moment_;
}

// --- The packet's way
// -------------------------------------------------------------------------------------------------------

void Shell::on_socket(WatchedSocket& watched, int events) {
  if ((events & UV_WRITABLE) != 0) {
    sockets_[watched.id].socket->on_writable();
    watch(watched);
  }
  if ((events & UV_READABLE) != 0) receive_from(watched);
}

void Shell::receive_from(WatchedSocket& watched) {
  UdpSocket& socket = *sockets_[watched.id].socket;
  for (int i = 0; i < kBatchesPerWakeUp; ++i) {
    const bool more = socket.receive(*batch_, watched.id, moment());
    if (const auto datagrams = batch_->datagrams(); !datagrams.empty()) {
      ++counters_.receive_batches;
      LoopCounters::note(counters_.receive_delay, moment().now - datagrams.front().packet->arrival);
    }
    engine_->receive(batch_->datagrams(), moment().now);
    batch_->release();
    if (!more) return;
  }
}

/// All that one wake-up has read leaves together: nothing waits for more to come.
void Shell::flush() {
  PacketPool& pool = engine_->pool();
  const Instant now = moment().now;
  for (auto portion = engine_->flush(now); !portion.empty(); portion = engine_->flush(now)) {
    ++counters_.flushes;
    for (const OutgoingDatagram& datagram : portion) {
      if (tcp_->owns(datagram.path.socket)) {
        tcp_->send(datagram);
        continue;
      }
      WatchedSocket& watched = *watched_[datagram.path.socket];
      sockets_[datagram.path.socket].socket->send(datagram, pool);
      if (!std::exchange(watched.touched, true)) touched_.push_back(&watched);
    }
    tcp_->flush();
    for (WatchedSocket* watched : touched_) {
      watched->touched = false;
      UdpSocket& socket = *sockets_[watched->id].socket;
      socket.flush(pool);
      report_notice(socket);
      watch(*watched);
    }
    touched_.clear();
  }
}

/// Runs before every sleep of the loop.
void Shell::settle() {
  if (stopping_) return;
  const Instant now = moment().now;
  if (const Instant deadline = engine_->next_deadline(); deadline <= now) {
    // What is due at once has no time of its own.
    if (deadline != Instant{}) LoopCounters::note(counters_.deadline_delay, now - deadline);
    engine_->advance(now);
  }
  flush();
  while (tcp_->close_ended()) flush();
  hand_out_events();
  write_control();
  if (stopping_) return;
  arm_timer();
  moment_is_fresh_ = false;
}

void Shell::arm_timer() {
  const Instant deadline = engine_->next_deadline();
  if (deadline == armed_ && uv_is_active(as_handle(timer_)) == (deadline == kNever ? 0 : 1)) return;
  armed_ = deadline;
  if (deadline == kNever) {
    uv_timer_stop(&timer_);
    return;
  }
  // libuv counts in ms from the time it read at its own wake-up; rounded up, so that the deadline has passed
  // when it fires.
  const auto wait = std::max<Duration>(deadline - moment_.now, Duration::zero());
  const auto wait_ms = static_cast<std::uint64_t>((wait.count() + 999) / 1000);
  uv_timer_start(
      &timer_, [](uv_timer_t*) {}, wait_ms, 0);
}

// --- Log and end
// ------------------------------------------------------------------------------------------------------------

void Shell::log(LogLevel level, std::string object, std::string message) {
  if (level > log_level_ || (level == LogLevel::kDebug && !log_info_)) return;
  write_log({level, LogTag::kInfo, std::move(object), std::move(message)});
}

void Shell::write_log(const LogRecord& record) {
  log_output_.write(record,
                    read_clocks().unix_nanos);  // a log line may tell the time more exactly than the wake-up
  if (session_) session_->notify(record);
}

void Shell::stop(int code) {
  if (stopping_) return;
  stopping_ = true;
  exit_code_ = code;
  if (session_ && stream_) stream_->write_last(session_->out());
  stream_.reset();
  session_.reset();
  listener_.reset();
  close_handle(prepare_);
  close_handle(timer_);
  close_handle(terminate_);
  close_handle(interrupt_);
  for (auto& watched : watched_) {
    if (watched) close_handle(watched->poll);
  }
  if (tcp_) tcp_->stop();
}

}  // namespace sluice::worker
