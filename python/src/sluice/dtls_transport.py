from __future__ import annotations

from typing import Any, Literal, cast, get_args

from ._channel.link import Link
from ._wire import tables as wire
from ._wire.table import Table
from .remote_object import AppData
from .stats import WebRtcTransportStat, web_rtc_transport_stat
from .transport import Transport, TransportEvents, TransportObserverEvents
from .types import DtlsState, IceState, SctpState, TransportTuple

_Changes = Literal["icestatechange", "iceselectedtuplechange", "dtlsstatechange", "sctpstatechange"]
DtlsTransportEvents = Literal[TransportEvents, _Changes]
DtlsTransportObserverEvents = Literal[TransportObserverEvents, _Changes]


class DtlsTransport(Transport[DtlsTransportEvents, DtlsTransportObserverEvents]):
    """The ICE and DTLS association with one client: negotiated by a peer, or signaled by the application as a WebRtcTransport.

    icestatechange          (IceState)
    iceselectedtuplechange  (TransportTuple)
    dtlsstatechange         (DtlsState[, reason: str]) the reason is one sentence, when the state is `failed`
    sctpstatechange         (SctpState)
    and those of Transport
    """

    EVENTS = get_args(DtlsTransportEvents)
    OBSERVER_EVENTS = get_args(DtlsTransportObserverEvents)

    def __init__(self, link: Link, id: str, app_data: AppData | None) -> None:
        super().__init__(link, id, app_data)
        self._ice_state: IceState = "new"
        self._ice_selected_tuple: TransportTuple | None = None
        self._dtls_state: DtlsState = "new"
        self._dtls_remote_cert: str | None = None
        self._sctp_state: SctpState | None = None

    @property
    def ice_state(self) -> IceState:
        return self._ice_state

    @property
    def ice_selected_tuple(self) -> TransportTuple | None:
        return self._ice_selected_tuple

    @property
    def dtls_state(self) -> DtlsState:
        return self._dtls_state

    @property
    def dtls_remote_cert(self) -> str | None:
        """PEM, once DTLS is connected."""
        return self._dtls_remote_cert

    @property
    def sctp_state(self) -> SctpState | None:
        """None without data channels."""
        return self._sctp_state

    async def get_stats(self) -> list[WebRtcTransportStat]:
        """One entry."""
        return await self._stats(lambda reply: [] if reply.transport is None else [web_rtc_transport_stat(reply.transport)])

    def _handle_event(self, event: Table) -> None:
        if isinstance(event, wire.IceStateChange):
            self._ice_state = cast(IceState, event.ice_state)
            self._tell_both("icestatechange", self._ice_state)
        elif isinstance(event, wire.IceSelectedTupleChange):
            if event.ice_selected_tuple is not None:
                self._ice_selected_tuple = event.ice_selected_tuple
                self._tell_both("iceselectedtuplechange", self._ice_selected_tuple)
        elif isinstance(event, wire.DtlsStateChange):
            self._dtls_changed(event)
        elif isinstance(event, wire.SctpStateChange):
            self._sctp_state = cast(SctpState, event.sctp_state)
            self._tell_both("sctpstatechange", self._sctp_state)
        else:
            super()._handle_event(event)

    def _dtls_changed(self, event: wire.DtlsStateChange) -> None:
        self._dtls_state = cast(DtlsState, event.dtls_state)
        self._dtls_remote_cert = event.dtls_remote_cert or self._dtls_remote_cert
        reason: tuple[Any, ...] = (event.reason,) if event.reason else ()
        self._emit("dtlsstatechange", self._dtls_state, *reason)
        self._observer._emit("dtlsstatechange", self._dtls_state)

    def _end_owned(self) -> None:
        super()._end_owned()
        self._ice_state = self._dtls_state = "closed"
        self._ice_selected_tuple = None
        if self._sctp_state is not None:
            self._sctp_state = "closed"
