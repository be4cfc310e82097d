"""Small bodies to take apart."""

from __future__ import annotations

import networkx as nx
import pytest

from morph_ops.graph import SLOTS, Joint, Limb, Torso, add_limb, new_body, with_excludes


@pytest.fixture
def biped() -> nx.DiGraph:
    """Two mirrored legs, the left with a foot, and numbers that six digits cannot hold."""
    body = new_body(Torso(pos=(0.0, 0.0, 0.1 + 0.2), radius=0.1, density=2000 / 3))
    for name, side in (("limb/0", 1.0), ("limb/3", -1.0)):
        axes = ((0.7071, 0.0, -0.7071), (0.0, 0.0, side))
        hinges = tuple(
            Joint(
                name=f"limb{slot}/{name[-1]}",
                slot=slot,
                pos=(0.0, -0.05 * side, 0.0),
                axis=axis,
                range_deg=(-30.0, 100 / 3),
                gear=150.0,
            )
            for slot, axis in zip(SLOTS, axes, strict=True)
        )
        leg = Limb(
            pos=(0.0, 0.1 * side, 0.0),
            end=(0.0, 0.25 * side, 0.0),
            radius=0.05,
            density=900.0,
            joints=hinges,
        )
        body = add_limb(body, "torso/0", name, leg)
    ankle = Joint(
        name="ankle",
        slot="y",
        pos=(0.0, 0.0, 0.04),
        axis=(0.0, 1.0, 0.0),
        range_deg=(-45.0, 45.0),
        gear=250.0,
        ctrl_range=(-0.5, 0.75),
        stiffness=0.1,
        damping=1 / 3,
        armature=0.02,
        solref_limit=(0.01, 0.9),
        solimp_limit=(0.1, 0.9, 0.01, 0.4, 3.0),
    )
    foot = Limb(
        pos=(0.0, 0.25, -0.05),
        quat=(0.8, 0.0, 0.6, 0.0),
        start=(0.01, 0.0, 0.0),
        end=(0.0, 0.02, -0.2),
        radius=0.03,
        mass=0.7,
        joints=(ankle,),
        friction=(1.1, 0.02, 0.003),
        condim=4,
    )
    body = add_limb(body, "limb/0", "foot <left> & co", foot)
    return with_excludes(body, [("limb/3", "limb/0"), ("limb/3", "foot <left> & co")])
