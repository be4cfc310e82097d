"""Context: what is constant for a body, D numbers for each of its bodies.

Two layouts. ``reference`` is that of the public code of Xiong 2024 (53 numbers): joint
ranges and gears are one-hot over the UNIMAL grids, so it cannot express others.
``continuous`` (25 numbers), the default, gives ranges and gears as numbers instead.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import mujoco
import networkx as nx
import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.features.layout import BodyLayout, Feature, table
from morph_ops.space import UNIMAL

ContextKind: TypeAlias = Literal["continuous", "reference"]

_BODY = (
    ("absolute rest position", 3, "m"),
    ("absolute position of the centre of mass", 3, "m"),
    ("inertial quaternion w x y z, scaled", 4, "-"),
    ("mass, scaled", 1, "-"),
    ("geom radius and half length, scaled", 2, "-"),
)


def _joint_rows(*rows: tuple[str, int, str]) -> tuple[tuple[str, int, str], ...]:
    return tuple(
        (f"{slot}-hinge {name}", width, unit) for slot in "xy" for name, width, unit in rows
    )


CONTEXT: dict[ContextKind, tuple[Feature, ...]] = {
    "continuous": table(
        *_BODY,
        *_joint_rows(
            ("range lower and upper, over 90 deg", 2, "-"),
            ("axis", 3, "-"),
            ("gear, scaled", 1, "-"),
        ),
    ),
    "reference": table(
        *_BODY,
        *_joint_rows(
            ("range, one-hot", 13, "-"), ("axis, scaled", 3, "-"), ("gear, one-hot", 4, "-")
        ),
    ),
}

# Limits of the scaling in the public code: over the UNIMAL space, written as it has them.
_IQUAT = (
    np.array([0.70710678, -0.70710678, -0.70710678, 0.0]),
    np.array([1.0, 0.70710678, 0.70710678, 0.0]),
)
_MASS = (1.17809725, 4.1887902)
_SIZE = (np.array([0.05, 0.0]), np.array([0.1, 0.22627417]))
_AXIS = (np.array([-0.5000024, -0.5000024, -1.0]), np.array([1.0, 1.0, 1.0]))


def context_dim(kind: ContextKind) -> int:
    """Width of a context layout."""
    return CONTEXT[kind][-1].stop


def context_features(
    graph: nx.DiGraph[str], model: mujoco.MjModel, *, kind: ContextKind = "continuous"
) -> NDArray[np.float64]:
    """Context of every body, depth first from the torso.

    Args:
        graph: the body.
        model: a model that holds it, as its task sets it up: rest positions are in the
            frame of the task's world.
        kind: "continuous" or "reference".

    Returns:
        (n, D), see ``CONTEXT[kind]``; slots without a hinge are zero.
    """
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
    encode = _continuous_joint if kind == "continuous" else _reference_joint
    for slot in range(2):
        joint_ids = layout.joint_ids[:, slot]
        gear = np.array([gears.get(2 * row + slot, 0.0) for row in range(len(ids))])
        encoded = encode(model.jnt_range[joint_ids], model.jnt_axis[joint_ids], gear)
        columns.append(np.where(layout.joint_mask[:, slot, None], encoded, 0.0))
    return np.concatenate(columns, axis=1)


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
    """(n, k) one-hot rows of the choice (k, d) that is nearest to each value (n, d)."""
    squares = ((values[:, None] - choices[None]) ** 2).sum(axis=2)
    return np.eye(len(choices))[squares.argmin(axis=1)]


def _scale(
    values: NDArray[np.float64],
    lower: NDArray[np.float64] | float,
    upper: NDArray[np.float64] | float,
) -> NDArray[np.float64]:
    """To -1..1 as the public code does; a component whose limits are equal is only divided."""
    low, high = np.asarray(lower, dtype=float), np.asarray(upper, dtype=float)
    scaled = 2.0 * (values - low) / (high - low + 1e-8)
    return np.where(low == high, scaled, scaled - 1.0)
