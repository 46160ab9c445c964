from __future__ import annotations

import uuid
from typing import Any, Literal, cast, get_args

from ._channel.link import Link
from ._wire import tables as wire
from ._wire.kinds import wrong
from ._wire.table import Table
from .data_consumer import DataConsumer
from .data_producer import DataProducer
from .dtls_transport import DtlsTransport
from .remote_object import AppData, check_id
from .transport import Transport
from .transport_owner import TransportOwner
from .types import (
    CandidateOptions,
    DtlsState,
    IceCandidateInit,
    IceState,
    Json,
    Section,
    SessionDescription,
    SignalingState,
    Subscription,
    TransportTuple,
)
from .webrtc_transport import candidate_options

PeerEvents = Literal[
    "negotiationneeded",
    "signalingstatechange",
    "newproducer",
    "newconsumer",
    "newdataproducer",
    "newdataconsumer",
    "icestatechange",
    "iceselectedtuplechange",
    "dtlsstatechange",
    "routerclose",
]
PeerObserverEvents = Literal["close", "newtransport"]


def peer_command(
    room_id: str, id: str | None, name: str, subscription: object, produce_data: object, transport_options: object
) -> wire.CreatePeer:
    members = {"name": name, "subscription": subscription, "produce_data": produce_data}
    candidates = candidate_options({} if transport_options is None else transport_options, "transportOptions")
    command = wire.CreatePeer.checked({**members, **candidates}, "")
    command.room_id, command.peer_id = room_id, check_id(id) or str(uuid.uuid4())
    return command


class _Descriptions:
    """What one side has said: both sides' offers and answers become current together."""

    current: SessionDescription | None = None
    pending: SessionDescription | None = None

    @property
    def newest(self) -> SessionDescription | None:
        return self.pending or self.current


