"""What is slow to make, once for all test processes."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that the first test process that asks for it fills, while the others wait.

    Args:
        factory: The factory of temporary folders.
        name: Name of the folder, unique among all tests.
        make: Function that fills the folder, which exists.
    """
    base = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # (each process has a folder of its own there)
    folder, made = base / "made-once" / name, base / "made-once" / f"{name}.made"
    folder.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            make(folder)
            made.touch()
    return folder
