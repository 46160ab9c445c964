"""What the worker tells of an object is kept and told on: events that a scenario cannot bring about are handed over by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conftest import values

import sluice
from sluice._wire import tables as wire


async def test_what_the_worker_tells_is_kept_and_told_on() -> None:
    async with sluice.create_worker(listen=values["local"]) as worker, worker.create_room(media_codecs=values["mediaCodecs"]) as room:
        transport = await room.create_web_rtc_transport()
        producer = await transport.produce(kind="video", rtp_parameters=values["video"])
        consumer = await transport.consume(producer_id=producer.id, rtp_capabilities=room.rtp_capabilities)
        told: list[tuple[str, Any]] = []

        def listen(source: Any, *names: str) -> None:
            for name in names:
                source.on(name, remember(name))
                source.observer.on(name, remember(f"observer {name}"))

        def remember(name: str) -> Callable[..., None]:
            return lambda *args: told.append((name, args))

        listen(transport, "trace")
        listen(producer, "score", "trace")
        listen(consumer, "layerschange", "score")
        estimate = wire.TraceEvent(kind="transport", id=transport.id, type="bwe", timestamp=7, outgoing=True, info='{"bitrate":5}')
        transport._handle_event(estimate)
        trace = sluice.TraceEventData(type="bwe", timestamp=7, direction="out", info={"bitrate": 5})
        assert told == [("trace", (trace,)), ("observer trace", (trace,))]
        told.clear()
        scores = [wire.ProducerScore(encoding_idx=0, ssrc=11, rid="q", score=9)]
        producer._handle_event(wire.ProducerScoreChange(producer_id=producer.id, scores=scores))
        assert told == [("score", (scores,)), ("observer score", (scores,))]
        assert producer.score == scores
        layers = sluice.ConsumerLayers(spatial_layer=2, temporal_layer=0)
        consumer._handle_event(wire.LayersChange(consumer_id=consumer.id, layers=layers))
        assert consumer.current_layers == layers
        consumer._handle_event(wire.LayersChange(consumer_id=consumer.id))
        assert consumer.current_layers is None
        assert told[-1] == ("observer layerschange", (None,))


async def test_what_a_worker_can_route_is_what_the_package_says() -> None:
    """As node/test/ortc.test.js: a room of all the codecs tells them as they are."""
    capabilities = sluice.get_supported_rtp_capabilities()
    async with sluice.create_worker(listen=values["local"]) as worker, worker.create_room(media_codecs=capabilities.codecs) as room:
        routed = [codec for codec in room.rtp_capabilities.codecs if not codec.mime_type.endswith("/rtx")]
        assert [codec.mime_type for codec in routed] == [codec.mime_type for codec in capabilities.codecs]
        for codec, own in zip(routed, capabilities.codecs, strict=True):
            assert codec.clock_rate == own.clock_rate and codec.channels == own.channels
            assert codec.rtcp_feedback == own.rtcp_feedback, codec.mime_type
        assert room.rtp_capabilities.header_extensions == capabilities.header_extensions
