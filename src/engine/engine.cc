// The public face of the state machine: hands commands to their handlers, datagrams to the demultiplexer, and
// time to what is due.
#include "sluice/engine.h"

#include "engine/commands.h"

namespace sluice {
namespace {

constexpr std::size_t kNoLimit = static_cast<std::size_t>(-1);

Result<std::unique_ptr<srtp::Backend>> make_srtp_backend(SrtpBackend wanted) {
  srtp::BackendKind kind = srtp::detect_backend();
  if (wanted == SrtpBackend::kIpsecMb) kind = srtp::BackendKind::kIpsecMb;
  if (wanted == SrtpBackend::kOpenssl) kind = srtp::BackendKind::kOpenssl;
  if (wanted == SrtpBackend::kLibsrtp) kind = srtp::BackendKind::kLibsrtp;
  auto backend = srtp::make_backend(kind);
  if (!backend) {
    return Error{ErrorCode::kUnsupported, "srtpBackend",
                 "this build or this CPU has no SRTP backend \"" + std::string(to_string(kind)) + "\""};
  }
  return backend;
}

Result<dtls::Certificate> make_certificate(const EngineOptions& options) {
  if (options.certificate_file.empty() != options.private_key_file.empty()) {
    return invalid_argument(options.certificate_file.empty() ? "dtlsCertificateFile" : "dtlsPrivateKeyFile",
                            "certificate and private key are given together or not at all");
  }
  if (options.certificate_file.empty())
    return dtls::Certificate::generate(options.wall_clock.unix_micros / 1'000'000);
  return dtls::Certificate::from_pem_files(options.certificate_file, options.private_key_file);
}

}  // namespace

class Engine::Impl : public engine::State {
 public:
  using State::State;
};

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Engine::~Engine() = default;

Result<std::unique_ptr<Engine>> Engine::create(EngineOptions options) {
  auto certificate = make_certificate(options);
  if (!certificate) return certificate.error();
  auto backend = make_srtp_backend(options.srtp_backend);
  if (!backend) return backend.error();
  auto impl = std::make_unique<Impl>(std::move(options), std::move(*certificate), std::move(*backend));
  return std::unique_ptr<Engine>(new Engine(std::move(impl)));
}

PacketPool& Engine::pool() {
  return impl_->pool;
}

Result<Reply> Engine::execute(const Command& command, Instant now) {
  impl_->router.run(kNoLimit, now);  // what came before the command is forwarded as things were before it
  auto result = std::visit([&](const auto& one) { return engine::handle(*impl_, one, now); }, command);
  impl_->negotiation_changed = true;
  impl_->settle(now);
  return result;
}

void Engine::receive(std::span<ReceivedDatagram> datagrams, Instant now) {
  impl_->receive(datagrams, now);
  impl_->settle(now);
}

void Engine::path_closed(const Path& path, Instant now) {
  impl_->path_closed(path, now);
  impl_->settle(now);
}

bool Engine::has_path(const Path& path) const {
  return impl_->by_path.contains(path);
}

std::vector<Path> Engine::take_closed_paths() {
  return std::exchange(impl_->closed_paths, {});
}

void Engine::advance(Instant now) {
  impl_->settle(now);
}

Instant Engine::next_deadline() const {
  return impl_->next_deadline();
}

std::span<const OutgoingDatagram> Engine::flush(Instant now) {
  impl_->router.run(impl_->options.flush_portion, now);
  impl_->batch.finish();
  return impl_->batch.take();
}

std::vector<SocketId> Engine::take_released_sockets() {
  return std::exchange(impl_->released_sockets, {});
}

void Engine::set_controller_room(std::size_t bytes) {
  impl_->controller_room = bytes;
}

std::vector<Event> Engine::take_events() {
  impl_->tell_controller();
  engine::report_negotiation_needed(*impl_);
  for (LogRecord& record : impl_->log.drain()) impl_->emit(std::move(record));
  return std::exchange(impl_->events, {});
}

}  // namespace sluice
