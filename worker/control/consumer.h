// fbs/consumer.fbs ↔ the consumer's requests, replies and events.
#pragma once

#include "consumer_generated.h"
#include "sluice/command.h"
#include "sluice/event.h"
#include "worker/control/reader.h"

namespace sluice::control {

Consume read_command(Reader& reader, const wire::Consume& table);
RequestKeyFrame read_command(Reader& reader, const wire::RequestKeyFrame& table);

wire::ConsumerReplyT to_wire(const ConsumerReply& reply);
wire::ConsumerCreatedT to_wire(const ConsumerCreated& event);
wire::ProducerPausedT to_wire(const ProducerPaused& event);

}  // namespace sluice::control
