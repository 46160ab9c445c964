from __future__ import annotations

from typing import Literal, Sequence, get_args

from ._channel.link import Link
from ._wire import tables as wire
from ._wire.table import Table
from .errors import InvalidArgumentError, InvalidStateError
from .messages import message_to_wire
from .remote_object import AppData, RemoteObject
from .stats import DataProducerStat, data_stat
from .types import DataType, SctpStreamParameters

DataProducerEvents = Literal["transportclose", "stopped"]
DataProducerObserverEvents = Literal["close", "pause", "resume"]


class DataProducer(RemoteObject[DataProducerEvents, DataProducerObserverEvents]):
    """Messages that come in: of a client's data channel, or of this process. Made by `transport.produce_data()`.

    transportclose  its transport was closed, and so was it
    stopped         the client closed the data channel; the data producer is closed
    """

    _kind = "data_producer"
    EVENTS = get_args(DataProducerEvents)
    OBSERVER_EVENTS = get_args(DataProducerObserverEvents)

    def __init__(
        self,
        link: Link,
        id: str,
        app_data: AppData | None,
        *,
        type: DataType,
        sctp_stream_parameters: SctpStreamParameters | None,
        label: str,
        protocol: str,
        paused: bool = False,
        max_message_size: int = 0,
    ) -> None:
        super().__init__(link, id, app_data)
        self._type, self._sctp_stream_parameters = type, sctp_stream_parameters
        self._label, self._protocol = label, protocol
        self._paused, self._max_message_size = paused, max_message_size

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

    async def pause(self) -> None:
        """Its messages go to nobody until it is resumed."""
        await self._set_paused(True, self._now_paused)

    async def resume(self) -> None:
        await self._set_paused(False, self._now_paused)

    def send(
        self,
        message: str | bytes,
        ppid: int | None = None,
        subchannels: Sequence[int] | None = None,
        required_subchannel: int | None = None,
        ignored_subchannel: int | None = None,
    ) -> None:
        """Sends a message to its data consumers; type `direct` only. With `subchannels` only to those that have one of them, with
        `required_subchannel` only to those that have it, with `ignored_subchannel` only to those that do not.

        Raises LimitExceededError when the worker does not read as fast as is sent here.
        """
        if self.closed:
            raise InvalidStateError("this data_producer is closed")
        if self._type != "direct":
            raise InvalidStateError("this data producer's messages come from its client: its type is not direct")
        payload, kind = message_to_wire(message, ppid)
        if len(payload) > self._max_message_size:
            raise InvalidArgumentError("message", f"expected at most {self._max_message_size} bytes, got {len(payload)}")
        options = {
            "subchannels": subchannels,
            "required_subchannel": required_subchannel,
            "ignored_subchannel": ignored_subchannel,
        }
        command = wire.SendToDataProducer.checked(options, "")
        command.data_producer_id, command.ppid, command.payload = self.id, kind, payload
        self._link.send(command)

    async def get_stats(self) -> list[DataProducerStat]:
        """One entry."""
        return await self._stats(lambda reply: data_stat(DataProducerStat, reply.data))

    def _handle_event(self, event: Table) -> None:
        if isinstance(event, wire.ObjectClosed):
            self._end("stopped" if event.reason == "stopped" else "transportclose")

    def _now_paused(self, paused: bool) -> None:
        if self._paused == paused:
            return
        self._paused = paused
        self._observer._emit("pause" if paused else "resume")
