"""Why a simulation became unstable: the likely cause, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from morph_ops import graph as body_graph

if TYPE_CHECKING:
    import mujoco
    import networkx as nx

#: A hinge that gains more speed than this in one physics step is a likely cause (rad/s).
FAST = 5.0


def likely_cause(graph: nx.DiGraph[str], model: mujoco.MjModel) -> str:
    """A line on why a simulation of a body became unstable.

    The usual cause is a strong motor on a light limb without armature: the hinge turns by a large
    angle within one physics step.

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
    gains = {
        joint.name: abs(joint.gear)
        * max(map(abs, joint.ctrl_range))
        / float(model.dof_M0[model.joint(joint.name).dofadr[0]])
        * float(model.opt.timestep)
        for _, joint in body_graph.joints(graph)
    }
    worst = max(gains, key=lambda name: gains[name], default=None)
    if worst is None or not gains[worst] > FAST:
        return "the simulation became unstable; smaller gears, or more armature or damping may help"
    return (
        f"the simulation became unstable: hinge {worst!r} gains {gains[worst]:.3g} rad/s within a "
        "physics step at full torque; give it an armature, such as 0.01 to 1 kg m^2, or a smaller "
        "gear"
    )
