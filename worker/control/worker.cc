#include "worker/control/worker.h"

namespace sluice::control {

static_assert(static_cast<int>(LogLevel::kDebug) == static_cast<int>(wire::LogLevel::DEBUG));
static_assert(static_cast<int>(LogTag::kMessage) == static_cast<int>(wire::LogTag::MESSAGE));

UpdateSettings read_command(Reader& reader, const wire::UpdateSettings& table) {
  UpdateSettings settings;
  if (const auto level = table.log_level(); level.has_value()) {
    settings.log_level = reader.choice<LogLevel>("logLevel", *level);
  }
  if (const auto* tags = table.log_tags(); tags != nullptr && reader.fits("logTags", tags->size())) {
    settings.log_tags.emplace();
    for (flatbuffers::uoffset_t i = 0; i < tags->size(); ++i) {
      settings.log_tags->push_back(reader.choice<LogTag>("logTags", static_cast<wire::LogTag>(tags->Get(i))));
    }
  }
  return settings;
}

GetResourceUsage read_command(Reader&, const wire::GetResourceUsage&) {
  return {};
}

wire::ResourceUsageReplyT to_wire(const ResourceUsage& usage) {
  wire::ResourceUsageReplyT table;
  table.ru_utime = usage.ru_utime;
  table.ru_stime = usage.ru_stime;
  table.ru_maxrss = usage.ru_maxrss;
  table.ru_ixrss = usage.ru_ixrss;
  table.ru_idrss = usage.ru_idrss;
  table.ru_isrss = usage.ru_isrss;
  table.ru_minflt = usage.ru_minflt;
  table.ru_majflt = usage.ru_majflt;
  table.ru_nswap = usage.ru_nswap;
  table.ru_inblock = usage.ru_inblock;
  table.ru_oublock = usage.ru_oublock;
  table.ru_msgsnd = usage.ru_msgsnd;
  table.ru_msgrcv = usage.ru_msgrcv;
  table.ru_nsignals = usage.ru_nsignals;
  table.ru_nvcsw = usage.ru_nvcsw;
  table.ru_nivcsw = usage.ru_nivcsw;
  return table;
}

wire::LogRecordT to_wire(const LogRecord& record) {
  wire::LogRecordT table;
  table.level = static_cast<wire::LogLevel>(record.level);
  table.tag = static_cast<wire::LogTag>(record.tag);
  table.object = record.object;
  table.message = record.message;
  return table;
}

}  // namespace sluice::control
