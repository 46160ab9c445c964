from __future__ import annotations

from typing import Literal, Sequence, get_args

from ._channel.link import Link
from ._wire import tables as wire
from ._wire.table import Table
from .messages import message_from_wire, message_to_wire
from .remote_object import AppData, RemoteObject
from .stats import DataConsumerStat, data_stat
from .types import DataType, SctpStreamParameters

DataConsumerEvents = Literal[
    "transportclose",
    "dataproducerclose",
    "dataproducerpause",
    "dataproducerresume",
    "refused",
    "message",
    "sctpsendbufferfull",
    "bufferedamountlow",
]
DataConsumerObserverEvents = Literal["close", "pause", "resume"]


class DataConsumer(RemoteObject[DataConsumerEvents, DataConsumerObserverEvents]):
    """Messages that go out: to a client's data channel, or to this process. Made by `transport.consume_data()`.

    transportclose, dataproducerclose      that was closed, and so was it
    dataproducerpause, dataproducerresume
    refused             the client closed the data channel; the data consumer is closed
    message             (bytes, ppid: int) of a direct transport
    sctpsendbufferfull  a message was dropped for this consumer, as too much waits for it. Once, until it has taken one again
    bufferedamountlow   (int) what waits, in bytes, has fallen to the threshold that was set
    """

    _kind = "data_consumer"
    EVENTS = get_args(DataConsumerEvents)
    OBSERVER_EVENTS = get_args(DataConsumerObserverEvents)

    def __init__(
        self,
        link: Link,
        id: str,
        app_data: AppData | None,
        *,
        data_producer_id: str,
        type: DataType,
        sctp_stream_parameters: SctpStreamParameters | None,
        label: str,
        protocol: str,
        paused: bool = False,
        data_producer_paused: bool = False,
        subchannels: Sequence[int] = (),
    ) -> None:
        super().__init__(link, id, app_data)
        self._data_producer_id, self._type, self._sctp_stream_parameters = data_producer_id, type, sctp_stream_parameters
        self._label, self._protocol = label, protocol
        self._paused, self._data_producer_paused = paused, data_producer_paused
        self._subchannels = list(subchannels)

    @property
    def data_producer_id(self) -> str:
        return self._data_producer_id

    @property
    def type(self) -> DataType:
        return self._type

    @property
    def sctp_stream_parameters(self) -> SctpStreamParameters | None:
        """None when the type is `direct`."""
        return self._sctp_stream_parameters

    @property
    def label(self) -> str:
        return self._label

    @property
    def protocol(self) -> str:
        return self._protocol

    @property
    def paused(self) -> bool:
        return self._paused

    @property
    def data_producer_paused(self) -> bool:
        return self._data_producer_paused

    @property
    def subchannels(self) -> list[int]:
        """Ascending."""
        return list(self._subchannels)

    async def pause(self) -> None:
        await self._set_paused(True, self._now_paused)

    async def resume(self) -> None:
        await self._set_paused(False, self._now_paused)

    async def send(self, message: str | bytes, ppid: int | None = None) -> None:
        """A message to this consumer's client only; type `sctp` only. Raises LimitExceededError when too much waits already."""
        payload, kind = message_to_wire(message, ppid)
        await self._do(wire.SendToDataConsumer(data_consumer_id=self.id, ppid=kind, payload=payload))

    async def get_buffered_amount(self) -> int:
        """Bytes that wait to be sent."""
        command = wire.GetBufferedAmount(data_consumer_id=self.id)
        return await self._request(command, wire.BufferedAmountReply, lambda reply: reply.buffered_amount)

    async def set_buffered_amount_low_threshold(self, threshold: int) -> None:
        """`bufferedamountlow` tells from now on when what waits falls to it: bytes. At once, when it is there already."""
        await self._do(wire.SetBufferedAmountLowThreshold.checked({"data_consumer_id": self.id, "threshold": threshold}, ""))

    async def set_subchannels(self, subchannels: Sequence[int]) -> None:
        await self._change(wire.SetSubchannels.checked({"data_consumer_id": self.id, "subchannels": subchannels}, ""))

    async def add_subchannel(self, subchannel: int) -> None:
        await self._change(wire.AddSubchannel.checked({"data_consumer_id": self.id, "subchannel": subchannel}, ""))

    async def remove_subchannel(self, subchannel: int) -> None:
        await self._change(wire.RemoveSubchannel.checked({"data_consumer_id": self.id, "subchannel": subchannel}, ""))

    async def get_stats(self) -> list[DataConsumerStat]:
        """One entry."""
        return await self._stats(lambda reply: data_stat(DataConsumerStat, reply.data))

    async def _change(self, command: Table) -> None:
        def then(reply: wire.SubchannelsReply) -> None:
            self._subchannels = reply.subchannels

        await self._request(command, wire.SubchannelsReply, then)

    def _handle_event(self, event: Table) -> None:
        if isinstance(event, wire.DataMessageReceived):
            self._emit("message", message_from_wire(event.payload, event.ppid), event.ppid)
        elif isinstance(event, wire.DataProducerPaused):
            self._source_paused(event.paused)
        elif isinstance(event, wire.DataConsumerFull):
            self._emit("sctpsendbufferfull")
        elif isinstance(event, wire.BufferedAmountLow):
            self._emit("bufferedamountlow", event.buffered_amount)
        elif isinstance(event, wire.ObjectClosed):
            self._end(event.reason if event.reason in ("dataproducerclose", "refused") else "transportclose")

    def _source_paused(self, paused: bool) -> None:
        """The observer is told when it stops or goes on getting messages, by whichever of the two."""
        if self._data_producer_paused == paused:
            return
        self._data_producer_paused = paused
        self._emit("dataproducerpause" if paused else "dataproducerresume")
        if not self._paused:
            self._observer._emit("pause" if paused else "resume")

    def _now_paused(self, paused: bool) -> None:
        if self._paused == paused:
            return
        self._paused = paused
        if not self._data_producer_paused:
            self._observer._emit("pause" if paused else "resume")
