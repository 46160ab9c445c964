// fbs/common.fbs ↔ errors, and the requests about any object.
#pragma once

#include "common_generated.h"
#include "sluice/event.h"
#include "sluice/reply.h"
#include "worker/control/reader.h"

namespace sluice::control {

Close read_command(Reader& reader, const wire::Close& table);
Pause read_command(Reader& reader, const wire::Pause& table);
Resume read_command(Reader& reader, const wire::Resume& table);
Dump read_command(Reader& reader, const wire::Dump& table);
GetStats read_command(Reader& reader, const wire::GetStats& table);
EnableTraceEvent read_command(Reader& reader, const wire::EnableTraceEvent& table);

wire::ErrorT to_wire(const Error& error);
Error read_error(const wire::Error& table);
wire::DoneT to_wire(const Done& done);
wire::DumpReplyT to_wire(const DumpReply& reply);
wire::ObjectClosedT to_wire(const ObjectClosed& event);
wire::TraceEventT to_wire(const TraceEvent& event);

}  // namespace sluice::control
