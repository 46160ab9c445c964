"""Rooms by name, who is in them, and the sessions by which participants are found again.

    joined ──socket drops──► away ──15 s──► gone (`lost`)
      ▲  └──leave──► gone (`left`)  │
      └────────── resume ───────────┘

A room is made by the first who enters and closed after the last has gone. When its worker dies, all its participants are told that
their session expired, and they join anew by themselves.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import Any, Protocol

from access import Access, Grant
from messages import SignalingError
from negotiator import Negotiator
from workers import WorkerPool

import sluice


class Outlet(Protocol):
    """The socket side of a participant."""

    def send(self, type_: str, content: dict[str, Any], id_: int | None = None) -> None: ...

    def detached(self, why: str) -> None:
        """The participant is no longer this socket's: `left`, `replaced` or `expired`."""


class Participant:
    def __init__(
        self, room: ConferenceRoom, peer: sluice.Peer, request: dict[str, Any], grant: Grant, outlet: Outlet, kept_away: float
    ) -> None:
        #: Whoever holds it can resume this participant.
        self.session = secrets.token_urlsafe(24)
        self.room, self.peer, self._kept_away = room, peer, kept_away
        self._name, self._identity = grant.name or request["name"], grant.identity
        self._state = {"audio": request["audio"], "video": request["video"]}
        self._outlet: Outlet | None = outlet
        self._away: asyncio.TimerHandle | None = None
        self._gone = False
        self._channels: dict[str, dict[str, Any]] = {}
        self.data_producers: set[str] = set()
        self.negotiator = Negotiator(peer, self.send, grant, await_offer=request["offers"])
        peer.on("newproducer", self._sends)
        peer.on("newdataproducer", self._opened)
        peer.on("newdataconsumer", self._channel_opened)

    @property
    def info(self) -> dict[str, Any]:
        """How others see it."""
        identity = {"identity": self._identity} if self._identity else {}
        return {"peer_id": self.peer.id, "name": self._name, **self._state, **identity}

    def send(self, type_: str, content: dict[str, Any], id_: int | None = None) -> None:
        """What is sent while it is away is lost; resuming makes up for it."""
        if self._outlet is not None:
            self._outlet.send(type_, content, id_)

    def set_state(self, state: dict[str, Any]) -> None:
        self._state = state
        self.room.broadcast("peer_state", {"peer_id": self.peer.id, **state}, self)

    def resume(self, outlet: Outlet, id_: int | None) -> None:
        """A new socket takes over; `id_` is that of its request."""
        before, self._outlet = self._outlet, outlet
        if self._away is not None:
            self._away.cancel()
        if before is not None:
            before.detached("replaced")
        self.negotiator.disconnected()
        self.send("resumed", {"peer_id": self.peer.id, "room": self.room.name, "peers": self.room.others_of(self)}, id_)
        self.negotiator.reconnected()
        if self._channels:
            self._tell_channels()

    def away(self, outlet: Outlet) -> None:
        """The socket dropped. Means nothing when another has taken over."""
        if self._outlet is not outlet or self._gone:
            return
        self._outlet = None
        self.negotiator.disconnected()
        self._away = asyncio.get_running_loop().call_later(self._kept_away, self.leave, "lost")

    def leave(self, reason: str) -> None:
        if self._gone:
            return
        self._gone = True
        if self._away is not None:
            self._away.cancel()
        self.negotiator.close()
        self.peer.close()
        self.room.remove(self, reason)
        outlet, self._outlet = self._outlet, None
        if outlet is not None:
            outlet.detached("expired" if reason == "expired" else "left")

    def _sends(self, producer: sluice.Producer) -> None:
        self.room.media_changed(self)
        producer.observer.once("close", lambda: self.room.media_changed(self))

    def _opened(self, data_producer: sluice.DataProducer) -> None:
        self.data_producers.add(data_producer.id)
        data_producer.observer.once("close", lambda: self.data_producers.discard(data_producer.id))

    def _channel_opened(self, data_consumer: sluice.DataConsumer) -> None:
        stream, owner = data_consumer.sctp_stream_parameters, self.room.owner_of(data_consumer.data_producer_id)
        if owner is None or stream is None:
            return
        self._channels[data_consumer.id] = {"id": stream.stream_id, "label": data_consumer.label, "peer_id": owner}
        data_consumer.observer.once("close", lambda: self._channels.pop(data_consumer.id, None))
        self._tell_channels()

    def _tell_channels(self) -> None:
        """The complete list, as of tracks. One that has closed goes without a word: the client sees it close."""
        self.send("channels", {"channels": list(self._channels.values())})


