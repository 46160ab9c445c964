"""Events: listeners, waiting for the next one, and streams of them.

A listener that raises must not break the channel that called it: its error goes to `listenererror` when somebody listens to that,
else to the event loop's exception handler. A listener may be a coroutine function; it then runs as a task of its own.
"""

from __future__ import annotations

import asyncio
import inspect
import weakref
from collections import deque
from types import TracebackType
from typing import Any, Callable, Generic, Iterable, NamedTuple, TypeVar

from .errors import InvalidArgumentError, InvalidStateError

#: A Literal of the names of an object's events.
Name = TypeVar("Name", bound=str)
Listener = Callable[..., object]


class Event(NamedTuple):
    """One event of a stream."""

    name: str
    args: tuple[Any, ...]

    @property
    def value(self) -> Any:
        """The first of its arguments: of most events the only one."""
        return self.args[0] if self.args else None


class EventStream:
    """`async for event in producer.events("score"): …`; ends with the object that it listens to.

    At most `maxsize` events wait. When nobody takes them the oldest are dropped, and counted in `dropped`: what is new is worth
    more, and a slow reader must not fill the memory. It listens from the moment that it is made, until close() or `async with` ends it,
    or nothing refers to it any more.
    """

    def __init__(self, emitter: EventEmitter[Any], names: frozenset[str], maxsize: int) -> None:
        self._emitter, self._names = emitter, names
        self._waiting: deque[Event] = deque(maxlen=maxsize)
        self._wake: asyncio.Future[None] | None = None
        self._ended = False
        #: Events lost because too many waited.
        self.dropped = 0

    def __aiter__(self) -> EventStream:
        return self

    async def __anext__(self) -> Event:
        while not self._waiting:
            if self._ended:
                raise StopAsyncIteration
            self._wake = asyncio.get_running_loop().create_future()
            try:
                await self._wake
            finally:
                self._wake = None
        return self._waiting.popleft()

    async def __aenter__(self) -> EventStream:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Listens no more; what waits can still be taken."""
        self._emitter._streams.discard(self)
        self._end()

    def _put(self, event: Event) -> None:
        if event.name not in self._names:
            return
        self.dropped += len(self._waiting) == self._waiting.maxlen
        self._waiting.append(event)
        self._notify()

    def _end(self) -> None:
        self._ended = True
        self._notify()

    def _notify(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)


class EventEmitter(Generic[Name]):
    """Knows the names of its events; others are refused."""

    def __init__(self, names: Iterable[str]) -> None:
        self.event_names: frozenset[str] = frozenset(names) | {"listenererror"}
        self._listeners: dict[str, list[tuple[Listener, bool]]] = {}
        self._streams: weakref.WeakSet[EventStream] = weakref.WeakSet()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._over = False

    def on(self, event_name: Name, listener: Listener) -> Listener:
        """Calls the listener with the event's arguments, each time. Returns it, for off()."""
        return self._add(event_name, listener, False)

    def once(self, event_name: Name, listener: Listener) -> Listener:
        """As on(), for the next one only."""
        return self._add(event_name, listener, True)

    def off(self, event_name: Name, listener: Listener) -> None:
        """Removing what does not listen is no error."""
        known = self._listeners.get(event_name, [])
        for index in range(len(known) - 1, -1, -1):
            if known[index][0] == listener:
                del known[index]
                return

    def remove_all_listeners(self, event_name: Name | None = None) -> None:
        if event_name is None:
            self._listeners.clear()
        else:
            self._listeners.pop(event_name, None)

    def listener_count(self, event_name: Name) -> int:
        return len(self._listeners.get(event_name, []))

    def events(self, *event_names: Name, maxsize: int = 1000) -> EventStream:
        """A stream of the events of these names; without a name, of all. See EventStream for what happens when it is read slowly."""
        if maxsize < 1:
            raise InvalidArgumentError("maxsize", f"expected at least 1, got {maxsize}")
        for name in event_names:
            self._check(name)
        stream = EventStream(self, frozenset(event_names) if event_names else self.event_names, maxsize)
        if self._over:
            stream._end()
        else:
            self._streams.add(stream)
        return stream

    async def wait_for(self, event_name: Name, timeout: float | None = None) -> tuple[Any, ...]:
        """The arguments of the next event of this name. Raises InvalidStateError when the object ends before it, and
        asyncio.TimeoutError after `timeout` seconds."""
        async with self.events(event_name) as stream:
            try:
                return (await asyncio.wait_for(stream.__anext__(), timeout)).args
            except StopAsyncIteration:
                raise InvalidStateError(f"closed before {event_name}") from None

    def _check(self, event_name: str) -> None:
        if event_name not in self.event_names:
            raise InvalidArgumentError("event_name", f"expected one of {', '.join(sorted(self.event_names))}, got {event_name!r}")

    def _add(self, event_name: str, listener: Listener, once: bool) -> Listener:
        self._check(event_name)
        self._listeners.setdefault(event_name, []).append((listener, once))
        return listener

    def _emit(self, event_name: str, *args: Any) -> None:
        known = self._listeners.get(event_name)
        if known:
            for entry in list(known):
                if entry[1] and entry in known:
                    known.remove(entry)
                self._call(event_name, entry[0], args)
        for stream in list(self._streams):
            stream._put(Event(event_name, args))

    def _call(self, event_name: str, listener: Listener, args: tuple[Any, ...]) -> None:
        try:
            result = listener(*args)
        except Exception as error:
            self._listener_failed(event_name, error)
            return
        if inspect.iscoroutine(result):
            task = asyncio.get_running_loop().create_task(result)
            self._tasks.add(task)
            task.add_done_callback(lambda done: self._task_done(event_name, done))

    def _task_done(self, event_name: str, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._listener_failed(event_name, error)

    def _listener_failed(self, event_name: str, error: BaseException) -> None:
        if event_name != "listenererror" and self._listeners.get("listenererror"):
            self._emit("listenererror", event_name, error)
            return
        asyncio.get_running_loop().call_exception_handler(
            {"message": f"a listener of {event_name} failed", "exception": error, "emitter": self}
        )

    def _end_streams(self) -> None:
        """Nothing is emitted any more."""
        self._over = True
        for stream in list(self._streams):
            stream._end()
        self._streams.clear()
