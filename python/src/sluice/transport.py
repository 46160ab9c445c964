from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Generic, Iterable, Literal, Mapping, Sequence, TypeVar, get_args

from ._channel.link import Link
from ._wire import tables as wire
from ._wire.kinds import wrong
from ._wire.table import Table
from .consumer import Consumer
from .creation import creates
from .data_consumer import DataConsumer
from .data_producer import DataProducer
from .producer import Producer, trace_data
from .remote_object import AppData, RemoteObject, check_app_data, check_id
from .types import (
    ConsumerLayers,
    ConsumerType,
    DataType,
    Json,
    MediaKind,
    ProducerType,
    RtpCapabilities,
    RtpParameters,
    SctpStreamParameters,
    TransportTraceEventType,
)

if TYPE_CHECKING:
    from .stats import BaseTransportStat

TransportEvents = Literal["routerclose", "peerclose", "trace"]
TransportObserverEvents = Literal["close", "newproducer", "newconsumer", "newdataproducer", "newdataconsumer", "trace"]

E = TypeVar("E", bound=str)
O = TypeVar("O", bound=str)  # noqa: E741
Part = TypeVar("Part", Producer, Consumer, DataProducer, DataConsumer)


class Transport(RemoteObject[E, O], Generic[E, O]):
    """A way for media in and out, of one kind or another, and all it carries.

    routerclose, peerclose  its room or its peer was closed, and so was it
    trace                   (TraceEventData)
    """

    _kind = "transport"
    EVENTS = get_args(TransportEvents)
    OBSERVER_EVENTS = get_args(TransportObserverEvents)

    def __init__(self, link: Link, id: str, app_data: AppData | None) -> None:
        super().__init__(link, id, app_data)
        self._parts: dict[str, Producer | Consumer | DataProducer | DataConsumer] = {}

    async def get_stats(self) -> Sequence[BaseTransportStat]:
        """One entry."""
        raise NotImplementedError

    async def set_max_incoming_bitrate(self, bitrate: int) -> None:
        """Asks the other end to send no more than this: bps; 0 takes the limit away."""
        await self._limit("max_incoming", bitrate)

    async def set_max_outgoing_bitrate(self, bitrate: int) -> None:
        """What its consumers share at most: bps; 0 takes the limit away."""
        await self._limit("max_outgoing", bitrate)

    async def set_min_outgoing_bitrate(self, bitrate: int) -> None:
        """What its consumers share at least, whatever is estimated: bps; 0 takes the limit away."""
        await self._limit("min_outgoing", bitrate)

    async def enable_trace_event(self, types: Iterable[TransportTraceEventType] = ()) -> None:
        """What `trace` tells from now on; nothing by default."""
        await self._set_trace(types)

    @creates
    async def produce(
        self,
        *,
        kind: MediaKind,
        rtp_parameters: RtpParameters | Json,
        id: str | None = None,
        paused: bool = False,
        key_frame_request_delay: int = 0,
        app_data: AppData | None = None,
    ) -> Producer:
        """Receives a track of the other end. `key_frame_request_delay`: least time between two requests to the sender, ms."""
        options = {
            "kind": kind,
            "rtp_parameters": rtp_parameters,
            "paused": paused,
            "key_frame_request_delay": key_frame_request_delay,
        }
        command = wire.Produce.checked(options, "")
        check_app_data(app_data)
        command.producer_id = check_id(id) or str(uuid.uuid4())
        command.transport_id = self.id

        def then(reply: wire.ProducerReply) -> Producer:
            producer = Producer(
                self._link,
                reply.producer_id,
                app_data,
                kind=command.kind,
                type=_producer_type(reply.type),
                rtp_parameters=command.rtp_parameters,
                consumable_rtp_parameters=reply.consumable_rtp_parameters,
                paused=command.paused,
            )
            return self._adopt(producer, "newproducer")

        return await self._request(command, wire.ProducerReply, then)

    @creates
    async def consume(
        self,
        *,
        producer_id: str,
        rtp_capabilities: RtpCapabilities | Json,
        paused: bool = False,
        mid: str | None = None,
        enable_rtx: bool | None = None,
        preferred_layers: ConsumerLayers | Json | None = None,
        ignore_dtx: bool = False,
        app_data: AppData | None = None,
    ) -> Consumer:
        """Sends a producer of the same room to the other end.

        `rtp_capabilities` are those of the client that will receive it. Starting paused and resuming when the client is ready
        spares it lost packets. `mid` is chosen by the worker by default. `enable_rtx`: retransmissions in a stream of their own
        (RFC 4588), where the client can take them; by default they are, for audio too. `ignore_dtx`: Opus packets of
        discontinuous transmission (silence) are not forwarded.
        """
        options = {
            "producer_id": producer_id,
            "rtp_capabilities": rtp_capabilities,
            "paused": paused,
            "mid": mid,
            "enable_rtx": enable_rtx,
            "preferred_layers": preferred_layers,
            "ignore_dtx": ignore_dtx,
        }
        command = wire.Consume.checked(options, "")
        check_app_data(app_data)
        command.consumer_id, command.transport_id = str(uuid.uuid4()), self.id

        def then(reply: wire.ConsumerReply) -> Consumer:
            consumer = Consumer(
                self._link,
                reply.consumer_id,
                app_data,
                producer_id=reply.producer_id,
                kind=reply.kind,
                type=_consumer_type(reply.type),
                rtp_parameters=reply.rtp_parameters,
                score=reply.score,
                paused=reply.paused,
                producer_paused=reply.producer_paused,
                preferred_layers=reply.preferred_layers,
            )
            return self._adopt(consumer, "newconsumer")

        return await self._request(command, wire.ConsumerReply, then)

    @creates
    async def produce_data(
        self,
        *,
        id: str | None = None,
        sctp_stream_parameters: SctpStreamParameters | Json | None = None,
        label: str = "",
        protocol: str = "",
        paused: bool = False,
        app_data: AppData | None = None,
    ) -> DataProducer:
        """Receives the messages of a data channel of the other end; on a direct transport, those that are sent here (then
        `sctp_stream_parameters` is ignored)."""
        options = {"label": label, "protocol": protocol, "paused": paused}
        command = wire.ProduceData.checked(options, "")
        if sctp_stream_parameters is not None:
            command.sctp_stream_parameters = checked_stream(sctp_stream_parameters, "sctpStreamParameters")
        check_app_data(app_data)
        command.data_producer_id = check_id(id) or str(uuid.uuid4())
        command.transport_id = self.id

        def then(reply: wire.DataProducerReply) -> DataProducer:
            producer = DataProducer(
                self._link,
                reply.data_producer_id,
                app_data,
                type=_data_type(reply.type),
                sctp_stream_parameters=reply.sctp_stream_parameters,
                label=command.label,
                protocol=command.protocol,
                paused=command.paused,
                max_message_size=self._message_limit(),
            )
            return self._adopt(producer, "newdataproducer")

        return await self._request(command, wire.DataProducerReply, then)

    @creates
    async def consume_data(
        self,
        *,
        data_producer_id: str,
        ordered: bool | None = None,
        max_packet_life_time: int | None = None,
        max_retransmits: int | None = None,
        paused: bool = False,
        subchannels: Sequence[int] = (),
        app_data: AppData | None = None,
    ) -> DataConsumer:
        """Sends the messages of a data producer of the same room to the other end; on a direct transport, tells them here.

        `ordered` and the two limits (ms, and a number) are as the data producer has them by default; they are not for a direct
        transport. Of the messages that are sent to subchannels, it gets those for one of `subchannels`.
        """
        options = {
            "data_producer_id": data_producer_id,
            "ordered": ordered,
            "max_packet_life_time": max_packet_life_time,
            "max_retransmits": max_retransmits,
            "paused": paused,
            "subchannels": subchannels,
        }
        command = wire.ConsumeData.checked(options, "")
        check_app_data(app_data)
        if command.max_packet_life_time is not None and command.max_retransmits is not None:
            raise wrong("maxRetransmits", "nothing beside maxPacketLifeTime", command.max_retransmits)
        command.data_consumer_id, command.transport_id = str(uuid.uuid4()), self.id

        def then(reply: wire.DataConsumerReply) -> DataConsumer:
            consumer = DataConsumer(
                self._link,
                reply.data_consumer_id,
                app_data,
                data_producer_id=reply.data_producer_id,
                type=_data_type(reply.type),
                sctp_stream_parameters=reply.sctp_stream_parameters,
                label=reply.label,
                protocol=reply.protocol,
                paused=reply.paused,
                data_producer_paused=reply.data_producer_paused,
                subchannels=reply.subchannels,
            )
            return self._adopt(consumer, "newdataconsumer")

        return await self._request(command, wire.DataConsumerReply, then)

    def _handle_event(self, event: Table) -> None:
        if isinstance(event, wire.TraceEvent):
            self._tell_both("trace", trace_data(event))
        elif isinstance(event, wire.ObjectClosed):
            self._end()
        else:
            self._negotiated(event)

    def _negotiated(self, event: Table) -> None:
        """What a peer's client and the worker have agreed on."""
        if isinstance(event, wire.ProducerCreated):
            producer = Producer(
                self._link,
                event.producer_id,
                None,
                kind=event.kind,
                type=_producer_type(event.type),
                rtp_parameters=event.rtp_parameters,
            )
            self._adopt(producer, "newproducer")
        elif isinstance(event, wire.ConsumerCreated):
            self._consumer_created(event)
        elif isinstance(event, wire.DataProducerCreated):
            data_producer = DataProducer(
                self._link,
                event.data_producer_id,
                None,
                type="sctp",
                sctp_stream_parameters=event.sctp_stream_parameters,
                label=event.label,
                protocol=event.protocol,
            )
            self._adopt(data_producer, "newdataproducer")
        elif isinstance(event, wire.DataConsumerCreated):
            data_consumer = DataConsumer(
                self._link,
                event.data_consumer_id,
                None,
                data_producer_id=event.data_producer_id,
                type="sctp",
                sctp_stream_parameters=event.sctp_stream_parameters,
                label=event.label,
                protocol=event.protocol,
                data_producer_paused=event.data_producer_paused,
            )
            self._adopt(data_consumer, "newdataconsumer")

    def _consumer_created(self, event: wire.ConsumerCreated) -> None:
        """Known already when a later description changed its parameters."""
        known = self._parts.get(event.consumer_id)
        if isinstance(known, Consumer):
            known._negotiated(event.rtp_parameters)
            return
        producer = self._link.find(event.producer_id, Producer)
        consumer = Consumer(
            self._link,
            event.consumer_id,
            None,
            producer_id=event.producer_id,
            kind=event.kind,
            type=_consumer_type(event.type or "simple"),
            rtp_parameters=event.rtp_parameters,
            score=event.score,
            producer_paused=producer is not None and producer.paused,
        )
        self._adopt(consumer, "newconsumer")

    def _adopt(self, part: Part, event_name: str) -> Part:
        self._parts[part.id] = part
        part.observer.once("close", lambda: self._parts.pop(part.id, None))
        self._observer._emit(event_name, part)
        return part

    def _message_limit(self) -> int:
        """Bytes of a message that is sent here: of a direct transport."""
        return 0

    def _end_owned(self) -> None:
        for kind in (Producer, Consumer, DataProducer, DataConsumer):
            for part in list(self._parts.values()):
                if isinstance(part, kind):
                    part._end("transportclose")

    async def _limit(self, limit: wire.BitrateLimit, bitrate: int) -> None:
        await self._do(wire.SetBitrateLimit.checked({"transport_id": self.id, "limit": limit, "bitrate": bitrate}, ""))


