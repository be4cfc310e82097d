"""The layout of a body: from the flat arrays of MuJoCo to one row for each node."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import mujoco
import networkx as nx
import numpy as np
from numpy.typing import NDArray

from morph_ops import graph as body_graph
from morph_ops._messages import listed
from morph_ops.errors import BodyError
from morph_ops.graph import SLOTS, Limb

#: Degrees of freedom, and entries of qpos, of the free joint of the torso.
FREE_DOFS = 6
FREE_QPOS = 7
# Range that stands for that of a hinge without limits (rad).
_UNLIMITED = (-np.pi, np.pi)


@dataclass(frozen=True)
class Feature:
    """A named slice of a feature vector.

    Attributes:
        name: Meaning of the numbers.
        start: Index of the first number.
        stop: Index after the last number.
        unit: Unit of the numbers; "-" where they have none.

    Examples:
        >>> from hyperdistill_core.features import STATE
        >>> STATE[1]
        Feature(name='linear velocity of the origin of the frame', start=3, stop=6, unit='m/s')
    """

    name: str
    start: int
    stop: int
    unit: str


def feature_table(*rows: tuple[str, int, str]) -> tuple[Feature, ...]:
    """Features placed end to end.

    Args:
        rows: (name, width, unit) of each feature.

    Examples:
        >>> position, mass = feature_table(("position", 3, "m"), ("mass", 1, "kg"))
        >>> mass
        Feature(name='mass', start=3, stop=4, unit='kg')
    """
    features: list[Feature] = []
    start = 0
    for name, width, unit in rows:
        features.append(Feature(name, start, start + width, unit))
        start += width
    return tuple(features)


@dataclass(frozen=True)
class BodyLayout:
    """Indices that turn the MuJoCo arrays of a body into one row for each node.

    A row has two joint slots. Nodes are in depth-first order from the torso. A body has n nodes,
    nv degrees of freedom and nu controls. What a model holds behind the body, such as an object
    that can be pushed, is no part of it.

    Attributes:
        body_ids: (n,) MuJoCo body ids of the nodes.
        parents: (n,) row of the parent of each node; the torso has its own row.
        joint_mask: (n, 2) True where a slot, x or y, holds a hinge.
        joint_ids: (n, 2) MuJoCo joint ids; -1 where there is no hinge.
        actions: (nu,) flat index into (n, 2) of each control, in the order of the actuators.
        hinges: (h,) flat index into (n, 2) of each hinge: those of the actions, and hinges without
            motor after them.
        qpos: (h,) index into qpos of each hinge.
        qvel: (h,) index into qvel of each hinge.
        lower: (h,) lower limit of each hinge (rad).
        span: (h,) width of the range of each hinge (rad).
        influence: (n, nv) 1 where a degree of freedom moves a node, else 0.
        tips: (n, 3) far end of each capsule in its own frame (m); zero for the torso.
        radii: (n,) radius of each capsule and of the torso (m).
    """

    body_ids: NDArray[np.intp]
    parents: NDArray[np.intp]
    joint_mask: NDArray[np.bool_]
    joint_ids: NDArray[np.intp]
    actions: NDArray[np.intp]
    hinges: NDArray[np.intp]
    qpos: NDArray[np.intp]
    qvel: NDArray[np.intp]
    lower: NDArray[np.float64]
    span: NDArray[np.float64]
    influence: NDArray[np.float64]
    tips: NDArray[np.float64]
    radii: NDArray[np.float64]

    @property
    def n_nodes(self) -> int:
        """Number of nodes, the torso included."""
        return len(self.body_ids)

    @property
    def n_controls(self) -> int:
        """Number of controls: one for each motor."""
        return len(self.actions)

    @classmethod
    def from_graph(cls, graph: nx.DiGraph[str], model: mujoco.MjModel) -> BodyLayout:
        """Layout of a body in a model.

        Args:
            graph: The body.
            model: A model that holds this body, with or without a world around it.

        Raises:
            BodyError: Bodies of the model that are no nodes stand between those that are.

        Examples:
            >>> from morph_ops.io.mjcf import to_model
            >>> from morph_ops.sampling import sample_body
            >>> body = sample_body(np.random.default_rng(0))
            >>> layout = BodyLayout.from_graph(body, to_model(body))
            >>> layout.n_nodes == len(body)
            True
        """
        names = body_graph.node_names(graph)
        row = {name: index for index, name in enumerate(names)}
        body_ids = _ids_in_a_row(model, names)
        parents = np.array(
            [row[body_graph.parent(graph, name) or name] for name in names], dtype=np.intp
        )
        joint_ids = np.full((len(names), 2), -1, dtype=np.intp)
        place_of: dict[str, int] = {}
        for name, joint in body_graph.joints(graph):
            slot = SLOTS.index(joint.slot)
            joint_ids[row[name], slot] = model.joint(joint.name).id
            place_of[joint.name] = 2 * row[name] + slot
        physics = body_graph.physics(graph)
        driven = list(physics.drives) if physics else []
        driven += [model.actuator(i).name for i in range(len(driven), model.nu)]
        actions = np.array([place_of[name] for name in driven], dtype=np.intp)
        hinges = np.array(list(dict.fromkeys([*actions.tolist(), *place_of.values()])), np.intp)
        influence = _influence(model, body_ids, parents)
        of_hinges = joint_ids.ravel()[hinges]
        limits = np.where(
            model.jnt_limited[of_hinges, None] > 0, model.jnt_range[of_hinges], _UNLIMITED
        )
        tips, radii = _shapes(graph, model, body_ids)
        return cls(
            body_ids=body_ids,
            parents=parents,
            joint_mask=joint_ids >= 0,
            joint_ids=joint_ids,
            actions=actions,
            hinges=hinges,
            qpos=model.jnt_qposadr[of_hinges].astype(np.intp),
            qvel=model.jnt_dofadr[of_hinges].astype(np.intp),
            lower=limits[:, 0].copy(),
            span=limits[:, 1] - limits[:, 0],
            influence=influence,
            tips=tips,
            radii=radii,
        )


def _ids_in_a_row(model: mujoco.MjModel, names: Sequence[str]) -> NDArray[np.intp]:
    """Ids of the bodies of the nodes: states are read as slices of MuJoCo's arrays."""
    ids = np.array([model.body(name).id for name in names], dtype=np.intp)
    if (np.diff(ids) != 1).any():
        raise BodyError(
            "physics: expected the bodies of the nodes in a row, in the nodes' order, got the ids "
            f"{listed([str(each) for each in ids])}; read the robot's own file again"
        )
    return ids


