"""A WHIP publisher or WHEP viewer of aiortc: whip_aiortc.py publish|watch URL

Sends a picture (VP8) and a tone (Opus), or receives one of each. Prints one line for each step, and every half second what it has
received; SIGINT ends it with DELETE.
"""

import asyncio
import signal
import sys
import urllib.parse
import urllib.request

from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, MediaStreamError, VideoStreamTrack


def say(*words):
    print(*words, flush=True)


def http(method, url, body=None):
    request = urllib.request.Request(url, data=body and body.encode(), method=method)
    if body:
        request.add_header("Content-Type", "application/sdp")
    with urllib.request.urlopen(request) as response:
        say(method, response.status)
        location = response.headers.get("Location")
        return response.read().decode(), location and urllib.parse.urljoin(url, location)


async def count(track, frames):
    """What was decoded: a track is read as fast as it comes."""
    try:
        while True:
            await track.recv()
            frames[track.kind] += 1
    except MediaStreamError:
        pass


async def main(role, url):
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGINT, ended.set)
    pc = RTCPeerConnection()
    pc.on("connectionstatechange", lambda: say("state", pc.connectionState))
    frames = {"audio": 0, "video": 0}
    counters = []
    pc.on("track", lambda track: counters.append(asyncio.ensure_future(count(track, frames))))
    if role == "publish":
        pc.addTransceiver(AudioStreamTrack(), direction="sendonly")
        pc.addTransceiver(VideoStreamTrack(), direction="sendonly")
    else:
        for kind in frames:
            pc.addTransceiver(kind, direction="recvonly")
    await pc.setLocalDescription(await pc.createOffer())  # with all its candidates: aiortc does not trickle
    answer, session = await loop.run_in_executor(None, http, "POST", url, pc.localDescription.sdp)
    await pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    while not ended.is_set():
        try:
            await asyncio.wait_for(ended.wait(), 0.5)
        except asyncio.TimeoutError:
            say("frames", frames["audio"], frames["video"])
    await loop.run_in_executor(None, http, "DELETE", session)
    await pc.close()


asyncio.run(main(*sys.argv[1:]))
