from __future__ import annotations

from typing import Callable, Iterable, Literal, get_args

from ._channel.link import Link
from ._wire import tables as wire
from ._wire.table import Table
from .errors import InvalidStateError
from .messages import packet_bytes
from .remote_object import AppData, RemoteObject, parsed
from .types import (
    MediaKind,
    ProducerScore,
    ProducerTraceEventType,
    ProducerType,
    ProducerVideoOrientation,
    RtpParameters,
    RtpStreamStat,
    TraceEventData,
)

ProducerEvents = Literal["transportclose", "stopped", "score", "videoorientationchange", "trace"]
ProducerObserverEvents = Literal["close", "pause", "resume", "score", "videoorientationchange", "trace"]


def trace_data(event: wire.TraceEvent) -> TraceEventData:
    return TraceEventData(type=event.type, timestamp=event.timestamp, direction="out" if event.outgoing else "in", info=parsed(event.info))


class Producer(RemoteObject[ProducerEvents, ProducerObserverEvents]):
    """A track that comes in. Made by `transport.produce()`, or by what a Peer negotiates.

    transportclose          its transport was closed, and so was it
    stopped                 the client took its track back in a description; the producer is closed
    score                   (list[ProducerScore]) one entry for each of its streams
    videoorientationchange  (ProducerVideoOrientation)
    trace                   (TraceEventData)
    """

    _kind = "producer"
    EVENTS = get_args(ProducerEvents)
    OBSERVER_EVENTS = get_args(ProducerObserverEvents)

    def __init__(
        self,
        link: Link,
        id: str,
        app_data: AppData | None,
        *,
        kind: MediaKind,
        type: ProducerType,
        rtp_parameters: RtpParameters,
        consumable_rtp_parameters: RtpParameters | None = None,
        paused: bool = False,
    ) -> None:
        super().__init__(link, id, app_data)
        self._media_kind, self._type = kind, type
        self._rtp_parameters, self._consumable = rtp_parameters, consumable_rtp_parameters
        self._paused = paused
        self._score: list[ProducerScore] = []

    @property
    def kind(self) -> MediaKind:
        return self._media_kind

    @property
    def type(self) -> ProducerType:
        return self._type

    @property
    def rtp_parameters(self) -> RtpParameters:
        """As the client sends it."""
        return self._rtp_parameters

    @property
    def consumable_rtp_parameters(self) -> RtpParameters | None:
        """As the room routes it: with the room's payload types. None for a track that was negotiated."""
        return self._consumable

    @property
    def paused(self) -> bool:
        return self._paused

    @property
    def score(self) -> list[ProducerScore]:
        """How well its streams arrive: one entry each, none until it was measured first."""
        return self._score

    async def pause(self) -> None:
        """Stops forwarding it to anybody."""
        await self._set_paused(True, self._now_paused)

    async def resume(self) -> None:
        await self._set_paused(False, self._now_paused)

    async def enable_trace_event(self, types: Iterable[ProducerTraceEventType] = ()) -> None:
        """Which packets and requests `trace` tells from now on; none by default."""
        await self._set_trace(types)

    def send(self, packet: bytes) -> None:
        """Sends a packet with one of the SSRCs of `rtp_parameters`. Of a direct transport only."""
        if self.closed:
            raise InvalidStateError("this producer is closed")
        self._link.send(wire.SendRtp(producer_id=self.id, packet=packet_bytes(packet, "packet")))

    async def get_stats(self) -> list[RtpStreamStat]:
        """One entry for each RTP stream."""
        return await self._stats(lambda reply: reply.streams)

    def _handle_event(self, event: Table) -> None:
        handler = self._handlers.get(type(event).__name__)
        if handler is not None:
            handler(self, event)

    def _scored(self, event: wire.ProducerScoreChange) -> None:
        self._score = event.scores
        self._tell_both("score", self._score)

    def _turned(self, event: wire.VideoOrientationChange) -> None:
        orientation = ProducerVideoOrientation(camera=event.camera, flip=event.flip, rotation=event.rotation)
        self._tell_both("videoorientationchange", orientation)

    def _traced(self, event: wire.TraceEvent) -> None:
        self._tell_both("trace", trace_data(event))

    def _object_closed(self, event: wire.ObjectClosed) -> None:
        self._end("stopped" if event.reason == "stopped" else "transportclose")

    _handlers: dict[str, Callable[..., None]] = {
        "ProducerScoreChange": _scored,
        "VideoOrientationChange": _turned,
        "TraceEvent": _traced,
        "ObjectClosed": _object_closed,
    }

    def _now_paused(self, paused: bool) -> None:
        if self._paused == paused:
            return
        self._paused = paused
        self._observer._emit("pause" if paused else "resume")
