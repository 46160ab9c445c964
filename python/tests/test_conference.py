"""examples/python-conference is held to the tests of the conference server's signaling."""

from __future__ import annotations

import os
import subprocess
import sys

from conftest import root

example = root / "examples/python-conference"


def test_the_example_passes_the_servers_tests_of_the_signaling() -> None:
    environment = {**os.environ, "SLUICE_TEST_SERVER": f"{sys.executable} {example / 'server.py'}"}
    command = ["node", "--test", "--test-reporter=tap", str(root / "server/test/signaling.test.js")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100)
    failed = [line for line in done.stdout.splitlines() if line.strip().startswith("not ok")]
    passed = [line for line in done.stdout.splitlines() if line.startswith("ok")]
    assert failed == [], done.stdout[-5000:]
    assert len(passed) > 50 and done.returncode == 0
