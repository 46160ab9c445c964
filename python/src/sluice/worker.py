from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, Literal, Sequence, get_args

from ._channel.channel import Channel
from ._channel.link import Link
from ._wire import tables as wire
from .creation import creates
from .errors import InvalidStateError, SluiceError, WorkerDiedError
from .events import EventEmitter
from .log import report_log_record
from .remote_object import AppData, parsed
from .room import Room, create_room
from .types import Json, ListenAddress, RtpCodecCapability, WorkerLogLevel, WorkerLogTag, WorkerResourceUsage, WorkerStat
from .worker_bin import need_worker_bin
from .worker_process import Output, start_worker
from .worker_settings import worker_arguments

WorkerEvents = Literal["died", "subprocessclose", "log"]
WorkerObserverEvents = Literal["close", "newroom", "newrouter"]

#: Seconds that the process may take to end by itself after close().
_grace = 2.0
#: Seconds after the end of its channel that the process may take to end, so that its exit code can be told.
_exit_code = 0.5


class Worker(EventEmitter[WorkerEvents]):
    """A media process: one thread, for one core. Made by create_worker(). `async with` closes it and waits for its end.

    died             (WorkerDiedError) it ended by itself. All its rooms are closed; start another
    subprocessclose  its process is gone, whoever ended it
    log              (LogRecord) a line of its log, which goes to stderr too
    """

    EVENTS = get_args(WorkerEvents)
    OBSERVER_EVENTS = get_args(WorkerObserverEvents)

    def __init__(self, app_data: AppData | None, log_tags: Sequence[WorkerLogTag]) -> None:
        super().__init__(self.EVENTS)
        #: Yours.
        self.app_data: AppData = {} if app_data is None else app_data
        self._observer: EventEmitter[WorkerObserverEvents] = EventEmitter(self.OBSERVER_EVENTS)
        self._link = Link(self._logged)
        self._channel = self._link.channel = Channel(self._link.on_notification, self._channel_closed)
        self._rooms: set[Room] = set()
        self._log_tags = list(log_tags)
        self._reason: SluiceError | None = None
        self._closed = self._died = self._subprocess_closed = False
        self._process: asyncio.subprocess.Process | None = None
        self._gone = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        """Process id."""
        assert self._process is not None
        return self._process.pid

    @property
    def observer(self) -> EventEmitter[WorkerObserverEvents]:
        return self._observer

    @property
    def closed(self) -> bool:
        return self._closed

    @property
    def died(self) -> bool:
        """It ended by itself."""
        return self._died

    @property
    def subprocess_closed(self) -> bool:
        """Its process is gone."""
        return self._subprocess_closed

    def close(self) -> None:
        """Closes all its rooms and ends its process. `subprocessclose` and wait_closed() tell when it is gone."""
        if self._closed:
            return
        self._end()
        self._channel.close()
        self._kill_after(_grace)

    async def wait_closed(self) -> None:
        """Until its process is gone."""
        await self._gone.wait()

    async def dump(self) -> dict[str, Any]:
        """Everything the worker knows about itself; for people, not for programs."""
        self._check_open()
        return await self._channel.request(wire.Dump(kind="worker"), wire.DumpReply, lambda reply: parsed(reply.json))

    async def get_stats(self) -> WorkerStat:
        """What all rooms add up to, and how the process fares: one request, however much there is."""
        self._check_open()

        def then(reply: wire.StatsReply) -> WorkerStat:
            return reply.worker or WorkerStat()

        return await self._channel.request(wire.GetStats(kind="worker"), wire.StatsReply, then)

    async def get_resource_usage(self) -> WorkerResourceUsage:
        self._check_open()
        return await self._channel.request(wire.GetResourceUsage(), wire.ResourceUsageReply, lambda reply: reply)

    async def update_settings(self, *, log_level: WorkerLogLevel | None = None, log_tags: Sequence[WorkerLogTag] | None = None) -> None:
        """Changes what is given."""
        tags = self._log_tags if log_tags is None else log_tags
        command = wire.UpdateSettings.checked({"log_level": log_level, "log_tags": tags}, "")
        self._check_open()

        def then(_: wire.Done) -> None:
            self._log_tags = list(tags)

        await self._channel.request(command, wire.Done, then)

    @creates
    async def create_room(self, *, media_codecs: Sequence[RtpCodecCapability | Json] = (), app_data: AppData | None = None) -> Room:
        """`media_codecs`: those that the room routes, the preferred first."""
        self._check_open()
        return await create_room(self._link, media_codecs, app_data, self._adopt)

    @creates
    async def create_router(self, *, media_codecs: Sequence[RtpCodecCapability | Json] = (), app_data: AppData | None = None) -> Room:
        """create_room under mediasoup's name."""
        return await self.create_room(media_codecs=media_codecs, app_data=app_data)

    async def __aenter__(self) -> Worker:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._leave()

    async def _leave(self) -> None:
        self.close()
        await self.wait_closed()

    async def _start(self, bin: str, arguments: list[str]) -> None:
        self._process, output = await start_worker(bin, arguments, self._channel)
        self._watching = asyncio.get_running_loop().create_task(self._watch(self._process, output))

    async def _watch(self, process: asyncio.subprocess.Process, output: Output) -> None:
        returncode = await process.wait()
        self._exited(returncode)
        await output.task
        self._subprocess_closed = True
        self._gone.set()
        self._emit("subprocessclose")
        self._end_streams()

    def _adopt(self, room: Room) -> None:
        self._check_open()
        self._rooms.add(room)
        room.observer.once("close", lambda: self._rooms.discard(room))
        self._observer._emit("newroom", room)
        self._observer._emit("newrouter", room)

    def _check_open(self) -> None:
        if self._closed:
            raise InvalidStateError("this worker is closed")

    def _end(self) -> None:
        self._closed = True
        for room in list(self._rooms):
            room._end("workerclose")
        self._observer._emit("close")
        self._observer._end_streams()

    def _channel_closed(self, reason: SluiceError | None) -> None:
        """When we did not ask for it, the process is about to end; if it does not, it has lost its mind."""
        self._reason = reason
        if not self._closed:
            self._kill_after(_exit_code)

    def _kill_after(self, seconds: float) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return

        def kill() -> None:
            if process.returncode is None:
                process.kill()

        asyncio.get_running_loop().call_later(seconds, kill)

    def _exited(self, returncode: int) -> None:
        reason = self._reason
        self._channel.connection_lost(None)  # what it had said before is heard first
        if self._closed:
            return
        self._died = True
        error = WorkerDiedError.of(self.pid, returncode, None if reason is None else str(reason))
        self._end()
        self._emit("died", error)

    def _logged(self, record: wire.LogRecord) -> None:
        self._emit("log", record)
        report_log_record(record)


