"""What adaptation and fine-tuning share: workers, threads, progress."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TypeAlias

from codesign.config import Settings, usable_cores

#: Function that is called with what learns, its control steps so far, and their total.
OnSteps: TypeAlias = Callable[[str, int, int], None]


def learning_workers(settings: Settings) -> int:
    """Number of processes that simulate what learns: on this machine, also beside a cluster.

    Args:
        settings: Settings of the run.

    Examples:
        >>> learning_workers(Settings(workers=0))
        1
    """
    return usable_cores() if settings.cluster else settings.workers or 1


@contextmanager
def torch_threads(count: int) -> Generator[None]:
    """Let PyTorch have a number of threads inside the ``with`` block.

    Args:
        count: Number of threads. It changes the last digits of what is learned, so it does not
            follow the machine.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
