"""Workers that do not start, or go mad: one clear error each."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

import sluice

fake = str(Path(__file__).parent / "fake_worker.py")


async def start_fake(way: str, monkeypatch: pytest.MonkeyPatch) -> sluice.Worker:
    monkeypatch.setenv("SLUICE_FAKE", way)
    return await sluice.create_worker(worker_bin=fake)


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


async def test_a_missing_binary_names_the_three_ways(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SLUICE_WORKER_BIN", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys.modules["sluice.worker_bin"], "__file__", str(tmp_path / "site-packages/sluice/worker_bin.py"))
    with pytest.raises(sluice.WorkerStartError, match="set SLUICE_WORKER_BIN, build it .* or put it on the PATH"):
        await sluice.create_worker()


async def test_a_file_that_may_not_be_run_is_one_clear_error() -> None:
    with pytest.raises(sluice.WorkerStartError, match="^cannot run .*: Permission denied$"):
        await sluice.create_worker(worker_bin=__file__)


async def test_an_occupied_port_is_named() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(sluice.WorkerStartError, match=rf"^the worker cannot start: .*127\.0\.0\.1:{port}.*in use") as caught:
            await sluice.create_worker(listen=[sluice.ListenAddress(ip="127.0.0.1", port=port)])
    assert "\n" not in str(caught.value)


async def test_another_protocol_version_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(sluice.VersionMismatchError, match=r"fake-worker 9\.9\.9.*protocol 2.*speaks 1"):
        await start_fake("version", monkeypatch)


@pytest.mark.timeout(5)
@pytest.mark.parametrize("way", ["garbage", "huge", "noIdentifier", "looping", "noHello"])
async def test_something_that_is_no_worker_is_refused(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(sluice.WorkerStartError, match="is no sluice-worker: ") as caught:
        await start_fake(way, monkeypatch)
    assert isinstance(caught.value.__cause__, sluice.MalformedFrameError)


@pytest.mark.parametrize(
    "way, message",
    [
        ("failure", "the worker cannot start: the moon is in the way"),
        ("stderr", "the worker cannot start: no such thing as a free port"),
        ("exit", f"{fake} ended at once (exit code 7)"),
    ],
)
async def test_a_worker_that_gives_up_at_once_is_one_clear_error(way: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(sluice.WorkerStartError) as caught:
        await start_fake(way, monkeypatch)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "way, reason",
    [
        ("garbageLater", "malformed frame"),
        ("wrongReply", "holds PeerReply, expected DumpReply"),
        ("unasked", "response to request 77, which was not asked"),
    ],
)
async def test_a_worker_that_goes_mad_is_ended(way: str, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = await start_fake(way, monkeypatch)
    died = asyncio.ensure_future(worker.wait_for("died", 5))
    with pytest.raises((sluice.WorkerClosedError, sluice.MalformedFrameError), match=reason):
        await worker.dump()
    (error,) = await died
    assert isinstance(error, sluice.WorkerDiedError)
    assert reason in str(error)
    await worker.wait_closed()
    assert is_gone(worker.pid)


async def test_the_exit_code_of_a_worker_that_ends_by_itself_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = await start_fake("endLater", monkeypatch)
    died = asyncio.ensure_future(worker.wait_for("died", 5))
    with pytest.raises(sluice.WorkerClosedError):
        await worker.dump()
    (error,) = await died
    assert (error.code, error.signal) == (3, None)


async def test_a_worker_that_ends_its_channel_but_not_itself_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = await start_fake("hang", monkeypatch)
    died = asyncio.ensure_future(worker.wait_for("died", 5))
    with pytest.raises(sluice.WorkerClosedError):
        await worker.dump()
    assert (await died)[0].signal == "SIGKILL"


async def test_a_start_that_is_cancelled_leaves_no_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Cancelled while it waits for a Hello that does not come."""
    pid_file = tmp_path / "pid"
    silent = tmp_path / "silent"
    silent.write_text(f"#!/bin/sh\necho $$ >{pid_file}\nexec sleep 60\n")
    silent.chmod(0o755)
    starting = asyncio.ensure_future(sluice.create_worker(worker_bin=str(silent)))
    while not (pid_file.exists() and pid_file.read_text().strip()):
        await asyncio.sleep(0.01)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    for _ in range(100):
        if is_gone(int(pid_file.read_text())):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the process is still there")


@pytest.mark.parametrize("way", ["exits", "is killed", "raises"])
def test_no_worker_is_left_behind_when_the_controller_ends(way: str) -> None:
    program = (
        "import asyncio, os, sluice\n"
        "async def main():\n"
        "    worker = await sluice.create_worker(listen=[{'ip': '127.0.0.1'}])\n"
        "    room = await worker.create_room()\n"
        "    print(worker.pid, flush=True)\n"
        f"    {dict(exits='os._exit(0)', raises='raise SystemExit(3)').get(way, 'await asyncio.sleep(60)')}\n"
        "asyncio.run(main())\n"
    )
    controller = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert controller.stdout is not None
    pid = int(controller.stdout.readline())
    if way == "is killed":
        controller.send_signal(signal.SIGKILL)
    controller.wait(10)
    for _ in range(250):
        if is_gone(pid):
            return
        time.sleep(0.02)
    raise AssertionError(f"worker {pid} is still there")
