#include "worker/control/common.h"

namespace sluice::control {
namespace {

static_assert(static_cast<int>(ObjectKind::kDataConsumer) ==
              static_cast<int>(wire::ObjectKind::DATA_CONSUMER));
static_assert(static_cast<int>(TraceType::kBwe) == static_cast<int>(wire::TraceType::BWE));
static_assert(static_cast<int>(ErrorCode::kInternal) == static_cast<int>(wire::ErrorCode::INTERNAL));

template <typename Request, typename Table>
Request read_about_object(Reader& reader, const Table& table) {
  Request request{};
  request.kind = reader.choice<ObjectKind>("kind", table.kind());
  request.id = reader.required_id("id", table.id());
  return request;
}

}  // namespace

Close read_command(Reader& reader, const wire::Close& table) {
  return read_about_object<Close>(reader, table);
}
Pause read_command(Reader& reader, const wire::Pause& table) {
  return read_about_object<Pause>(reader, table);
}
Resume read_command(Reader& reader, const wire::Resume& table) {
  return read_about_object<Resume>(reader, table);
}
GetStats read_command(Reader& reader, const wire::GetStats& table) {
  const auto kind = reader.choice<ObjectKind>("kind", table.kind());
  if (kind == ObjectKind::kWorker) return {kind, reader.id("id", table.id())};
  return {kind, reader.required_id("id", table.id())};
}

Dump read_command(Reader& reader, const wire::Dump& table) {
  const auto kind = reader.choice<ObjectKind>("kind", table.kind());
  if (kind == ObjectKind::kWorker) return {kind, reader.id("id", table.id())};
  return {kind, reader.required_id("id", table.id())};
}

EnableTraceEvent read_command(Reader& reader, const wire::EnableTraceEvent& table) {
  auto command = read_about_object<EnableTraceEvent>(reader, table);
  if (const auto* types = table.types(); types != nullptr && reader.fits("types", types->size())) {
    for (flatbuffers::uoffset_t i = 0; i < types->size(); ++i)
      command.types.push_back(reader.choice<TraceType>("types", static_cast<wire::TraceType>(types->Get(i))));
  }
  return command;
}

wire::ErrorT to_wire(const Error& error) {
  wire::ErrorT table;
  table.code = static_cast<wire::ErrorCode>(error.code);
  table.field = error.field;
  table.message = error.message;
  return table;
}

Error read_error(const wire::Error& table) {
  Reader reader;
  Error error;
  error.code = reader.choice<ErrorCode>("code", table.code());
  error.field = reader.text("field", table.field());
  error.message = reader.text("message", table.message());
  return reader.ok() ? error : reader.error();
}

wire::DoneT to_wire(const Done&) {
  return {};
}

wire::DumpReplyT to_wire(const DumpReply& reply) {
  wire::DumpReplyT table;
  table.json = reply.json;
  return table;
}

wire::ObjectClosedT to_wire(const ObjectClosed& event) {
  wire::ObjectClosedT table;
  table.kind = static_cast<wire::ObjectKind>(event.kind);
  table.id = event.id;
  table.reason = event.reason;
  return table;
}

wire::TraceEventT to_wire(const TraceEvent& event) {
  wire::TraceEventT table;
  table.kind = static_cast<wire::ObjectKind>(event.kind);
  table.id = event.id;
  table.type = static_cast<wire::TraceType>(event.type);
  table.timestamp = event.timestamp;
  table.outgoing = event.outgoing;
  table.info = event.info;
  return table;
}

}  // namespace sluice::control
