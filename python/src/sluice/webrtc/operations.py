"""The operations chain of W3C WebRTC §4.4.1.2: what is asked of a connection is done one after the other, in order.

Between two operations pass a few turns of the event loop, so that what a caller does when it gets its result comes before the next
one; `urgent` even puts it at the head of the chain. So create_offer() and set_local_description() behind it are one step to
everybody else.

Invariant: `idle` is called when nothing is under way or waiting, and only after such turns.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, Awaitable, Callable, TypeVar

T = TypeVar("T")

_turns = 5


class Operations:
    def __init__(self, idle: Callable[[], None]) -> None:
        self._idle = idle
        self._waiting: deque[tuple[Callable[[], Awaitable[Any]], asyncio.Future[Any]]] = deque()
        # An operation is under way, or its turns have not passed.
        self._busy = False
        self._task: asyncio.Task[None] | None = None

    def add(self, operation: Callable[[], Awaitable[T]], *, urgent: bool = False) -> asyncio.Future[T]:
        """A failed operation does not keep the next one from being tried. `urgent`: before all that waits. One whose future is
        cancelled before its turn is not done at all."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        if urgent:
            self._waiting.appendleft((operation, future))
        else:
            self._waiting.append((operation, future))
        self._run()
        return future

    def announce(self) -> None:
        """Calls `idle` soon, if it is then."""
        if not self._busy:
            self._pause(_turns)

    def _run(self) -> None:
        if self._busy:
            return
        while self._waiting:
            operation, future = self._waiting.popleft()
            if not future.done():
                self._busy = True
                self._task = asyncio.get_running_loop().create_task(self._perform(operation, future))
                return
        self._idle()

    async def _perform(self, operation: Callable[[], Awaitable[Any]], future: asyncio.Future[Any]) -> None:
        try:
            result = await operation()
            if not future.done():
                future.set_result(result)
        except BaseException as error:
            if not future.done():
                future.set_exception(error)
            if not isinstance(error, Exception):
                raise
        finally:
            self._pause(_turns)

    def _pause(self, turns: int) -> None:
        self._busy = True
        if turns > 0:
            asyncio.get_running_loop().call_soon(self._pause, turns - 1)
        else:
            self._busy = False
            self._run()
