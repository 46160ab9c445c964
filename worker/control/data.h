// fbs/data_producer.fbs, fbs/data_consumer.fbs, fbs/sctp.fbs ↔ data producers and consumers, and their
// messages.
#pragma once

#include "data_consumer_generated.h"
#include "data_producer_generated.h"
#include "sluice/event.h"
#include "sluice/reply.h"
#include "worker/control/reader.h"

namespace sluice::control {

ProduceData read_command(Reader& reader, const wire::ProduceData& table);
ConsumeData read_command(Reader& reader, const wire::ConsumeData& table);
SendToDataProducer read_command(Reader& reader, const wire::SendToDataProducer& table);
SendToDataConsumer read_command(Reader& reader, const wire::SendToDataConsumer& table);
GetBufferedAmount read_command(Reader& reader, const wire::GetBufferedAmount& table);
SetBufferedAmountLowThreshold read_command(Reader& reader, const wire::SetBufferedAmountLowThreshold& table);
SetSubchannels read_command(Reader& reader, const wire::SetSubchannels& table);
AddSubchannel read_command(Reader& reader, const wire::AddSubchannel& table);
RemoveSubchannel read_command(Reader& reader, const wire::RemoveSubchannel& table);

wire::DataStatsT to_wire(const DataStats& stats);
wire::DataProducerReplyT to_wire(const DataProducerReply& reply);
wire::DataConsumerReplyT to_wire(const DataConsumerReply& reply);
wire::BufferedAmountReplyT to_wire(const BufferedAmountReply& reply);
wire::SubchannelsReplyT to_wire(const SubchannelsReply& reply);

wire::DataProducerCreatedT to_wire(const DataProducerCreated& event);
wire::DataConsumerCreatedT to_wire(const DataConsumerCreated& event);
wire::DataProducerPausedT to_wire(const DataProducerPaused& event);
wire::DataMessageReceivedT to_wire(const DataMessageReceived& event);
wire::DataConsumerFullT to_wire(const DataConsumerFull& event);
wire::BufferedAmountLowT to_wire(const BufferedAmountLow& event);
wire::SctpStateChangeT to_wire(const SctpStateChange& event);

}  // namespace sluice::control
