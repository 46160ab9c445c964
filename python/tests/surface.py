"""Prints what the package offers as JSON, read from its classes: the twin of node/scripts/surface, in Node's spelling."""

from __future__ import annotations

import inspect
import json
import re
from typing import Any

import sluice
from sluice import webrtc
from sluice._wire.table import Table
from sluice.events import EventEmitter

#: Names that to_json() writes besides.
older_names = {"IceCandidate": ["ip"]}


def camel(name: str) -> str:
    """As Node spells a name of ours."""
    if name.startswith("ru_"):
        return name
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest).replace("Ipv", "IPv")


def parameters(function: Any) -> list[str]:
    return sorted(camel(name) for name in inspect.signature(function).parameters if name != "self")


def describe(cls: type) -> dict[str, Any]:
    emitter = set(dir(EventEmitter)) | {"EVENTS", "OBSERVER_EVENTS", "event_names"}
    described: dict[str, Any] = {"methods": {}, "properties": []}
    for name in dir(cls):
        if name.startswith("_") or name in emitter:
            continue
        member = inspect.getattr_static(cls, name)
        if isinstance(member, property):
            described["properties"].append(camel(name))
        elif isinstance(member, classmethod):
            described["methods"][camel(name)] = parameters(member.__func__)
        elif inspect.isfunction(member):
            described["methods"][camel(name)] = parameters(member)
    if "EVENTS" in dir(cls):
        described["events"] = sorted(cls.EVENTS)  # type: ignore[attr-defined]
    if getattr(cls, "OBSERVER_EVENTS", ()):
        described["observerEvents"] = sorted(cls.OBSERVER_EVENTS)  # type: ignore[attr-defined]
        described["properties"].append("appData")
    described["properties"].sort()
    return described


def surface() -> dict[str, Any]:
    found: dict[str, Any] = {"variables": [], "functions": {}, "classes": {}, "errors": [], "values": {}}
    for name in sluice.__all__:
        value = getattr(sluice, name)
        if inspect.isfunction(value):
            found["functions"][re.sub(r"_(\w)", lambda match: match.group(1).upper(), name)] = parameters(value)
        elif isinstance(value, (str, EventEmitter)):
            found["variables"].append(camel(name))
        elif not inspect.isclass(value) or name in ("EventEmitter", "EventStream", "Event", "Router"):
            continue
        elif issubclass(value, Exception):
            found["errors"].append(name)
        elif issubclass(value, Table):
            found["values"][name] = sorted([*(field.json for field in value._fields), *older_names.get(name, ())])
        elif issubclass(value, EventEmitter):
            found["classes"][name] = describe(value)
    for name in webrtc.__all__:
        cls = getattr(webrtc, name)
        found["classes"][name] = {"constructor": parameters(cls), **describe(cls)}
    found["errors"].sort()
    return found


def paths(found: Any, path: str = "") -> set[str]:
    """Every leaf of it as one line, to be compared."""
    if isinstance(found, dict) and found:
        return set().union(*(paths(value, f"{path}/{name}" if path else name) for name, value in found.items()))
    if isinstance(found, list) and found:
        return {f"{path}/{name}" for name in found}
    return {path}


if __name__ == "__main__":
    print(json.dumps(surface(), indent=1))
