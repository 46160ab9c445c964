"""What can go wrong, typed. All of it is a SluiceError; a bad argument is a ValueError too."""

from __future__ import annotations

import re
import signal as signals


def _snake(path: str) -> str:
    """`rtpParameters.codecs[0].mimeType` as it is called here: `rtp_parameters.codecs[0].mime_type`."""
    if not re.fullmatch(r"[\w.\[\]]*", path):
        return path  # a line of SDP, say
    path = path.replace("IPv", "Ipv").replace("MLine", "_mLine")
    return re.sub(r"(?<=[a-z0-9])([A-Z])(?=[a-zA-Z]|$)", lambda match: "_" + match.group(1).lower(), path)


class SluiceError(Exception):
    """Base of all that this package raises."""


class InvalidArgumentError(SluiceError, ValueError):
    """A bad argument. `field` is its path: `rtp_parameters.codecs[0].mime_type`."""

    def __init__(self, field: str, problem: str) -> None:
        self.field = _snake(field)
        super().__init__(f"{self.field}: {problem}" if field else problem)


class RequestError(SluiceError):
    """Base of what a worker refuses for another reason than a bad argument. `field` may be empty."""

    def __init__(self, message: str, field: str = "") -> None:
        self.field = _snake(field)
        super().__init__(f"{self.field}: {message}" if field else message)


class UnsupportedError(RequestError):
    """Well-formed, but the worker does not know it, or the two sides have no common ground."""


class NotFoundError(RequestError):
    """No object has this id."""


class AlreadyExistsError(RequestError):
    """The id or name is taken."""


class InvalidStateError(RequestError):
    """Not possible in the state the object is in: closed, or in the midst of another negotiation."""


class LimitExceededError(RequestError):
    """A limit on what can grow was reached."""


class InternalError(RequestError):
    """A failure of a library or of the system under the worker, not of the request."""


class WorkerClosedError(SluiceError):
    """The worker is closed or died: requests that were under way raise this, and so do later ones."""


class WorkerStartError(SluiceError):
    """The worker could not be started; the message is one sentence that says why."""


class VersionMismatchError(WorkerStartError):
    """The worker speaks another version of the control protocol."""


class MalformedFrameError(SluiceError):
    """What came through the control channel is not the protocol."""


class WorkerDiedError(SluiceError):
    """The argument of `died`: how the worker's process ended."""

    def __init__(self, pid: int, code: int | None, signal: str | None, reason: str | None = None) -> None:
        #: Process id that it had.
        self.pid = pid
        #: Exit code, or None when a signal ended it.
        self.code = code
        #: Name of the signal, or None when it exited.
        self.signal = signal
        how = f"exit code {code}" if signal is None else f"signal {signal}"
        super().__init__(f"the worker process {pid} died ({how})" + (f": {reason}" if reason else ""))

    @classmethod
    def of(cls, pid: int, returncode: int, reason: str | None) -> WorkerDiedError:
        """As subprocess tells it: a negative code is a signal."""
        if returncode >= 0:
            return cls(pid, returncode, None, reason)
        try:
            name = signals.Signals(-returncode).name
        except ValueError:
            name = str(-returncode)
        return cls(pid, None, name, reason)


_refusals: dict[str, type[RequestError]] = {
    "not_found": NotFoundError,
    "already_exists": AlreadyExistsError,
    "invalid_state": InvalidStateError,
    "unsupported": UnsupportedError,
    "limit_exceeded": LimitExceededError,
    "internal": InternalError,
}


def refusal(code: str, field: str, message: str) -> SluiceError:
    """A refusal on the wire as the error that a caller gets."""
    if code == "invalid_argument":
        return InvalidArgumentError(field, message)
    return _refusals.get(code, InternalError)(message, field)
