from __future__ import annotations

from typing import Callable, Iterable, Literal, get_args

from ._channel.link import Link
from ._wire import tables as wire
from ._wire.table import Table
from .producer import trace_data
from .remote_object import AppData, RemoteObject, parsed
from .types import (
    ConsumerExplanation,
    ConsumerLayers,
    ConsumerScore,
    ConsumerTraceEventType,
    ConsumerType,
    Json,
    MediaKind,
    RtpParameters,
    RtpStreamStat,
)

ConsumerEvents = Literal[
    "transportclose", "producerclose", "producerpause", "producerresume", "refused", "score", "layerschange", "trace", "rtp"
]
ConsumerObserverEvents = Literal["close", "pause", "resume", "score", "layerschange", "trace"]


class Consumer(RemoteObject[ConsumerEvents, ConsumerObserverEvents]):
    """A track that goes out. Made by `transport.consume()`, or by what a Peer negotiates.

    transportclose, producerclose   that was closed, and so was it
    producerpause, producerresume
    refused       the client rejected its section, or turned it inactive; it is closed. When it turns it back, there is another
    score         (ConsumerScore)
    layerschange  (ConsumerLayers | None) what is forwarded now; None: nothing
    trace         (TraceEventData)
    rtp           (bytes) of a direct transport: a packet
    """

    _kind = "consumer"
    EVENTS = get_args(ConsumerEvents)
    OBSERVER_EVENTS = get_args(ConsumerObserverEvents)

    def __init__(
        self,
        link: Link,
        id: str,
        app_data: AppData | None,
        *,
        producer_id: str,
        kind: MediaKind,
        type: ConsumerType,
        rtp_parameters: RtpParameters,
        score: ConsumerScore,
        paused: bool = False,
        producer_paused: bool = False,
        preferred_layers: ConsumerLayers | None = None,
    ) -> None:
        super().__init__(link, id, app_data)
        self._producer_id, self._media_kind, self._type = producer_id, kind, type
        self._rtp_parameters, self._score = rtp_parameters, score
        self._paused, self._producer_paused = paused, producer_paused
        self._preferred_layers = preferred_layers
        self._current_layers: ConsumerLayers | None = None
        self._priority = 1

    @property
    def producer_id(self) -> str:
        return self._producer_id

    @property
    def kind(self) -> MediaKind:
        return self._media_kind

    @property
    def type(self) -> ConsumerType:
        return self._type

    @property
    def rtp_parameters(self) -> RtpParameters:
        """As the worker sends it: what the client needs to receive it."""
        return self._rtp_parameters

    @property
    def paused(self) -> bool:
        """By its own pause()."""
        return self._paused

    @property
    def producer_paused(self) -> bool:
        return self._producer_paused

    @property
    def score(self) -> ConsumerScore:
        """How well it arrives."""
        return self._score

    @property
    def preferred_layers(self) -> ConsumerLayers | None:
        """As they hold: within what the producer has. None when the type has no layers."""
        return self._preferred_layers

    @property
    def current_layers(self) -> ConsumerLayers | None:
        """What is forwarded. None: nothing, or the type has no layers."""
        return self._current_layers

    @property
    def priority(self) -> int:
        """1 to 255."""
        return self._priority

    async def pause(self) -> None:
        await self._set_paused(True, self._own_paused)

    async def resume(self) -> None:
        """Video goes on with a key frame, which is asked for."""
        await self._set_paused(False, self._own_paused)

    async def request_key_frame(self) -> None:
        """Asks the producer's sender for a key frame. Video only."""
        await self._do(wire.RequestKeyFrame(consumer_id=self.id))

    async def set_preferred_layers(self, preferred_layers: ConsumerLayers | Json) -> None:
        """Without effect when the type has no layers."""
        command = wire.SetPreferredLayers.checked({"consumer_id": self.id, "preferred_layers": preferred_layers}, "")

        def then(reply: wire.PreferredLayersReply) -> None:
            self._preferred_layers = reply.preferred_layers

        await self._request(command, wire.PreferredLayersReply, then)

    async def set_priority(self, priority: int) -> None:
        """Among the consumers of a transport whose bitrate does not do for all: 1 to 255, the greater is served first."""
        command = wire.SetPriority.checked({"consumer_id": self.id, "priority": priority}, "")

        def then(reply: wire.PriorityReply) -> None:
            self._priority = reply.priority

        await self._request(command, wire.PriorityReply, then)

    async def unset_priority(self) -> None:
        """Back to 1."""
        await self.set_priority(1)

    async def enable_trace_event(self, types: Iterable[ConsumerTraceEventType] = ()) -> None:
        """Which packets and requests `trace` tells from now on; none by default."""
        await self._set_trace(types)

    async def explain(self) -> ConsumerExplanation:
        """Why it gets these layers and no others, why no key frame, who paused it, what was dropped. For people."""
        return await self._request(wire.Explain(consumer_id=self.id), wire.DumpReply, lambda reply: parsed(reply.json))

    async def get_stats(self) -> list[RtpStreamStat]:
        """The stream as it is sent, and the producer's that it is made from."""
        return await self._stats(lambda reply: reply.streams)

    def _handle_event(self, event: Table) -> None:
        handler = self._handlers.get(type(event).__name__)
        if handler is not None:
            handler(self, event)

    def _received(self, event: wire.RtpReceived) -> None:
        self._emit("rtp", event.packet)

    def _source_paused(self, event: wire.ProducerPaused) -> None:
        if event.paused == self._producer_paused:
            return
        self._now_paused(self._paused, event.paused)
        self._emit("producerpause" if event.paused else "producerresume")

    def _scored(self, event: wire.ConsumerScoreChange) -> None:
        self._score = event.score
        self._tell_both("score", self._score)

    def _layers_changed(self, event: wire.LayersChange) -> None:
        self._current_layers = event.layers
        self._tell_both("layerschange", self._current_layers)

    def _traced(self, event: wire.TraceEvent) -> None:
        self._tell_both("trace", trace_data(event))

    def _object_closed(self, event: wire.ObjectClosed) -> None:
        if event.reason == "unsubscribed":
            self._end()
        else:
            self._end(event.reason if event.reason in ("transportclose", "refused") else "producerclose")

    _handlers: dict[str, Callable[..., None]] = {
        "RtpReceived": _received,
        "ProducerPaused": _source_paused,
        "ConsumerScoreChange": _scored,
        "LayersChange": _layers_changed,
        "TraceEvent": _traced,
        "ObjectClosed": _object_closed,
    }

    def _negotiated(self, parameters: RtpParameters) -> None:
        """A later description gave it other parameters."""
        self._rtp_parameters = parameters

    def _own_paused(self, paused: bool) -> None:
        self._now_paused(paused, self._producer_paused)

    def _now_paused(self, paused: bool, producer_paused: bool) -> None:
        """The observer is told when it begins or ceases to flow, whoever paused it."""
        before = self._paused or self._producer_paused
        self._paused, self._producer_paused = paused, producer_paused
        after = paused or producer_paused
        if before != after:
            self._observer._emit("pause" if after else "resume")
