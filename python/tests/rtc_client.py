"""A client with real media: aiortc in this process. What it sends is a tone and a moving picture."""

from __future__ import annotations

import asyncio
import fractions
from typing import Any

import av
import numpy
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack

from sluice import Peer, webrtc


class Tone(AudioStreamTrack):  # type: ignore[misc]
    """440 Hz."""

    async def recv(self) -> Any:
        silence = await super().recv()
        rate, count = silence.sample_rate, silence.samples
        phase = (numpy.arange(count) + silence.pts) * (2 * numpy.pi * 440 / rate)
        frame = av.AudioFrame.from_ndarray((numpy.sin(phase) * 8000).astype(numpy.int16).reshape(1, -1), layout="mono")
        frame.pts, frame.sample_rate, frame.time_base = silence.pts, rate, fractions.Fraction(1, rate)
        return frame


class Picture(VideoStreamTrack):  # type: ignore[misc]
    """160 by 120, a grey that changes."""

    count = 0

    async def recv(self) -> Any:
        pts, time_base = await self.next_timestamp()
        self.count += 1
        frame = av.VideoFrame.from_ndarray(numpy.full((180, 160), self.count * 5 % 256, numpy.uint8), format="yuv420p")
        frame.pts, frame.time_base = pts, time_base
        return frame


class Client:
    def __init__(self) -> None:
        self.pc = RTCPeerConnection()
        self.channels: list[Any] = []
        self.received: list[Any] = []
        self.tracks: list[Any] = []
        self.messages: asyncio.Queue[Any] = asyncio.Queue()
        self.pc.on("track", self.tracks.append)
        self.pc.on("datachannel", self._datachannel)

    def _datachannel(self, channel: Any) -> None:
        self.received.append(channel)
        channel.on("message", self.messages.put_nowait)

    def send(self, *kinds: str) -> None:
        for kind in kinds:
            self.pc.addTransceiver(Picture() if kind == "video" else Tone(), direction="sendonly")

    def receive(self, *kinds: str) -> None:
        """Would like to receive one of each."""
        for kind in kinds:
            self.pc.addTransceiver(kind, direction="recvonly")

    def open_channels(self, *labels: str) -> None:
        first = bool(labels) and not self.channels
        self.channels += [self.pc.createDataChannel(label) for label in labels]
        if first:
            self._number_evenly(self.pc.sctp)

    @staticmethod
    def _number_evenly(sctp: Any) -> None:
        """RFC 8832 §6: a DTLS client's channels have even numbers. aiortc goes by who controls ICE, and so collides with the server's."""
        start = sctp.start

        async def start_and_number(remote_capabilities: Any, remote_port: Any) -> None:
            await start(remote_capabilities, remote_port)
            sctp._data_channel_id = 0

        sctp.start = start_and_number

    def inactivate(self) -> None:
        for transceiver in self.pc.getTransceivers():
            transceiver.direction = "inactive"

    async def join(self, peer: Peer | webrtc.RTCPeerConnection) -> None:
        """Offers."""
        await self.pc.setLocalDescription(await self.pc.createOffer())
        await peer.set_remote_description({"type": "offer", "sdp": self.pc.localDescription.sdp})
        await peer.set_local_description()
        await self.pc.setRemoteDescription(_description(peer))

    async def answer(self, peer: Peer | webrtc.RTCPeerConnection) -> None:
        await peer.set_local_description()
        await self.pc.setRemoteDescription(_description(peer))
        await self.pc.setLocalDescription(await self.pc.createAnswer())
        await peer.set_remote_description({"type": "answer", "sdp": self.pc.localDescription.sdp})

    async def say(self, text: str) -> None:
        while self.channels[0].readyState != "open":
            await asyncio.sleep(0.005)
        self.channels[0].send(text)

    async def close_channel(self, *, received: bool) -> None:
        channels = self.received if received else self.channels
        while not channels:
            await asyncio.sleep(0.005)
        channels[0].close()

    async def close(self) -> None:
        await self.pc.close()


def _description(peer: Peer | webrtc.RTCPeerConnection) -> RTCSessionDescription:
    description = peer.local_description
    assert description is not None
    return RTCSessionDescription(description.sdp, description.type)
