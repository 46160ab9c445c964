"""The README's first program works in a fresh virtual environment, as it stands there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from conftest import root

import sluice


def test_the_readmes_ten_lines_work_in_a_fresh_virtual_environment(tmp_path: Path) -> None:
    readme = (root / "python/README.md").read_text(encoding="utf-8")
    program = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)[0]
    assert len([line for line in program.splitlines() if line.strip()]) <= 10
    # In a copy, so that what building leaves stays out of the tree.
    source = tmp_path / "python"
    subprocess.run(["cp", "-r", root / "python", source], check=True)
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv/bin/python"
    quiet = ["--quiet", "--disable-pip-version-check", "--no-input"]
    subprocess.run([python, "-m", "pip", "install", *quiet, source], check=True, timeout=120)
    environment = {"PATH": os.environ["PATH"], "SLUICE_WORKER_BIN": sluice.worker_bin}
    done = subprocess.run([python, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    assert "WebRtcTransportStat(transport_id=" in done.stdout
    files = subprocess.run([python, "-m", "pip", "show", "-f", "sluice"], capture_output=True, text=True, check=True).stdout
    assert "sluice/py.typed" in files and "Requires: \n" in files
