"""Coroutine tests run in a loop of their own; what all tests share."""

from __future__ import annotations

import asyncio
import inspect
import json
import pathlib
import sys
from typing import Any

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

root = pathlib.Path(__file__).resolve().parents[2]
values: dict[str, Any] = json.loads((root / "test/conformance/values.json").read_text(encoding="utf-8"))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    arguments = {name: pyfuncitem.funcargs[name] for name in names}
    marker = pyfuncitem.get_closest_marker("timeout")
    asyncio.run(asyncio.wait_for(pyfuncitem.obj(**arguments), marker.args[0] if marker else 30))
    return True


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "timeout(seconds): of a coroutine test; 30 by default")
