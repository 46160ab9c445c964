// fbs/consumer.fbs ↔ the consumer's requests, replies and events.
#pragma once

#include "consumer_generated.h"
#include "sluice/event.h"
#include "sluice/reply.h"
#include "worker/control/reader.h"

namespace sluice::control {

Consume read_command(Reader& reader, const wire::Consume& table);
RequestKeyFrame read_command(Reader& reader, const wire::RequestKeyFrame& table);
SetPreferredLayers read_command(Reader& reader, const wire::SetPreferredLayers& table);
SetPriority read_command(Reader& reader, const wire::SetPriority& table);
Explain read_command(Reader& reader, const wire::Explain& table);

wire::ConsumerReplyT to_wire(const ConsumerReply& reply);
wire::PreferredLayersReplyT to_wire(const PreferredLayersReply& reply);
wire::PriorityReplyT to_wire(const PriorityReply& reply);
wire::ConsumerCreatedT to_wire(const ConsumerCreated& event);
wire::ProducerPausedT to_wire(const ProducerPaused& event);
wire::ConsumerScoreChangeT to_wire(const ConsumerScoreChange& event);
wire::LayersChangeT to_wire(const LayersChange& event);

}  // namespace sluice::control
