import numpy as np
from numpy.typing import ArrayLike, NDArray

class QhullError(RuntimeError): ...

class ConvexHull:
    equations: NDArray[np.float64]
    simplices: NDArray[np.int32]
    vertices: NDArray[np.int32]
    def __init__(self, points: ArrayLike, *, qhull_options: str | None = ...) -> None: ...
