"""What a room and a peer have in common: transports may belong to either."""

from __future__ import annotations

from typing import Any, Generic, Iterable, TypeVar

from ._channel.link import Link
from .creation import creates
from .direct_transport import DirectTransport, create_direct_transport
from .plain_transport import PlainTransport, create_plain_transport
from .remote_object import AppData, RemoteObject
from .transport import Transport
from .types import Json, NumSctpStreams, SrtpCryptoSuite, TransportListenInfo
from .webrtc_transport import WebRtcTransport, create_web_rtc_transport

E = TypeVar("E", bound=str)
O = TypeVar("O", bound=str)  # noqa: E741
T = TypeVar("T", bound=Transport[Any, Any])


class TransportOwner(RemoteObject[E, O], Generic[E, O]):
    def __init__(self, link: Link, id: str, app_data: AppData | None) -> None:
        super().__init__(link, id, app_data)
        self._transports: dict[str, Transport[Any, Any]] = {}

    @creates
    async def create_web_rtc_transport(
        self,
        *,
        enable_udp: bool | None = None,
        enable_tcp: bool | None = None,
        prefer_udp: bool = False,
        prefer_tcp: bool = False,
        prefer_ipv4: bool = False,
        prefer_ipv6: bool = False,
        ice_consent_timeout: int = 30,
        enable_sctp: bool = False,
        num_sctp_streams: NumSctpStreams | Json | None = None,
        max_sctp_message_size: int | None = None,
        max_send_message_size: int | None = None,
        max_receive_message_size: int | None = None,
        sctp_send_buffer_size: int | None = None,
        sctp_per_stream_send_queue_limit: int | None = None,
        sctp_max_receiver_window_buffer_size: int | None = None,
        app_data: AppData | None = None,
    ) -> WebRtcTransport:
        """A transport that the application signals itself (ORTC). Of a room it belongs to nobody in particular.

        enable_udp, enable_tcp    which of the worker's addresses are offered; by default those that it listens on
        prefer_…                  the order of preference: TCP before UDP; IPv4 or IPv6 first. Default: as the worker's `listen`
        ice_consent_timeout       seconds without a sign of the client's consent (RFC 7675) until it is disconnected; 0: never
        enable_sctp               carries data channels, with what follows:
        num_sctp_streams          1024 each by default
        max_sctp_message_size     bytes, both of the next two; 262144
        max_send_message_size     of a message that is sent to the client
        max_receive_message_size  of a message of the client
        sctp_send_buffer_size     bytes that may wait, of all data consumers; beyond it they lose messages; 2000000
        sctp_per_stream_send_queue_limit      the same of one data consumer; 2000000
        sctp_max_receiver_window_buffer_size  5242880
        """
        options = dict(locals())
        del options["self"]
        return await create_web_rtc_transport(self._owner(), options)

    @creates
    async def create_plain_transport(
        self,
        *,
        listen_info: TransportListenInfo | Json | None = None,
        rtcp_listen_info: TransportListenInfo | Json | None = None,
        rtcp_mux: bool = True,
        comedia: bool = False,
        enable_srtp: bool = False,
        srtp_crypto_suite: SrtpCryptoSuite = "AES_CM_128_HMAC_SHA1_80",
        enable_sctp: bool = False,
        app_data: AppData | None = None,
    ) -> PlainTransport:
        """A transport for plain RTP: a participant without a browser, or a recorder.

        listen_info       where it listens. Default: 127.0.0.1 and a port of the worker's range; to be reached from elsewhere, say so
        rtcp_listen_info  where RTCP listens, without `rtcp_mux`. Default: as RTP, the next port
        rtcp_mux          RTCP on the port of RTP (RFC 5761)
        comedia           the remote address is not told by connect() but learned from the first packet that arrives
        enable_sctp       not there yet: True is refused with an UnsupportedError
        """
        options = dict(locals())
        del options["self"]
        return await create_plain_transport(self._owner(), options)

    @creates
    async def create_direct_transport(self, *, max_message_size: int = 262_144, app_data: AppData | None = None) -> DirectTransport:
        """A transport for packets and messages of this process itself: a participant that is a program.

        max_message_size  of a message that is sent here: bytes, 4000000 at most
        """
        options = {"max_message_size": max_message_size, "app_data": app_data}
        return await create_direct_transport(self._owner(), options)

    def _owner(self) -> Any:
        return self

    def _adopt_transport(self, transport: T) -> T:
        self._transports[transport.id] = transport
        transport.observer.once("close", lambda: self._transports.pop(transport.id, None))
        self._observer._emit("newtransport", transport)
        return transport

    def _end_transports(self, cause: str) -> None:
        transports: Iterable[Transport[Any, Any]] = list(self._transports.values())
        for transport in transports:
            transport._end(cause)
