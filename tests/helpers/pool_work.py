"""Setup functions for worker pools: workers import them from here."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NoReturn


def doubler(offset: int = 0) -> Callable[[int], int]:
    return partial(double, offset)


def double(offset: int, item: int) -> int:
    """Twice a number; negative numbers do other things."""
    if item == -1:
        raise ValueError("no negative\nitems")
    if item == -2:
        os.kill(os.getpid(), signal.SIGKILL)
    if item == -3:
        os.kill(os.getpid(), signal.SIGSEGV)
    if item == -4:
        time.sleep(3600)
    if item == -5:
        raise UnpicklableError(lambda: None)
    return 2 * item + offset


class UnpicklableError(Exception):
    pass


def thread_reporter() -> Callable[[object], tuple[str, int]]:
    return lambda _: (os.environ["OMP_NUM_THREADS"], torch_threads())


def torch_threads() -> int:
    import torch

    return torch.get_num_threads()


def broken_setup() -> NoReturn:
    raise ValueError("no such thing")


def dead_setup() -> NoReturn:
    os._exit(3)


def die_once(marker: Path) -> str | None:
    try:
        marker.touch(exist_ok=False)
    except FileExistsError:
        return "done"
    os.kill(os.getpid(), signal.SIGKILL)


def die_once_setup() -> Callable[[Path], str | None]:
    return die_once


def hang_once(marker: Path) -> str | None:
    try:
        marker.touch(exist_ok=False)
    except FileExistsError:
        return "done"
    time.sleep(3600)


def hang_once_setup() -> Callable[[Path], str | None]:
    return hang_once


def sleeper() -> Callable[[float], None]:
    return time.sleep


def drain(pool: Any) -> dict[Any, Any]:
    """Collect until the pool is done; outcomes by key."""
    outcomes: list[Any] = []
    while pool.busy:
        outcomes += pool.collect()
    return {outcome.key: outcome for outcome in outcomes}


def pid_reporter() -> Callable[[object], int]:
    return lambda _: os.getpid()
