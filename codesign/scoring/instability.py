"""Why a simulation became unstable: the likely cause, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import mujoco

from morph_ops import graph as body_graph

if TYPE_CHECKING:
    import networkx as nx


class _Kind(NamedTuple):
    """What to say of a kind of joint.

    Attributes:
        name: What it is called.
        fast: Speed (in ``unit``) that is a likely cause if the joint gains more in a physics step.
        unit: Unit of the speed.
        effort: What its motor exerts.
        armature: Armatures that may help.
    """

    name: str
    fast: float
    unit: str
    effort: str
    armature: str


_TURNING = _Kind("hinge", 5.0, "rad/s", "torque", "0.01 to 1 kg m^2")
_SLIDING = _Kind("sliding joint", 1.0, "m/s", "force", "0.1 to 10 kg")
# (No joint of a node is a ball joint: no action drives one.)
_SLIDE = int(mujoco.mjtJoint.mjJNT_SLIDE)


def likely_cause(graph: nx.DiGraph[str], model: mujoco.MjModel) -> str:
    """A line on why a simulation of a body became unstable.

    The usual cause is a strong motor on a light limb without armature: the joint turns by a large
    angle, or slides a long way, within one physics step.

    Args:
        graph: The body.
        model: The body in its world.

    Examples:
        >>> import numpy as np
        >>> from hyperdistill_core.tasks import get_task
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(0))
        >>> likely_cause(body, get_task("flat").model(body))
        'the simulation became unstable; smaller gears, or more armature or damping may help'
    """
    found: list[tuple[float, float, str, _Kind]] = []
    for _, joint in body_graph.joints(graph):
        moved = model.joint(joint.name)
        kind = _SLIDING if int(moved.type[0]) == _SLIDE else _TURNING
        effort = abs(joint.gear) * max(map(abs, joint.ctrl_range))
        gain = effort / float(model.dof_M0[moved.dofadr[0]]) * float(model.opt.timestep)
        found.append((gain / kind.fast, gain, joint.name, kind))
    share, gain, name, kind = max(found, key=lambda each: each[0], default=(0.0, 0.0, "", _TURNING))
    if not share > 1.0:
        return "the simulation became unstable; smaller gears, or more armature or damping may help"
    return (
        f"the simulation became unstable: {kind.name} {name!r} gains {gain:.3g} {kind.unit} within "
        f"a physics step at full {kind.effort}; give it an armature, such as {kind.armature}, or a "
        "smaller gear"
    )
