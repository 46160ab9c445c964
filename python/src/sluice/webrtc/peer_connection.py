from __future__ import annotations

from types import TracebackType
from typing import Any, Awaitable, Callable, Literal, Mapping, Sequence, TypeVar, get_args

from .._wire.kinds import FLAG, U32, wrong
from ..dtls_transport import DtlsTransport
from ..errors import InvalidArgumentError, InvalidStateError, SluiceError, WorkerClosedError
from ..events import EventEmitter
from ..peer import Peer, peer_command
from ..remote_object import AppData, check_app_data
from ..room import Room
from ..types import IceCandidateInit, Json, SessionDescription, SignalingState, Subscription
from .operations import Operations
from .session_description import RTCSessionDescription

RTCPeerConnectionEvents = Literal["close", "signalingstatechange", "negotiationneeded"]
T = TypeVar("T")

_switches = (("udp", "udp"), ("tcp", "tcp"))
_preferences = (
    ("prefer_ipv4", "preferIPv4"),
    ("prefer_ipv6", "preferIPv6"),
    ("prefer_udp", "preferUdp"),
    ("prefer_tcp", "preferTcp"),
)


def _candidates(given: object, max_bitrate: object) -> tuple[dict[str, Any], int]:
    """As CandidateOptions, and bps (0: no limit). Raises with the path of the field."""
    if not isinstance(given, Mapping):
        raise wrong("transportOptions", "an object", given)

    def choice(name: str, json: str) -> bool | None:
        value = given.get(json, given.get(name))
        return None if value is None else FLAG.check(value, f"transportOptions.{json}")

    switches = {name: choice(name, json) is not False for name, json in _switches}
    if not any(switches.values()):
        raise wrong("transportOptions", "udp or tcp, or both", given)
    candidates: dict[str, Any] = {f"enable_{name}": None if on else False for name, on in switches.items()}
    candidates |= {name: choice(name, json) or False for name, json in _preferences}
    own = given.get("maxBitrate", given.get("max_bitrate"))
    if own is None:
        return candidates, U32.check(max_bitrate, "maxBitrate")
    return candidates, U32.check(own, "transportOptions.maxBitrate")


