"""Bodies and policies that the tests of this package share."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from numpy.typing import NDArray

from morph_ops.graph import Joint, Limb, Slot, Torso, add_limb, joints, new_body


class RandomPolicy:
    """A small network with random weights: E states in, E controls out."""

    def __init__(self, graph: nx.DiGraph, *, seed: int = 0, hidden: int = 64) -> None:
        rng = np.random.default_rng(seed)
        self._input = rng.normal(0.0, 0.1, (17 * len(graph), hidden))
        self._output = rng.normal(0.0, 1.0 / 8.0, (hidden, len(list(joints(graph)))))

    def act(self, state: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.maximum(state.reshape(len(state), -1) @ self._input, 0.0) @ self._output


@pytest.fixture
def walker() -> nx.DiGraph:
    """A torso on two legs, one with a shin: limbs with one and with two hinges."""

    def hinge(number: int, slot: Slot, axis: tuple[float, float, float]) -> Joint:
        return Joint(
            name=f"limb{slot}/{number}",
            slot=slot,
            pos=(0.0, 0.0, 0.05),
            axis=axis,
            range_deg=(-60.0, 30.0),
            gear=200.0,
        )

    def leg(number: int, pos: tuple[float, float, float], *joints: Joint) -> Limb:
        return Limb(pos=pos, end=(0.0, 0.0, -0.25), radius=0.05, density=700.0, joints=joints)

    x, y = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)
    graph = new_body(Torso(pos=(0.0, 0.0, 0.95), radius=0.1, density=800.0))
    left = leg(0, (0.0, 0.1, -0.1), hinge(0, "x", x), hinge(0, "y", y))
    right = leg(1, (0.0, -0.1, -0.1), hinge(1, "y", y))
    graph = add_limb(graph, "torso/0", "limb/0", left)
    graph = add_limb(graph, "torso/0", "limb/1", right)
    return add_limb(graph, "limb/0", "limb/2", leg(2, (0.0, 0.0, -0.3), hinge(2, "y", y)))


@pytest.fixture
def walker_policy(walker: nx.DiGraph) -> RandomPolicy:
    """A policy of the walker."""
    return RandomPolicy(walker)
