from __future__ import annotations

import uuid
from typing import Any, Awaitable, Literal, Sequence, get_args

from ._channel.link import Link
from ._wire import tables as wire
from ._wire.table import Table
from .creation import creates
from .errors import AlreadyExistsError
from .peer import Peer, peer_command
from .remote_object import AppData, check_app_data
from .rtp_observer import ActiveSpeakerObserver, AnyRtpObserver, AudioLevelObserver
from .transport_owner import TransportOwner
from .types import CandidateOptions, Json, RtpCapabilities, RtpCodecCapability, Subscription

RoomEvents = Literal["workerclose"]
RoomObserverEvents = Literal["close", "newtransport", "newpeer", "newrtpobserver"]


class Room(TransportOwner[RoomEvents, RoomObserverEvents]):
    """People who hear and see each other: what mediasoup calls a Router. Made by `worker.create_room()`.

    workerclose  its worker was closed or died, and so it is closed
    """

    _kind = "room"
    EVENTS = get_args(RoomEvents)
    OBSERVER_EVENTS = get_args(RoomObserverEvents)

    def __init__(self, link: Link, reply: wire.RoomReply, app_data: AppData | None) -> None:
        super().__init__(link, reply.room_id, app_data)
        self._rtp_capabilities = reply.rtp_capabilities
        self._peers: dict[str, Peer] = {}
        self._observers: set[AnyRtpObserver] = set()

    @property
    def rtp_capabilities(self) -> RtpCapabilities:
        """What a client needs to know before it can send: the codecs with their payload types, and the header extensions."""
        return self._rtp_capabilities

    @creates
    async def create_peer(
        self,
        *,
        id: str | None = None,
        name: str = "",
        subscription: Subscription = "manual",
        produce_data: bool = True,
        transport_options: CandidateOptions | Json | None = None,
        app_data: AppData | None = None,
    ) -> Peer:
        """Adds a participant.

        id                 chosen at random by default
        name               unique within the room when not empty. At most 256 bytes of UTF-8
        subscription       `all`: it is offered every producer of the others. `manual`: only what peer.subscribe() names
        produce_data       the data channels that the client opens become data producers; else they are closed
        transport_options  of the transport that is negotiated: which of the worker's addresses are offered, in what order
        """
        command = peer_command(self.id, id, name, subscription, produce_data, transport_options)
        check_app_data(app_data)

        def then(reply: wire.PeerReply) -> Peer:
            command.peer_id = reply.peer_id
            peer = self._adopt_peer(Peer(self._link, command, app_data))
            self._observer._emit("newpeer", peer)
            return peer

        return await self._request(command, wire.PeerReply, then)

    def _begin_peer(self, command: wire.CreatePeer, app_data: AppData | None) -> tuple[Peer, Awaitable[None]]:
        """As create_peer, for who needs the object at once. A name that is taken here is refused at once, too. When what is
        awaited fails, the worker has no such peer: it is to be ended then."""
        self._check_open()
        if command.name and any(peer.name == command.name for peer in self._peers.values()):
            raise AlreadyExistsError(f'there is a peer named "{command.name}" in this room already', "name")
        peer = self._adopt_peer(Peer(self._link, command, app_data))
        created = self._link.channel.request(command, wire.PeerReply, lambda _: self._observer._emit("newpeer", peer))
        return peer, created

    @creates
    async def create_active_speaker_observer(self, *, interval: int = 300, app_data: AppData | None = None) -> ActiveSpeakerObserver:
        """Tells who speaks, of the producers that are added to it. `interval`: how often it decides, ms, 100 to 5000."""
        command = wire.CreateActiveSpeakerObserver.checked({"interval": interval}, "")
        check_app_data(app_data)
        command.room_id, command.observer_id = self.id, str(uuid.uuid4())
        return await self._request(
            command,
            wire.ObserverReply,
            lambda reply: self._adopt_observer(ActiveSpeakerObserver(self._link, reply.observer_id, app_data)),
        )

    @creates
    async def create_audio_level_observer(
        self, *, max_entries: int = 1, threshold: int = -80, interval: int = 1000, app_data: AppData | None = None
    ) -> AudioLevelObserver:
        """Tells how loud the loudest are, of the producers that are added to it.

        max_entries  how many are told at most
        threshold    quieter ones are not told: dBov, -127 to 0
        interval     how often: ms, 100 to 5000
        """
        options = {"max_entries": max_entries, "threshold": threshold, "interval": interval}
        command = wire.CreateAudioLevelObserver.checked(options, "")
        check_app_data(app_data)
        command.room_id, command.observer_id = self.id, str(uuid.uuid4())
        return await self._request(
            command,
            wire.ObserverReply,
            lambda reply: self._adopt_observer(AudioLevelObserver(self._link, reply.observer_id, app_data)),
        )

    async def can_consume(self, *, producer_id: str, rtp_capabilities: RtpCapabilities | Json) -> bool:
        """Whether a client with these capabilities could receive the producer. The worker decides, so it takes a round trip."""
        command = wire.CanConsume.checked({"producer_id": producer_id, "rtp_capabilities": rtp_capabilities}, "")
        return await self._request(command, wire.CanConsumeReply, lambda reply: reply.can_consume)

    def _handle_event(self, event: Table) -> None:
        if isinstance(event, wire.ObjectClosed):
            self._end()

    def _end_owned(self) -> None:
        for peer in list(self._peers.values()):
            peer._end("routerclose")
        self._end_transports("routerclose")
        for observer in list(self._observers):
            observer._end("routerclose")

    def _adopt_peer(self, peer: Peer) -> Peer:
        self._peers[peer.id] = peer
        peer.observer.once("close", lambda: self._peers.pop(peer.id, None))
        return peer

    def _adopt_observer(self, rtp_observer: Any) -> Any:
        self._observers.add(rtp_observer)
        rtp_observer.observer.once("close", lambda: self._observers.discard(rtp_observer))
        self._observer._emit("newrtpobserver", rtp_observer)
        return rtp_observer


async def create_room(link: Link, media_codecs: Sequence[RtpCodecCapability | Json], app_data: AppData | None, adopt: Any) -> Room:
    command = wire.CreateRoom.checked({"media_codecs": media_codecs}, "")
    check_app_data(app_data)
    command.room_id = str(uuid.uuid4())

    def then(reply: wire.RoomReply) -> Room:
        room = Room(link, reply, app_data)
        adopt(room)
        return room

    return await link.channel.request(command, wire.RoomReply, then, lambda room: room.close())
