"""What this project uses of mjbatch, whose own types leave the arrays open."""

from typing import Any

from numpy.typing import NDArray

class Batch:
    num_sims: int
    def __init__(
        self, model: Any, num_sims: int, num_threads: int = 0, forward: bool = False
    ) -> None: ...
    def bind(self, name: str, dtype: object | None = None) -> NDArray[Any]: ...
    def reset(self, ids: NDArray[Any] | None = None, keyframe: int = -1) -> None: ...
    def step(
        self,
        ids: NDArray[Any] | None = None,
        nstep: int = 1,
        history: NDArray[Any] | None = None,
    ) -> None: ...
