"""Statistics. Counters count from the start of their object; bitrates are in bps over the last second."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeVar

from ._wire import tables as wire
from ._wire.kinds import TEXT, Field, Nested
from ._wire.table import Table

_type = Field("type", "type", TEXT)
S = TypeVar("S", bound=Table)


def _pick(table: type[Table], *, without: tuple[str, ...] = (), only: tuple[str, ...] = ()) -> tuple[Field, ...]:
    return tuple(field for field in table._fields if field.name not in without and (not only or field.name in only))


_kinds = ("ice_state", "dtls_state", "sctp_state", "ice_selected_tuple", "rtcp_tuple", "rtcp_mux", "comedia")
_base = _pick(wire.TransportStats, without=_kinds)


@dataclass(kw_only=True, slots=True)
class BaseTransportStat(Table):
    """What all kinds of transport count."""

    _fields: ClassVar[tuple[Field, ...]] = _base
    transport_id: str
    timestamp: int
    """Monotonic ms of the worker."""
    bytes_received: int
    bytes_sent: int
    recv_bitrate: int
    """bps."""
    send_bitrate: int
    """bps."""
    rtp_bytes_received: int
    rtp_bytes_sent: int
    rtx_bytes_received: int
    rtx_bytes_sent: int
    packets_received: int
    packets_sent: int
    dropped: dict[str, int]
    """Packets dropped, by reason; reasons that never happened are absent."""
    probation_bytes_sent: int
    rtp_recv_bitrate: int
    """bps, as those that follow."""
    rtp_send_bitrate: int
    rtx_recv_bitrate: int
    rtx_send_bitrate: int
    probation_send_bitrate: int
    available_outgoing_bitrate: int | None = None
    """None while it is not known."""
    available_incoming_bitrate: int | None = None
    max_incoming_bitrate: int | None = None
    """As set_max_incoming_bitrate() has set it; so the two that follow."""
    max_outgoing_bitrate: int | None = None
    min_outgoing_bitrate: int | None = None
    rtp_packet_loss_received: float | None = None
    """0 to 1, of the last report interval. None when nothing came."""
    rtp_packet_loss_sent: float | None = None


@dataclass(kw_only=True, slots=True)
class WebRtcTransportStat(BaseTransportStat):
    _fields: ClassVar[tuple[Field, ...]] = (
        _type,
        *_base,
        *_pick(wire.TransportStats, only=("ice_state", "dtls_state", "ice_selected_tuple")),
        Field("sctp_state", "sctpState", TEXT, optional=True),
    )
    ice_state: str
    dtls_state: str
    sctp_state: str | None = None
    """With data channels."""
    ice_selected_tuple: wire.TransportTuple | None = None
    type: Literal["webrtc-transport"] = "webrtc-transport"


@dataclass(kw_only=True, slots=True)
class PlainTransportStat(BaseTransportStat):
    _fields: ClassVar[tuple[Field, ...]] = (
        _type,
        *_base,
        *_pick(wire.TransportStats, only=("rtcp_mux", "comedia", "rtcp_tuple")),
        Field("tuple", "tuple", Nested("TransportTuple")),
    )
    rtcp_mux: bool
    comedia: bool
    tuple: wire.TransportTuple
    rtcp_tuple: wire.TransportTuple | None = None
    """Without `rtcp_mux`."""
    type: Literal["plain-rtp-transport"] = "plain-rtp-transport"


@dataclass(kw_only=True, slots=True)
class DirectTransportStat(BaseTransportStat):
    _fields: ClassVar[tuple[Field, ...]] = (_type, *_base)
    type: Literal["direct-transport"] = "direct-transport"


@dataclass(kw_only=True, slots=True)
class DataProducerStat(Table):
    _fields: ClassVar[tuple[Field, ...]] = _pick(wire.DataStats, without=("messages_sent", "bytes_sent", "buffered_amount", "dropped"))
    type: str
    """`data-producer`."""
    timestamp: int
    """Monotonic ms of the worker."""
    label: str
    protocol: str
    messages_received: int
    bytes_received: int
    """Of messages, without what SCTP adds."""


@dataclass(kw_only=True, slots=True)
class DataConsumerStat(Table):
    _fields: ClassVar[tuple[Field, ...]] = _pick(wire.DataStats, without=("messages_received", "bytes_received"))
    type: str
    """`data-consumer`."""
    timestamp: int
    """Monotonic ms of the worker."""
    label: str
    protocol: str
    messages_sent: int
    """Given to the client's SCTP association, or to this process."""
    bytes_sent: int
    buffered_amount: int
    """Bytes that wait."""
    dropped: dict[str, int]
    """Messages dropped, by reason: `queue-full`, `too-large`, `expired`. Reasons that never happened are absent."""


def stat(cls: type[S], source: Table, **given: Any) -> S:
    """What the wire's table has of it, and what is given besides."""
    known = {field.name for field in source._fields}
    members = {field.name: getattr(source, field.name) for field in cls._fields if field.name in known and field.name != "type"}
    return cls(**{**members, **given})


def web_rtc_transport_stat(source: wire.TransportStats) -> WebRtcTransportStat:
    return stat(WebRtcTransportStat, source, sctp_state=source.sctp_state or None)


def plain_transport_stat(source: wire.TransportStats) -> PlainTransportStat:
    """Its tuple has the place of the ICE pair's."""
    return stat(PlainTransportStat, source, tuple=source.ice_selected_tuple)


def data_stat(cls: type[S], source: wire.DataStats | None) -> list[S]:
    return [] if source is None else [stat(cls, source, type=source.type)]
