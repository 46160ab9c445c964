"""The values of the public API.

They are dataclasses, made from the schemas in fbs/. `X.from_json(value)` takes parsed JSON as browsers and mediasoup-client send
it, `value.to_json()` gives it; methods that take such a value take the mapping too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Mapping, Union

from ._wire.kinds import FLAG, TEXT, U16, U64, Anything, Choice, Field, Integer
from ._wire.table import Table
from ._wire.tables import (
    ConsumerLayers,
    ConsumerScore,
    DataTotals,
    DtlsFingerprint,
    DtlsParameters,
    DtlsRole,
    Histogram,
    IceCandidate,
    IceCandidateType,
    IceParameters,
    IceProtocol,
    IceTcpType,
    LogRecord,
    LoopStats,
    MediaKind,
    PortRange,
    ProcessStats,
    ProducerScore,
    RtcpFeedback,
    RtcpParameters,
    RtpCapabilities,
    RtpCodecCapability,
    RtpCodecParameters,
    RtpEncodingParameters,
    RtpHeaderExtension,
    RtpHeaderExtensionDirection,
    RtpHeaderExtensionParameters,
    RtpParameters,
    Rtx,
    SctpParameters,
    SctpStreamParameters,
    SdpType,
    SocketTotals,
    SrtpParameters,
    Subscription,
    TrackTotals,
    TransportCount,
    TransportTuple,
)
from ._wire.tables import ListenFlags as TransportSocketFlags
from ._wire.tables import ListenInfo as TransportListenInfo
from ._wire.tables import LogLevel as WorkerLogLevel
from ._wire.tables import LogTag as WorkerLogTag
from ._wire.tables import ResourceUsageReply as WorkerResourceUsage
from ._wire.tables import RtpStreamStats as RtpStreamStat
from ._wire.tables import SectionInfo as Section
from ._wire.tables import WorkerStats as WorkerStat

#: Parsed JSON.
Json = Mapping[str, Any]

IceState = Literal["new", "connected", "completed", "disconnected", "closed"]
DtlsState = Literal["new", "connecting", "connected", "failed", "closed"]
SctpState = Literal["new", "connecting", "connected", "failed", "closed"]
SignalingState = Literal["stable", "have-local-offer", "have-remote-offer", "have-local-pranswer", "have-remote-pranswer", "closed"]
SrtpCryptoSuite = Literal["AEAD_AES_256_GCM", "AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32"]
ProducerType = Literal["simple", "simulcast", "svc"]
ConsumerType = Literal["simple", "simulcast", "svc", "pipe"]
DataType = Literal["sctp", "direct"]
ProducerTraceEventType = Literal["rtp", "keyframe", "nack", "pli", "fir", "sr"]
ConsumerTraceEventType = Literal["rtp", "keyframe", "nack", "pli", "fir"]
TransportTraceEventType = Literal["probation", "bwe"]
#: Why a consumer gets what it gets, as JSON has it: for people.
ConsumerExplanation = dict[str, Any]


@dataclass(kw_only=True, slots=True)
class SessionDescription(Table):
    """An offer or an answer (W3C WebRTC §4.6.2)."""

    _fields: ClassVar[tuple[Field, ...]] = (
        Field("type", "type", Choice("offer", "answer", "pranswer", "rollback"), needed=True),
        Field("sdp", "sdp", TEXT),
    )
    type: SdpType
    sdp: str = ""
    """Not needed for `rollback`, nor to set what was created last."""


@dataclass(kw_only=True, slots=True)
class IceCandidateInit(Table):
    """W3C `RTCIceCandidateInit`."""

    _fields: ClassVar[tuple[Field, ...]] = (
        Field("candidate", "candidate", TEXT),
        Field("sdp_mid", "sdpMid", TEXT, optional=True),
        Field("sdp_m_line_index", "sdpMLineIndex", U16, optional=True),
        Field("username_fragment", "usernameFragment", TEXT, optional=True),
    )
    candidate: str = ""
    """`candidate:1 1 udp …`; empty ends the candidates."""
    sdp_mid: str | None = None
    sdp_m_line_index: int | None = None
    username_fragment: str | None = None


@dataclass(kw_only=True, slots=True)
class NumSctpStreams(Table):
    _fields: ClassVar[tuple[Field, ...]] = (
        Field("outgoing_streams", "OS", Integer("H", 1, 65535)),
        Field("max_incoming_streams", "MIS", Integer("H", 1, 65535)),
    )
    outgoing_streams: int = 1024
    """That are asked for at first."""
    max_incoming_streams: int = 1024


@dataclass(kw_only=True, slots=True)
class CandidateOptions(Table):
    """Which of the worker's addresses a transport offers to its client, and in what order of preference."""

    _fields: ClassVar[tuple[Field, ...]] = (
        Field("enable_udp", "enableUdp", FLAG, optional=True),
        Field("enable_tcp", "enableTcp", FLAG, optional=True),
        Field("prefer_udp", "preferUdp", FLAG),
        Field("prefer_tcp", "preferTcp", FLAG),
        Field("prefer_ipv4", "preferIPv4", FLAG),
        Field("prefer_ipv6", "preferIPv6", FLAG),
    )
    enable_udp: bool | None = None
    """Whether the worker's UDP addresses are offered. Default: if it listens on any. True is refused when it does not."""
    enable_tcp: bool | None = None
    """The same for its TCP addresses."""
    prefer_udp: bool = False
    """UDP is preferred anyway; beside `prefer_tcp` this keeps it so."""
    prefer_tcp: bool = False
    """Gives TCP candidates the higher priority."""
    prefer_ipv4: bool = False
    """IPv4 before IPv6, among candidates of one protocol. Default: in the order of the worker's `listen`."""
    prefer_ipv6: bool = False
    """IPv6 before IPv4, unless `prefer_ipv4` is set."""


