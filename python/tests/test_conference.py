"""examples/python-conference is held to the tests of the conference server's signaling and of its tokens."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from conftest import root

example = root / "examples/python-conference"


@pytest.mark.parametrize(("file", "least"), [("signaling", 50), ("tokens", 25)])
def test_the_example_passes_the_servers_tests(file: str, least: int) -> None:
    environment = {**os.environ, "SLUICE_TEST_SERVER": f"{sys.executable} {example / 'server.py'}"}
    command = ["node", "--test", "--test-reporter=tap", str(root / f"server/test/{file}.test.js")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100)
    failed = [line for line in done.stdout.splitlines() if line.strip().startswith("not ok")]
    passed = [line for line in done.stdout.splitlines() if line.startswith("ok") and "# SKIP" not in line]
    assert failed == [], done.stdout[-5000:]
    assert len(passed) > least and done.returncode == 0
