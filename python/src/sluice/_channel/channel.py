"""The control channel to one worker: requests with their responses, notifications, the opening and the end.

    awaiting hello ──Hello of our version──► open ──end of stream, a malformed frame or close()──► closed

Invariants: every request is settled exactly once, at the latest when the channel closes; nothing is told after `on_close`. What a
response changes is applied when it arrives (`then`), also when nobody waits for it any more: so a cancelled request leaves this
side as the worker has it. A notification that follows a response waits a few turns of the loop, until the code that awaited the
response has run and listens.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from typing import Any, Callable, TypeVar, cast

from .._wire import tables as wire
from .._wire.table import Table
from ..errors import MalformedFrameError, SluiceError, VersionMismatchError, WorkerClosedError, WorkerStartError, refusal
from ..version import version
from .framing import Body, Deframer, decode_frame, encode_frame, protocol_version

T = TypeVar("T")
Reply = TypeVar("Reply", bound=Table)

#: wait_for(), gather() and a task each put a turn between a future and who awaits it.
_turns_for_listeners = 5


class _Pending:
    __slots__ = ("expected", "then", "undo", "future")

    def __init__(
        self,
        expected: type[Table],
        then: Callable[[Any], Any] | None,
        undo: Callable[[Any], None] | None,
        future: asyncio.Future[Any] | None,
    ) -> None:
        self.expected, self.then, self.undo, self.future = expected, then, undo, future


class Channel(asyncio.Protocol):
    def __init__(self, on_notification: Callable[[Table], None], on_close: Callable[[SluiceError | None], None]) -> None:
        loop = asyncio.get_running_loop()
        self._loop = loop
        #: Settles when the worker said Hello, or failed to.
        self.opened: asyncio.Future[wire.Hello] = loop.create_future()
        self._on_notification, self._on_close = on_notification, on_close
        self._transport: asyncio.Transport | None = None
        self._deframer = Deframer()
        self._frames: deque[Body] = deque()
        self._draining = False
        self._pending: dict[int, _Pending] = {}
        self._next_id = 1
        self._state = "awaiting hello"

    # --- the stream -----------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        hello = wire.Hello(protocol_version=protocol_version, product="sluice-python", product_version=version, pid=os.getpid())
        self._write(hello)

    def data_received(self, data: bytes) -> None:
        if self.closed:
            return
        self._deframer.push(data)
        try:
            while (frame := self._deframer.next()) is not None:
                self._frames.append(decode_frame(frame))
        except MalformedFrameError as error:
            self._drain(everything=True)
            self._give_up(error)
            return
        if not self._draining:
            self._drain()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.closed:
            return
        self._drain(everything=True)
        torn = self._state == "open" and not self._deframer.idle
        self.close(MalformedFrameError("the worker closed the channel inside a frame") if torn else None)

    def _write(self, body: Body) -> None:
        assert self._transport is not None
        self._transport.write(encode_frame(body))

    # --- asking ---------------------------------------------------------------------------------------------------------

    @property
    def closed(self) -> bool:
        return self._state == "closed"

    @property
    def backlog(self) -> int:
        """Bytes that wait for the worker to read them."""
        return 0 if self._transport is None else self._transport.get_write_buffer_size()

    def request(
        self, command: Table, expected: type[Reply], then: Callable[[Reply], T], undo: Callable[[T], None] | None = None
    ) -> asyncio.Future[T]:
        """What `then` makes of the reply, when it arrives. `undo` gets that when the future was cancelled meanwhile.

        Raises what errors.py has for a refusal, WorkerClosedError when the channel closes before the response.
        """
        if self.closed:
            raise WorkerClosedError("the worker is closed")
        future: asyncio.Future[T] = self._loop.create_future()
        self._ask(command, _Pending(expected, then, undo, future))
        return future

    def tell(self, command: Table) -> None:
        """For requests whose outcome does not matter."""
        if not self.closed:
            self._ask(command, _Pending(wire.Done, None, None, None))

    def _ask(self, command: Table, pending: _Pending) -> None:
        id = self._next_id
        self._write(wire.Request(id=id, command=cast(Any, command)))
        self._pending[id] = pending
        self._next_id = 1 if id == 0xFFFF_FFFF else id + 1

    def close(self, reason: SluiceError | None = None) -> None:
        """The worker ends when it sees the end of the stream."""
        if self.closed:
            return
        self._state = "closed"
        self._frames.clear()
        if self._transport is not None:
            self._transport.close()
        message = "the worker was closed before it answered" if reason is None else str(reason)
        if not self.opened.done():
            self.opened.set_exception(reason or WorkerClosedError(message))
            self.opened.exception()  # whoever awaits it hears of it
        pending, self._pending = list(self._pending.values()), {}
        for request in pending:
            if request.future is not None and not request.future.done():
                error = WorkerClosedError(message)
                error.__cause__ = reason
                request.future.set_exception(error)
        self._on_close(reason)

    # --- hearing --------------------------------------------------------------------------------------------------------

    def _drain(self, *, everything: bool = False) -> None:
        """Handles what has arrived; `everything`: now, as there is no later."""
        self._draining = False
        while self._frames:
            body = self._frames.popleft()
            self._handle(body)
            if everything or not self._frames or not isinstance(body, wire.Response):
                continue
            if isinstance(self._frames[0], wire.Notification):
                self._draining = True
                self._loop.call_soon(self._wait, _turns_for_listeners)
                return

    def _wait(self, turns: int) -> None:
        if not self._draining:
            return
        if turns > 0:
            self._loop.call_soon(self._wait, turns - 1)
        else:
            self._drain()

    def _handle(self, body: Body) -> None:
        if self.closed:
            return
        if isinstance(body, wire.Failure):
            message = body.error.message if body.error else "the worker gave up without saying why"
            self.close(MalformedFrameError(message) if self._state == "open" else WorkerStartError(message))
        elif self._state == "awaiting hello":
            self._handle_hello(body)
        elif isinstance(body, wire.Response):
            self._handle_response(body)
        elif isinstance(body, wire.Notification):
            # A worker of the same protocol but a later version may tell of things that we do not know.
            if body.event is not None:
                self._on_notification(body.event)
        else:
            self._give_up(MalformedFrameError(f"a {type(body).__name__}, which a worker does not send here"))

    def _handle_hello(self, body: Body) -> None:
        if not isinstance(body, wire.Hello):
            return self._give_up(MalformedFrameError("the worker did not say Hello first"))
        if body.protocol_version != protocol_version:
            return self._give_up(
                VersionMismatchError(
                    f"the worker ({body.product} {body.product_version}) speaks control protocol {body.protocol_version}, "
                    f"sluice-python {version} speaks {protocol_version}: install versions that match"
                )
            )
        self._state = "open"
        if not self.opened.done():
            self.opened.set_result(body)

    def _handle_response(self, response: wire.Response) -> None:
        pending = self._pending.pop(response.id, None)
        if pending is None:
            return self._give_up(MalformedFrameError(f"a response to request {response.id}, which was not asked"))
        future = pending.future
        if response.error is not None:
            if future is not None and not future.done():
                error = response.error
                future.set_exception(refusal(error.code, error.field, error.message))
            return
        if future is None:
            return
        if not isinstance(response.reply, pending.expected):
            what = "nothing" if response.reply is None else type(response.reply).__name__
            malformed = MalformedFrameError(f"the response to request {response.id} holds {what}, expected {pending.expected.__name__}")
            if not future.done():
                future.set_exception(malformed)
            return self._give_up(malformed)
        try:
            result = pending.then(response.reply) if pending.then else None
        except Exception as error:
            if not future.done():
                future.set_exception(error)
            return
        if not future.done():
            future.set_result(result)
        elif pending.undo is not None:
            pending.undo(result)

    def _give_up(self, error: SluiceError) -> None:
        """Tells the worker why, then closes."""
        if self.closed:
            return
        self._write(wire.Failure(error=wire.Error(code="invalid_argument", message=str(error))))
        self.close(error)