@dataclass(kw_only=True, slots=True)
class ListenAddress(Table):
    """An address that the worker receives media on."""

    _fields: ClassVar[tuple[Field, ...]] = (
        Field("protocol", "protocol", Choice("udp", "tcp")),
        Field("ip", "ip", TEXT, needed=True),
        Field("port", "port", U16, optional=True),
        Field("announced_address", "announcedAddress", TEXT, optional=True),
    )
    ip: str
    """IPv4 or IPv6. `0.0.0.0` and `::` stand for every address of the machine."""
    protocol: IceProtocol = "udp"
    """`tcp` is for clients whose network blocks UDP (ICE-TCP, passive)."""
    port: int | None = None
    """Default: the first free one between rtc_min_port and rtc_max_port."""
    announced_address: str | None = None
    """IP address or host name that clients are told instead of `ip`."""


@dataclass(kw_only=True, slots=True)
class ProducerVideoOrientation(Table):
    """How the publisher holds its camera (3GPP TS 26.114 §7.4.5)."""

    _fields: ClassVar[tuple[Field, ...]] = (
        Field("camera", "camera", FLAG),
        Field("flip", "flip", FLAG),
        Field("rotation", "rotation", U16),
    )
    camera: bool
    """The back camera."""
    flip: bool
    """Mirrored."""
    rotation: int
    """Degrees clockwise: 0, 90, 180 or 270."""


@dataclass(kw_only=True, slots=True)
class TraceEventData(Table):
    _fields: ClassVar[tuple[Field, ...]] = (
        Field("type", "type", TEXT),
        Field("timestamp", "timestamp", U64),
        Field("direction", "direction", TEXT),
        Field("info", "info", Anything()),
    )
    type: str
    timestamp: int
    """Monotonic ms of the worker."""
    direction: Literal["in", "out"]
    """As the worker sees it."""
    info: dict[str, Any] = field(default_factory=dict)
    """By type: of `rtp` payloadType, sequenceNumber, ssrc and more."""


AnySessionDescription = Union[SessionDescription, Json]

__all__ = [
    "CandidateOptions",
    "ConsumerExplanation",
    "ConsumerLayers",
    "ConsumerScore",
    "ConsumerTraceEventType",
    "ConsumerType",
    "DataType",
    "DtlsFingerprint",
    "DtlsParameters",
    "DtlsRole",
    "DtlsState",
    "IceCandidate",
    "IceCandidateInit",
    "IceCandidateType",
    "IceParameters",
    "IceProtocol",
    "IceState",
    "IceTcpType",
    "Json",
    "ListenAddress",
    "LogRecord",
    "MediaKind",
    "NumSctpStreams",
    "PortRange",
    "ProducerScore",
    "ProducerTraceEventType",
    "ProducerType",
    "ProducerVideoOrientation",
    "RtcpFeedback",
    "RtcpParameters",
    "RtpCapabilities",
    "RtpCodecCapability",
    "RtpCodecParameters",
    "RtpEncodingParameters",
    "RtpHeaderExtension",
    "RtpHeaderExtensionDirection",
    "RtpHeaderExtensionParameters",
    "RtpParameters",
    "RtpStreamStat",
    "Rtx",
    "SctpParameters",
    "SctpState",
    "SctpStreamParameters",
    "SdpType",
    "Section",
    "SessionDescription",
    "SignalingState",
    "SrtpCryptoSuite",
    "SrtpParameters",
    "Subscription",
    "TraceEventData",
    "TransportListenInfo",
    "TransportSocketFlags",
    "TransportTraceEventType",
    "TransportTuple",
    "WorkerLogLevel",
    "WorkerLogTag",
    "WorkerResourceUsage",
    "WorkerStat",
    "DataTotals",
    "Histogram",
    "LoopStats",
    "ProcessStats",
    "SocketTotals",
    "TrackTotals",
    "TransportCount",
]
