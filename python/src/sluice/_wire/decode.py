"""Bytes to tables. Every offset is checked, and a frame may describe only so much, as offsets that overlap let a small frame name
a huge value; flatbuffers has no verifier for Python. Raises ValueError or struct.error; framing makes MalformedFrameError of both."""

from __future__ import annotations

import struct
from typing import Any

from .encode import plan_of, structs
from .kinds import Bytes, Choice, CodecParameters, Kind, List, Nested, OneOf, Pairs, Text
from .table import Table, finished

_offset, _vtable_offset, _size = structs["I"], structs["i"], structs["H"]
_max_depth = 32
_reads_per_byte = 4
_reads_at_least = 10_000


class Decoder:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.budget = _reads_at_least + len(data) * _reads_per_byte

    def _spend(self, count: int) -> None:
        self.budget -= count
        if self.budget < 0:
            raise ValueError("the frame describes more than it holds")

    def _u32(self, at: int) -> int:
        value: int = _offset.unpack_from(self.data, at)[0]
        return value

    def follow(self, at: int) -> int:
        """Where the offset that stands there leads: forward, so never below zero."""
        return at + self._u32(at)

    def table(self, cls: type[Table], at: int, depth: int = 0) -> Any:
        if depth > _max_depth:
            raise ValueError("tables are nested too deeply")
        vtable = at - _vtable_offset.unpack_from(self.data, at)[0]
        if vtable < 0:
            raise ValueError("a vtable before the frame")
        plan = plan_of(cls)
        size = _size.unpack_from(self.data, vtable)[0]
        count = min((size - 4) // 2, plan.slot_count)
        if count < 0:
            raise ValueError("a vtable without its head")
        self._spend(1 + count)
        offsets = struct.unpack_from(f"<{count}H", self.data, vtable + 4)
        members = {}
        for field, slot, _ in plan.slots:
            offset = offsets[slot] if slot < count else 0
            kind = field.kind
            if isinstance(kind, OneOf):
                members[field.name] = self._union(kind, at, offsets[slot - 1] if slot - 1 < count else 0, offset, depth)
            elif offset == 0:
                members[field.name] = self._absent(field, kind, depth)
            else:
                value = self.value(kind, at + offset, depth)
                # On the wire an empty text is the absence of one.
                members[field.name] = None if value == "" and field.optional else value
        return finished(cls(**members))

    def _absent(self, field: Any, kind: Kind, depth: int) -> Any:
        if field.optional:
            # A scalar that is not there has its default, if it has one.
            return field.default
        if isinstance(kind, Nested):
            return self._empty(kind.table, depth)
        if field.default is None:
            return kind.zero
        return kind.names[field.default] if isinstance(kind, Choice) else field.default

    def _empty(self, cls: type[Table], depth: int) -> Any:
        if depth > _max_depth:
            raise ValueError("tables are nested too deeply")
        return finished(cls(**{field.name: self._absent(field, field.kind, depth + 1) for field in cls._fields}))

    def _union(self, kind: OneOf, at: int, type_offset: int, offset: int, depth: int) -> Any:
        """None for one of a later version, which we do not know."""
        number = self.data[at + type_offset] if type_offset else 0
        if not offset or not 1 <= number <= len(kind.names):
            return None
        return self.table(Table._tables[kind.names[number - 1]], self.follow(at + offset), depth + 1)

    def value(self, kind: Kind, at: int, depth: int) -> Any:
        if kind.inline:
            number = structs[kind.code].unpack_from(self.data, at)[0]
            if isinstance(kind, Choice):
                return kind.names[number] if number < len(kind.names) else "unknown"
            return number
        at = self.follow(at)
        if isinstance(kind, Text):
            return self._run(at).decode("utf-8", "replace")
        if isinstance(kind, Bytes):
            return self._run(at)
        if isinstance(kind, Nested):
            return self.table(kind.table, at, depth + 1)
        if isinstance(kind, CodecParameters):
            return dict(_codec_parameter(pair) for pair in self._tables(Table._tables["CodecParameter"], at, depth))
        if isinstance(kind, Pairs):
            pairs = self._tables(Table._tables[str(kind.table_name)], at, depth)
            return {getattr(pair, kind.key): getattr(pair, kind.value) for pair in pairs}
        assert isinstance(kind, List)
        if isinstance(kind.item, Nested):
            return self._tables(kind.item.table, at, depth)
        count = self._u32(at)
        self._spend(count)
        if kind.item.inline:
            numbers = struct.unpack_from(f"<{count}{kind.item.code}", self.data, at + 4)
            return [kind.item.names[number] for number in numbers] if isinstance(kind.item, Choice) else list(numbers)
        return [self.value(kind.item, at + 4 + 4 * index, depth) for index in range(count)]

    def _run(self, at: int) -> bytes:
        size = self._u32(at)
        self._spend(size >> 2)
        run = self.data[at + 4 : at + 4 + size]
        if len(run) != size:
            raise ValueError("a text or a list that is longer than its frame")
        return run

    def _tables(self, cls: type[Table], at: int, depth: int) -> list[Any]:
        count = self._u32(at)
        self._spend(count)
        return [self.table(cls, self.follow(at + 4 + 4 * index), depth + 1) for index in range(count)]


def _codec_parameter(pair: Any) -> tuple[str, str | int]:
    return pair.name, pair.integer if pair.text == "" and not pair.bare else pair.text
