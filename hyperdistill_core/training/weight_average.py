"""The mean of a network's weights over the last part of a training.

Late in a training the weights wander around what they have learned. Their mean lies nearer to it
than any of them (Izmailov 2018).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray
from torch import nn

from hyperdistill_core.training.network_state import network_arrays

_PREFIX = "average"
_COUNT = "averaged"


class WeightAverage:
    """Running mean of the weights of one network.

    Attributes:
        count: Number of weights in the mean; 0 before the first.

    Examples:
        >>> network, average = nn.Linear(1, 1, bias=False), WeightAverage()
        >>> for weight in (1.0, 3.0):
        ...     _ = nn.init.constant_(network.weight, weight)
        ...     average.add(network)
        >>> average.arrays()["average.weight"].item()
        2.0
    """

    def __init__(self) -> None:
        self.count = 0
        self._means: dict[str, NDArray[Any]] = {}

    def add(self, network: nn.Module) -> None:
        """Add the present weights of the network.

        Args:
            network: The network, the same in every call.
        """
        weights = network_arrays(network, prefix=_PREFIX)
        self.count += 1
        if self.count == 1:
            self._means = {name: weight.copy() for name, weight in weights.items()}
            return
        for name, mean in self._means.items():
            mean += (weights[name] - mean) / self.count

    def clear(self) -> None:
        """Forget all weights."""
        self.count, self._means = 0, {}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The means, by names for a checkpoint; empty before the first weights."""
        return self._means

    def meta(self) -> dict[str, Any]:
        """What a checkpoint's header says of the mean."""
        return {_COUNT: self.count}

    def restore(self, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> None:
        """Restore what :meth:`arrays` and :meth:`meta` returned.

        Args:
            arrays: Arrays of a checkpoint.
            meta: Its header.
        """
        self.count = meta.get(_COUNT, 0)
        self._means = {
            name: array for name, array in arrays.items() if name.startswith(_PREFIX + ".")
        }


def weights_prefix(meta: Mapping[str, Any]) -> str:
    """Prefix of the best weights in a checkpoint: their mean, or the last if it has no mean.

    Args:
        meta: Header of the checkpoint.

    Examples:
        >>> weights_prefix({"averaged": 5}), weights_prefix({"averaged": 0})
        ('average', 'network')
    """
    return _PREFIX if meta.get(_COUNT) else "network"
