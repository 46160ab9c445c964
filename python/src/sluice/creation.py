"""`worker = await create_worker()` and `async with create_worker() as worker:`, both of one call."""

from __future__ import annotations

import functools
from collections.abc import Coroutine, Generator
from types import TracebackType
from typing import Any, Callable, ParamSpec, Protocol, TypeVar


class _Leavable(Protocol):
    async def _leave(self) -> None: ...


T = TypeVar("T", bound=_Leavable)
P = ParamSpec("P")


class Creation(Coroutine[Any, Any, T]):
    """A coroutine that makes an object, and a context that closes it in the end."""

    def __init__(self, coroutine: Coroutine[Any, Any, T]) -> None:
        self._coroutine = coroutine
        self._made: T | None = None

    def __await__(self) -> Generator[Any, None, T]:
        return self._coroutine.__await__()

    def send(self, value: Any) -> Any:
        return self._coroutine.send(value)

    def throw(self, *error: Any) -> Any:
        return self._coroutine.throw(*error)

    def close(self) -> None:
        self._coroutine.close()

    async def __aenter__(self) -> T:
        self._made = await self._coroutine
        return self._made

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._made is not None:
            await self._made._leave()


def creates(function: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Creation[T]]:
    """Makes a coroutine function's result usable in both ways."""

    @functools.wraps(function)
    def create(*args: P.args, **kwargs: P.kwargs) -> Creation[T]:
        return Creation(function(*args, **kwargs))

    return create
