"""VP8 in RTP (RFC 7741): frames to packets and back."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_most_payload = 1100


@dataclass
class Packet:
    """What is needed of an RTP packet (RFC 3550 §5.1)."""

    marker: bool
    sequence_number: int
    timestamp: int
    payload: bytes


def parse_rtp(packet: bytes) -> Packet:
    first, second, number, timestamp, _ = struct.unpack_from("!BBHII", packet)
    at = 12 + 4 * (first & 0x0F)
    if first & 0x10:  # a header extension
        at += 4 + 4 * struct.unpack_from("!H", packet, at + 2)[0]
    end = len(packet) - (packet[-1] if first & 0x20 else 0)
    return Packet(bool(second & 0x80), number, timestamp, packet[at:end])


class Packetizer:
    def __init__(self, ssrc: int, payload_type: int) -> None:
        self._ssrc, self._payload_type = ssrc, payload_type
        self._number = 0

    def packets(self, frame: bytes, timestamp: int) -> Iterator[bytes]:
        for at in range(0, len(frame), _most_payload):
            last = at + _most_payload >= len(frame)
            second = self._payload_type | (0x80 if last else 0)
            header = struct.pack("!BBHII", 0x80, second, self._number & 0xFFFF, timestamp & 0xFFFFFFFF, self._ssrc)
            # RFC 7741 §4.2: S on the first packet of the frame, which is all of one partition here.
            yield header + (b"\x10" if at == 0 else b"\x00") + frame[at : at + _most_payload]
            self._number += 1


class Depacketizer:
    """Whole frames only, the first of them a key frame; what a lost packet leaves undecodable is left out until the next one."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._next: int | None = None
        self._waits_for_key = True

    def push(self, packet: Packet) -> bytes | None:
        """The frame that this packet completes, if it does."""
        if not packet.payload:
            return None
        if self._next is not None and packet.sequence_number != self._next:
            self._parts, self._waits_for_key = [], True
        self._next = packet.sequence_number + 1 & 0xFFFF
        starts, payload = _without_descriptor(packet.payload)
        if starts:
            self._parts = []
        elif not self._parts:
            return None  # its beginning was lost
        self._parts.append(payload)
        if not packet.marker:
            return None
        frame, self._parts = b"".join(self._parts), []
        is_key = frame[0] & 1 == 0
        if self._waits_for_key and not is_key:
            return None
        self._waits_for_key = False
        return frame


def _without_descriptor(payload: bytes) -> tuple[bool, bytes]:
    """Whether a frame begins here, and what follows the payload descriptor (RFC 7741 §4.2)."""
    first, at = payload[0], 1
    if first & 0x80:
        extension = payload[at]
        at += 1
        if extension & 0x80:  # a picture ID of one byte or two
            at += 2 if payload[at] & 0x80 else 1
        at += bool(extension & 0x40) + bool(extension & 0x30)
    return bool(first & 0x10) and first & 0x0F == 0, payload[at:]
