"""The mean of several controllers' weights, in one controller."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.errors import TrainingError
from hyperdistill_core.nets.numpy_hypernetwork import NumpyHypernetwork
from hyperdistill_core.training.distillation.controllers import with_training_bodies
from hyperdistill_core.training.training_sets import TrainingSet


def average_controllers(
    controllers: Sequence[Controller],
    training_set: TrainingSet,
    *,
    name: str,
    weights: Sequence[float] | None = None,
) -> Controller:
    """The controller whose hypernetwork has the mean of the weights of others.

    Trainings that went on from one another, or from one beginning, lie in one basin: the mean of
    their weights is often better than each of them, and falls less (Wortsman 2022). Unrelated
    controllers have no useful mean.

    Args:
        controllers: At least two controllers of one shape, task, context and normalization.
        training_set: Bodies that they learned on, from which the new controller knows how far
            others lie.
        name: Name of the new controller. It has one variant.
        weights: Weight of each controller, at least 0; None weighs all alike.

    Raises:
        TrainingError: There are fewer than two controllers, or they do not fit together.
        TrainingError: The weights are negative, all 0, or not one for each controller.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> rng = np.random.default_rng(0)
        >>> bodies = TrainingSet((sample_body(rng), sample_body(rng)), ("sampled",) * 2)
        >>> one = Controller.load("flat-v3")
        >>> average_controllers([one, one], bodies, name="mean").name
        'mean'
    """
    shares = _shares(len(controllers), weights)
    first = controllers[0]
    for other in controllers[1:]:
        _require_alike(first, other)
    arrays = {
        key: _mean([controller.network.arrays[key] for controller in controllers], shares)
        for key in first.network.arrays
    }
    sources = [
        {"name": each.name, "hash": each.hash, "share": share, "provenance": dict(each.provenance)}
        for each, share in zip(controllers, shares, strict=True)
    ]
    mean = Controller(
        name=name,
        network=NumpyHypernetwork(first.network.config, arrays),
        normalization=first.normalization,
        task=first.task,
        context=first.context,
        provenance={"mean of": sources, "training set": training_set.counts},
    )
    return with_training_bodies(mean, training_set)


def _mean(arrays: Sequence[NDArray[np.floating]], shares: Sequence[float]) -> NDArray[np.floating]:
    """The weighted mean of arrays, rounded once to the type of the first."""
    total = np.zeros(arrays[0].shape)
    for share, array in zip(shares, arrays, strict=True):
        total += share * array
    return total.astype(arrays[0].dtype)


def _shares(count: int, weights: Sequence[float] | None) -> list[float]:
    given = [1.0] * count if weights is None else [float(weight) for weight in weights]
    if count < 2:
        raise TrainingError(f"controllers: expected at least 2 to average, got {count}")
    if len(given) != count or not min(given) >= 0.0 or not 0.0 < sum(given) < np.inf:
        raise TrainingError(
            f"weights: expected {count} numbers of at least 0, not all of them 0, got {given}"
        )
    return [weight / sum(given) for weight in given]


def _require_alike(first: Controller, other: Controller) -> None:
    for what, one, another in (
        ("task", first.task, other.task),
        ("context", first.context, other.context),
        ("network", first.network.config, other.network.config),
    ):
        if one != another:
            raise TrainingError(
                f"controllers: expected the {what} of {first.name}, {one}, got that of "
                f"{other.name}, {another}"
            )
    same = all(
        np.array_equal(getattr(first.normalization, name), getattr(other.normalization, name))
        for name in vars(first.normalization)
    )
    if not same:
        raise TrainingError(
            f"controllers: {first.name} and {other.name} normalize states in different ways: they "
            "did not start from one controller"
        )
