from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

class DegenerateDataWarning(RuntimeWarning): ...

class _Correlation(Protocol):
    @property
    def statistic(self) -> float: ...

class _Bootstrap(Protocol):
    @property
    def bootstrap_distribution(self) -> NDArray[np.float64]: ...

def spearmanr(a: NDArray[np.floating], b: NDArray[np.floating]) -> _Correlation: ...
def kendalltau(x: NDArray[np.floating], y: NDArray[np.floating]) -> _Correlation: ...
def bootstrap(
    data: Sequence[NDArray[np.floating]],
    statistic: Callable[..., float],
    *,
    n_resamples: int,
    paired: bool,
    vectorized: bool,
    method: str,
    rng: np.random.Generator,
) -> _Bootstrap: ...
