// fbs/worker.fbs and fbs/log.fbs ↔ settings, resource usage, log records.
#pragma once

#include "log_generated.h"
#include "worker/control/protocol.h"
#include "worker/control/reader.h"
#include "worker_generated.h"

namespace sluice::control {

UpdateSettings read_command(Reader& reader, const wire::UpdateSettings& table);
GetResourceUsage read_command(Reader& reader, const wire::GetResourceUsage& table);

wire::ResourceUsageReplyT to_wire(const ResourceUsage& usage);
wire::LogRecordT to_wire(const LogRecord& record);

}  // namespace sluice::control
