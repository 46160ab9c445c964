"""Runs one scenario of test/conformance (its README says what steps there are) with this package, and notes what it has used."""

from __future__ import annotations

import asyncio
import enum
import json
import os
import re
import signal
import socket
import time
from typing import Any

from conftest import root
from rtc_client import Client
from surface import camel

import sluice
from sluice import webrtc
from sluice._wire.table import Table
from sluice.errors import InvalidArgumentError, RequestError
from sluice.events import EventEmitter

_shared: list[str] = json.loads((root / "test/conformance/surface.json").read_text(encoding="utf-8"))["shared"]

#: What all scenarios have used: as paths of surface.json.
used: set[str] = set()


def snake(name: str) -> str:
    """As a name of Node's is spelled here."""
    name = name.replace("IPv", "Ipv").replace("MLine", "_mLine").replace("WebRtc", "Web_rtc")
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def camel_path(path: str) -> str:
    return ".".join(camel(part) for part in path.split("."))


def _paths(path: str, details: list[str]) -> list[str]:
    return [path, *(f"{path}/{detail}" for detail in details)]


def _note(value: object, member: str, details: list[str] | None = None) -> None:
    for cls in type(value).__mro__:
        used.update(_paths(f"classes/{cls.__name__}/{member}", details or []))


def _positional(path: str, count: int) -> list[str]:
    """Arguments by position stand for parameters when all are given."""
    parameters = [line[len(path) + 1 :] for line in _shared if line.startswith(f"{path}/")]
    return parameters if len(parameters) == count else []


class Absent(enum.Enum):
    ABSENT = 0


