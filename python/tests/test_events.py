"""Listeners, waiting, and streams that are read too slowly."""

from __future__ import annotations

import asyncio
import gc
from typing import Any, Literal

import pytest

import sluice
from sluice import EventEmitter

Names = Literal["told", "other"]


def emitter() -> EventEmitter[Names]:
    return EventEmitter(("told", "other"))


async def test_listeners_are_called_in_order_and_once_is_once() -> None:
    told: list[Any] = []
    source = emitter()
    source.on("told", lambda *args: told.append(("on", args)))
    source.once("told", lambda *args: told.append(("once", args)))
    source._emit("told", 1, 2)
    source._emit("told")
    assert told == [("on", (1, 2)), ("once", (1, 2)), ("on", ())]
    assert source.listener_count("told") == 1
    source.remove_all_listeners()
    source._emit("told")
    assert len(told) == 3


async def test_off_takes_one_away() -> None:
    told: list[int] = []
    source = emitter()
    source.off("told", source.on("told", told.append))
    source.off("told", told.append)
    source._emit("told", 1)
    assert told == []


async def test_an_unknown_event_is_refused_with_the_known_ones() -> None:
    with pytest.raises(sluice.InvalidArgumentError, match="expected one of listenererror, other, told, got 'tolt'"):
        emitter().on("tolt", print)  # type: ignore[arg-type]


async def test_a_listener_that_raises_breaks_nothing() -> None:
    source = emitter()
    problems: list[Any] = []
    told: list[int] = []
    source.on("told", lambda value: 1 / 0)
    source.on("told", told.append)
    reported: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
    source._emit("told", 5)
    assert told == [5]
    assert isinstance(reported[0]["exception"], ZeroDivisionError)
    source.on("listenererror", lambda name, error: problems.append((name, type(error))))  # type: ignore[arg-type]
    source._emit("told", 6)
    assert problems == [("told", ZeroDivisionError)]
    assert len(reported) == 1


async def test_a_coroutine_may_listen() -> None:
    source = emitter()
    done = asyncio.Event()

    async def listen(value: int) -> None:
        await asyncio.sleep(0)
        assert value == 7
        done.set()

    source.on("told", listen)
    source._emit("told", 7)
    await asyncio.wait_for(done.wait(), 1)


async def test_streams_give_events_in_order_and_end_with_their_object() -> None:
    source = emitter()
    stream = source.events()
    source._emit("told", 1)
    source._emit("other")
    source._end_streams()
    assert [(event.name, event.value) async for event in stream] == [("told", 1), ("other", None)]
    assert [event async for event in source.events()] == []


async def test_a_slow_reader_loses_the_oldest_and_can_tell() -> None:
    source = emitter()
    async with source.events("told", maxsize=3) as stream:
        for number in range(10):
            source._emit("told", number)
            source._emit("other", number)
        assert stream.dropped == 7
    source._emit("told", 99)
    assert [event.value async for event in stream] == [7, 8, 9]


async def test_a_stream_that_nobody_has_any_more_is_forgotten() -> None:
    source = emitter()
    source.events("told")
    gc.collect()
    assert len(source._streams) == 0


async def test_waiting_ends_with_the_event_the_object_or_the_time() -> None:
    source = emitter()
    asyncio.get_running_loop().call_soon(source._emit, "told", 1, 2)
    assert await source.wait_for("told", 1) == (1, 2)
    with pytest.raises(asyncio.TimeoutError):
        await source.wait_for("told", 0.01)
    asyncio.get_running_loop().call_soon(source._end_streams)
    with pytest.raises(sluice.InvalidStateError, match="closed before told"):
        await source.wait_for("told")
