"""The media workers, supervised. One that dies is told of and replaced; what was in it is gone."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import sluice

#: What the conference routes: the first of a kind is what browsers will use.
media_codecs = [
    {"kind": "audio", "mimeType": "audio/opus", "clockRate": 48000, "channels": 2},
    {"kind": "video", "mimeType": "video/VP8", "clockRate": 90000},
]


class WorkerPool:
    def __init__(self, count: int, settings: dict[str, Any]) -> None:
        self.count, self._settings = count, settings
        self.workers: list[sluice.Worker] = []
        self._next = 0
        self._changed = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        await asyncio.gather(*(self._add() for _ in range(self.count)))

    async def create_room(self) -> sluice.Room:
        """In each worker in its turn; waits a moment when none is running."""
        async with self._changed:
            await asyncio.wait_for(self._changed.wait_for(lambda: self.workers), 5)
        self._next += 1
        return await self.workers[self._next % len(self.workers)].create_room(media_codecs=media_codecs)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        for worker in self.workers:
            worker.close()
        await asyncio.gather(*(worker.wait_closed() for worker in self.workers))

    async def _add(self) -> None:
        worker = await sluice.create_worker(**self._settings)
        worker.on("died", lambda error: self._died(worker, error))
        self.workers.append(worker)
        async with self._changed:
            self._changed.notify_all()

    def _died(self, worker: sluice.Worker, error: Exception) -> None:
        logging.error("%s; starting another", error)
        self.workers.remove(worker)
        task = asyncio.get_running_loop().create_task(self._replace())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _replace(self) -> None:
        delay = 0.0
        while True:
            await asyncio.sleep(delay)
            try:
                return await self._add()
            except sluice.WorkerStartError as error:
                logging.error("%s", error)
                delay = min(5.0, max(0.1, delay * 2))
