"""The programs of examples/python-media: what they write plays."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from conftest import root

examples = root / "examples/python-media"


def run(program: str, *arguments: str) -> str:
    done = subprocess.run([sys.executable, examples / program, *arguments], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return done.stdout


def probe(path: Path) -> dict[str, Any]:
    """What ffprobe decodes of it; anything that it complains of is a failure."""
    command = ["ffprobe", "-v", "error", "-count_frames", "-show_streams", "-of", "json", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    assert done.stderr == "", done.stderr
    (stream,) = json.loads(done.stdout)["streams"]
    return dict(stream)


def test_a_track_is_recorded_and_the_record_is_published_and_recorded_again(tmp_path: Path) -> None:
    first, second = tmp_path / "first.ivf", tmp_path / "second.ivf"
    assert "frames are in" in run("record.py", str(first), "2")
    stream = probe(first)
    assert (stream["codec_name"], stream["width"], stream["height"]) == ("vp8", 320, 240)
    # The very first may be gone before the recorder's key frame.
    assert 40 <= int(stream["nb_read_frames"]) <= 50
    assert 1.5 < float(stream["duration"]) < 2.2
    said = run("publish.py", str(first), str(second))
    again = probe(second)
    assert again["nb_read_frames"] == stream["nb_read_frames"], said
    assert abs(float(again["duration"]) - float(stream["duration"])) < 0.1
