"""The links and joints of a compiled model, in the frames that URDF prescribes.

The frame of a link has its origin on the axis of the joint above it. A body with several joints
becomes a chain of links in which all but the last, the *carriers*, have no shape. MuJoCo refuses
links without mass that move, so a carrier has a hundred-millionth of the body's mass and inertia,
at the same place, and the last link has the rest: together they are the body, exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from morph_ops.errors import BodyError
from morph_ops.geometry.rotations import rotation

__all__ = ["Inertial", "JointAbove", "Link", "links_of"]

WORLD = "world"

_FREE = int(mujoco.mjtJoint.mjJNT_FREE)
_BALL = int(mujoco.mjtJoint.mjJNT_BALL)
# Share of a body's mass that a carrier has: far below the tolerance of 1e-6.
_CARRIED = 1e-8
# Inertia that a carrier needs at least (kg m^2); MuJoCo refuses less than 1e-14.
_LEAST_INERTIA = 2e-14


@dataclass(frozen=True, kw_only=True)
class Inertial:
    """Mass and inertia of a link.

    Attributes:
        mass: Mass (kg).
        center: (3,) center of mass in the link's frame (m).
        tensor: (3, 3) inertia about the center of mass, along the axes of the link (kg m^2).
    """

    mass: float
    center: NDArray[np.float64]
    tensor: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class JointAbove:
    """What connects a link to the one above it.

    Attributes:
        number: Number of the joint in the model; -1 for a weld.
        parent: Name of the link above.
        pos: (3,) origin of the link in the frame of the link above (m).
        rot: (3, 3) orientation in the frame of the link above.
    """

    number: int
    parent: str
    pos: NDArray[np.float64]
    rot: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Link:
    """A link.

    Attributes:
        name: Name; that of the body, or for a carrier ``BODY:JOINT``.
        body: Number of the body in the model.
        is_carrier: Whether it has no shape, and its body's last link has the geoms.
        offset: (3,) origin in the frame of the body (m).
        inertial: Mass and inertia.
        joint: The joint above; None for a root, which is free to move.
    """

    name: str
    body: int
    is_carrier: bool
    offset: NDArray[np.float64]
    inertial: Inertial
    joint: JointAbove | None


def links_of(model: mujoco.MjModel) -> list[Link]:
    """The links of a robot, parents before children.

    Args:
        model: The compiled model of a robot alone. A body on a free joint becomes a root; one
            that the world holds hangs on a link named ``"world"``.

    Raises:
        BodyError: The robot has a joint or constraint for which URDF has no word.
    """
    _require_expressible(model)
    links: list[Link] = []
    last: dict[int, Link] = {}
    for body in range(1, model.nbody):
        chain = _chain(model, body, last.get(int(model.body_parentid[body])))
        links += chain
        last[body] = chain[-1]
    return links


def _require_expressible(model: mujoco.MjModel) -> None:
    """Refuse robots that would be others without what URDF has no word for."""
    for joint in range(model.njnt):
        if int(model.jnt_type[joint]) == _BALL:
            raise BodyError(
                f"joint {model.joint(joint).name!r}: URDF has no ball joints; write MJCF, or "
                "replace it with three hinges"
            )
    if model.neq:
        raise BodyError(
            f"the robot has {model.neq} equality constraints, and URDF has no closed chains or "
            "coupled joints; write MJCF"
        )


def _chain(model: mujoco.MjModel, body: int, above: Link | None) -> list[Link]:
    """The links of one body: a carrier for each joint but the last, and the body itself."""
    first, count = int(model.body_jntadr[body]), int(model.body_jntnum[body])
    joints = list(range(first, first + count))
    is_root = len(joints) == 1 and int(model.jnt_type[joints[0]]) == _FREE
    name, share = model.body(body).name, _carried(model, body)
    parent = WORLD if above is None else above.name
    start = np.zeros(3) if above is None else above.offset
    pos, rot = model.body_pos[body], rotation(tuple(model.body_quat[body].tolist()))
    links: list[Link] = []
    offset = np.zeros(3)
    for place, number in enumerate(joints or [-1]):
        carries = place < len(joints) - 1
        before, offset = offset, offset if number < 0 or is_root else model.jnt_pos[number].copy()
        joint = None
        if not is_root:
            joint = JointAbove(
                number=number,
                parent=links[-1].name if links else parent,
                pos=offset - before if links else pos + rot @ offset - start,
                rot=np.eye(3) if links else rot,
            )
        links.append(
            Link(
                name=f"{name}:{model.joint(number).name}" if carries else name,
                body=body,
                is_carrier=carries,
                offset=offset,
                inertial=_inertial(
                    model,
                    body,
                    offset,
                    share if carries else 1.0 - share * (len(joints or [0]) - 1),
                ),
                joint=joint,
            )
        )
    return links


def _carried(model: mujoco.MjModel, body: int) -> float:
    """Share of a body's mass and inertia that each of its carriers has."""
    least = float(model.body_inertia[body].min())
    return max(_CARRIED, min(_LEAST_INERTIA / least, 0.1)) if least > 0.0 else _CARRIED


def _inertial(
    model: mujoco.MjModel, body: int, offset: NDArray[np.float64], share: float
) -> Inertial:
    turn = rotation(tuple(model.body_iquat[body].tolist()))
    return Inertial(
        mass=share * float(model.body_mass[body]),
        center=model.body_ipos[body] - offset,
        tensor=share * (turn @ np.diag(model.body_inertia[body]) @ turn.T),
    )
