"""A real peer (aiortc): audio, video and a data channel, in and out, by offer and answer."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy
import pytest
from conftest import values
from rtc_client import Client

import sluice
from sluice import webrtc


async def frames(track: Any, count: int) -> list[Any]:
    return [await asyncio.wait_for(track.recv(), 10) for _ in range(count)]


@pytest.mark.timeout(40)
async def test_audio_video_and_messages_reach_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    async with sluice.create_worker(listen=values["local"]) as worker, worker.create_room(media_codecs=values["mediaCodecs"]) as room:
        ada, bob = webrtc.RTCPeerConnection(room, "Ada"), webrtc.RTCPeerConnection(room, "Bob")
        client_of_ada, client_of_bob = Client(), Client()
        try:
            client_of_ada.send("audio", "video")
            client_of_ada.open_channels("chat")
            await client_of_ada.join(ada)
            # aiortc hears nothing in sections that a later offer adds, so it asks for them at once.
            client_of_bob.receive("audio", "video")
            client_of_bob.open_channels("own")
            await client_of_bob.join(bob)
            while len(client_of_bob.tracks) < 2:
                await asyncio.sleep(0.02)
            by_kind = {track.kind: track for track in client_of_bob.tracks}
            pictures = await frames(by_kind["video"], 5)
            assert (pictures[-1].width, pictures[-1].height) == (160, 120)
            greys = {int(picture.to_ndarray(format="gray").mean()) // 3 for picture in pictures}
            assert len(greys) > 1, "the picture does not move"
            sound = numpy.concatenate([frame.to_ndarray().ravel() for frame in (await frames(by_kind["audio"], 60))[-25:]])
            spectrum = numpy.abs(numpy.fft.rfft(sound.astype(float)))
            loudest = numpy.argmax(spectrum) * 96_000 / len(sound)  # two channels, one after the other
            assert 300 < loudest < 1000, loudest
            await client_of_ada.say("hello")
            assert await asyncio.wait_for(client_of_bob.messages.get(), 5) == "hello"
            assert ada.peer.transport is not None and ada.peer.dtls_state == "connected"
            (stat,) = await ada.peer.transport.get_stats()
            assert stat.sctp_state == "connected" and stat.rtp_bytes_received > 1000
            assert stat.ice_selected_tuple is not None
        finally:
            await client_of_ada.close()
            await client_of_bob.close()
