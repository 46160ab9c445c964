// The control channel as the shell sees it: bytes and ends of it to the session, requests to the engine,
// events and answers back; one controller at a time.
#include <algorithm>

#include <unistd.h>

#include "worker/shell.h"

namespace sluice::worker {
namespace {

control::Hello own_hello() {
  return {control::kProtocolVersion, "sluice-worker", std::string(version()),
          static_cast<std::uint32_t>(getpid())};
}

}  // namespace

Result<void> Shell::start_control() {
  if (!options_.control_path.empty()) {
    auto listener = ControlListener::open(&loop_, options_.control_path, *this);
    if (!listener.ok()) return listener.error();
    listener_ = std::move(listener).value();
    return {};
  }
  auto stream = ControlStream::open(&loop_, options_.control_fd, *this);
  if (!stream.ok()) return stream.error();
  stream_ = std::move(stream).value();
  open_session();
  return {};
}

void Shell::hand_out_events() {
  // Without a controller they wait in their queues, and in the end are dropped and counted there.
  engine_->set_controller_room(session_ ? session_->message_room() : 0);
  for (const Event& event : engine_->take_events()) {
    if (const auto* record = std::get_if<LogRecord>(&event)) {
      write_log(*record);
    } else if (session_ && session_->open()) {
      session_->notify(event);
    } else {
      ++counters_.events_without_controller;
    }
  }
}

void Shell::write_control() {
  if (!session_ || !stream_) return;
  if (!session_->closed()) {
    stream_->write(session_->out());
    if (session_ && stream_) session_->set_in_flight(stream_->in_flight());
  }
  if (session_ && session_->closed()) close_control();
}

void Shell::on_control_bytes(std::span<const std::uint8_t> bytes) {
  if (session_) session_->receive(bytes);
}

void Shell::on_control_end() {
  if (session_) session_->end_of_stream();  // settle() closes it before the loop sleeps
}

void Shell::on_control_written() {
  if (session_ && stream_ && !session_->closed()) write_control();
}

void Shell::on_controller(uv_stream_t* server) {
  ControlStreamPtr stream = ControlStream::accept(&loop_, server, *this);
  if (!stream) return;
  if (session_) {
    std::vector<std::uint8_t> refusal;
    control::Session::refuse("another controller is connected", refusal);
    stream->write_last(refusal);
    return;  // closes it
  }
  stream_ = std::move(stream);
  open_session();
}

void Shell::open_session() {
  control::RequestHandler& handler = *this;
  session_ = std::make_unique<control::Session>(handler, own_hello());
}

/// Why the worker cannot start: whoever spawned it learns it without reading stderr.
void Shell::tell_controller(const std::string& reason) {
  if (!stream_) return;
  std::vector<std::uint8_t> frame;
  control::Session::refuse(reason, frame);
  stream_->write_last(frame);
  stream_.reset();
  session_.reset();
}

/// The session is over. With an inherited channel the worker ends with it; on a Unix socket the next
/// controller may come.
void Shell::close_control() {
  const std::string failure = session_->failure();
  stream_->write_last(session_->out());
  stream_.reset();
  session_.reset();
  if (!failure.empty()) log(LogLevel::kError, "control channel", failure);
  if (!listener_) stop(failure.empty() ? 0 : 1);
}

Result<control::Answer> Shell::handle(const control::Request& request) {
  if (std::holds_alternative<control::GetResourceUsage>(request)) return control::Answer(resource_usage());
  return handle_command(std::get<Command>(request));
}

Result<control::Answer> Shell::handle_command(const Command& command) {
  if (const auto* plain = std::get_if<CreatePlainTransport>(&command)) return create_plain_transport(*plain);
  auto reply = engine_->execute(command, moment().now);
  close_released_sockets();
  if (!reply.ok()) return reply.error();
  if (const auto* settings = std::get_if<UpdateSettings>(&command)) {
    if (settings->log_level) log_level_ = *settings->log_level;
    if (settings->log_tags) {
      const auto& tags = *settings->log_tags;
      log_info_ = std::find(tags.begin(), tags.end(), LogTag::kInfo) != tags.end();
    }
  }
  if (const auto* dump = std::get_if<Dump>(&command); dump != nullptr && dump->kind == ObjectKind::kWorker) {
    if (auto* engine_dump = std::get_if<DumpReply>(&reply.value())) {
      counters_.log_lines_dropped = log_output_.dropped();
      engine_dump->json = extend_worker_dump(engine_dump->json, sockets_, listeners_, counters_);
    }
  }
  if (auto* stats = std::get_if<StatsReply>(&reply.value()); stats != nullptr && stats->worker)
    extend_worker_stats(*stats->worker, sockets_, listeners_, closed_sockets_, counters_);
  return control::Answer(std::move(reply).value());
}

}  // namespace sluice::worker