class Peer(TransportOwner[PeerEvents, PeerObserverEvents]):
    """One participant of a room. Its client is driven in one of two ways: by offer and answer, with the methods of W3C's
    RTCPeerConnection below; or by the transports that create_web_rtc_transport() makes.

    negotiationneeded                  W3C: there is something to offer. Once for a batch of changes, only while stable
    signalingstatechange               (SignalingState)
    newproducer, newconsumer           (Producer), (Consumer) the client sends a track; the client accepted a track of another
    newdataproducer, newdataconsumer   (DataProducer), (DataConsumer) the client opened a data channel; it is sent what another's carries
    icestatechange, iceselectedtuplechange, dtlsstatechange   as DtlsTransport
    routerclose                        its room was closed, and so was it
    """

    _kind = "peer"
    EVENTS = get_args(PeerEvents)
    OBSERVER_EVENTS = get_args(PeerObserverEvents)

    def __init__(self, link: Link, command: wire.CreatePeer, app_data: AppData | None) -> None:
        super().__init__(link, command.peer_id, app_data)
        self._room_id, self._name, self._subscription = command.room_id, command.name, command.subscription
        self._transport: DtlsTransport | None = None
        self._signaling_state: SignalingState = "stable"
        self._sections: list[Section] = []
        self._local, self._remote = _Descriptions(), _Descriptions()

    @property
    def room_id(self) -> str:
        return self._room_id

    @property
    def name(self) -> str:
        return self._name

    @property
    def subscription(self) -> Subscription:
        return self._subscription

    # --- Offer and answer (W3C WebRTC §4.4) -----------------------------------------------------------------------------

    @property
    def signaling_state(self) -> SignalingState:
        return "closed" if self.closed else self._signaling_state

    @property
    def local_description(self) -> SessionDescription | None:
        """The pending one, else the current one."""
        return self._local.newest

    @property
    def remote_description(self) -> SessionDescription | None:
        """The pending one, else the current one."""
        return self._remote.newest

    @property
    def sections(self) -> list[Section]:
        """The m-lines of the newest description."""
        return self._sections

    async def create_offer(self, *, offer_to_receive_audio: int | bool = 0, offer_to_receive_video: int | bool = 0) -> SessionDescription:
        """At least so many tracks of the kind may be sent by the client, once it has accepted (W3C WebRTC §4.4.3.2). True: one."""
        counts = {"offer_to_receive_audio": offer_to_receive_audio, "offer_to_receive_video": offer_to_receive_video}
        numbers = {name: int(count) if isinstance(count, bool) else count for name, count in counts.items()}
        command = wire.CreateOffer.checked({"peer_id": self.id, **numbers}, "")
        return await self._request(command, wire.DescriptionReply, self._description)

    async def create_answer(self) -> SessionDescription:
        return await self._request(wire.CreateAnswer(peer_id=self.id), wire.DescriptionReply, self._description)

    async def set_local_description(self, description: SessionDescription | Json | None = None) -> None:
        """Without `sdp` it is what was created last, created now if need be; without an argument the type follows from the state
        too. A `rollback` withdraws the offer."""
        answering = self._signaling_state in ("have-remote-offer", "have-local-pranswer")
        given = {"type": "answer" if answering else "offer"} if description is None else description
        checked = SessionDescription.checked(given, "")
        command = wire.SetLocalDescription(peer_id=self.id, type=checked.type, sdp=checked.sdp)
        await self._request(command, wire.DescriptionReply, lambda reply: self._apply(reply, self._local, self._remote))

    async def set_remote_description(self, description: SessionDescription | Json) -> None:
        """An offer that meets a pending offer of ours rolls ours back: the worker is the polite side."""
        checked = SessionDescription.checked(description, "")
        if checked.type != "rollback" and not isinstance(description, Table) and description.get("sdp") is None:
            raise wrong("sdp", "a string", None)
        command = wire.SetRemoteDescription(peer_id=self.id, type=checked.type, sdp="" if checked.type == "rollback" else checked.sdp)
        await self._request(command, wire.DescriptionReply, lambda reply: self._apply(reply, self._remote, self._local))

    async def add_ice_candidate(self, candidate: IceCandidateInit | Json | None) -> None:
        """A candidate of the client. None, or an empty `candidate`: there are no more."""
        checked = IceCandidateInit.checked({} if candidate is None else candidate, "")
        command = wire.AddIceCandidate(
            peer_id=self.id,
            candidate=checked.candidate,
            sdp_mid=checked.sdp_mid,
            sdp_m_line_index=checked.sdp_m_line_index,
            username_fragment=checked.username_fragment,
        )
        await self._do(command)

    async def set_capabilities(self, sdp: str) -> None:
        """What the client can decode and how it numbers it, from an offer that it has created and not set: so that a first offer
        made here fits it. Only while stable."""
        await self._do(wire.SetCapabilities.checked({"peer_id": self.id, "sdp": sdp}, ""))

    async def restart_ice(self) -> None:
        """New ICE credentials with the next offer, which `negotiationneeded` asks for."""
        await self._request(wire.RestartIce(peer_id=self.id), wire.IceParametersReply, lambda _: None)

    async def subscribe(self, producer_id: str) -> None:
        """Is offered this producer of its room, whatever its subscription says; `newconsumer` tells when the client took it."""
        await self._do(wire.Subscribe.checked({"peer_id": self.id, "producer_id": producer_id}, ""))

    async def unsubscribe(self, producer_id: str) -> None:
        """Is offered it no more. Its consumer, if there is one, closes."""
        await self._do(wire.Unsubscribe.checked({"peer_id": self.id, "producer_id": producer_id}, ""))

    # --- Transports -----------------------------------------------------------------------------------------------------

    @property
    def transport(self) -> DtlsTransport | None:
        """The transport that was negotiated. None until it is needed first."""
        return self._transport

    @property
    def ice_state(self) -> IceState:
        return "new" if self._transport is None else self._transport.ice_state

    @property
    def ice_selected_tuple(self) -> TransportTuple | None:
        return None if self._transport is None else self._transport.ice_selected_tuple

    @property
    def dtls_state(self) -> DtlsState:
        return "new" if self._transport is None else self._transport.dtls_state

    def _handle_event(self, event: Table) -> None:
        if isinstance(event, wire.NegotiationNeeded):
            self._emit("negotiationneeded")
        elif isinstance(event, wire.PeerTransportCreated):
            self._transport_created(event.transport_id)
        elif isinstance(event, wire.ObjectClosed):
            self._end()

    def _end_owned(self) -> None:
        self._end_transports("peerclose")

    def _transport_created(self, id: str) -> None:
        transport = DtlsTransport(self._link, id, None)
        self._transport = transport
        for name in ("icestatechange", "iceselectedtuplechange", "dtlsstatechange"):
            self._pass_on(transport, cast(Any, name))
        for name in ("newproducer", "newconsumer", "newdataproducer", "newdataconsumer"):
            self._pass_on(transport.observer, cast(Any, name))
        self._adopt_transport(transport)

    def _pass_on(self, emitter: Any, event_name: str) -> None:
        emitter.on(event_name, lambda *args: self._emit(event_name, *args))

    def _description(self, reply: wire.DescriptionReply) -> SessionDescription:
        self._sections = reply.sections
        return SessionDescription(type=reply.type, sdp=reply.sdp)

    def _apply(self, reply: wire.DescriptionReply, side: _Descriptions, other: _Descriptions) -> None:
        """An offer is pending until an answer makes both current, and so is a provisional answer beside it; a rollback, or an
        offer from the other side, drops it."""
        description = self._description(reply)
        if description.type == "offer":
            side.pending, other.pending = description, None
        elif description.type == "answer":
            side.current, other.current = description, other.pending or other.current
            side.pending = other.pending = None
        else:
            side.pending = description if description.type == "pranswer" else None
        state = cast(SignalingState, reply.signaling_state)
        if state != self._signaling_state:
            self._signaling_state = state
            self._emit("signalingstatechange", state)


__all__ = ["CandidateOptions", "DataConsumer", "DataProducer", "Peer", "PeerEvents", "PeerObserverEvents", "Transport", "peer_command"]
