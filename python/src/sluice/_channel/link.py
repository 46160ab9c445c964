"""What every object of a worker shares: the way to ask, and the addresses that notifications go to. One a worker."""

from __future__ import annotations

from typing import Callable, Protocol, TypeVar

from .._wire import tables as wire
from .._wire.table import Table
from ..errors import LimitExceededError
from .channel import Channel

#: Bytes of requests that may wait for the worker to read them before send() refuses more.
_max_backlog = 16 << 20

T = TypeVar("T")


class Target(Protocol):
    """Something that events of the worker are about."""

    def _handle_event(self, event: Table) -> None: ...


def _address_member(cls: type[Table]) -> str:
    """Which member of an event names the object that it goes to: its transport where that made something, else its own."""
    names = [field.name for field in cls._fields]
    if cls.__name__.endswith("Created") and cls is not wire.PeerTransportCreated:
        return "transport_id"
    return "id" if "id" in names else names[0]


_addressees = {Table._tables[name]: _address_member(Table._tables[name]) for name in wire._Event.names}


class Link:
    channel: Channel

    def __init__(self, on_log_record: Callable[[wire.LogRecord], None]) -> None:
        self._on_log_record = on_log_record
        self._targets: dict[str, Target] = {}

    def on_notification(self, event: Table) -> None:
        if isinstance(event, wire.LogRecord):
            self._on_log_record(event)
            return
        # An event of an object that was just closed here finds nobody.
        target = self._targets.get(getattr(event, _addressees[type(event)]))
        if target is not None:
            target._handle_event(event)

    @property
    def closed(self) -> bool:
        """The worker is gone, or about to be."""
        return self.channel.closed

    def tell(self, command: Table) -> None:
        self.channel.tell(command)

    def send(self, command: Table) -> None:
        """Messages and packets, whose outcome the worker's statistics tell. Raises when too much waits to be written already."""
        backlog = self.channel.backlog
        if backlog > _max_backlog:
            raise LimitExceededError(f"{backlog} bytes wait for the worker, which does not read as fast as is sent")
        self.tell(command)

    def register(self, id: str, target: Target) -> None:
        self._targets[id] = target

    def unregister(self, id: str) -> None:
        self._targets.pop(id, None)

    def find(self, id: str, kind: type[T]) -> T | None:
        """The object with this id, when it is one of this class."""
        target = self._targets.get(id)
        return target if isinstance(target, kind) else None
