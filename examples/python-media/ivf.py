"""IVF files: a header of 32 bytes, then frames, each with its size (4 bytes) and its time (8 bytes, in units of the header's)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

_header = struct.Struct("<4sHH4sHHIIII")
_frame = struct.Struct("<IQ")


class IvfWriter:
    """VP8, with times in ms. Width, height and the duration are written at the end."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._file.write(bytes(_header.size))
        self.frames = 0
        self._size = (0, 0)
        self._end = 0

    def write(self, frame: bytes, time_ms: int) -> None:
        if frame[0] & 1 == 0:  # a key frame (RFC 6386 §9.1)
            width, height = struct.unpack_from("<HH", frame, 6)
            self._size = (width & 0x3FFF, height & 0x3FFF)
        self._file.write(_frame.pack(len(frame), time_ms) + frame)
        self.frames += 1
        self._end = time_ms + time_ms // max(1, self.frames - 1)  # the last lasts as long as the others

    def __enter__(self) -> IvfWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.seek(0)
        self._file.write(_header.pack(b"DKIF", 0, _header.size, b"VP80", *self._size, 1000, 1, self._end, 0))
        self._file.close()


def read_ivf(path: Path) -> Iterator[tuple[bytes, float]]:
    """Frames of VP8, and when each is due: seconds."""
    data = path.read_bytes()
    magic, _, header_size, codec, _, _, rate, scale, _, _ = _header.unpack_from(data)
    if magic != b"DKIF" or codec != b"VP80":
        raise ValueError(f"{path} is no IVF file of VP8")
    at = header_size
    while at + _frame.size <= len(data):
        size, time = _frame.unpack_from(data, at)
        at += _frame.size
        yield data[at : at + size], time * scale / rate
        at += size