class Runner:
    def __init__(self, scenario_values: dict[str, Any]) -> None:
        self._values = scenario_values
        self._objects: dict[str, Any] = {"sluice": sluice}
        # Events that were told and not yet taken: object, "score" or "observer.score", arguments.
        self._events: list[tuple[object, str, tuple[Any, ...]]] = []
        self._heard: set[int] = set()

    async def run(self, steps: list[dict[str, Any]]) -> None:
        try:
            for index, step in enumerate(steps):
                try:
                    await self._perform(step)
                except Exception as error:
                    raise AssertionError(f"step {index} {json.dumps(step)}: {type(error).__name__}: {error}") from error
        finally:
            for value in self._objects.values():
                if isinstance(value, Client):
                    await value.close()
            worker = self._objects.get("worker")
            if worker is not None:
                worker.close()
                await worker.wait_closed()

    async def _perform(self, step: dict[str, Any]) -> None:
        if "call" in step or "new" in step:
            await self._invoke(step)
        elif "get" in step:
            self._match(self._resolve(step["get"]), step["is"])
        elif "event" in step:
            await self._await(**step)
        elif "rtp" in step:
            await self._send(**step)
        elif "client" in step:
            await self._client(step)
        elif "signal" in step:
            os.kill(self._objects["worker"].pid, getattr(signal, step["signal"]))
        elif "wait" in step:
            await asyncio.sleep(step["wait"] / 1000)
        else:
            raise AssertionError("no such step")

    # --- Calling --------------------------------------------------------------------------------------------------------

    async def _invoke(self, step: dict[str, Any]) -> None:
        *path, name = (step.get("call") or step["new"]).split(".")
        constructs = "new" in step
        target = webrtc if constructs else self._resolve(".".join(path)) if path else sluice
        arguments = [self._plain(argument) for argument in step.get("args", [])]
        options = {snake(option): self._plain(value) for option, value in step.get("options", {}).items()}
        of = f"classes/{name}/constructor" if constructs else f"functions/{name}" if target is sluice else None
        details = list(step.get("options", {}))
        details += _positional(of or f"classes/{type(target).__name__}/methods/{name}", len(arguments))
        if of:
            used.update(_paths(of, [*details, "room", "name"] if constructs else details))
        else:
            _note(target, f"methods/{name}", details)
        function = getattr(target, name if constructs else snake(name))
        try:
            result = function(*arguments, **options)
            if hasattr(result, "__await__"):
                result = await result
        except sluice.SluiceError as error:
            if "raises" not in step:
                raise
            self._raised(error, step["raises"])
            return
        assert "raises" not in step, f"it did not raise {step['raises']}"
        if "as" in step:
            self._name(step["as"], result)
        if "returns" in step:
            self._match(result, step["returns"])

    def _raised(self, error: sluice.SluiceError, expected: dict[str, str]) -> None:
        name, field = expected["error"], expected.get("field")
        assert type(error).__name__ == name, repr(error)
        used.add(f"errors/{name}")
        if field is not None:
            assert isinstance(error, (InvalidArgumentError, RequestError))
            assert camel_path(error.field) == field, repr(error)
        assert re.search(expected.get("message", ""), str(error)), str(error)

    def _name(self, name: str, value: Any) -> None:
        self._objects[name] = value
        self._hear(value)

    def _hear(self, value: Any) -> None:
        """From now on all it tells is heard; and so with whatever it tells of."""
        if not isinstance(value, EventEmitter) or id(value) in self._heard:
            return
        self._heard.add(id(value))
        self._listen(value, "", value)
        if hasattr(value, "observer"):
            self._listen(value.observer, "observer.", value)

    def _listen(self, emitter: EventEmitter[Any], prefix: str, value: object) -> None:
        for event_name in emitter.event_names:
            emitter.on(event_name, lambda *args, event_name=event_name: self._told(value, prefix + event_name, args))

    def _told(self, value: object, name: str, args: tuple[Any, ...]) -> None:
        for argument in args:
            self._hear(argument)
        self._events.append((value, name, args))

    def _waiting(self, event: str) -> int | None:
        head, name = event.split(".", 1)
        for index, (value, told, _) in enumerate(self._events):
            if value is self._objects.get(head) and told == name:
                return index
        return None

    # --- Events ---------------------------------------------------------------------------------------------------------

    async def _await(self, event: str, args: Any = None, all: bool = False, timeout: int = 8_000, **rest: str) -> None:
        end = time.monotonic() + timeout / 1000
        while True:
            told = await self._next(event, end)
            try:
                if args is not None:
                    self._match(list(told), args)
            except AssertionError:
                if not all or time.monotonic() > end:
                    raise
                continue
            if "as" in rest:
                self._name(rest["as"], told[0])
            return

    async def _next(self, event: str, end: float) -> tuple[Any, ...]:
        while (index := self._waiting(event)) is None:
            told = [f"{type(value).__name__} {name}" for value, name, _ in self._events]
            assert time.monotonic() < end, f"no {event}; told were {told}"
            await asyncio.sleep(0.002)
        value, _, args = self._events.pop(index)
        _note(value, f"{'observerEvents' if '.observer.' in event else 'events'}/{event.split('.')[-1]}")
        return args

    # --- Media ----------------------------------------------------------------------------------------------------------

    async def _send(
        self, rtp: str, packet: str, to: str = "", count: int = 1, every: int = 0, timestampStep: int = 0, until: str = ""
    ) -> None:
        data = bytearray.fromhex(packet)
        port = self._resolve(to) if to else 0
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            sent = 0
            while self._waiting(until) is None if until else sent < count:
                assert sent < 1_000, f"no {until}"
                if to:
                    out.sendto(data, ("127.0.0.1", port))
                else:
                    self._objects[rtp].send(bytes(data))
                    _note(self._objects[rtp], "methods/send", ["packet"])
                data[2:4] = (int.from_bytes(data[2:4], "big") + 1 & 0xFFFF).to_bytes(2, "big")
                data[4:8] = (int.from_bytes(data[4:8], "big") + timestampStep & 0xFFFF_FFFF).to_bytes(4, "big")
                sent += 1
                if every or until:
                    await asyncio.sleep(every / 1000)

    async def _client(self, step: dict[str, Any]) -> None:
        client = self._objects.setdefault(step["client"], Client())
        client.send(*step.get("send", []))
        client.open_channels(*step.get("channels", []))
        if step.get("inactive"):
            client.inactivate()
        if "join" in step:
            await client.join(self._objects[step["join"]])
        if "answer" in step:
            await client.answer(self._objects[step["answer"]])
        if "say" in step:
            await client.say(step["say"])
        if "close" in step:
            await client.close_channel(received=step["close"] == "received")

    # --- Values ---------------------------------------------------------------------------------------------------------

    def _resolve(self, path: str) -> Any:
        head, *rest = path.split(".")
        value: Any = self._values if head == "values" else self._objects[head]
        for name in rest:
            value = value[name] if isinstance(value, dict) else getattr(value, snake(name))
        return value

    def _plain(self, value: Any) -> Any:
        """What a scenario writes as the value that it stands for."""
        if isinstance(value, str) and value.startswith("$"):
            resolved = self._resolve(value[1:])
            return self._plain(resolved) if value.startswith("$values.") else resolved
        if isinstance(value, list):
            return [self._plain(item) for item in value]
        if not isinstance(value, dict):
            return value
        if "$hex" in value:
            return bytes.fromhex(value["$hex"])
        if "$zeros" in value:
            return bytes(value["$zeros"])
        if "$path" in value:
            return str(root / value["$path"])
        if "$file" in value:
            return (root / value["$file"]).read_bytes().decode()
        return {name: self._plain(item) for name, item in value.items()}

    def _match(self, actual: Any, expected: Any, path: str = "value") -> None:
        if isinstance(expected, str) and expected.startswith("$"):
            resolved = self._plain(expected)
            assert _json(actual) == resolved or actual is resolved, f"{path} is {actual!r}, expected {resolved!r}"
            return
        actual = _json(actual)
        if isinstance(expected, list):
            assert isinstance(actual, list) and len(actual) == len(expected), f"{path} is {actual!r}"
            for index, item in enumerate(expected):
                self._match(actual[index], item, f"{path}[{index}]")
        elif not isinstance(expected, dict):
            assert actual == expected and type(actual) is type(expected), f"{path} is {actual!r}, expected {expected!r}"
        elif "$any" in expected:
            assert actual is not None, path
        elif "$absent" in expected:
            assert actual is None, f"{path} is {actual!r}"
        elif "$hex" in expected:
            assert actual == self._plain(expected), f"{path} is {actual!r}"
        elif "$regex" in expected:
            assert re.search(expected["$regex"].replace("[^]", r"[\s\S]"), actual), f"{path} is {actual!r}"
        elif "$min" in expected:
            assert actual >= expected["$min"], f"{path} is {actual!r}"
        elif "$type" in expected:
            types = {int: "integer", float: "number", str: "string", bool: "boolean", list: "array", dict: "object"}
            assert types.get(type(actual)) == expected["$type"], f"{path} is {actual!r}"
        else:
            for name, item in expected.items():
                member = actual.get(name) if isinstance(actual, dict) else getattr(actual, snake(name))
                self._match(member, item, f"{path}.{name}")


def _json(value: Any) -> Any:
    """As Node would have it."""
    if isinstance(value, Table) or isinstance(value, webrtc.RTCSessionDescription):
        return value.to_json()
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return value._asdict()
    if isinstance(value, (list, tuple)):
        return [_json(item) for item in value]
    return value
