"""Running forward on flat ground: the task FT of Gupta 2022."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import mujoco
import networkx as nx
import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.tasks.task import Task
from morph_ops import graph as body_graph
from morph_ops.geometry import canonical_frames
from morph_ops.io.mjcf.build import compile_spec, to_spec

#: Name of the geom that is the floor.
FLOOR = "floor"
# Friction and dimension of contacts with the floor, as those of UNIMAL geoms.
_FRICTION = (0.7, 0.1, 0.1)
_CONDIM = 3
# Height of the lowest point of a UNIMAL above the floor at rest (m).
_CLEARANCE_M = 0.2
# Share of the height above this clearance at or below which a body has fallen.
_FALL_RATIO = 0.5
# Number of decimals of a torso's height (m), as in the public environment.
_HEIGHT_DECIMALS = 3


@dataclass(frozen=True, kw_only=True)
class Flat(Task):
    """A floor at z = 0; the reward is the speed of the torso along x (m/s).

    The body keeps its contact excludes. It has fallen when its torso is at or below half of
    (rest height - 0.2 m), the height of the torso above the lowest point at rest. A robot from
    elsewhere rests on the floor. The height is rounded to a millimeter first, as in the public
    environment.

    Examples:
        >>> FLAT.terms(np.array([0.0, 0.0, 1.0]), np.array([0.02, 0.0, 1.0]))["forward"].item()
        1.0
        >>> FLAT.fell(np.array([[0.0, 0.0, 0.3], [0.0, 0.0, 0.9]]), fall_height=0.375).tolist()
        [True, False]
    """

    name: str = "flat"

    def model(self, graph: nx.DiGraph[str]) -> mujoco.MjModel:
        """See :meth:`Task.model`."""
        spec = to_spec(canonical_frames(graph))
        floor = spec.worldbody.add_geom(
            name=FLOOR,
            type=mujoco.mjtGeom.mjGEOM_PLANE,
            size=(0.0, 0.0, 1.0),
            friction=_FRICTION,
            condim=_CONDIM,
        )
        if body_graph.physics(graph) is not None:
            _touch_all(spec, floor)
        return compile_spec(spec)

    def fall_height(self, graph: nx.DiGraph[str]) -> float:
        """See :meth:`Task.fall_height`."""
        physics = body_graph.physics(graph)
        if physics is not None and not physics.falls:
            return -math.inf
        clearance = _CLEARANCE_M if physics is None else 0.0
        return _FALL_RATIO * (body_graph.torso(graph).pos[2] - clearance)

    def height(self, position: NDArray[np.float64]) -> NDArray[np.float64]:
        """See :meth:`Task.height`."""
        return position[..., 2].round(_HEIGHT_DECIMALS)

    def terms(
        self, before: NDArray[np.float64], after: NDArray[np.float64]
    ) -> dict[str, NDArray[np.float64]]:
        """See :meth:`Task.terms`."""
        return {"forward": (after[..., 0] - before[..., 0]) / self.control_dt}


def _touch_all(spec: mujoco.MjSpec, floor: mujoco.MjsGeom) -> None:
    """Let every geom that can touch something touch the floor, whatever bits its file gives it."""
    for geom in spec.geoms:
        if geom is not floor:
            floor.contype |= geom.conaffinity
            floor.conaffinity |= geom.contype


@dataclass(frozen=True, kw_only=True)
class FlatReference(Flat):
    """The flat task as in the public environment of Gupta 2022.

    The top of its floor, a box, lies at z = 1, so world heights include this meter. The contact
    excludes of the body are dropped, and states hold y in the world frame.

    Examples:
        >>> FLAT_REFERENCE.height(np.array([0.0, 0.0, 1.75])).item()
        0.75
    """

    name: str = "flat-reference"
    ground_m: float = 1.0
    world_y: bool = True

    def model(self, graph: nx.DiGraph[str]) -> mujoco.MjModel:
        """See :meth:`Task.model`."""
        torso = body_graph.torso(graph)
        x, y, z = torso.pos
        raised = replace(torso, pos=(x, y, z + self.ground_m))
        graph = body_graph.with_nodes(graph, [(body_graph.root(graph), raised)])
        spec = to_spec(canonical_frames(body_graph.with_excludes(graph, ())))
        spec.worldbody.add_geom(
            name=FLOOR,
            type=mujoco.mjtGeom.mjGEOM_BOX,
            size=(100.0, 100.0, self.ground_m),
            friction=_FRICTION,
            condim=_CONDIM,
        )
        return compile_spec(spec)

    def height(self, position: NDArray[np.float64]) -> NDArray[np.float64]:
        """See :meth:`Task.height`."""
        return (position[..., 2] - self.ground_m).round(_HEIGHT_DECIMALS)


FLAT = Flat()
FLAT_REFERENCE = FlatReference()
