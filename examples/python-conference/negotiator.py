"""One participant's offers and answers, one step at a time: the polite side of perfect negotiation (docs/signaling.md, States).

Invariants: at most one offer of ours is unanswered; steps never overlap; nothing is offered while the participant has no socket or
while its own first offer is awaited.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable
from typing import Any, Callable, Coroutine

from access import Grant
from messages import SignalingError

from sluice import InvalidArgumentError, InvalidStateError, Peer, UnsupportedError

#: How long the server's first offer waits for the one that a client announced with its join.
_announced_offer = 5.0

Send = Callable[[str, dict[str, Any], "int | None"], None]


class Negotiator:
    def __init__(self, peer: Peer, send: Send, grant: Grant, *, await_offer: bool) -> None:
        self._peer, self._send, self._grant = peer, send, grant
        self._turn = asyncio.Lock()  # asyncio's are fair: steps come in the order in which they were asked
        self._tasks: set[asyncio.Task[None]] = set()
        self._pending: tuple[int, dict[str, Any]] | None = None
        # Its answer was unusable: it is rolled back when there is something new to offer.
        self._pending_failed = False
        # Of these the client may still send an answer.
        self._abandoned: deque[int] = deque(maxlen=16)
        self._next_id = 1
        self._needed = False
        self._connected = True
        loop = asyncio.get_running_loop()
        self._announced = loop.call_later(_announced_offer, self._stop_waiting) if await_offer and grant.may_publish else None
        peer.on("negotiationneeded", self._negotiation_needed)

    def close(self) -> None:
        if self._announced is not None:
            self._announced.cancel()

    def disconnected(self) -> None:
        """The socket is gone: offers wait for the next one."""
        self._connected = False

    def reconnected(self) -> None:
        """There is a socket again, and what was sent meanwhile is lost."""
        self._connected = True
        self._own_step(self._send_again())
        self._offer_soon()

    def room_changed(self) -> None:
        """What others send has changed. The worker tells that itself, but not while an offer is open."""
        if self._pending_failed:
            self._own_step(self._roll_back())

    async def offer(self, content: dict[str, Any], id_: int | None) -> None:
        async with self._turn:
            await _refusing_as("bad_sdp", self._peer.set_remote_description(content))
            self._abandon()
            try:
                if not self._grant.may_publish:
                    await self._refuse_media()
                await _refusing_as("bad_sdp", self._peer.set_local_description({"type": "answer"}))
                # What this answer delivers need not be offered; for what is left the worker asks anew.
                self._needed = False
            except SignalingError:
                await self._peer.set_remote_description({"type": "rollback"})
                raise
            self._send("answer", self._described(), id_)
            self._stop_waiting()

    async def answer(self, content: dict[str, Any], id_: int | None) -> None:
        async with self._turn:
            if id_ is not None and id_ in self._abandoned:
                return
            if self._pending is None:
                raise SignalingError("wrong_state", "no offer of the server is waiting for an answer")
            if id_ != self._pending[0]:
                return
            try:
                await _refusing_as("bad_sdp", self._peer.set_remote_description(content))
            except SignalingError:
                self._pending_failed = True
                raise
            self._pending, self._pending_failed = None, False
            self._offer_soon()

    async def _refuse_media(self) -> None:
        """As the worker read the offer, before anything of it takes effect."""
        await _refusing_as("bad_sdp", self._peer.create_answer())
        if any(section.receiving for section in self._peer.sections):
            self._grant.need_publish()

    async def candidate(self, content: dict[str, Any]) -> None:
        async with self._turn:
            await _refusing_as("bad_candidate", self._peer.add_ice_candidate(content))

    # --- Our own offers -------------------------------------------------------------------------------------------------

    def _negotiation_needed(self) -> None:
        self._needed = True
        self._offer_soon()

    def _offer_soon(self) -> None:
        """Makes the next offer as soon as all conditions hold; whoever changes one of them calls this."""
        self._own_step(self._offer_if_due())

    async def _offer_if_due(self) -> None:
        waits = self._pending is not None or self._announced is not None
        if not self._needed or not self._connected or waits or self._peer.closed:
            return
        await self._peer.set_local_description({"type": "offer"})
        self._needed = False
        self._pending = (self._next_id, self._described())
        self._next_id += 1
        self._send("offer", self._pending[1], self._pending[0])

    async def _send_again(self) -> None:
        if self._pending is not None:
            self._send("offer", self._pending[1], self._pending[0])

    async def _roll_back(self) -> None:
        if not self._pending_failed:
            return
        await self._peer.set_local_description({"type": "rollback"})
        self._abandon()
        self._needed = True
        self._offer_soon()

    def _abandon(self) -> None:
        if self._pending is not None:
            self._abandoned.append(self._pending[0])
        self._pending, self._pending_failed = None, False

    def _stop_waiting(self) -> None:
        self.close()
        self._announced = None
        self._offer_soon()

    def _described(self) -> dict[str, Any]:
        """The newest description of ours, and whose tracks it carries."""
        description = self._peer.local_description
        assert description is not None
        tracks = [
            {"mid": section.mid, "peer_id": section.source_peer_id, "kind": section.kind, "producer_id": section.producer_id}
            for section in self._peer.sections
            if section.sending and section.producer_id and section.source_peer_id
        ]
        return {**description.to_json(), "tracks": tracks}

    def _own_step(self, action: Coroutine[Any, Any, None]) -> None:
        """A step that nobody waits for."""

        async def step() -> None:
            async with self._turn:
                try:
                    await action
                except Exception as error:
                    if not self._peer.closed:
                        logging.error("peer %s: no offer could be made: %s", self._peer.id, error)

        task = asyncio.get_running_loop().create_task(step())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _refusing_as(code: str, request: Awaitable[None]) -> None:
    """What the worker finds wrong with what the client said, as the client is told; other failures pass as they are."""
    try:
        await request
    except (InvalidArgumentError, UnsupportedError) as error:
        raise SignalingError(code, str(error), "sdp" if code == "bad_sdp" else "candidate") from error
    except InvalidStateError as error:
        raise SignalingError("wrong_state", str(error)) from error
