#!/usr/bin/env python3
"""record.py OUT.ivf [SECONDS]: receives a track in this process, by a direct transport, and writes it to a file that plays.

Here the track is a test picture that ffmpeg sends to a plain transport; any producer of a room will do.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from ivf import IvfWriter
from vp8 import Depacketizer, parse_rtp

from sluice import Producer, Room, create_worker

vp8 = {"kind": "video", "mimeType": "video/VP8", "clockRate": 90000}
ssrc, payload_type = 4711, 96
sent = {"codecs": [{"mimeType": "video/VP8", "payloadType": payload_type, "clockRate": 90000}], "encodings": [{"ssrc": ssrc}]}


async def record(room: Room, producer: Producer, path: Path) -> int:
    """Until the producer is closed. Returns how many frames were written."""
    depacketizer = Depacketizer()
    first: int | None = None
    async with (
        room.create_direct_transport() as transport,
        transport.consume(producer_id=producer.id, rtp_capabilities=room.rtp_capabilities) as consumer,
    ):
        with IvfWriter(path) as out:
            async for event in consumer.events("rtp"):
                packet = parse_rtp(event.value)
                frame = depacketizer.push(packet)
                if frame is not None:
                    first = packet.timestamp if first is None else first
                    out.write(frame, (packet.timestamp - first & 0xFFFFFFFF) // 90)
            return out.frames


async def main(path: Path, seconds: float) -> None:
    async with create_worker(listen=[{"ip": "127.0.0.1"}]) as worker, worker.create_room(media_codecs=[vp8]) as room:
        source = await room.create_plain_transport(comedia=True)
        producer = await source.produce(kind="video", rtp_parameters=sent)
        recording = asyncio.ensure_future(record(room, producer, path))
        ffmpeg = await asyncio.create_subprocess_exec(
            *["ffmpeg", "-loglevel", "error", "-re", "-f", "lavfi", "-i", f"testsrc2=size=320x240:rate=25:duration={seconds}"],
            *["-c:v", "libvpx", "-deadline", "realtime", "-g", "25", "-b:v", "500k"],
            *["-f", "rtp", "-payload_type", str(payload_type), "-ssrc", str(ssrc)],
            f"rtp://127.0.0.1:{source.tuple.local_port}?pkt_size=1200",
        )
        await ffmpeg.wait()
        producer.close()
        print(f"{await recording} frames are in {path}")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        raise SystemExit(__doc__)
    asyncio.run(main(Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) == 3 else 5))
