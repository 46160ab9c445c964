"""Frames of the control channel: a little-endian 32-bit size, then that many bytes of a flatbuffer with the identifier "SLCE".

0       4           8         12
+-------+-----------+---------+-----
| size  | root table| "SLCE"  | ...      size counts what follows it
+-------+-----------+---------+-----
"""

from __future__ import annotations

import struct
from typing import Union

from .._wire import tables as wire
from .._wire.decode import Decoder
from .._wire.encode import Encoder
from ..errors import MalformedFrameError

#: Twin of kProtocolVersion in worker/control/protocol.h.
protocol_version = 1

_prefix_size = 4
#: Twin of kMaxFrameSize.
max_frame_size = 4 << 20
_min_frame_size = 8
_identifier = b"SLCE"

Body = Union[wire.Hello, wire.Request, wire.Response, wire.Notification, wire.Failure]


def encode_frame(body: Body) -> bytes:
    """Raises MalformedFrameError when the frame would be longer than the other side takes."""
    encoder = Encoder()
    encoder.out += bytes(8) + _identifier
    root = encoder.table(wire.Frame(body=body))
    size = len(encoder.out) - _prefix_size
    if size > max_frame_size:
        raise MalformedFrameError(f"the request takes {size} bytes, expected at most {max_frame_size}")
    struct.pack_into("<II", encoder.out, 0, size, root - _prefix_size)
    return bytes(encoder.out)


def decode_frame(frame: bytes) -> Body:
    """`frame`: one with its prefix. Raises MalformedFrameError."""
    try:
        if frame[8:12] != _identifier:
            raise ValueError("no frame of the control protocol (its identifier is missing)")
        decoder = Decoder(frame)
        body: Body | None = decoder.table(wire.Frame, decoder.follow(_prefix_size)).body
        if body is None:
            raise ValueError("no body, or one of unknown type")
        return body
    except struct.error:
        raise MalformedFrameError("malformed frame: offsets or sizes point outside the frame") from None
    except (ValueError, IndexError, KeyError, TypeError, AttributeError) as error:
        raise MalformedFrameError(f"malformed frame: {error}") from None


class Deframer:
    """Cuts a stream into frames."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._at = 0

    @property
    def idle(self) -> bool:
        """Between frames: the stream may end here."""
        return self._at == len(self._waiting)

    def push(self, chunk: bytes) -> None:
        if self._at:
            del self._waiting[: self._at]
            self._at = 0
        self._waiting += chunk

    def next(self) -> bytes | None:
        """The next whole frame with its prefix. Raises MalformedFrameError."""
        if len(self._waiting) - self._at < _prefix_size:
            return None
        size = struct.unpack_from("<I", self._waiting, self._at)[0]
        if not _min_frame_size <= size <= max_frame_size:
            raise MalformedFrameError(f"malformed frame: its prefix announces {size} bytes, expected {_min_frame_size} to {max_frame_size}")
        end = self._at + _prefix_size + size
        if len(self._waiting) < end:
            return None
        frame = bytes(self._waiting[self._at : end])
        self._at = end
        return frame
