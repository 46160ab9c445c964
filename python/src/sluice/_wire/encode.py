"""Tables to bytes: flatbuffers written from front to back.

    vtable | table | what the table refers to …        offsets point forward, so a child is written behind its parent

flatbuffers' own builder writes from back to front, one Python call a byte run; this packs a whole table at once. What is written is
held against flatc and against the worker's verifier (tests/test_wire.py). A table's inline part always has room for all its
members; the vtable says which are there.
"""

from __future__ import annotations

import struct
from typing import Any

from .kinds import Bytes, Choice, CodecParameters, Field, Kind, List, Nested, OneOf, Pairs, Text
from .table import Table

#: By the code of a kind.
structs = {code: struct.Struct("<" + code) for code in "Bb?HIiQqd"}
_offset, _vtable_offset = structs["I"], structs["i"]


class Plan:
    """Where a class's members stand inside its table. A union takes two slots: its type, then its table."""

    def __init__(self, cls: type[Table]) -> None:
        self.slots: list[tuple[Field, int, int]] = []  # field, slot in the vtable, offset inside the table
        places: list[tuple[int, int]] = []  # size, slot
        slot = 0
        fields: list[tuple[Field, int]] = []
        for field in cls._fields:
            if isinstance(field.kind, OneOf):
                places.append((1, slot))
                slot += 1
            places.append((structs[field.kind.code].size, slot))
            fields.append((field, slot))
            slot += 1
        self.slot_count = slot
        self.align = max([4, *(size for size, _ in places)])
        offset, offsets = self.align, {}
        for size, at in sorted(places, reverse=True):
            offsets[at] = offset
            offset += size
        self.size = offset
        self.offsets = offsets
        self.slots = [(field, at, offsets[at]) for field, at in fields]
        self.vtables: dict[int, bytes] = {}

    def vtable(self, present: int) -> bytes:
        made = self.vtables.get(present)
        if made is None:
            offsets = [self.offsets[slot] if present >> slot & 1 else 0 for slot in range(self.slot_count)]
            made = struct.pack(f"<{2 + self.slot_count}H", 4 + 2 * self.slot_count, self.size, *offsets)
            self.vtables[present] = made
        return made


_plans: dict[type[Table], Plan] = {}


def plan_of(cls: type[Table]) -> Plan:
    plan = _plans.get(cls)
    if plan is None:
        plan = _plans[cls] = Plan(cls)
    return plan


class Encoder:
    def __init__(self) -> None:
        self.out = bytearray()

    def table(self, table: Table) -> int:
        """Returns where it stands."""
        out, plan = self.out, plan_of(type(table))
        present = 0
        inline: list[tuple[Kind, int, Any]] = []
        children: list[tuple[Kind, int, int, Any]] = []
        for field, slot, offset in plan.slots:
            value = getattr(table, field.name)
            kind = field.kind
            if value is None:
                continue
            present |= 1 << slot
            if kind.inline:
                inline.append((kind, offset, value))
            else:
                children.append((kind, slot, offset, value))
                if isinstance(kind, OneOf):
                    present |= 1 << slot - 1
        vtable = plan.vtable(present)
        at = len(out) + len(vtable)
        padding = -at % plan.align
        at += padding
        out += bytes(padding) + vtable + bytes(plan.size)
        _vtable_offset.pack_into(out, at, len(vtable))
        for kind, offset, value in inline:
            if isinstance(kind, Choice):
                value = kind.numbers[value]
            structs[kind.code].pack_into(out, at + offset, value)
        for kind, slot, offset, value in children:
            if isinstance(kind, OneOf):
                out[at + plan.offsets[slot - 1]] = kind.numbers[type(value).__name__]
                child = self.table(value)
            else:
                child = self.value(kind, value)
            _offset.pack_into(out, at + offset, child - (at + offset))
        return at

    def value(self, kind: Kind, value: Any) -> int:
        if isinstance(kind, Text):
            return self._bytes(value.encode(), b"\0")
        if isinstance(kind, Bytes):
            return self._bytes(value, b"")
        if isinstance(kind, Nested):
            return self.table(value)
        if isinstance(kind, CodecParameters):
            return self._offsets([_codec_parameter(name, parameter) for name, parameter in value.items()])
        if isinstance(kind, Pairs):
            table = Table._tables[str(kind.table_name)]
            return self._offsets([table(**{kind.key: name, kind.value: number}) for name, number in value.items()])
        assert isinstance(kind, List)
        if not kind.item.inline:
            return self._offsets(value, kind.item)
        if isinstance(kind.item, Choice):
            value = [kind.item.numbers[element] for element in value]
        packed = struct.pack(f"<I{len(value)}{kind.item.code}", len(value), *value)
        return self._append(packed)

    def _bytes(self, data: bytes, end: bytes) -> int:
        return self._append(_offset.pack(len(data)) + data + end)

    def _append(self, data: bytes) -> int:
        self.out += bytes(-len(self.out) % 4)
        at = len(self.out)
        self.out += data
        return at

    def _offsets(self, values: list[Any], item: Kind | None = None) -> int:
        at = self._append(_offset.pack(len(values)) + bytes(4 * len(values)))
        for index, value in enumerate(values):
            child = self.table(value) if item is None else self.value(item, value)
            slot = at + 4 + 4 * index
            _offset.pack_into(self.out, slot, child - slot)
        return at


def _codec_parameter(name: str, parameter: str | int) -> Any:
    table: Any = Table._tables["CodecParameter"]
    if isinstance(parameter, str):
        return table(name=name, text=parameter, bare=parameter == "")
    return table(name=name, integer=parameter, text=None)
