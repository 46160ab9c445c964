"""The scenarios of test/conformance, and that they use all that this package offers."""

from __future__ import annotations

import json
import os
from typing import Any

import conformance
import pytest
from conftest import root, values

folder = root / "test/conformance"
only = os.environ.get("SLUICE_SCENARIO")


def read(name: str) -> Any:
    return json.loads((folder / name).read_text(encoding="utf-8"))


def scenarios() -> list[Any]:
    found = []
    for path in sorted((folder / "scenarios").iterdir()):
        content = read(f"scenarios/{path.name}")
        for scenario in content["scenarios"]:
            if not only or only in scenario["name"]:
                own = {**values, **content.get("values", {})}
                found.append(pytest.param(own, scenario["steps"], id=f"{path.stem}: {scenario['name']}"))
    return found


@pytest.mark.parametrize("own_values, steps", scenarios())
async def test_scenario(own_values: dict[str, Any], steps: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root / "node")
    await conformance.Runner(own_values).run(steps)


@pytest.mark.skipif(only is not None, reason="only some scenarios were run")
def test_the_scenarios_use_every_method_option_event_and_error() -> None:
    coverage = read("coverage.json")
    shared = read("surface.json")["shared"]

    def inherited(path: str) -> bool:
        """What a class has from its base is asked of the base."""
        kind, name, *rest = path.split("/")
        return kind == "classes" and any("/".join([kind, base, *rest]) in shared for base in coverage["inherits"].get(name, []))

    def asked(path: str) -> bool:
        if path.startswith("values/") or "/properties/" in path or inherited(path):
            return False
        return not any(path == prefix or path.startswith(f"{prefix}/") for prefix in coverage["elsewhere"])

    assert [path for path in shared if asked(path) and path not in conformance.used] == []
