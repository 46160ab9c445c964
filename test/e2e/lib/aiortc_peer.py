"""One end of a call by aiortc, for native_peer.test.js: `aiortc_peer.py offer|answer`.

Signaling by lines of JSON on standard input and output. aiortc does not trickle: descriptions hold all candidates.
Once a second it says what it has seen: {"seen": {"audio": …, "video": …, "echo": …}}.
"""

import asyncio
import json
import sys

import aiortc.codecs
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, MediaStreamError, VideoStreamTrack

# aiortc 1.4 numbers two extensions of audio alike (RFC 8285 §5 has each once).
aiortc.codecs.HEADER_EXTENSIONS["audio"][1].id = 3

seen = {"audio": 0, "video": 0, "echo": ""}


def say(message):
    print(json.dumps(message), flush=True)


async def count(track):
    try:
        while True:
            await track.recv()
            seen[track.kind] += 1
    except MediaStreamError:
        pass


def use(channel):
    @channel.on("message")
    def on_message(message):
        seen["echo"] = message

    if channel.readyState == "open":
        channel.send("hello")
    else:
        channel.on("open", lambda: channel.send("hello"))


async def read(pc):
    reader = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        message = json.loads(line)
        await pc.setRemoteDescription(RTCSessionDescription(message["sdp"], message["type"]))
        if message["type"] == "offer":
            await pc.setLocalDescription(await pc.createAnswer())
            say({"type": "answer", "sdp": pc.localDescription.sdp})


async def main():
    pc = RTCPeerConnection()
    pc.on("track", lambda track: asyncio.ensure_future(count(track)))
    pc.on("datachannel", use)
    pc.addTrack(AudioStreamTrack())
    pc.addTrack(VideoStreamTrack())
    reading = asyncio.ensure_future(read(pc))
    if sys.argv[1] == "offer":
        use(pc.createDataChannel("echo"))
        await pc.setLocalDescription(await pc.createOffer())
        say({"type": "offer", "sdp": pc.localDescription.sdp})
    while not reading.done():
        await asyncio.sleep(1)
        say({"seen": seen})
    await pc.close()


asyncio.run(main())
