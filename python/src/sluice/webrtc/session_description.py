from __future__ import annotations

from dataclasses import dataclass

from .._wire.kinds import wrong
from ..types import Json, SdpType, SessionDescription


@dataclass(frozen=True, slots=True)
class RTCSessionDescription:
    """An offer or an answer (W3C WebRTC §4.6.2). Does not change. Takes `{"type": …, "sdp": …}` by from_json()."""

    type: SdpType
    sdp: str = ""

    def __post_init__(self) -> None:
        SessionDescription.from_json({"type": self.type, "sdp": self.sdp})

    @classmethod
    def from_json(cls, value: SessionDescription | Json) -> RTCSessionDescription:
        """Raises InvalidArgumentError for anything but `{ type, sdp }`. A `rollback` needs no `sdp`."""
        checked = SessionDescription.checked(value, "")
        if not isinstance(value, SessionDescription) and value.get("sdp") is None and checked.type != "rollback":
            raise wrong("sdp", "a string beside type", None)
        return cls(checked.type, checked.sdp)

    def to_json(self) -> dict[str, str]:
        return {"type": self.type, "sdp": self.sdp}
