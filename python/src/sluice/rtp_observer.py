"""Observers listen to audio producers of their room."""

from __future__ import annotations

from typing import Any, Generic, Literal, NamedTuple, TypeVar, get_args

from ._channel.link import Link
from ._wire import tables as wire
from ._wire.table import Table
from .producer import Producer
from .remote_object import AppData, RemoteObject

RtpObserverEvents = Literal["routerclose"]
RtpObserverObserverEvents = Literal["close", "pause", "resume", "addproducer", "removeproducer"]
ActiveSpeakerObserverEvents = Literal[RtpObserverEvents, "dominantspeaker"]
ActiveSpeakerObserverObserverEvents = Literal[RtpObserverObserverEvents, "dominantspeaker"]
AudioLevelObserverEvents = Literal[RtpObserverEvents, "volumes", "silence"]
AudioLevelObserverObserverEvents = Literal[RtpObserverObserverEvents, "volumes", "silence"]

E = TypeVar("E", bound=str)
O = TypeVar("O", bound=str)  # noqa: E741


class RtpObserver(RemoteObject[E, O], Generic[E, O]):
    """What both observers have in common. `routerclose`: its room was closed, and so was it."""

    _kind = "observer"
    EVENTS = get_args(RtpObserverEvents)
    OBSERVER_EVENTS = get_args(RtpObserverObserverEvents)

    def __init__(self, link: Link, id: str, app_data: AppData | None) -> None:
        super().__init__(link, id, app_data)
        self._paused = False

    @property
    def paused(self) -> bool:
        return self._paused

    async def pause(self) -> None:
        """Stops listening."""
        await self._set_paused(True, self._now_paused)

    async def resume(self) -> None:
        await self._set_paused(False, self._now_paused)

    async def add_producer(self, *, producer_id: str) -> None:
        """Listens to an audio producer of the same room, until that is closed or removed."""
        command = wire.ObserverAddProducer.checked({"observer_id": self.id, "producer_id": producer_id}, "")
        await self._do(command, lambda: self._tell_of("addproducer", producer_id))

    async def remove_producer(self, *, producer_id: str) -> None:
        command = wire.ObserverRemoveProducer.checked({"observer_id": self.id, "producer_id": producer_id}, "")
        await self._do(command, lambda: self._tell_of("removeproducer", producer_id))

    def _handle_event(self, event: Table) -> None:
        if isinstance(event, wire.ObjectClosed):
            self._end()

    def _producer(self, id: str) -> Producer | None:
        """None when it was closed here already."""
        return self._link.find(id, Producer)

    def _tell_of(self, event_name: str, producer_id: str) -> None:
        producer = self._producer(producer_id)
        if producer is not None:
            self._observer._emit(event_name, producer)

    def _now_paused(self, paused: bool) -> None:
        if self._paused == paused:
            return
        self._paused = paused
        self._observer._emit("pause" if paused else "resume")


class DominantSpeaker(NamedTuple):
    producer: Producer


class AudioLevelObserverVolume(NamedTuple):
    producer: Producer
    #: dBov, -127 (silent) to 0: the mean over the interval.
    volume: int


class ActiveSpeakerObserver(RtpObserver[ActiveSpeakerObserverEvents, ActiveSpeakerObserverObserverEvents]):
    """Tells who has the floor: a new turn of half a second takes it, a cough does not. Nobody has it before somebody spoke.

    dominantspeaker  (DominantSpeaker)
    """

    EVENTS = get_args(ActiveSpeakerObserverEvents)
    OBSERVER_EVENTS = get_args(ActiveSpeakerObserverObserverEvents)

    def _handle_event(self, event: Table) -> None:
        if not isinstance(event, wire.DominantSpeaker):
            return super()._handle_event(event)
        producer = self._producer(event.producer_id)
        if producer is not None:
            self._tell_both("dominantspeaker", DominantSpeaker(producer))


class AudioLevelObserver(RtpObserver[AudioLevelObserverEvents, AudioLevelObserverObserverEvents]):
    """Tells how loud the loudest are.

    volumes  (list[AudioLevelObserverVolume]) loudest first
    silence  nobody is loud any more. Once, until somebody is again
    """

    EVENTS = get_args(AudioLevelObserverEvents)
    OBSERVER_EVENTS = get_args(AudioLevelObserverObserverEvents)

    def _handle_event(self, event: Table) -> None:
        if not isinstance(event, wire.AudioLevels):
            return super()._handle_event(event)
        if not event.volumes:
            return self._tell_both("silence")
        heard = ((self._producer(level.producer_id), level.volume) for level in event.volumes)
        volumes = [AudioLevelObserverVolume(producer, volume) for producer, volume in heard if producer is not None]
        if volumes:
            self._tell_both("volumes", volumes)


AnyRtpObserver = RtpObserver[Any, Any]
