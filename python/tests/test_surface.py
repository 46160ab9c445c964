"""What this package offers is what test/conformance/surface.json says, and so is what the Node package offers (node/test)."""

from __future__ import annotations

import json

from conftest import root
from surface import paths, surface


def test_the_package_offers_what_both_offer_and_what_only_it_has_with_a_reason() -> None:
    expected = json.loads((root / "test/conformance/surface.json").read_text(encoding="utf-8"))
    offered = paths(surface())
    shared = set(expected["shared"])

    def excused(path: str) -> bool:
        return any(path == prefix or path.startswith(f"{prefix}/") for prefix in expected["python"])

    assert sorted(shared - offered) == []
    assert sorted(path for path in offered - shared if not excused(path)) == []
    assert all(any(path.startswith(prefix) for path in offered) for prefix in expected["python"]), "an excuse for nothing"