@creates
async def create_worker(
    *,
    log_level: WorkerLogLevel = "error",
    log_tags: Sequence[WorkerLogTag] = (),
    rtc_min_port: int | None = None,
    rtc_max_port: int | None = None,
    listen: Sequence[ListenAddress | Json] = (),
    announced_address: str | None = None,
    dtls_certificate_file: str | None = None,
    dtls_private_key_file: str | None = None,
    worker_bin: str | None = None,
    app_data: AppData | None = None,
) -> Worker:
    """Starts a worker. Raises one clear WorkerStartError when it cannot start.

    log_tags           what debug lines are about
    rtc_min_port, rtc_max_port   10000 and 59999 by default
    listen             default: every address of the machine, loopback included, by UDP
    announced_address  for every address of `listen` without its own
    dtls_certificate_file, dtls_private_key_file   PEM. By default a certificate is made at start. Both files or neither
    worker_bin         path of the executable; else SLUICE_WORKER_BIN, a built checkout, the PATH
    """
    arguments = worker_arguments(dict(locals()))
    worker = Worker(app_data, log_tags)
    await worker._start(worker_bin if worker_bin is not None else need_worker_bin(), arguments)
    observer._emit("newworker", worker)
    return worker


#: Tells of every worker that is made: `newworker` (Worker).
observer: EventEmitter[Literal["newworker"]] = EventEmitter(("newworker",))
