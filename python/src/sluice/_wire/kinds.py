"""What a member of a table may be: how it is checked, how it stands in JSON, and how many bytes it takes inline.

A check never trusts: callers hand over what a client sent. It raises InvalidArgumentError with the path of the field.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Mapping

from ..errors import InvalidArgumentError

if TYPE_CHECKING:
    from .table import Table


def _show(value: object) -> str:
    """`"abc"`, `[1, 2]`: for messages, cut short."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = f"a value of type {type(value).__name__}"
    return text if len(text) <= 40 else f"{text[:37]}…"


def wrong(path: str, expected: str, value: object) -> InvalidArgumentError:
    return InvalidArgumentError(path, f"missing, expected {expected}" if value is None else f"expected {expected}, got {_show(value)}")


class Kind:
    """`code`: of struct; "I" where an offset stands inline. `zero`: what an absent one is."""

    code = "I"
    inline = False
    zero: Any = None

    def check(self, value: object, path: str) -> Any:
        raise NotImplementedError

    def to_json(self, value: Any) -> Any:
        return value


class Integer(Kind):
    inline = True
    zero: Any = 0

    def __init__(self, code: str, low: int, high: int) -> None:
        self.code, self.low, self.high = code, low, high

    def check(self, value: object, path: str) -> int:
        if type(value) is float and value.is_integer():
            value = int(value)  # JSON of other languages has one kind of number
        if type(value) is not int or not self.low <= value <= self.high:
            raise wrong(path, f"an integer from {self.low} to {self.high}", value)
        return value


class Real(Kind):
    code, inline, zero = "d", True, 0.0

    def check(self, value: object, path: str) -> float:
        if type(value) not in (int, float):
            raise wrong(path, "a number", value)
        return float(value)  # type: ignore[arg-type]


class Flag(Kind):
    code, inline, zero = "?", True, False

    def check(self, value: object, path: str) -> bool:
        if type(value) is not bool:
            raise wrong(path, "a boolean", value)
        return value


class Choice(Kind):
    """An enumeration: its names in lower case. A name of None stands for "unset"."""

    code, inline = "B", True

    def __init__(self, *names: str | None) -> None:
        self.names = names
        self.numbers: dict[str | None, int] = {name: number for number, name in enumerate(names)}
        self.zero = names[0]

    def check(self, value: object, path: str) -> str:
        if not isinstance(value, str) or value not in self.numbers:
            raise wrong(path, f"one of {', '.join(name for name in self.names if name)}", value)
        return value


class Text(Kind):
    zero = ""

    def check(self, value: object, path: str) -> str:
        if not isinstance(value, str):
            raise wrong(path, "a string", value)
        try:
            value.encode()
        except UnicodeEncodeError:
            raise InvalidArgumentError(path, "expected a string without lone surrogates, which UTF-8 cannot carry") from None
        return value


class Bytes(Kind):
    zero = b""

    def check(self, value: object, path: str) -> bytes:
        if not isinstance(value, (bytes, bytearray, memoryview)):
            raise wrong(path, "bytes", value)
        return bytes(value)


class Nested(Kind):
    """A table, by its name, as tables name each other."""

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def table(self) -> type[Table]:
        from .table import Table

        return Table._tables[self.name]

    def check(self, value: object, path: str) -> Table:
        return self.table.checked(value, path)

    def to_json(self, value: Any) -> Any:
        return value.to_json()


class List(Kind):
    def __init__(self, item: Kind) -> None:
        self.item = item

    @property
    def zero(self) -> list[Any]:
        return []

    def check(self, value: object, path: str) -> list[Any]:
        if not isinstance(value, (list, tuple)):
            raise wrong(path, "an array", value)
        return [self.item.check(element, f"{path}[{index}]") for index, element in enumerate(value)]

    def to_json(self, value: Any) -> Any:
        return [self.item.to_json(element) for element in value]


class Anything(Kind):
    """JSON as it is."""

    def check(self, value: object, path: str) -> Any:
        return value


class OneOf(Kind):
    """A union: the number of the table's type, then the table. Commands, replies, events and bodies."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self.numbers = {name: number for number, name in enumerate(names, 1)}

    def check(self, value: object, path: str) -> Any:
        return value


class Pairs(Kind):
    """A list of tables with a name and a value: a dictionary."""

    def __init__(self, table: str | None, key: str, value: str) -> None:
        self.table_name, self.key, self.value = table, key, value

    @property
    def zero(self) -> dict[str, Any]:
        return {}

    def check(self, value: object, path: str) -> dict[str, Any]:
        return dict(value) if isinstance(value, Mapping) else {}

    def to_json(self, value: Any) -> Any:
        return dict(value)


class CodecParameters(Pairs):
    """Values are numbers and texts. What has no value is left out; true is 1."""

    def check(self, value: object, path: str) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise wrong(path, "an object", value)
        checked: dict[str, Any] = {}
        for name, parameter in value.items():
            where = f"{path}.{name}"
            if parameter is None:
                continue
            if isinstance(parameter, bool):
                parameter = int(parameter)
            elif isinstance(parameter, float):
                parameter = int(parameter) if parameter.is_integer() else str(parameter)
            elif isinstance(parameter, str):
                parameter = TEXT.check(parameter, where)
            if not isinstance(parameter, (int, str)) or isinstance(parameter, int) and not -(2**63) <= parameter < 2**63:
                raise wrong(where, "a string or a number", parameter)
            checked[TEXT.check(name, where)] = parameter
        return checked


U8, U16, U32, U64 = Integer("B", 0, 0xFF), Integer("H", 0, 0xFFFF), Integer("I", 0, 2**32 - 1), Integer("Q", 0, 2**53 - 1)
I8, I32, I64 = Integer("b", -128, 127), Integer("i", -(2**31), 2**31 - 1), Integer("q", -(2**53), 2**53)
FLAG, REAL, TEXT, BYTES = Flag(), Real(), Text(), Bytes()
CODEC_PARAMETERS = CodecParameters(None, "name", "integer")
COUNTS = Pairs("Counter", "name", "value")
BITRATES = Pairs("LayerBitrate", "layer", "bitrate")


class Field:
    """One member of a table. `default`: on the wire, where an absent scalar has it."""

    __slots__ = ("name", "json", "kind", "needed", "optional", "default")

    def __init__(self, name: str, json: str, kind: Kind, *, needed: bool = False, optional: bool = False, default: Any = None) -> None:
        self.name, self.json, self.kind = name, json, kind
        self.needed, self.optional, self.default = needed, optional, default
