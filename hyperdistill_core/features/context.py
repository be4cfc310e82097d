"""Context: what is constant for a body, D numbers for each node.

There are three layouts. ``reference`` is the one of the public code of Xiong 2024 (53 numbers):
joint ranges and gears are one-hot over the UNIMAL grids, so it cannot express other values.
``continuous`` (25 numbers) holds ranges and gears as numbers instead. ``extended`` (32 numbers),
the default, adds what all UNIMAL robots have in common and other robots do not: friction of the
geom, damping, armature and stiffness of the hinges. These are zero for UNIMAL robots.

| extended | continuous | reference | meaning                                         | unit |
|----------|------------|-----------|-------------------------------------------------|------|
| 0-2      | 0-2        | 0-2       | rest position in the world                      | m    |
| 3-5      | 3-5        | 3-5       | rest position of the center of mass             | m    |
| 6-9      | 6-9        | 6-9       | inertial quaternion w x y z, scaled             | -    |
| 10       | 10         | 10        | mass, scaled                                    | -    |
| 11-12    | 11-12      | 11-12     | radius and half length of the geom, scaled      | -    |
| 13-18    | 13-18      | 13-32     | range, axis and gear of the x-hinge             | -    |
| 19-24    | 19-24      | 33-52     | range, axis and gear of the y-hinge             | -    |
| 25       |            |           | sliding friction above UNIMAL's                 | -    |
| 26-28    |            |           | damping, armature, stiffness of the x-hinge     | -    |
| 29-31    |            |           | damping, armature, stiffness of the y-hinge     | -    |

Damping (N m s/rad), armature (kg m^2) and stiffness (N m/rad) are log10((value + 0.01) / 1.01).
Friction below UNIMAL's 0.7 counts as 0.7: of two surfaces MuJoCo takes the larger friction, and
the floor has 0.7.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import mujoco
import networkx as nx
import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.features.layout import BodyLayout, Feature, feature_table
from morph_ops.graph import physics, with_physics
from morph_ops.io.mjcf.build import to_model
from morph_ops.space import UNIMAL

ContextKind: TypeAlias = Literal["extended", "continuous", "reference"]

_NODE = (
    ("rest position in the world", 3, "m"),
    ("rest position of the center of mass in the world", 3, "m"),
    ("inertial quaternion w x y z, scaled", 4, "-"),
    ("mass, scaled", 1, "-"),
    ("geom radius and half length, scaled", 2, "-"),
)


def _joint_rows(*rows: tuple[str, int, str]) -> tuple[tuple[str, int, str], ...]:
    return tuple(
        (f"{slot}-hinge {name}", width, unit) for slot in "xy" for name, width, unit in rows
    )


_CONTINUOUS = (
    *_NODE,
    *_joint_rows(
        ("range lower and upper, over 90 deg", 2, "-"),
        ("axis", 3, "-"),
        ("gear, scaled", 1, "-"),
    ),
)

#: The context of a node in each layout.
CONTEXT: Mapping[ContextKind, tuple[Feature, ...]] = {
    "extended": feature_table(
        *_CONTINUOUS,
        ("sliding friction above UNIMAL's", 1, "-"),
        *_joint_rows(("damping, armature and stiffness, logarithmic", 3, "-")),
    ),
    "continuous": feature_table(*_CONTINUOUS),
    "reference": feature_table(
        *_NODE,
        *_joint_rows(
            ("range, one-hot", 13, "-"), ("axis, scaled", 3, "-"), ("gear, one-hot", 4, "-")
        ),
    ),
}

# Limits of the scaling in the public code, over the UNIMAL space and with its digits.
_IQUAT = (
    np.array([0.70710678, -0.70710678, -0.70710678, 0.0]),
    np.array([1.0, 0.70710678, 0.70710678, 0.0]),
)
_MASS = (1.17809725, 4.1887902)
_SIZE = (np.array([0.05, 0.0]), np.array([0.1, 0.22627417]))
_AXIS = (np.array([-0.5000024, -0.5000024, -1.0]), np.array([1.0, 1.0, 1.0]))
# Sliding friction of UNIMAL geoms and of the floor.
_FRICTION = 0.7
# Damping, armature and stiffness are all 1 for UNIMAL hinges, and near 0 for many other robots.
_SMALLEST = 0.01


def context_dim(kind: ContextKind) -> int:
    """Number of context features of a node.

    Args:
        kind: Layout, "extended", "continuous" or "reference".

    Examples:
        >>> context_dim("extended"), context_dim("continuous"), context_dim("reference")
        (32, 25, 53)
    """
    return CONTEXT[kind][-1].stop


def context_kind(dim: int) -> ContextKind:
    """The layout that has a number of features: all layouts differ in it.

    Args:
        dim: Number of context features of a node.

    Raises:
        ValueError: No layout has that many.

    Examples:
        >>> context_kind(25)
        'continuous'
    """
    for kind in CONTEXT:
        if context_dim(kind) == dim:
            return kind
    raise ValueError(
        f"context_dim: expected one of {', '.join(str(context_dim(kind)) for kind in CONTEXT)}, "
        f"got {dim}"
    )


def context_features(
    graph: nx.DiGraph[str], model: mujoco.MjModel, *, kind: ContextKind = "extended"
) -> NDArray[np.float64]:
    """Context of every node, in depth-first order from the torso.

    Args:
        graph: The body.
        model: A model that holds the body, as its task builds it: rest positions are in the world
            frame of the task.
        kind: Layout. "extended", the default, can express any joint; "continuous" leaves out
            what UNIMAL robots have in common, and "reference" can express the joints of the UNIMAL
            grids alone.

    Returns:
        (n, D) contexts, see :data:`CONTEXT`; slots without a hinge are zero.

    Examples:
        >>> from hyperdistill_core.tasks import get_task
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(0))
        >>> context = context_features(body, get_task("flat").model(body))
        >>> context.shape == (len(body), context_dim("extended"))
        True
    """
    if physics(graph) is not None:
        # What stands for a robot from elsewhere: capsules on hinges with motors.
        model = to_model(graph, nodes_only=True)
        graph = with_physics(graph, None)
    layout = BodyLayout.from_graph(graph, model)
    ids = layout.body_ids
    positions = model.body_pos[ids].copy()
    for row in range(1, len(ids)):
        positions[row] += positions[layout.parents[row]]
    geoms = model.body_geomadr[ids]
    columns = [
        positions,
        positions + model.body_ipos[ids],
        _scale(model.body_iquat[ids], *_IQUAT),
        _scale(model.body_mass[ids, None], *_MASS),
        _scale(model.geom_size[geoms, :2], *_SIZE),
    ]
    gears = dict(zip(layout.actions.tolist(), model.actuator_gear[:, 0].tolist(), strict=True))
    encode = _reference_joint if kind == "reference" else _continuous_joint
    for slot in range(2):
        joint_ids = layout.joint_ids[:, slot]
        gear = np.array([gears.get(2 * row + slot, 0.0) for row in range(len(ids))])
        encoded = encode(model.jnt_range[joint_ids], model.jnt_axis[joint_ids], gear)
        columns.append(np.where(layout.joint_mask[:, slot, None], encoded, 0.0))
    if kind == "extended":
        columns.append(np.maximum(model.geom_friction[geoms, :1] - _FRICTION, 0.0))
        columns += [_dynamics(layout, model, slot) for slot in range(2)]
    return np.concatenate(columns, axis=1)


def _dynamics(layout: BodyLayout, model: mujoco.MjModel, slot: int) -> NDArray[np.float64]:
    """(n, 3) damping, armature and stiffness of the hinges in a slot, zero where there is none."""
    joint_ids = layout.joint_ids[:, slot]
    dofs = model.jnt_dofadr[joint_ids]
    values = np.stack(
        [model.dof_damping[dofs], model.dof_armature[dofs], model.jnt_stiffness[joint_ids]], axis=1
    )
    scaled = np.log10((values + _SMALLEST) / (1.0 + _SMALLEST))
    return np.where(layout.joint_mask[:, slot, None], scaled, 0.0)


def _continuous_joint(
    limits: NDArray[np.float64], axis: NDArray[np.float64], gear: NDArray[np.float64]
) -> NDArray[np.float64]:
    gears = UNIMAL.gears
    scaled_gear = _scale(gear[:, None], min(gears), max(gears))
    return np.concatenate([limits / (np.pi / 2), axis, scaled_gear], axis=1)


def _reference_joint(
    limits: NDArray[np.float64], axis: NDArray[np.float64], gear: NDArray[np.float64]
) -> NDArray[np.float64]:
    ranges = np.deg2rad(np.array(UNIMAL.ranges_deg, dtype=float))
    gears = np.array(UNIMAL.gears, dtype=float)[:, None]
    return np.concatenate(
        [
            _nearest_one_hot(limits, ranges),
            _scale(axis, *_AXIS),
            _nearest_one_hot(gear[:, None], gears),
        ],
        axis=1,
    )


def _nearest_one_hot(
    values: NDArray[np.float64], choices: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(n, k) one-hot rows of the choices (k, d) that are nearest to the values (n, d)."""
    squares = ((values[:, None] - choices[None]) ** 2).sum(axis=2)
    return np.eye(len(choices))[squares.argmin(axis=1)]


def _scale(
    values: NDArray[np.float64],
    lower: NDArray[np.float64] | float,
    upper: NDArray[np.float64] | float,
) -> NDArray[np.float64]:
    """Scale to -1..1 as in the public code; a component with equal limits is not shifted."""
    low, high = np.asarray(lower, dtype=float), np.asarray(upper, dtype=float)
    scaled = 2.0 * (values - low) / (high - low + 1e-8)
    return np.where(low == high, scaled, scaled - 1.0)