class ConferenceRoom:
    def __init__(self, rooms: Rooms, name: str, media: sluice.Room) -> None:
        self._rooms, self.name, self.media = rooms, name, media
        self.members: list[Participant] = []
        #: Who is entering: they hold their place, and keep the room.
        self.arriving = 0
        media.observer.once("close", lambda: rooms.forget(self))
        media.on("workerclose", self._expire)

    def others_of(self, member: Participant) -> list[dict[str, Any]]:
        """The longest present first."""
        return [other.info for other in self.members if other is not member]

    def owner_of(self, data_producer_id: str) -> str | None:
        """Whose data channel it is."""
        return next((member.peer.id for member in self.members if data_producer_id in member.data_producers), None)

    def broadcast(self, type_: str, content: dict[str, Any], sender: Participant) -> None:
        for member in self.members:
            if member is not sender:
                member.send(type_, content)

    def media_changed(self, by: Participant) -> None:
        for member in self.members:
            if member is not by:
                member.negotiator.room_changed()

    def remove(self, member: Participant, reason: str) -> None:
        if member not in self.members:
            return
        self.members.remove(member)
        if reason != "expired":
            self.broadcast("peer_left", {"peer_id": member.peer.id, "reason": reason}, member)
        self._rooms.left(self, member)

    def close_if_empty(self) -> None:
        if not self.members and not self.arriving:
            self.media.close()

    def _expire(self) -> None:
        for member in list(self.members):
            member.leave("expired")


class Rooms:
    def __init__(self, pool: WorkerPool, access: Access, *, limit: int, kept_away: float) -> None:
        self._pool, self._access, self._limit, self._kept_away = pool, access, limit, kept_away
        self._rooms: dict[str, asyncio.Task[ConferenceRoom]] = {}
        self._sessions: dict[str, Participant] = {}

    @property
    def size(self) -> int:
        return len(self._rooms)

    @property
    def participants(self) -> int:
        return len(self._sessions)

    def find(self, session: str) -> Participant | None:
        return self._sessions.get(session)

    async def join(self, request: dict[str, Any], outlet: Outlet, id_: int | None) -> Participant:
        """Checks the token before anything is made, then tells the newcomer who is there, and the others of the newcomer."""
        grant = self._access.admit(request["room"], request["token"])
        room = await self._room_of(request["room"])
        if len(room.members) + room.arriving >= self._limit:
            raise SignalingError("room_full", f"the room has its most of {self._limit} participants")
        room.arriving += 1
        try:
            subscription = "all" if grant.may_subscribe else "manual"
            id = f"p-{secrets.token_hex(8)}"
            peer = await room.media.create_peer(id=id, subscription=subscription, produce_data=grant.may_publish)
            participant = Participant(room, peer, request, grant, outlet, self._kept_away)
            room.members.append(participant)
        finally:
            room.arriving -= 1
            room.close_if_empty()
        self._sessions[participant.session] = participant
        welcome = {"peer_id": peer.id, "room": room.name, "peers": room.others_of(participant), "session": participant.session}
        rights = {"may_publish": grant.may_publish, "may_subscribe": grant.may_subscribe}
        participant.send("joined", {**welcome, "ice_servers": [], **rights}, id_)
        room.broadcast("peer_joined", participant.info, participant)
        return participant

    def left(self, room: ConferenceRoom, member: Participant) -> None:
        self._sessions.pop(member.session, None)
        room.close_if_empty()

    def forget(self, room: ConferenceRoom) -> None:
        task = self._rooms.get(room.name)
        if task is not None and task.done() and not task.cancelled() and task.exception() is None and task.result() is room:
            del self._rooms[room.name]

    async def _room_of(self, name: str) -> ConferenceRoom:
        """The room, made if there is none: once, however many ask for it."""
        task = self._rooms.get(name)
        if task is None:
            task = self._rooms[name] = asyncio.get_running_loop().create_task(self._make(name))
        try:
            return await asyncio.shield(task)
        except Exception:
            if self._rooms.get(name) is task:
                del self._rooms[name]
            raise

    async def _make(self, name: str) -> ConferenceRoom:
        return ConferenceRoom(self, name, await self._pool.create_room())
