"""What a client may send, as one table; and what is wrong with a frame, in a sentence (docs/signaling.md). No state, no sockets."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass, field
from typing import Any, Callable

_max_frame = (256 + 4) * 1024
_max_sdp = 256 * 1024
_absent = object()


class SignalingError(Exception):
    """A refusal that the client is told. The connection stays."""

    def __init__(self, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.code, self.field = code, field


@dataclass
class Field:
    #: Completes "content.x must be …".
    expected: str
    allowed: Callable[[Any], bool]
    #: What an absent field stands for. Without one the field is required.
    absent: Any = _absent


def _is_room(value: Any) -> bool:
    good = isinstance(value, str) and 1 <= len(value) <= 64
    return good and all(unicodedata.category(c)[0] in "LMN" or c in "._~-" for c in value)


def _is_name(value: Any) -> bool:
    text = value.strip() if isinstance(value, str) else ""
    return 1 <= len(text) <= 64 and not any(unicodedata.category(c) == "Cc" for c in text)


def _text(limit: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and len(value) <= limit


def _is_sdp(value: Any) -> bool:
    return isinstance(value, str) and len(value.encode(errors="replace")) <= _max_sdp


def _is_line(value: Any) -> bool:
    return value is None or type(value) is int and 0 <= value <= 0xFFFF


def _flag(absent: Any = _absent) -> Field:
    return Field("a boolean", lambda value: type(value) is bool, absent)


def _description(type_: str) -> dict[str, Field]:
    return {"type": Field(f'"{type_}"', lambda value: value == type_), "sdp": Field("a string of at most 256 KiB", _is_sdp)}


_text_or_null = Field("a string or null", lambda value: value is None or isinstance(value, str), None)

_table: dict[str, dict[str, Field]] = {
    "join": {
        "room": Field('a string of 1 to 64 letters, digits, ".", "_", "~" or "-"', _is_room),
        "name": Field("a string of 1 to 64 characters, none of them a control character", _is_name),
        "audio": _flag(False),
        "video": _flag(False),
        "offers": _flag(False),
        "ortc": Field("false: this server speaks offer and answer only", lambda value: value is False, False),
        "token": Field("a string of at most 8192 characters", _text(8192), ""),
    },
    "resume": {"session": Field("a string of at most 256 characters", _text(256))},
    "leave": {},
    "state": {"audio": _flag(), "video": _flag()},
    "offer": _description("offer"),
    "answer": _description("answer"),
    "candidate": {
        "candidate": Field("a string of at most 4096 characters", _text(4096)),
        "sdpMid": _text_or_null,
        "sdpMLineIndex": Field("an integer from 0 to 65535, or null", _is_line, None),
        "usernameFragment": _text_or_null,
    },
    "ping": {},
    "pong": {},
}


@dataclass
class Envelope:
    """What could be read of a frame, so that even a refusal can be matched to it. What is wrong with it stands in `error`."""

    type: str | None = None
    id: int | None = None
    content: dict[str, Any] = field(default_factory=dict)
    error: SignalingError | None = None


def read_envelope(text: str | None) -> Envelope:
    """None: the frame was binary. Never raises."""
    if text is None:
        return Envelope(error=SignalingError("bad_json", "the frame is binary; messages are text"))
    size = len(text.encode(errors="replace"))
    if size > _max_frame:
        return Envelope(error=SignalingError("message_too_large", f"the frame has {size} bytes, expected at most {_max_frame}"))
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        return Envelope(error=SignalingError("bad_json", f"the frame is not JSON: {error}"))
    if not isinstance(value, dict):
        return Envelope(error=SignalingError("bad_envelope", "a message is an object"))
    type_, content, id_ = value.get("message_type"), value.get("content", {}), value.get("id", _absent)
    good_id = type(id_) is int and 0 <= id_ < 2**53
    envelope = Envelope(type_ if isinstance(type_, str) else None, id_ if good_id else None)
    envelope.content = content if isinstance(content, dict) else {}
    if envelope.type is None:
        envelope.error = SignalingError("bad_envelope", "message_type must be a string")
    elif not isinstance(content, dict):
        envelope.error = SignalingError("bad_envelope", "content must be an object")
    elif id_ is not _absent and not good_id:
        envelope.error = SignalingError("bad_envelope", "id must be an integer from 0 to 2^53 - 1")
    elif envelope.type not in _table:
        envelope.error = SignalingError("unknown_type", f"no client message has the type {json.dumps(envelope.type[:64])}")
    return envelope


def read_content(type_: str, content: dict[str, Any]) -> dict[str, Any]:
    """The fields of a message, absent ones filled in. Raises SignalingError."""
    read: dict[str, Any] = {}
    for name, rule in _table[type_].items():
        if name not in content:
            if rule.absent is _absent:
                raise SignalingError("missing_field", f"{type_} needs content.{name}, {rule.expected}", name)
            read[name] = rule.absent
        elif not rule.allowed(content[name]):
            raise SignalingError("bad_field", f"{type_}: content.{name} must be {rule.expected}", name)
        else:
            read[name] = content[name].strip() if name == "name" else content[name]
    if type_ == "candidate" and read["candidate"] and read["sdpMid"] is None and read["sdpMLineIndex"] is None:
        raise SignalingError("missing_field", "candidate needs content.sdpMid, a string, or content.sdpMLineIndex, an integer", "sdpMid")
    return read
