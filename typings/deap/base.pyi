from collections.abc import Callable, Sequence
from typing import Any

class Fitness:
    weights: Sequence[float]
    values: tuple[float, ...]
    # Set by the selection of NSGA-II.
    crowding_dist: float
    def __init__(self, values: Sequence[float] = ...) -> None: ...
    def dominates(self, other: Fitness, obj: slice = ...) -> bool: ...

class Toolbox:
    def register(
        self, alias: str, function: Callable[..., Any], *args: Any, **kargs: Any
    ) -> None: ...
    def __getattr__(self, name: str) -> Callable[..., Any]: ...
