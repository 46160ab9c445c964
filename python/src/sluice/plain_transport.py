from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from ._channel.link import Link
from ._wire import tables as wire
from ._wire.table import Table
from .remote_object import AppData, check_app_data
from .stats import PlainTransportStat, plain_transport_stat
from .transport import Transport, TransportEvents, TransportObserverEvents, place
from .types import Json, SrtpParameters, TransportTuple

if TYPE_CHECKING:
    from .peer import Peer
    from .room import Room

PlainTransportEvents = Literal[TransportEvents, "tuple", "rtcptuple"]
PlainTransportObserverEvents = Literal[TransportObserverEvents, "tuple", "rtcptuple"]


class PlainTransport(Transport[PlainTransportEvents, PlainTransportObserverEvents]):
    """RTP and RTCP with one endpoint that is no WebRTC client (ffmpeg, GStreamer, a gateway), over sockets of its own.

    tuple      (TransportTuple) `comedia`: the remote address of RTP is known now
    rtcptuple  (TransportTuple) `comedia` without `rtcp_mux`: that of RTCP
    and those of Transport
    """

    EVENTS = get_args(PlainTransportEvents)
    OBSERVER_EVENTS = get_args(PlainTransportObserverEvents)

    def __init__(self, link: Link, reply: wire.PlainTransportReply, app_data: AppData | None) -> None:
        super().__init__(link, reply.transport_id, app_data)
        self._rtcp_mux, self._comedia = reply.rtcp_mux, reply.comedia
        self._tuple = reply.tuple
        self._rtcp_tuple: TransportTuple | None = None
        self._srtp_parameters: SrtpParameters | None = None
        self._take(reply)

    @property
    def rtcp_mux(self) -> bool:
        return self._rtcp_mux

    @property
    def comedia(self) -> bool:
        return self._comedia

    @property
    def tuple(self) -> TransportTuple:
        """Both ends; the remote one is None until `connect()` or the first packet has told it."""
        return self._tuple

    @property
    def rtcp_tuple(self) -> TransportTuple | None:
        """Of RTCP. None with `rtcp_mux`."""
        return self._rtcp_tuple

    @property
    def srtp_parameters(self) -> SrtpParameters | None:
        """What the worker sends with, for the other end. None without `enable_srtp`."""
        return self._srtp_parameters

    async def connect(
        self,
        *,
        ip: str | None = None,
        port: int | None = None,
        rtcp_port: int | None = None,
        srtp_parameters: SrtpParameters | Json | None = None,
    ) -> None:
        """Tells it the other end. Once only. With `comedia` there is nothing to tell but `srtp_parameters`, what the other end sends
        with. When that one's suite differs, the worker takes it, and `self.srtp_parameters` has a new key. `rtcp_port`: without
        `rtcp_mux`."""
        options = {"ip": ip, "port": port, "rtcp_port": rtcp_port, "srtp_parameters": srtp_parameters}
        command = wire.ConnectPlainTransport.checked(options, "")
        command.transport_id = self.id
        await self._request(command, wire.PlainConnectReply, self._take)

    async def get_stats(self) -> list[PlainTransportStat]:
        """One entry."""
        return await self._stats(lambda reply: [] if reply.transport is None else [plain_transport_stat(reply.transport)])

    def _handle_event(self, event: Table) -> None:
        if isinstance(event, wire.TupleChange):
            self._tuple = event.tuple
            self._tell_both("tuple", self._tuple)
        elif isinstance(event, wire.RtcpTupleChange):
            self._rtcp_tuple = event.rtcp_tuple
            self._tell_both("rtcptuple", self._rtcp_tuple)
        else:
            super()._handle_event(event)

    def _take(self, reply: wire.PlainTransportReply | wire.PlainConnectReply) -> None:
        self._tuple = reply.tuple
        self._rtcp_tuple = reply.rtcp_tuple or self._rtcp_tuple
        self._srtp_parameters = reply.srtp_parameters or self._srtp_parameters


async def create_plain_transport(owner: Room | Peer, options: dict[str, Any]) -> PlainTransport:
    command = wire.CreatePlainTransport.checked(options, "")
    command.srtp_crypto_suite = command.srtp_crypto_suite or "AES_CM_128_HMAC_SHA1_80"
    app_data = check_app_data(options["app_data"])
    place(command, owner)
    return await owner._request(
        command, wire.PlainTransportReply, lambda reply: owner._adopt_transport(PlainTransport(owner._link, reply, app_data))
    )