def checked_stream(value: object, path: str) -> SctpStreamParameters:
    """As mediasoup has it: unordered by default with one of the limits, and never ordered with one of them."""
    stream = SctpStreamParameters.checked(value, path)
    limited = stream.max_packet_life_time is not None or stream.max_retransmits is not None
    if stream.max_packet_life_time is not None and stream.max_retransmits is not None:
        raise wrong(f"{path}.maxRetransmits", "nothing beside maxPacketLifeTime", stream.max_retransmits)
    if limited:
        if isinstance(value, Mapping) and value.get("ordered") is True:
            raise wrong(f"{path}.ordered", "false with maxPacketLifeTime or maxRetransmits", True)
        stream.ordered = False
    return stream


def _producer_type(text: str) -> ProducerType:
    return text  # type: ignore[return-value]


def _consumer_type(text: str) -> ConsumerType:
    return text  # type: ignore[return-value]


def _data_type(text: str) -> DataType:
    return text  # type: ignore[return-value]


def place(command: Any, owner: Any) -> str:
    """Names the room, and the peer if the owner is one; returns a new transport's id."""
    command.room_id = getattr(owner, "room_id", owner.id)
    command.peer_id = owner.id if hasattr(owner, "room_id") else ""
    command.transport_id = str(uuid.uuid4())
    return str(command.transport_id)
