"""Controller of sluice-worker: rooms, peers, transports, producers and consumers, for asyncio.

    async with create_worker() as worker, worker.create_room(media_codecs=[…]) as room:
        …

The names are those of the Node package and of mediasoup v3, in snake_case.
"""

from . import types, webrtc
from .consumer import Consumer
from .data_consumer import DataConsumer
from .data_producer import DataProducer
from .direct_transport import DirectTransport
from .dtls_transport import DtlsTransport
from .errors import (
    AlreadyExistsError,
    InternalError,
    InvalidArgumentError,
    InvalidStateError,
    LimitExceededError,
    MalformedFrameError,
    NotFoundError,
    RequestError,
    SluiceError,
    UnsupportedError,
    VersionMismatchError,
    WorkerClosedError,
    WorkerDiedError,
    WorkerStartError,
)
from .events import Event, EventEmitter, EventStream
from .log import set_log_event_listeners
from .peer import Peer
from .plain_transport import PlainTransport
from .producer import Producer
from .remote_object import AppData
from .room import Room
from .rtp_observer import (
    ActiveSpeakerObserver,
    AudioLevelObserver,
    AudioLevelObserverVolume,
    DominantSpeaker,
    RtpObserver,
)
from .scalability_mode import ScalabilityMode, parse_scalability_mode
from .stats import (
    BaseTransportStat,
    DataConsumerStat,
    DataProducerStat,
    DirectTransportStat,
    PlainTransportStat,
    WebRtcTransportStat,
)
from .supported_rtp_capabilities import get_supported_rtp_capabilities
from .transport import Transport
from .types import *  # noqa: F403
from .types import __all__ as _types
from .version import version
from .webrtc_transport import WebRtcTransport
from .worker import Worker, create_worker, observer
from .worker_bin import worker_bin

#: As mediasoup calls it.
Router = Room

__all__ = [
    "ActiveSpeakerObserver",
    "AlreadyExistsError",
    "AppData",
    "AudioLevelObserver",
    "AudioLevelObserverVolume",
    "BaseTransportStat",
    "Consumer",
    "DataConsumer",
    "DataConsumerStat",
    "DataProducer",
    "DataProducerStat",
    "DirectTransport",
    "DirectTransportStat",
    "DominantSpeaker",
    "DtlsTransport",
    "Event",
    "EventEmitter",
    "EventStream",
    "InternalError",
    "InvalidArgumentError",
    "InvalidStateError",
    "LimitExceededError",
    "MalformedFrameError",
    "NotFoundError",
    "Peer",
    "PlainTransport",
    "PlainTransportStat",
    "Producer",
    "RequestError",
    "Room",
    "Router",
    "RtpObserver",
    "ScalabilityMode",
    "SluiceError",
    "Transport",
    "UnsupportedError",
    "VersionMismatchError",
    "WebRtcTransport",
    "WebRtcTransportStat",
    "Worker",
    "WorkerClosedError",
    "WorkerDiedError",
    "WorkerStartError",
    "create_worker",
    "get_supported_rtp_capabilities",
    "observer",
    "parse_scalability_mode",
    "set_log_event_listeners",
    "types",
    "version",
    "webrtc",
    "worker_bin",
    *_types,
]
