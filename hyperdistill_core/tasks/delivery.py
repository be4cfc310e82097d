"""Bringing an object to a goal: boxes and a ball (Gupta 2021).

| task               | ground                                  | object                  | margin |
|--------------------|-----------------------------------------|-------------------------|--------|
| `mvt`              | as `vt`, 60 m x 40 m                    | box, 1 kg, 0.4 m wide   | 0.75 m |
| `push-box-incline` | 10 degrees uphill, 80 m x 40 m          | box, 2 kg, 0.4 m wide   | 0.5 m  |
| `manipulation-ball`| flat, with walls, 30 m x 30 m           | ball, 20 kg, 0.4 m wide | 0.5 m  |

The body has to come to the object, then to push it to the goal.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import mujoco
import networkx as nx
import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from hyperdistill_core.tasks.episodes import (
    Episodes,
    Simulated,
    Terms,
    in_frame,
    rotated,
    rotations,
    xy_distance,
)
from hyperdistill_core.tasks.navigation import ARRIVAL, PER_METER
from hyperdistill_core.tasks.task import Task, as_published
from hyperdistill_core.tasks.terrain.corridor import Corridor
from hyperdistill_core.tasks.terrain.object_ground import ObjectCorridor, ObjectSlope
from hyperdistill_core.tasks.terrain.objects import OBJECT, OBJECT_QPOS, Ball, FreeBox
from hyperdistill_core.tasks.terrain.slope import Slope
from hyperdistill_core.tasks.terrain.world import World
from morph_ops import graph as body_graph
from morph_ops.geometry import canonical_frames
from morph_ops.graph import Limb

# Decimals of places on a limb, and place of the site at the rear of a torso, in UNIMAL files (m).
_SITE_DECIMALS = 2
_REAR_M = (-0.1, 0.0, 0.0)


@dataclass(frozen=True, kw_only=True)
class Delivery(Task):
    """Coming to an object, then pushing it to a goal.

    The distance to the object is that between the nearest of the body's points (center and bottom
    of the torso, middles and ends of limbs) and of the object's (a box's faces, a ball's center).

    Attributes:
        terrain: The ground with the object and the goal.
        margin_m: Distance at which the object, or the goal, is reached (m).
        file_points: Whether the points are the sites of UNIMAL files: middles of limbs rounded to
            a centimeter.
        rear_point: Whether the torso also has a point at its rear. The sites of a file are no part
            of a body; half of the public robots have this one (`torso/horizontal_y/0`).
        spin_as_given: Whether observations hold the object's angular velocity as the public
            environment has it: from its own frame turned as if it were in the world's.

    Examples:
        >>> PUSH_BOX_INCLINE.world().object.shape.mass
        2.0
    """

    terrain: ObjectCorridor | ObjectSlope
    margin_m: float = 0.5
    file_points: bool = False
    rear_point: bool = False
    spin_as_given: bool = False
    control_cost: float = 1e-3
    has_object: bool = True
    along_x: bool = False

    def draw_world(self, rng: RandomState) -> World:
        """See :meth:`Task.draw_world`."""
        return self.terrain.draw_world(rng)

    def episodes(
        self, graph: nx.DiGraph[str], model: mujoco.MjModel, simulations: Simulated
    ) -> Episodes:
        """See :meth:`Task.episodes`."""
        return Deliveries(self, graph, model, simulations)

    def points(self, graph: nx.DiGraph[str]) -> list[tuple[str, NDArray[np.float64]]]:
        """The points of a body, from which distances are measured.

        Args:
            graph: The body.

        Returns:
            Name of the node, and place in its frame (m), of every point.
        """
        graph = canonical_frames(graph)
        root, torso = body_graph.root(graph), body_graph.torso(graph)
        found = [(root, np.zeros(3)), (root, np.array([0.0, 0.0, -torso.radius]))]
        if self.rear_point:
            found.append((root, np.array(_REAR_M)))
        for name in body_graph.node_names(graph):
            node = body_graph.node(graph, name)
            if isinstance(node, Limb):
                end, length = np.array(node.end), math.hypot(*node.end)
                # The middle of a UNIMAL limb is that of its shaft, without the sphere at its start.
                middle = end * ((length + node.radius) / (2.0 * length) if length else 0.0)
                if self.file_points:
                    middle = middle.round(_SITE_DECIMALS)
                found += [(name, middle), (name, end)]
        return found

    def points_in(
        self, graph: nx.DiGraph[str], model: mujoco.MjModel
    ) -> tuple[NDArray[np.intp], NDArray[np.float64], int]:
        """The points of a body and of the object, between which distances are measured.

        Args:
            graph: The body.
            model: The body in its world.

        Returns:
            (P,) numbers of the MuJoCo bodies that have the points, (P, 3) places in their frames
            (m), and the number of the body's points, which come first.
        """
        points = self.points(graph)
        own = len(points)
        points += [(OBJECT, place) for place in self.terrain.shape.points]
        owners = np.array([int(model.body(name).id) for name, _ in points], dtype=np.intp)
        return owners, np.array([place for _, place in points]), own


def free_dofs(model: mujoco.MjModel, body: int) -> slice | None:
    """Entries of qvel that are the linear velocity of a free body; None for another body.

    Args:
        model: The model.
        body: Number of the MuJoCo body.
    """
    joint = int(model.body_jntadr[body])
    if joint < 0 or model.jnt_type[joint] != mujoco.mjtJoint.mjJNT_FREE:
        return None
    first = int(model.jnt_dofadr[joint])
    return slice(first, first + 3)


class Deliveries(Episodes):
    """The objects of E bodies, and whether each has been reached.

    Args:
        task: The task.
        graph: The body.
        model: The body in its world.
        simulations: The simulations.
    """

    def __init__(
        self,
        task: Delivery,
        graph: nx.DiGraph[str],
        model: mujoco.MjModel,
        simulations: Simulated,
    ) -> None:
        n = len(simulations.qpos)
        self._task, self._simulations = task, simulations
        self._torso, self._object = (
            int(model.body(name).id) for name in (body_graph.root(graph), OBJECT)
        )
        self._owners, self._points, self._n_own = task.points_in(graph, model)
        self._velocity = free_dofs(model, self._torso)
        self._goals = np.zeros((n, 3))
        self._reached = np.zeros(n, np.bool_)
        self._to_object, self._to_goal = np.zeros(n), np.zeros(n)
        self.kept = {
            "goals": self._goals,
            "reached": self._reached,
            "to_object": self._to_object,
            "to_goal": self._to_goal,
        }

    def begin(self, simulations: NDArray[np.intp], worlds: Sequence[World]) -> None:
        """See :meth:`Episodes.begin`."""
        self._goals[simulations] = [world.goals[0] for world in worlds]
        self._reached[simulations] = False
        self._to_object[simulations] = self._distances()[simulations]
        self._to_goal[simulations] = self._rest()[simulations]

    def terms(self, before: NDArray[np.float64], after: NDArray[np.float64]) -> Terms:
        """See :meth:`Episodes.terms`."""
        to_object, to_goal, margin = self._distances(), self._rest(), self._task.margin_m
        first = ~self._reached & (to_object <= margin)
        self._reached |= first
        terms = {
            "approach": PER_METER * (self._to_object - to_object),
            "touch": np.where(first, ARRIVAL, 0.0),
            "push": np.where(self._reached, PER_METER * (self._to_goal - to_goal), 0.0),
            "deliver": np.where(self._reached & (to_goal <= margin), ARRIVAL, 0.0),
        }
        self._to_object[...], self._to_goal[...] = to_object, to_goal
        return terms

    def _distances(self) -> NDArray[np.float64]:
        """(E,) distances from the bodies to the objects (m)."""
        simulations = self._simulations
        places = rotated(simulations.xquat.take(self._owners, axis=1), self._points)
        places += simulations.xpos.take(self._owners, axis=1)
        between = places[:, : self._n_own, None] - places[:, None, self._n_own :]
        squares = np.einsum("eijk,eijk->eij", between, between)
        return np.sqrt(squares.reshape(len(places), -1).min(axis=1))

    def _rest(self) -> NDArray[np.float64]:
        """(E,) horizontal distances from the objects to the goals (m)."""
        return xy_distance(self._simulations.xpos[:, self._object], self._goals)

    def observations(self) -> dict[str, NDArray[np.float64]]:
        """``object``: four vectors in the torso's frame; see :meth:`Episodes.observations`.

        They are the object's position relative to the torso (m), its velocity relative to the
        torso's (m/s; its own for a robot without a free joint), its angular velocity (rad/s), and
        the position of the goal relative to the torso (m).
        """
        simulations = self._simulations
        pose, velocity = simulations.qpos[:, -OBJECT_QPOS:], simulations.qvel[:, -6:-3]
        torso, spin = simulations.xpos[:, self._torso], simulations.qvel[:, -3:]
        if self._velocity is not None:
            velocity = velocity - simulations.qvel[:, self._velocity]
        if not self._task.spin_as_given:
            spin = np.einsum("eij,ej->ei", rotations(pose[:, 3:]), spin)
        vectors = (pose[:, :3] - torso, velocity, spin, self._goals - torso)
        quat = simulations.xquat[:, self._torso]
        return {"object": np.concatenate([in_frame(quat, each) for each in vectors], axis=1)}


def _reference(task: Delivery) -> Delivery:
    """The form of a task that equals the public environment."""
    return as_published(
        task,
        terrain=replace(task.terrain, reference=True),
        file_points=True,
        rear_point=True,
        spin_as_given=True,
    )


MVT = Delivery(
    name="mvt",
    terrain=ObjectCorridor(
        corridor=Corridor(half_length=30, half_width=20, walls=True), shape=FreeBox(mass=1.0)
    ),
    margin_m=0.75,
    varied=True,
)
PUSH_BOX_INCLINE = Delivery(
    name="push-box-incline",
    terrain=ObjectSlope(
        slope=Slope(half_length=40, half_width=20, angle=math.radians(10)),
        shape=FreeBox(mass=2.0),
    ),
    fall_ratio=0.2,
)
MANIPULATION_BALL = Delivery(
    name="manipulation-ball",
    terrain=ObjectCorridor(
        corridor=Corridor(
            half_length=15,
            half_width=15,
            start_m=2,
            walls=True,
            kinds=("curve",),
            flat_half_lengths=(15,),
        ),
        shape=Ball(),
    ),
    varied=True,
    one_ground=True,
)
#: The default forms, and those of the public environment.
DELIVERY = (MVT, PUSH_BOX_INCLINE, MANIPULATION_BALL)
DELIVERY_REFERENCE = tuple(_reference(task) for task in DELIVERY)
