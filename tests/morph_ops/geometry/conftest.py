"""A body with frames of its own."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx
import pytest

from morph_ops.graph import (
    Joint,
    Limb,
    Torso,
    add_limb,
    new_body,
)


@pytest.fixture
def turned() -> nx.DiGraph:
    """A body whose torso and limbs all have orientations of their own."""
    hinge = Joint(
        name="limbx/0", slot="x", pos=(0, 0, 0.05), axis=(1, 0, 0), range_deg=(-30, 30), gear=150
    )
    graph = new_body(
        Torso(pos=(0.3, -0.2, 0.9), quat=(0.9, 0.1, -0.3, 0.2), radius=0.1, density=700)
    )
    upper = Limb(
        pos=(0, 0.1, -0.1),
        quat=(0.5, 0.5, -0.5, 0.1),
        start=(0.01, 0, 0),
        end=(0.1, 0.2, -0.3),
        radius=0.05,
        mass=1.5,
        joints=(hinge,),
    )
    graph = add_limb(graph, "torso/0", "a", upper)
    lower = replace(upper, quat=(0, 0, 3, 4), joints=(replace(hinge, name="limbx/1"),))
    return add_limb(graph, "a", "b", lower)
