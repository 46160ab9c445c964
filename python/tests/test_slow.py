"""A controller that does not read: what the worker has to tell is bounded, what does not fit is dropped and counted, and life goes on."""

from __future__ import annotations

import asyncio
import subprocess
import sys

from conftest import root, values

import sluice


async def test_a_controller_that_does_not_read_loses_packets_and_nothing_else() -> None:
    async with sluice.create_worker(listen=values["local"]) as worker, worker.create_room(media_codecs=values["mediaCodecs"]) as room:
        source = await room.create_plain_transport(comedia=True)
        producer = await source.produce(kind="video", rtp_parameters=values["video"])
        direct = await room.create_direct_transport()
        consumer = await direct.consume(producer_id=producer.id, rtp_capabilities=room.rtp_capabilities)
        heard: list[bytes] = []
        consumer.on("rtp", heard.append)
        stream = consumer.events("rtp", maxsize=100)
        # This blocks the event loop for as long as the flood takes.
        flood = [sys.executable, str(root / "test/conformance/flood.py"), str(source.tuple.local_port), "22222222", "112", "30000"]
        subprocess.run(flood, check=True, timeout=20)
        received = (await producer.get_stats())[0].packet_count
        dump = await asyncio.wait_for(worker.dump(), 2)
        dropped = (await consumer.explain())["dropped"]
        waiting = (await direct.get_stats())[0].dropped
        print(f"{received} packets came in, {len(heard)} were heard, dropped: {dropped} {waiting}")
        assert received > 20_000, "the flood was too thin"
        assert 1_000 < len(heard) < received
        assert sum(dropped.values()) + sum(waiting.values()) + len(heard) >= received
        assert dump["process"]["pid"] == worker.pid
        assert stream.dropped == len(heard) - 100, "a stream that nobody reads keeps the newest"
        assert not worker.closed