class RTCPeerConnection(EventEmitter[RTCPeerConnectionEvents]):
    """One participant of a room, seen from the server: the methods of W3C's RTCPeerConnection for the other side of a browser's.
    What is called while something is under way waits for its turn (W3C WebRTC §4.4.1.2).

    close                 (SluiceError | None) once, whoever closed it. With an error when nobody meant to: the worker died, or
                          would not have the peer
    signalingstatechange  (SignalingState)
    negotiationneeded     there is something to offer: once for a batch of changes, only while stable and nothing is under way
    """

    EVENTS: Sequence[str] = get_args(RTCPeerConnectionEvents)

    def __init__(
        self,
        room: Room,
        name: str,
        *,
        subscription: Subscription = "all",
        transport_options: Json | None = None,
        max_bitrate: int = 0,
        app_data: AppData | None = None,
    ) -> None:
        """Creates the peer. A name that is taken is refused: at once when this process has given it away, else by the first awaited
        method and by `close`.

        subscription       `all`: the client is offered every track of the others. `manual`: only what `peer.subscribe()` names
        transport_options  over what the client may reach the worker: udp, tcp (True), prefer_ipv4, prefer_ipv6, prefer_udp,
                           prefer_tcp (False), max_bitrate
        max_bitrate        what the client shall send at most, in bps; told to it by REMB. 0: no limit
        """
        super().__init__(self.EVENTS)
        if not isinstance(room, Room):
            raise InvalidArgumentError("room", "expected a Room, as create_room() makes them")
        if not isinstance(name, str) or name == "":
            raise wrong("name", "a string that is not empty", name)
        candidates, bitrate = _candidates({} if transport_options is None else transport_options, max_bitrate)
        check_app_data(app_data)
        self._needed = False
        # By the operation before, whose caller may be about to set it.
        self._just_created: str | None = None
        self._error: SluiceError | None = None
        self._operations = Operations(self._idle)
        peer, created = room._begin_peer(peer_command(room.id, None, name, subscription, True, candidates), app_data)
        self._peer = peer
        self._operations.add(lambda: self._create_peer(created)).add_done_callback(_heard)
        peer.on("signalingstatechange", lambda state: self._emit("signalingstatechange", state))
        peer.on("negotiationneeded", self._negotiation_needed)
        peer.observer.once("close", self._now_closed)
        if bitrate > 0:
            peer.observer.on("newtransport", lambda transport: self._limit(transport, bitrate))

    @property
    def peer(self) -> Peer:
        """What it drives: its producers, consumers and transport are found there."""
        return self._peer

    @property
    def closed(self) -> bool:
        return self._peer.closed

    @property
    def signaling_state(self) -> SignalingState:
        return self._peer.signaling_state

    @property
    def local_description(self) -> RTCSessionDescription | None:
        """The pending one, else the current one."""
        return _described(self._peer.local_description)

    @property
    def remote_description(self) -> RTCSessionDescription | None:
        """The pending one, else the current one."""
        return _described(self._peer.remote_description)

    def close(self) -> None:
        """Closes the peer and all it owns. Closing twice is no error."""
        self._peer.close()

    async def __aenter__(self) -> RTCPeerConnection:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    async def set_capabilities(self, sdp: str) -> None:
        """What the client can decode and how it numbers it, from an offer that it has created and not set: for a first offer that
        is made here, with `create_offer(offer_to_receive_audio=1, offer_to_receive_video=1)`."""
        await self._operate(lambda: self._peer.set_capabilities(sdp))

    async def create_offer(
        self, *, offer_to_receive_audio: int | bool = 0, offer_to_receive_video: int | bool = 0
    ) -> RTCSessionDescription:
        return await self._create(
            lambda: self._peer.create_offer(offer_to_receive_audio=offer_to_receive_audio, offer_to_receive_video=offer_to_receive_video)
        )

    async def create_answer(self) -> RTCSessionDescription:
        return await self._create(self._peer.create_answer)

    async def set_local_description(self, description: RTCSessionDescription | SessionDescription | Json | None = None) -> None:
        """Without an argument, or without `sdp`, what belongs in this state is created. What was created a moment ago is set before
        anything else that waits."""
        given = _plain(description)
        sdp = given.get("sdp") if isinstance(given, dict) else None
        urgent = bool(sdp) and sdp == self._just_created
        await self._describe(lambda: self._peer.set_local_description(given), urgent)

    async def set_remote_description(self, description: RTCSessionDescription | SessionDescription | Json) -> None:
        """An offer that meets a pending offer of ours rolls ours back: the server is the polite side."""
        given = _plain(description)
        await self._describe(lambda: self._peer.set_remote_description(given))

    async def add_ice_candidate(self, candidate: IceCandidateInit | Json | None = None) -> None:
        """A candidate of the client. None, or an empty `candidate`: there are no more."""
        await self._operate(lambda: self._peer.add_ice_candidate(candidate))

    async def restart_ice(self) -> None:
        """New ICE credentials with the next offer, which `negotiationneeded` asks for. Nothing, before anything was negotiated."""

        async def restart() -> None:
            if self._peer.local_description is not None:
                await self._peer.restart_ice()

        await self._operate(restart)

    async def reset(self) -> None:
        """Withdraws the offer that waits for its answer, if there is one, so that the state is stable: for an answer that will not
        come."""

        async def withdraw() -> None:
            state = self._peer.signaling_state
            if state == "stable":
                return
            rollback = {"type": "rollback"}
            if state == "have-local-offer":
                await self._peer.set_local_description(rollback)
            else:
                await self._peer.set_remote_description(rollback)
            self._needed = False

        await self._operate(withdraw)

    async def _create_peer(self, created: Awaitable[None]) -> None:
        try:
            await created
        except SluiceError as error:
            self._error = error
            self._peer._end()
            raise

    def _operate(self, operation: Callable[[], Awaitable[T]], urgent: bool = False) -> Awaitable[T]:
        """Arguments are checked and all else decided when its turn has come."""

        async def act() -> T:
            self._just_created = None
            if self.closed:
                raise self._error or InvalidStateError("this peer connection is closed")
            return await operation()

        return self._operations.add(act, urgent=urgent)

    async def _create(self, operation: Callable[[], Awaitable[SessionDescription]]) -> RTCSessionDescription:
        async def create() -> RTCSessionDescription:
            description = await operation()
            self._just_created = description.sdp
            return RTCSessionDescription(description.type, description.sdp)

        return await self._operate(create)

    async def _describe(self, operation: Callable[[], Awaitable[None]], urgent: bool = False) -> None:
        """The worker tells anew what a description leaves to be offered."""

        async def describe() -> None:
            await operation()
            self._needed = False

        await self._operate(describe, urgent)

    def _negotiation_needed(self) -> None:
        self._needed = True
        self._operations.announce()

    def _idle(self) -> None:
        if not self._needed or self.closed or self.signaling_state != "stable":
            return
        self._needed = False
        self._emit("negotiationneeded")

    async def _limit(self, transport: DtlsTransport, bitrate: int) -> None:
        if transport is self._peer._transport:
            try:
                await transport.set_max_incoming_bitrate(bitrate)
            except SluiceError:
                pass  # Fails only with the peer, of which `close` tells.

    def _now_closed(self) -> None:
        if self._peer._link.closed:
            self._error = WorkerClosedError("the worker has ended, and with it this peer connection")
        self._emit("close", self._error)
        self._end_streams()


def _plain(description: RTCSessionDescription | SessionDescription | Json | None) -> Any:
    return description.to_json() if isinstance(description, (RTCSessionDescription, SessionDescription)) else description


def _described(description: SessionDescription | None) -> RTCSessionDescription | None:
    return None if description is None else RTCSessionDescription(description.type, description.sdp)


def _heard(future: Any) -> None:
    """`close` tells of it."""
    if not future.cancelled():
        future.exception()
