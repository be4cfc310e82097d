"""Links of a URDF that only carry joints, as joints in a row of the link below.

A joint of URDF has one axis, so tool chains write a joint with several axes as a chain of links in
which all but the last have no shape and next to no weight. MuJoCo reads each of them as a body.
"""

from __future__ import annotations

from typing import NamedTuple

import mujoco
import numpy as np
from numpy.typing import NDArray

from morph_ops.geometry.rotations import rotation

__all__ = ["fold_carriers", "tensor_of"]

#: Most mass (kg) and inertia (kg m^2) of a carrier, as they are or as a share of the link below.
_MASS, _INERTIA, _SHARE = 1e-6, 1e-9, 1e-6
#: What a joint of a URDF has, besides its place.
_COPIED = ("type", "range", "limited", "damping", "frictionloss", "actfrcrange", "actfrclimited")


class _Solid(NamedTuple):
    """The link at the end of a chain of carriers, and its pose in the frame of the first one."""

    body: mujoco.MjsBody
    pos: NDArray[np.float64]
    turn: NDArray[np.float64]


def fold_carriers(spec: mujoco.MjSpec) -> list[str]:
    """Give carriers the joints of the link below, its name, and in exchange what they weigh.

    A carrier has joints, no shape, no weight to speak of, and one link below it, which has joints.
    That link is welded to it then, and the two move as they did.

    Args:
        spec: MuJoCo's description of a URDF, changed in place.

    Returns:
        Names of the links that were carriers, from the outermost.
    """
    folded: list[str] = []
    solid: dict[str, _Solid] = {}
    # Links come before those below them, so the last ones of a chain are folded first.
    for body in reversed(list(spec.bodies)):
        below = list(body.bodies)
        if not body.joints or body.geoms or len(below) != 1 or not below[0].joints:
            continue
        last = solid.get(below[0].name, _Solid(below[0], np.zeros(3), np.eye(3)))
        if _is_heavy(body, last.body):
            continue
        turn = _matrix(below[0].quat)
        last = _Solid(last.body, below[0].pos + turn @ last.pos, turn @ last.turn)
        folded.append(body.name)
        _move_weight(body, last)
        _move_joints(spec, below[0], body)
        carrier, link = body.name, below[0].name
        below[0].name = ""  # no two bodies may share a name at any time
        body.name, below[0].name = link, carrier
        solid[link] = last
    return folded[::-1]


def tensor_of(body: mujoco.MjsBody) -> NDArray[np.float64]:
    """(3, 3) inertia that a file states for a link, along the axes of its inertial (kg m^2).

    Args:
        body: A body; zeros without an inertial of its own.
    """
    if not body.explicitinertial:
        return np.zeros((3, 3))
    if not np.isfinite(body.fullinertia[0]):
        return np.diag(body.inertia)
    xx, yy, zz, xy, xz, yz = body.fullinertia.tolist()
    return np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])


def _is_heavy(carrier: mujoco.MjsBody, below: mujoco.MjsBody) -> bool:
    if not carrier.explicitinertial:
        return False
    heaviest = max(_MASS, _SHARE * below.mass if below.explicitinertial else 0.0)
    largest = max(_INERTIA, _SHARE * float(np.abs(tensor_of(below)).max()))
    # Written so that a number that is none makes a link heavy.
    return not (carrier.mass <= heaviest and np.abs(tensor_of(carrier)).max() <= largest)


def _move_weight(carrier: mujoco.MjsBody, last: _Solid) -> None:
    """Add the mass and inertia of a carrier to the link at the end of its chain, in place."""
    link = last.body
    if carrier.explicitinertial and link.explicitinertial and carrier.mass > 0.0:
        masses = (carrier.mass, link.mass)
        spins = (last.turn.T @ _matrix(carrier.iquat), _matrix(link.iquat))
        centers = (last.turn.T @ (carrier.ipos - last.pos), link.ipos)
        center = (masses[0] * centers[0] + masses[1] * centers[1]) / sum(masses)
        total = np.zeros((3, 3))
        for body, mass, spin, place in zip((carrier, link), masses, spins, centers, strict=True):
            arm = place - center
            total += spin @ tensor_of(body) @ spin.T
            total += mass * (arm @ arm * np.eye(3) - np.outer(arm, arm))
        link.mass, link.ipos, link.iquat = sum(masses), center, np.array([1.0, 0.0, 0.0, 0.0])
        places = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))
        link.fullinertia = np.array([total[place] for place in places])
    carrier.mass, carrier.inertia, carrier.fullinertia = 0.0, np.zeros(3), np.full(6, np.nan)


def _move_joints(spec: mujoco.MjSpec, below: mujoco.MjsBody, carrier: mujoco.MjsBody) -> None:
    """Give a carrier the joints of the link below, after its own, where they are."""
    turn = _matrix(below.quat)
    for joint in list(below.joints):
        values = {key: np.copy(getattr(joint, key)) for key in _COPIED}
        values = {key: each.item() if each.ndim == 0 else each for key, each in values.items()}
        name, place, axis = joint.name, below.pos + turn @ joint.pos, turn @ joint.axis
        joint.name = ""  # MuJoCo deletes what names a deleted joint, such as a mimic
        spec.delete(joint)
        carrier.add_joint(name=name, pos=place, axis=axis, **values)


def _matrix(quat: NDArray[np.float64]) -> NDArray[np.float64]:
    w, x, y, z = quat.tolist()
    return rotation((w, x, y, z))
