"""What rooms, peers, transports, producers, consumers and observers have in common: an id, an end, observers.

Closing here is immediate: the object and all it owns are closed when close() returns, and the worker is told. When the end comes
from elsewhere (an owner, the worker), _end() does the same without telling.
"""

from __future__ import annotations

import json
from types import TracebackType
from typing import Any, Callable, ClassVar, Generic, Iterable, TypeVar, cast

from ._channel.link import Link
from ._wire import tables as wire
from ._wire.kinds import wrong
from ._wire.table import Table
from .errors import InvalidArgumentError, InvalidStateError
from .events import EventEmitter

#: Anything the application wants to keep with an object. The library does not look at it.
AppData = dict[str, Any]

E = TypeVar("E", bound=str)
O = TypeVar("O", bound=str)  # noqa: E741
T = TypeVar("T")
Self = TypeVar("Self", bound="RemoteObject[Any, Any]")
Reply = TypeVar("Reply", bound=Table)


def check_app_data(value: object) -> AppData | None:
    if value is not None and not isinstance(value, dict):
        raise wrong("appData", "an object", value)
    return value


def check_id(value: object) -> str | None:
    """None: to be chosen at random."""
    if value is not None and not isinstance(value, str):
        raise wrong("id", "a string", value)
    if value == "":
        raise InvalidArgumentError("id", "expected a string that is not empty")
    return value


class RemoteObject(EventEmitter[E], Generic[E, O]):
    """Lives in a worker. `async with` closes it in the end."""

    _kind: ClassVar[wire.ObjectKind]
    #: The names of its events, and of its observer's.
    EVENTS: ClassVar[tuple[str, ...]] = ()
    OBSERVER_EVENTS: ClassVar[tuple[str, ...]] = ()

    def __init__(self, link: Link, id: str, app_data: AppData | None) -> None:
        super().__init__(self.EVENTS)
        self._link = link
        self._id = id
        self._closed = False
        #: Yours.
        self.app_data: AppData = {} if app_data is None else app_data
        self._observer: EventEmitter[O] = EventEmitter(self.OBSERVER_EVENTS)
        link.register(id, self)

    @property
    def id(self) -> str:
        """Unique within the worker."""
        return self._id

    @property
    def observer(self) -> EventEmitter[O]:
        """Events for whoever watches, apart from those for the owner: `close` comes whoever closed it."""
        return self._observer

    @property
    def closed(self) -> bool:
        return self._closed

    def close(self) -> None:
        """Closes it and all it owns. Closing twice is no error."""
        if self._closed:
            return
        self._link.tell(wire.Close(kind=self._kind, id=self._id))
        self._end()

    async def dump(self) -> dict[str, Any]:
        """Everything the worker knows about it; for people, not for programs."""
        return await self._request(wire.Dump(kind=self._kind, id=self._id), wire.DumpReply, lambda reply: parsed(reply.json))

    async def __aenter__(self: Self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    async def _leave(self) -> None:
        self.close()

    def _end(self, cause: str | None = None) -> None:
        """Closes without telling the worker; `cause` is the event that says why."""
        if self._closed:
            return
        self._closed = True
        self._link.unregister(self._id)
        self._end_owned()
        if cause is not None:
            self._emit(cause)
        self._observer._emit("close")
        self._end_streams()
        self._observer._end_streams()

    def _handle_event(self, event: Table) -> None:
        raise NotImplementedError

    def _end_owned(self) -> None:
        """Ends what it owns."""

    async def _request(self, command: Table, expected: type[Reply], then: Callable[[Reply], T]) -> T:
        """Raises when it is closed, also when that happens meanwhile: what was asked for is gone with it.

        `then` is called when the reply arrives, even if the caller was cancelled; an object that it made is closed in that case.
        """
        self._check_open()

        def apply(reply: Reply) -> T:
            self._check_open()
            return then(reply)

        return await self._link.channel.request(command, expected, apply, _undo)

    async def _do(self, command: Table, then: Callable[[], None] = lambda: None) -> None:
        await self._request(command, wire.Done, lambda _: then())

    def _tell_both(self, event_name: str, *args: Any) -> None:
        """To its listeners and to those of its observer."""
        self._emit(event_name, *args)
        self._observer._emit(event_name, *args)

    async def _set_paused(self, paused: bool, then: Callable[[bool], None]) -> None:
        command = (wire.Pause if paused else wire.Resume)(kind=self._kind, id=self._id)
        await self._do(command, lambda: then(paused))

    async def _set_trace(self, types: Iterable[str]) -> None:
        listed = types if isinstance(types, str) else list(types)
        await self._do(wire.EnableTraceEvent.checked({"kind": self._kind, "id": self._id, "types": listed}, ""))

    async def _stats(self, then: Callable[[wire.StatsReply], T]) -> T:
        return await self._request(wire.GetStats(kind=self._kind, id=self._id), wire.StatsReply, then)

    def _check_open(self) -> None:
        if self._closed:
            raise InvalidStateError(f"this {self._kind} is closed")


def _undo(made: object) -> None:
    """Whoever asked for it was cancelled."""
    if isinstance(made, RemoteObject):
        made.close()


def parsed(text: str) -> dict[str, Any]:
    return cast("dict[str, Any]", json.loads(text or "{}"))
