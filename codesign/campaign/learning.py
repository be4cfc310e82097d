"""What adaptation and fine-tuning share: workers, progress."""

from __future__ import annotations

from collections.abc import Callable
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
