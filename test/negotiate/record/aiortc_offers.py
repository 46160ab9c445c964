#!/usr/bin/python3
"""aiortc_offers.py: records the offers of aiortc into ../offers, and its answer to an offer of ours into ../answers."""

import asyncio
import pathlib
import re

from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack

HERE = pathlib.Path(__file__).parent.parent
OFFERS = HERE / "offers"


def anonymous(sdp: str) -> str:
    sdp = re.sub(r"(?m)^(a=candidate:\S+ \d+ \S+ \d+ )\S+", r"\g<1>192.0.2.1", sdp)
    return re.sub(r"(?m)^(c=IN IP4 )(?!0\.0\.0\.0)\S+", r"\g<1>192.0.2.1", sdp)


async def record(name, add):
    pc = RTCPeerConnection()
    add(pc)
    await pc.setLocalDescription(await pc.createOffer())
    (OFFERS / f"aiortc-{name}.sdp").write_text(anonymous(pc.localDescription.sdp), newline="")
    print(f"aiortc-{name}")
    await pc.close()


def sendonly(pc):
    pc.addTransceiver(VideoStreamTrack(), direction="sendonly")
    pc.addTransceiver(AudioStreamTrack(), direction="sendonly")


def recvonly(pc):
    pc.addTransceiver("audio", direction="recvonly")
    pc.addTransceiver("video", direction="recvonly")


def data_and_video(pc):
    pc.createDataChannel("chat")
    pc.addTransceiver(VideoStreamTrack(), direction="sendrecv")


async def answer():
    pc = RTCPeerConnection()
    offer = (HERE / "golden" / "first-of-2.sdp").read_text()
    await pc.setRemoteDescription(RTCSessionDescription(sdp=offer, type="offer"))
    await pc.setLocalDescription(await pc.createAnswer())
    (HERE / "answers").mkdir(exist_ok=True)
    (HERE / "answers" / "aiortc.sdp").write_text(anonymous(pc.localDescription.sdp), newline="")
    print("aiortc")
    await pc.close()


async def main():
    await record("sendonly", sendonly)
    await record("recvonly", recvonly)
    await record("data-and-video", data_and_video)
    await answer()


asyncio.run(main())
