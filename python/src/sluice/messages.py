"""Messages of data channels and packets, as the wire carries them."""

from __future__ import annotations

from ._wire.kinds import wrong

_string_empty, _string, _binary_empty, _binary = 56, 51, 57, 53


def message_to_wire(message: object, ppid: object) -> tuple[bytes, int]:
    """What the application sends, as SCTP carries it: an empty message is one byte of another kind (RFC 8831 §6.6)."""
    if isinstance(message, str):
        data = message.encode()
        kind = _string if data else _string_empty
    elif isinstance(message, (bytes, bytearray, memoryview)):
        data = bytes(message)
        kind = _binary if data else _binary_empty
    else:
        raise wrong("message", "a string or bytes", message)
    if ppid is not None:
        if type(ppid) is not int or ppid not in (_string, _binary, _string_empty, _binary_empty):
            raise wrong("ppid", "51, 53, 56 or 57", ppid)
        kind = ppid
    if kind in (_string_empty, _binary_empty) or not data:
        data = b"\0"
    return data, kind


def message_from_wire(payload: bytes, ppid: int) -> bytes:
    """Empty where the kind says so."""
    return b"" if ppid in (_string_empty, _binary_empty) else payload


def packet_bytes(packet: object, path: str) -> bytes:
    """An RTP packet or an RTCP compound."""
    if not isinstance(packet, (bytes, bytearray, memoryview)) or len(packet) == 0:
        raise wrong(path, "bytes that are not empty", packet if isinstance(packet, str) else None)
    return bytes(packet)
