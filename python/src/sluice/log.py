"""The log lines of all workers, for applications that have a log of their own."""

from __future__ import annotations

from typing import Callable

from .types import LogRecord

#: Each gets a namespace (the tag) and the line.
LogListener = Callable[[str, str], object]
_listeners: dict[str, LogListener | None] = {}


def set_log_event_listeners(
    *, ondebug: LogListener | None = None, onwarn: LogListener | None = None, onerror: LogListener | None = None
) -> None:
    """Hands every worker's log lines to these functions; without an argument, to nobody."""
    _listeners.update(debug=ondebug, warn=onwarn, error=onerror)


def report_log_record(record: LogRecord) -> None:
    listener = _listeners.get(record.level if record.level in ("warn", "error") else "debug")
    if listener is not None:
        listener(record.tag, f"{record.object}: {record.message}" if record.object else record.message)
