"""Starts a worker's process and waits until it is ready; one clear error when it never is."""

from __future__ import annotations

import asyncio
import os
import socket
import sys

from ._channel.channel import Channel
from .errors import SluiceError, VersionMismatchError, WorkerClosedError, WorkerStartError

_start_timeout = 10.0
_kept_output = 4096


class Output:
    """Keeps what the process writes to stderr until forward(), which lets it through to ours."""

    def __init__(self, stream: asyncio.StreamReader) -> None:
        self._kept = b""
        self._forwarding = False
        self.task = asyncio.get_running_loop().create_task(self._read(stream))

    @property
    def last_line(self) -> str:
        lines = self._kept.decode("utf-8", "replace").strip().splitlines()
        return lines[-1].removeprefix("sluice-worker: ") if lines else ""

    def forward(self) -> None:
        self._forwarding = True
        self._write(self._kept)

    async def _read(self, stream: asyncio.StreamReader) -> None:
        while chunk := await stream.read(65536):
            if self._forwarding:
                self._write(chunk)
            else:
                self._kept = (self._kept + chunk)[-_kept_output:]

    @staticmethod
    def _write(chunk: bytes) -> None:
        sys.stderr.write(chunk.decode("utf-8", "replace"))
        sys.stderr.flush()


async def start_worker(bin: str, arguments: list[str], channel: Channel) -> tuple[asyncio.subprocess.Process, Output]:
    """Raises WorkerStartError or VersionMismatchError; no process is left behind then, nor when it is cancelled."""
    ours, theirs = socket.socketpair()
    try:
        process = await asyncio.create_subprocess_exec(
            bin,
            f"--control-fd={theirs.fileno()}",
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            pass_fds=(theirs.fileno(),),
        )
    except (OSError, ValueError) as error:
        ours.close()
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
        raise WorkerStartError(f"cannot run {bin}: {reason}") from None
    except asyncio.CancelledError:
        ours.close()
        raise
    finally:
        theirs.close()
    assert process.stderr is not None
    output = Output(process.stderr)
    try:
        await asyncio.get_running_loop().create_connection(lambda: channel, sock=ours)
        await asyncio.wait_for(asyncio.shield(channel.opened), _start_timeout)
        output.forward()
        return process, output
    except asyncio.TimeoutError:
        await _end(process, output, channel)
        raise WorkerStartError(f"{bin} did not answer within {_start_timeout:g} s") from None
    except asyncio.CancelledError:
        channel.close()
        _kill(process)
        raise
    except SluiceError as error:
        # It may have ended by itself, and its exit code then says more than our SIGKILL.
        await _end(process, output, channel, patience=0.5 if isinstance(error, WorkerClosedError) else 0)
        raise _start_error(bin, error, process.returncode or 0, output.last_line) from error


async def _end(process: asyncio.subprocess.Process, output: Output, channel: Channel, patience: float = 0) -> None:
    channel.close()
    if patience:
        try:
            await asyncio.wait_for(process.wait(), patience)
        except asyncio.TimeoutError:
            pass
    _kill(process)
    await process.wait()
    await output.task


def _kill(process: asyncio.subprocess.Process) -> None:
    try:
        process.kill()
    except ProcessLookupError:
        pass


def _start_error(bin: str, error: SluiceError, code: int, line: str) -> SluiceError:
    if isinstance(error, VersionMismatchError):
        return error
    if isinstance(error, WorkerStartError):
        return WorkerStartError(f"the worker cannot start: {error}")
    # The channel ended without a word on it; what was written to stderr says more than that.
    if line:
        return WorkerStartError(f"the worker cannot start: {line}")
    if not isinstance(error, WorkerClosedError):
        return WorkerStartError(f"{bin} is no sluice-worker: {error}")
    how = f"exit code {code}" if code >= 0 else f"signal {-code}"
    return WorkerStartError(f"{bin} ended at once ({how})")
