#include "worker/control/controller.h"

#include <cerrno>
#include <cstring>

#include <sys/socket.h>
#include <unistd.h>

#include "control_generated.h"
#include "worker/control/rtp_parameters.h"

namespace sluice::control {
namespace {

Error broken(std::string message) {
  return {ErrorCode::kInternal, "", std::move(message)};
}

template <typename Table>
std::vector<std::uint8_t> pack_frame(Table body) {
  wire::FrameT frame;
  frame.body.Set(std::move(body));
  flatbuffers::FlatBufferBuilder builder;
  builder.ForceDefaults(true);
  wire::FinishSizePrefixedFrameBuffer(builder, wire::Frame::Pack(builder, &frame));
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

const wire::Frame* frame_of(const std::vector<std::uint8_t>& bytes) {
  flatbuffers::Verifier verifier(bytes.data(), bytes.size());
  return wire::VerifySizePrefixedFrameBuffer(verifier) ? wire::GetSizePrefixedFrame(bytes.data()) : nullptr;
}

/// The reply of a verified response frame as the table it must be.
template <typename Table>
const Table* reply_of(const std::vector<std::uint8_t>& bytes) {
  return frame_of(bytes)->body_as_Response()->template reply_as<Table>();
}

wire::ObjectKind to_wire_kind(ObjectKind kind) {
  return static_cast<wire::ObjectKind>(kind);
}

std::string text_of(const flatbuffers::String* text) {
  return text == nullptr ? std::string() : text->str();
}

WebRtcTransportReply read_transport(const wire::WebRtcTransportReply& table) {
  WebRtcTransportReply reply;
  reply.transport_id = text_of(table.transport_id());
  if (const auto* ice = table.ice_parameters()) {
    reply.ice_parameters = {text_of(ice->username_fragment()), text_of(ice->password()), ice->ice_lite()};
  }
  for (const auto* candidate : *table.ice_candidates()) {
    IceCandidate out;
    out.foundation = text_of(candidate->foundation());
    out.priority = candidate->priority();
    out.address = text_of(candidate->address());
    out.port = candidate->port();
    reply.ice_candidates.push_back(std::move(out));
  }
  if (const auto* dtls = table.dtls_parameters()) {
    reply.dtls_parameters.role = static_cast<DtlsRole>(dtls->role());
    for (const auto* fingerprint : *dtls->fingerprints()) {
      reply.dtls_parameters.fingerprints.push_back(
          {text_of(fingerprint->algorithm()), text_of(fingerprint->value())});
    }
  }
  return reply;
}

}  // namespace

Result<Controller> Controller::connect(int fd) {
  Controller controller(fd);
  wire::HelloT hello;
  hello.protocol_version = kProtocolVersion;
  hello.product = "sluice-controller-cpp";
  if (auto sent = controller.write_all(pack_frame(std::move(hello))); !sent) return sent.error();
  auto frame = controller.read_frame();
  if (!frame) return frame.error();
  const wire::Frame* parsed = frame_of(*frame);
  if (parsed != nullptr && parsed->body_as_Failure() != nullptr &&
      parsed->body_as_Failure()->error() != nullptr) {
    return broken("the worker refused: " + text_of(parsed->body_as_Failure()->error()->message()));
  }
  if (parsed == nullptr || parsed->body_as_Hello() == nullptr)
    return broken("the worker's first frame is no Hello");
  return controller;
}

Controller::Controller(Controller&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      next_id_(other.next_id_),
      deframer_(std::move(other.deframer_)),
      unread_(std::move(other.unread_)) {}

Controller::~Controller() {
  if (fd_ >= 0) ::close(fd_);
}

Result<void> Controller::write_all(const std::vector<std::uint8_t>& bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t count = ::send(fd_, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return broken(std::string("cannot write to the worker: ") + std::strerror(errno));
    done += static_cast<std::size_t>(count);
  }
  return {};
}

Result<std::vector<std::uint8_t>> Controller::read_frame() {
  for (;;) {
    std::span<const std::uint8_t> rest(unread_);
    const auto status = deframer_.next(rest);
    unread_.erase(unread_.begin(), unread_.end() - static_cast<std::ptrdiff_t>(rest.size()));
    if (status == Deframer::Status::kFrame)
      return std::vector(deframer_.frame().begin(), deframer_.frame().end());
    if (status == Deframer::Status::kTooLong) return broken("the worker sent a frame that is too long");
    std::uint8_t chunk[16384];
    const ssize_t count = ::read(fd_, chunk, sizeof chunk);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return broken("the worker closed the channel");
    unread_.insert(unread_.end(), chunk, chunk + count);
  }
}

template <typename Table>
Result<std::vector<std::uint8_t>> Controller::ask(Table command) {
  wire::RequestT request;
  request.id = next_id_++;
  const std::uint32_t id = request.id;
  request.command.Set(std::move(command));
  if (auto sent = write_all(pack_frame(std::move(request))); !sent) return sent.error();
  for (;;) {
    auto frame = read_frame();
    if (!frame) return frame.error();
    const wire::Frame* parsed = frame_of(*frame);
    if (parsed == nullptr) return broken("the worker sent a malformed frame");
    const wire::Response* response = parsed->body_as_Response();
    if (response == nullptr || response->id() != id) continue;  // a notification
    if (const wire::Error* error = response->error()) {
      return Error{static_cast<ErrorCode>(error->code()), text_of(error->field()), text_of(error->message())};
    }
    return std::move(*frame);
  }
}

Result<RoomReply> Controller::create_room(const CreateRoom& command) {
  wire::CreateRoomT table;
  table.room_id = command.room_id;
  for (const auto& codec : to_wire(RtpCapabilities{command.media_codecs, {}}).codecs) {
    table.media_codecs.push_back(std::make_unique<wire::RtpCodecCapabilityT>(*codec));
  }
  auto frame = ask(std::move(table));
  if (!frame) return frame.error();
  const auto* reply = reply_of<wire::RoomReply>(*frame);
  if (reply == nullptr || reply->rtp_capabilities() == nullptr)
    return broken("unexpected reply to CreateRoom");
  Reader reader;
  return RoomReply{text_of(reply->room_id()), read_rtp_capabilities(reader, *reply->rtp_capabilities())};
}

Result<WebRtcTransportReply> Controller::create_webrtc_transport(const CreateWebRtcTransport& command) {
  wire::CreateWebRtcTransportT table;
  table.room_id = command.room_id;
  table.peer_id = command.peer_id;
  table.transport_id = command.transport_id;
  table.ice_consent_timeout = command.ice_consent_timeout_seconds;
  auto frame = ask(std::move(table));
  if (!frame) return frame.error();
  const auto* reply = reply_of<wire::WebRtcTransportReply>(*frame);
  if (reply == nullptr) return broken("unexpected reply to CreateWebRtcTransport");
  return read_transport(*reply);
}

Result<void> Controller::connect_transport(const ConnectTransport& command) {
  wire::ConnectTransportT table;
  table.transport_id = command.transport_id;
  table.dtls_parameters = std::make_unique<wire::DtlsParametersT>();
  table.dtls_parameters->role = static_cast<wire::DtlsRole>(command.dtls_parameters.role);
  for (const auto& fingerprint : command.dtls_parameters.fingerprints) {
    auto out = std::make_unique<wire::DtlsFingerprintT>();
    out->algorithm = fingerprint.algorithm;
    out->value = fingerprint.value;
    table.dtls_parameters->fingerprints.push_back(std::move(out));
  }
  auto frame = ask(std::move(table));
  return frame ? Result<void>() : frame.error();
}

Result<std::string> Controller::produce(const Produce& command) {
  wire::ProduceT table;
  table.transport_id = command.transport_id;
  table.producer_id = command.producer_id;
  table.kind = to_wire(command.kind);
  table.rtp_parameters = std::make_unique<wire::RtpParametersT>(to_wire(command.rtp_parameters));
  table.paused = command.paused;
  auto frame = ask(std::move(table));
  if (!frame) return frame.error();
  const auto* reply = reply_of<wire::ProducerReply>(*frame);
  if (reply == nullptr) return broken("unexpected reply to Produce");
  return text_of(reply->producer_id());
}

Result<ConsumerReply> Controller::consume(const Consume& command) {
  wire::ConsumeT table;
  table.transport_id = command.transport_id;
  table.consumer_id = command.consumer_id;
  table.producer_id = command.producer_id;
  table.rtp_capabilities = std::make_unique<wire::RtpCapabilitiesT>(to_wire(command.rtp_capabilities));
  table.paused = command.paused;
  table.mid = command.mid;
  auto frame = ask(std::move(table));
  if (!frame) return frame.error();
  const auto* reply = reply_of<wire::ConsumerReply>(*frame);
  if (reply == nullptr || reply->rtp_parameters() == nullptr) return broken("unexpected reply to Consume");
  Reader reader;
  ConsumerReply out;
  out.consumer_id = text_of(reply->consumer_id());
  out.producer_id = text_of(reply->producer_id());
  out.kind = static_cast<MediaKind>(reply->kind());
  out.rtp_parameters = read_rtp_parameters(reader, *reply->rtp_parameters());
  out.type = text_of(reply->type());
  out.paused = reply->paused();
  out.producer_paused = reply->producer_paused();
  return out;
}

Result<void> Controller::close(ObjectKind kind, const std::string& id) {
  wire::CloseT table;
  table.kind = to_wire_kind(kind);
  table.id = id;
  auto frame = ask(std::move(table));
  return frame ? Result<void>() : frame.error();
}

Result<std::string> Controller::dump(ObjectKind kind, const std::string& id) {
  wire::DumpT table;
  table.kind = to_wire_kind(kind);
  table.id = id;
  auto frame = ask(std::move(table));
  if (!frame) return frame.error();
  const auto* reply = reply_of<wire::DumpReply>(*frame);
  if (reply == nullptr) return broken("unexpected reply to Dump");
  return text_of(reply->json());
}

Result<ResourceUsage> Controller::resource_usage() {
  auto frame = ask(wire::GetResourceUsageT());
  if (!frame) return frame.error();
  const auto* reply = reply_of<wire::ResourceUsageReply>(*frame);
  if (reply == nullptr) return broken("unexpected reply to GetResourceUsage");
  ResourceUsage usage;
  usage.ru_utime = reply->ru_utime();
  usage.ru_stime = reply->ru_stime();
  usage.ru_maxrss = reply->ru_maxrss();
  return usage;
}

}  // namespace sluice::control
