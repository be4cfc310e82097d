"""Threads of PyTorch, which a caller gets back as they were."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def torch_threads(count: int) -> Generator[None]:
    """Let PyTorch have a number of threads inside the ``with`` block.

    Args:
        count: Number of threads. It changes the last digits of what is learned: where a result must
            be the same on every machine, it must not follow the machine.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