def _influence(
    model: mujoco.MjModel, body_ids: NDArray[np.intp], parents: NDArray[np.intp]
) -> NDArray[np.float64]:
    """(n, nv) 1 where a degree of freedom of the body moves a node, else 0."""
    influence = np.zeros((len(body_ids), model.nv))
    for index, body in enumerate(body_ids.tolist()):
        if index:
            influence[index] = influence[parents[index]]
        first = int(model.body_dofadr[body])
        influence[index, first : first + int(model.body_dofnum[body])] = 1.0
    moving = np.flatnonzero(influence.sum(axis=0))
    return influence[:, : int(moving[-1]) + 1 if len(moving) else 0]


def _shapes(
    graph: nx.DiGraph[str], model: mujoco.MjModel, body_ids: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Tips (n, 3) and radii (n,) of the nodes."""
    if body_graph.physics(graph) is None:
        geoms = model.body_geomadr[body_ids]
        # A capsule begins at the origin of its frame, and its center is in the middle.
        return 2.0 * model.geom_pos[geoms], model.geom_size[geoms, 0].copy()
    # The geoms of a robot from elsewhere are its own: its nodes say what stands for them.
    nodes = [body_graph.node(graph, name) for name in body_graph.node_names(graph)]
    tips = [node.end if isinstance(node, Limb) else (0.0, 0.0, 0.0) for node in nodes]
    return np.array(tips), np.array([node.radius for node in nodes])
