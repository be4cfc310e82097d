"""What of a robot touches the ground: by contact bits or by pairs, unless an exclude says no.

The ground is all that is fixed to the world. A robot's text has no ground, which tasks add. So a
geom that touches the ground by a contact pair alone gets a contact bit that no other geom of the
robot answers, and the settings of the pair.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass

import mujoco
import numpy as np

from morph_ops._messages import shown
from morph_ops.errors import MjcfError
from morph_ops.io.mjcf.foreign.robot import ForeignRobot

__all__ = ["GroundContacts", "ground_contacts", "touching_geoms"]

_MOST_BITS = 31
_WORLD = 0


@dataclass(frozen=True)
class GroundContacts:
    """What of a robot touches the ground in its file.

    Attributes:
        touching: Ids of the geoms that do.
        pairs: Numbers of the contact pairs of geoms with the ground, by the ids of the geoms.
        excluded: Ids of the bodies that the file keeps off the ground.
        bit: A contact bit that no geom of the robot has; 0 if no geom needs one.
        left: Contact pairs and excludes that are left out, in words.
    """

    touching: frozenset[int]
    pairs: dict[int, int]
    excluded: frozenset[int]
    bit: int
    left: tuple[str, ...]


def touching_geoms(model: mujoco.MjModel) -> list[int]:
    """Ids of the geoms of moving bodies that touch the ground by their contact bits.

    Args:
        model: A robot whose text this package wrote, alone or in a world.
    """
    bits = model.geom_contype | model.geom_conaffinity
    excluded = {body for pair in _excludes(model) if _WORLD in pair for body in pair}
    return [
        geom
        for geom, body in enumerate(model.geom_bodyid.tolist())
        if bits[geom] and model.body_weldid[body] and body not in excluded
    ]


def ground_contacts(robot: ForeignRobot) -> GroundContacts:
    """The contacts of a robot with the ground of its file.

    Args:
        robot: The robot.

    Raises:
        MjcfError: A geom needs a contact bit, and the robot's geoms have them all.
    """
    model = robot.model
    own = {geom for part in robot.parts for geom in part.geoms}
    pairs: dict[int, int] = {}
    left: list[str] = []
    for number in range(model.npair):
        ends = [int(model.pair_geom1[number]), int(model.pair_geom2[number])]
        if len(own.intersection(ends)) != 1:
            continue
        mine, other = sorted(ends, key=lambda geom: geom not in own)
        if model.body_weldid[model.geom_bodyid[other]]:
            left.append(f"contact pair {' and '.join(map(robot.geom_name, ends))}")
        else:
            pairs.setdefault(mine, number)
    excluded = _kept_off(robot, pairs, left)
    bits = model.geom_contype | model.geom_conaffinity
    touching = {geom for geom in own if bits[geom] and model.geom_bodyid[geom] not in excluded}
    silent = [geom for geom in pairs if not bits[geom]]
    return GroundContacts(
        touching=frozenset(touching | pairs.keys()),
        pairs=pairs,
        excluded=frozenset(excluded),
        bit=_free_bit(bits[sorted(own)].tolist(), robot.geom_name(silent[0])) if silent else 0,
        left=tuple(left),
    )


def _kept_off(robot: ForeignRobot, pairs: Container[int], left: list[str]) -> set[int]:
    """Bodies of a robot that are excluded from contact with all of the ground.

    Args:
        robot: The robot.
        pairs: Geoms that touch the ground by pairs, which go before excludes.
        left: Gets the excludes with a part of the ground, which are left out.
    """
    model = robot.model
    bits = model.geom_contype | model.geom_conaffinity
    fixed = {
        body
        for geom, body in enumerate(model.geom_bodyid.tolist())
        if bits[geom] and not model.body_weldid[body]
    } or {_WORLD}
    own = {body for part in robot.parts for body in part.welded}
    of: dict[int, set[int]] = {}
    for pair in _excludes(model):
        for body in pair & own:
            of.setdefault(body, set()).update(pair & fixed)
    off = {body for body, others in of.items() if others == fixed}
    for body in sorted(of.keys() - off):
        left += [
            f"exclude of {robot.body_name(body)} and {robot.body_name(other)}"
            for other in sorted(of[body])
        ]
    # What is welded to a body is one node with it, and excludes of a text are between nodes.
    for part in robot.parts:
        solid = robot.solid_geoms.intersection(part.geoms)
        if any(geom in pairs or model.geom_bodyid[geom] not in off for geom in solid):
            lost = sorted(off.intersection(model.geom_bodyid[sorted(solid)].tolist()))
            left += [f"exclude of {robot.body_name(body)} and the ground" for body in lost]
            off.difference_update(part.welded)
    return off


def _excludes(model: mujoco.MjModel) -> list[frozenset[int]]:
    """Pairs of bodies that are excluded from contact."""
    return [frozenset(divmod(each, 1 << 16)) for each in model.exclude_signature.tolist()]


def _free_bit(used: Iterable[int], geom: str) -> int:
    # Limbs that grow on robots have the first bit.
    taken = int(np.bitwise_or.reduce([1, *used]))
    for place in range(_MOST_BITS):
        if not taken >> place & 1:
            return 1 << place
    raise MjcfError(
        f"contact pair of the ground and geom {shown(geom)}: expected a contact bit that no geom "
        "has, got all 31 in use; give the geoms fewer bits"
    )
