"""Where the worker's executable is."""

from __future__ import annotations

import os
import pathlib
import shutil

from .errors import WorkerStartError

_name = "sluice-worker"


def find_worker_bin() -> str | None:
    """SLUICE_WORKER_BIN, what was built in the checkout that this package or the working directory belongs to (release before dev),
    then the PATH."""
    asked = os.environ.get("SLUICE_WORKER_BIN")
    if asked:
        return asked
    for start in (pathlib.Path(__file__).resolve(), pathlib.Path.cwd() / _name):
        for folder in start.parents:
            for preset in ("release", "dev"):
                built = folder / "build" / preset / "worker" / _name
                if (folder / "fbs" / "control.fbs").exists() and os.access(built, os.X_OK):
                    return str(built)
    return shutil.which(_name)


def need_worker_bin() -> str:
    """As find_worker_bin, or raises."""
    found = find_worker_bin()
    if found is None:
        raise WorkerStartError(
            f"no {_name} was found: set SLUICE_WORKER_BIN, build it (cmake --preset release && ninja -C build/release {_name}) "
            "and run inside the checkout, or put it on the PATH"
        )
    return found


#: What create_worker runs unless told otherwise; just the name when none was found.
worker_bin: str = find_worker_bin() or _name
