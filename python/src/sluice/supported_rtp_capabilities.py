"""What a worker of this version can route. The table is the worker's (src/negotiate/media_codecs.cc); a test compares the two."""

from __future__ import annotations

from typing import Any

from .types import RtpCapabilities

_nack, _pli = {"type": "nack", "parameter": ""}, {"type": "nack", "parameter": "pli"}
_fir, _remb, _transport_cc = {"type": "ccm", "parameter": "fir"}, {"type": "goog-remb"}, {"type": "transport-cc"}
_of_audio, _without_nack = [_nack, _transport_cc], [_transport_cc]
_of_video = [_nack, _pli, _fir, _remb, _transport_cc]


def _audio(mime_type: str, clock_rate: int, feedback: list[Any] | None = None, **more: Any) -> dict[str, Any]:
    common = {"kind": "audio", "mimeType": mime_type, "clockRate": clock_rate, "channels": 1, "rtcpFeedback": feedback or []}
    return common | more


def _multiopus(channels: int, mapping: str, streams: int, coupled: int) -> dict[str, Any]:
    parameters = {"channel_mapping": mapping, "num_streams": streams, "coupled_streams": coupled}
    return _audio("audio/multiopus", 48000, _of_audio, channels=channels, parameters=parameters)


def _video(mime_type: str, **parameters: Any) -> dict[str, Any]:
    named = {name.replace("_", "-"): value for name, value in parameters.items()}
    return {"kind": "video", "mimeType": mime_type, "clockRate": 90000, "parameters": named, "rtcpFeedback": _of_video}


_codecs = [
    _audio("audio/opus", 48000, _of_audio, channels=2),
    _audio("audio/red", 48000, _without_nack, channels=2),
    _multiopus(4, "0,1,2,3", 2, 2),
    _multiopus(6, "0,4,1,2,3,5", 4, 2),
    _multiopus(8, "0,6,1,2,3,4,5,7", 5, 3),
    _audio("audio/PCMU", 8000, _of_audio, preferredPayloadType=0),
    _audio("audio/PCMA", 8000, _of_audio, preferredPayloadType=8),
    _audio("audio/ISAC", 32000, _without_nack),
    _audio("audio/ISAC", 16000, _without_nack),
    _audio("audio/G722", 8000, _without_nack, preferredPayloadType=9),
    _audio("audio/iLBC", 8000, _without_nack),
    *(_audio("audio/SILK", clock_rate, _without_nack) for clock_rate in (24000, 16000, 12000, 8000)),
    _audio("audio/CN", 32000),
    _audio("audio/CN", 16000),
    _audio("audio/CN", 8000, preferredPayloadType=13),
    *(_audio("audio/telephone-event", clock_rate) for clock_rate in (48000, 32000, 16000, 8000)),
    _video("video/VP8"),
    _video("video/VP9"),
    _video("video/H264", level_asymmetry_allowed=1),
    _video("video/H264-SVC", level_asymmetry_allowed=1),
    _video("video/H265"),
    _video("video/AV1"),
]

_both, _audio_only, _video_only = ("audio", "video"), ("audio",), ("video",)
_extensions = [
    ("urn:ietf:params:rtp-hdrext:sdes:mid", 1, "sendrecv", _both),
    ("urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id", 2, "recvonly", _video_only),
    ("urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id", 3, "recvonly", _video_only),
    ("http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time", 4, "sendrecv", _both),
    ("http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01", 5, "sendrecv", _both),
    ("https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension", 8, "sendrecv", _video_only),
    ("http://www.webrtc.org/experiments/rtp-hdrext/video-layers-allocation00", 9, "recvonly", _video_only),
    ("urn:ietf:params:rtp-hdrext:ssrc-audio-level", 10, "sendrecv", _audio_only),
    ("urn:3gpp:video-orientation", 11, "sendrecv", _video_only),
    ("urn:ietf:params:rtp-hdrext:toffset", 12, "sendrecv", _video_only),
    ("http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time", 13, "sendrecv", _both),
    ("http://www.webrtc.org/experiments/rtp-hdrext/playout-delay", 14, "sendrecv", _video_only),
]


def get_supported_rtp_capabilities() -> RtpCapabilities:
    """The codecs that a room can be made with, and the header extensions that it then knows. Each call gives a fresh copy."""
    extensions = [
        {"kind": kind, "uri": uri, "preferredId": id, "direction": direction} for uri, id, direction, kinds in _extensions for kind in kinds
    ]
    return RtpCapabilities.from_json({"codecs": _codecs, "headerExtensions": extensions})
