// fbs/producer.fbs ↔ the producer's requests, replies and events; and statistics of RTP streams.
#pragma once

#include "producer_generated.h"
#include "sluice/event.h"
#include "sluice/reply.h"
#include "worker/control/reader.h"

namespace sluice::control {

Produce read_command(Reader& reader, const wire::Produce& table);

wire::ProducerReplyT to_wire(const ProducerReply& reply);
wire::StatsReplyT to_wire(const StatsReply& reply);
wire::ProducerCreatedT to_wire(const ProducerCreated& event);
wire::ProducerScoreChangeT to_wire(const ProducerScoreChange& event);
wire::VideoOrientationChangeT to_wire(const VideoOrientationChange& event);

}  // namespace sluice::control
