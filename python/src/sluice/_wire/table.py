"""The base of all that is generated: checks, JSON, and what two kinds of table do beyond that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Mapping, TypeVar

from .kinds import Field, wrong

if TYPE_CHECKING:
    from typing import Callable

Self = TypeVar("Self", bound="Table")


class Table:
    """A value of the protocol. In JSON its members have the names that browsers and mediasoup-client use: camelCase."""

    __slots__ = ()
    _fields: ClassVar[tuple[Field, ...]] = ()
    _tables: ClassVar[dict[str, type[Table]]] = {}

    @classmethod
    def checked(cls: type[Self], value: object, path: str) -> Self:
        """From an instance, or from a mapping with names as in JSON or as here; members that it does not have are ignored."""
        if isinstance(value, cls):
            given: dict[str, object] = {field.name: getattr(value, field.name) for field in cls._fields}
        elif isinstance(value, Mapping):
            given = {field.name: value.get(field.json, value.get(field.name)) for field in cls._fields}
        else:
            raise wrong(path or "options", "an object", value)
        members = {}
        for field in cls._fields:
            member = given[field.name]
            if member is None and not field.needed:
                continue
            members[field.name] = field.kind.check(member, f"{path}.{field.json}" if path else field.json)
        return _finished(cls(**members))

    @classmethod
    def from_json(cls: type[Self], value: Mapping[str, Any]) -> Self:
        """From parsed JSON, checked. Raises InvalidArgumentError with the path of what is wrong."""
        return cls.checked(value, "")

    def to_json(self) -> dict[str, Any]:
        """For json.dumps. What is None is left out."""
        out = {}
        for field in self._fields:
            value = getattr(self, field.name)
            if value is not None:
                out[field.json] = field.kind.to_json(value)
        return out | extra_json(self)


def _video_has_no_channels(codec: Any) -> None:
    if codec.mime_type[:6].lower() == "video/":
        codec.channels = None
    elif codec.channels is None:
        codec.channels = 1


def _unknown_end_has_no_port(tuple_: Any) -> None:
    if tuple_.remote_ip is None:
        tuple_.remote_port = None


_finishers: dict[str, Callable[[Any], None]] = {
    "RtpCodecCapability": _video_has_no_channels,
    "RtpCodecParameters": _video_has_no_channels,
    "TransportTuple": _unknown_end_has_no_port,
}


def _finished(table: Self) -> Self:
    finish = _finishers.get(type(table).__name__)
    if finish is not None:
        finish(table)
    return table


finished = _finished


def extra_json(table: Any) -> dict[str, Any]:
    """A candidate's address under its older name too, as clients may still read that."""
    return {"ip": table.address} if type(table).__name__ == "IceCandidate" else {}
