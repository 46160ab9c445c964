"""control.py [SECONDS]: what a request costs from Python, beside a bare echo over the same kind of socket. Prints JSON; control.js runs
it and shows both."""

from __future__ import annotations

import asyncio
import json
import socket
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import sluice
from sluice._channel.framing import encode_frame
from sluice._wire import tables as wire

seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
in_flight = 1000
frame = encode_frame(wire.Request(id=1, command=wire.GetStats(kind="transport", id="3f2a8c1e-0000-4000-8000-000000000000")))


async def one_by_one(ask: Callable[[], Awaitable[Any]]) -> dict[str, float]:
    times: list[float] = []
    end = time.perf_counter() + seconds
    while (start := time.perf_counter()) < end:
        await ask()
        times.append(time.perf_counter() - start)
    cuts = statistics.quantiles(times, n=100)
    return {"sequential": len(times) / sum(times), "p50": cuts[49] * 1e6, "p99": cuts[98] * 1e6}


async def many_at_once(ask: Callable[[int], Awaitable[Any]]) -> dict[str, float]:
    """`ask` sends so many and awaits all. Requests a second, and what each takes of this process's processor, in µs."""
    count, start, cpu = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() < start + seconds:
        await ask(in_flight)
        count += in_flight
    return {"pipelined": count / (time.perf_counter() - start), "cpu": (time.process_time() - cpu) / count * 1e6}


async def echo() -> dict[str, float]:
    """`cat` at the other end of a socket pair."""
    ours, theirs = socket.socketpair()
    process = await asyncio.create_subprocess_exec("cat", stdin=theirs, stdout=theirs)
    theirs.close()
    reader, writer = await asyncio.open_connection(sock=ours)

    async def ask(count: int = 1) -> None:
        for _ in range(count):
            writer.write(frame)
        await reader.readexactly(len(frame) * count)

    result = {**await one_by_one(ask), **await many_at_once(ask)}
    writer.close()
    await process.wait()
    return result


async def main() -> None:
    results: dict[str, Any] = {"echo": await echo()}
    async with sluice.create_worker(listen=[{"ip": "127.0.0.1"}]) as worker, worker.create_room() as room:
        transport = await room.create_direct_transport()
        for name, call in {"getResourceUsage": worker.get_resource_usage, "transport.getStats": transport.get_stats}.items():

            async def ask(count: int, call: Callable[[], Awaitable[Any]] = call) -> None:
                await asyncio.gather(*(call() for _ in range(count)))

            results[name] = {**await one_by_one(call), **await many_at_once(ask)}

        async def make() -> None:
            (await room.create_direct_transport()).close()

        async def make_many(count: int) -> None:
            await asyncio.gather(*(make() for _ in range(count)))

        results["createDirectTransport, close"] = {**await one_by_one(make), **await many_at_once(make_many)}
    print(json.dumps(results))


asyncio.run(main())
