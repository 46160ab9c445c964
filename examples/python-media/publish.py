#!/usr/bin/env python3
"""publish.py IN.ivf OUT.ivf: publishes a file into a room, by a direct transport, as a participant; and records beside it what the
others in the room would get."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from ivf import read_ivf
from record import payload_type, record, sent, ssrc, vp8
from vp8 import Packetizer

from sluice import Producer, Room, create_worker


async def publish(producer: Producer, path: Path) -> int:
    """Sends each frame when it is due. Returns how many there were."""
    packetizer = Packetizer(ssrc, payload_type)
    loop = asyncio.get_running_loop()
    start, count = loop.time(), 0
    for frame, due in read_ivf(path):
        await asyncio.sleep(max(0.0, start + due - loop.time()))
        for packet in packetizer.packets(frame, round(due * 90_000)):
            producer.send(packet)
        count += 1
    return count


async def publish_into(room: Room, path: Path, out: Path) -> tuple[int, int]:
    """Frames published, frames recorded."""
    async with (
        room.create_peer(name="A film") as peer,
        peer.create_direct_transport() as transport,
        transport.produce(kind="video", rtp_parameters=sent) as producer,
    ):
        recording = asyncio.ensure_future(record(room, producer, out))
        await asyncio.sleep(0.1)  # the recorder is there
        published = await publish(producer, path)
        await producer.get_stats()  # the worker has the last of it
        producer.close()
        return published, await recording


async def main(path: Path, out: Path) -> None:
    async with create_worker(listen=[{"ip": "127.0.0.1"}]) as worker, worker.create_room(media_codecs=[vp8]) as room:
        published, recorded = await publish_into(room, path, out)
        print(f"{published} frames were published, {recorded} of them are in {out}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
