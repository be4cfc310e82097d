"""A robot in a compiled model of somebody else: its bodies, joints, and rest pose.

Bodies without joints belong to the body that they are welded to; those that are welded to the world
are part of the world. What moves is a part: a body with joints, and all that is welded to it. What
gravity compensation holds up otherwise than this body is a part without joints, welded to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import mujoco
import numpy as np
from numpy.typing import NDArray

from morph_ops._messages import listed, shown
from morph_ops.errors import MjcfError
from morph_ops.validity.wellformed import ROOT_JOINT

__all__ = [
    "ForeignRobot",
    "Part",
    "control_of",
    "driven_joints",
    "find_robot",
    "free_name",
    "gear_of",
]

FREE, BALL, SLIDE, HINGE = (
    int(kind)
    for kind in (
        mujoco.mjtJoint.mjJNT_FREE,
        mujoco.mjtJoint.mjJNT_BALL,
        mujoco.mjtJoint.mjJNT_SLIDE,
        mujoco.mjtJoint.mjJNT_HINGE,
    )
)
#: How names of hinges and motors of grown limbs begin.
_GROWN = ("limbx/", "limby/")
_AROUND = (int(mujoco.mjtWrap.mjWRAP_SPHERE), int(mujoco.mjtWrap.mjWRAP_CYLINDER))


@dataclass(frozen=True)
class Part:
    """A body that moves, with all that is welded to it.

    Attributes:
        body: Id of the body that holds the joints; of a part without joints, its first one.
        welded: Ids of all its bodies, itself first.
        parent: Id of the body of the part above; 0 for the root.
        joints: Ids of its joints, in order.
        geoms: Ids of its geoms.
    """

    body: int
    welded: tuple[int, ...]
    parent: int
    joints: tuple[int, ...]
    geoms: tuple[int, ...]


class ForeignRobot:
    """One robot of a compiled model, in the pose of its zero angles.

    Args:
        model: The compiled model.
        root: Id of the root body of the robot.

    Attributes:
        model: The compiled model.
        data: The model in its zero pose, with frames computed.
        own: Ids of all bodies of the robot.
        parts: All parts, depth first; the root first.
    """

    def __init__(self, model: mujoco.MjModel, root: int) -> None:
        self.model, self.root = model, root
        self.data = mujoco.MjData(model)
        self.data.qpos[:] = model.qpos0
        mujoco.mj_kinematics(model, self.data)
        mujoco.mj_comPos(model, self.data)
        self.own = frozenset(
            body for body in range(1, model.nbody) if _moving_root(model, body) == root
        )
        self.parts = self._parts()

    def _parts(self) -> list[Part]:
        model = self.model
        welded: dict[int, list[int]] = {}
        for body in sorted(self.own):
            welded.setdefault(int(model.body_weldid[body]), []).append(body)
        parts: list[Part] = []
        for main, bodies in sorted(welded.items()):
            first = int(model.body_jntadr[main])
            joints = tuple(range(first, first + int(model.body_jntnum[main])))
            above = 0 if main == self.root else int(model.body_weldid[model.body_parentid[main]])
            with_joints, *others = self._held_alike(bodies)
            parts.append(Part(main, with_joints, above, joints, self._geoms_of(with_joints)))
            parts += [Part(each[0], each, main, (), self._geoms_of(each)) for each in others]
        return parts

    def _geoms_of(self, bodies: Sequence[int]) -> tuple[int, ...]:
        """Ids of the geoms of bodies."""
        counts, starts = self.model.body_geomnum, self.model.body_geomadr
        return tuple(
            geom
            for body in bodies
            if counts[body]
            for geom in range(int(starts[body]), int(starts[body] + counts[body]))
        )

    def _held_alike(self, welded: Sequence[int]) -> list[tuple[int, ...]]:
        """Bodies welded together, by the share of their weight that gravity compensation holds up.

        MuJoCo holds a body up at its center of mass, so one body can stand for all those of one
        share, and for no others.

        Args:
            welded: Ids of the bodies, in order.

        Returns:
            Groups of ids; the first one has the first body, and all that weighs nothing.
        """
        masses, shares = self.model.body_mass, self.model.body_gravcomp
        heavy = [body for body in welded if masses[body] > 0.0]
        usual = float(shares[heavy[0] if heavy else welded[0]])
        groups: dict[float, list[int]] = {usual: []}
        for body in welded:
            share = float(shares[body]) if masses[body] > 0.0 else usual
            groups.setdefault(share, []).append(body)
        return [tuple(each) for each in groups.values()]

    def moves_along(self, axis: int) -> bool:
        """Whether the joints of the root let the robot move along an axis of the world.

        Args:
            axis: 0 for x, 2 for z.
        """
        joints = self.parts[0].joints
        return any(
            int(self.model.jnt_type[joint]) == FREE
            or (
                int(self.model.jnt_type[joint]) == SLIDE
                and abs(self.data.xaxis[joint][axis]) > 1e-6
            )
            for joint in joints
        )

    def name(self, kind: mujoco.mjtObj, number: int) -> str:
        """Name of an object; empty if it has none."""
        return mujoco.mj_id2name(self.model, kind, number) or ""

    def body_name(self, body: int) -> str:
        """Name of a body, or a made-up one."""
        return self.name(mujoco.mjtObj.mjOBJ_BODY, body) or f"body{body}"

    def geom_name(self, geom: int) -> str:
        """Name of a geom, or that of its body."""
        name = self.name(mujoco.mjtObj.mjOBJ_GEOM, geom)
        return name or f"a geom of {self.body_name(int(self.model.geom_bodyid[geom]))}"

    def joint_name(self, joint: int) -> str:
        """Name of a joint, or a made-up one, that no other joint has and no free joint."""
        return self._joint_names[joint]

    def tendon_name(self, tendon: int) -> str:
        """Name of a tendon, or a made-up one, that no other tendon has."""
        return self._tendon_names[tendon]

    def actuator_name(self, actuator: int) -> str:
        """Name of an actuator, or that of its joint, that no other actuator has."""
        return self._actuator_names[actuator]

    @cached_property
    def _joint_names(self) -> list[str]:
        given = self._given_names(mujoco.mjtObj.mjOBJ_JOINT, self.model.njnt)
        return _unique(given, [f"joint{number}" for number in range(len(given))], {ROOT_JOINT})

    @cached_property
    def _tendon_names(self) -> list[str]:
        given = self._given_names(mujoco.mjtObj.mjOBJ_TENDON, self.model.ntendon)
        return _unique(given, [f"tendon{number}" for number in range(len(given))], set())

    @cached_property
    def _actuator_names(self) -> list[str]:
        given = self._given_names(mujoco.mjtObj.mjOBJ_ACTUATOR, self.model.nactuator)
        joints = [driven_joints(self.model, number)[:1] for number in range(len(given))]
        made_up = [self.joint_name(each[0]) if each else "motor" for each in joints]
        given = [
            f"own {name}" if name.startswith(_GROWN) and name != joint else name
            for name, joint in zip(given, made_up, strict=True)
        ]
        return _unique(given, made_up, set())

    def _given_names(self, kind: mujoco.mjtObj, count: int) -> list[str]:
        return [self.name(kind, number) for number in range(count)]

    def rotation(self, body: int) -> NDArray[np.float64]:
        """(3, 3) orientation of a body in the zero pose."""
        return self.data.xmat[body].reshape(3, 3)

    def position(self, body: int) -> NDArray[np.float64]:
        """(3,) position of a body in the zero pose (m)."""
        return self.data.xpos[body]

    @cached_property
    def solid_geoms(self) -> frozenset[int]:
        """Geoms that the physics needs: they touch something, or move a fluid."""
        model = self.model
        own = [geom for part in self.parts for geom in part.geoms]
        # Pairs with what moves beside the robot are left out with it.
        there = {*own, *np.flatnonzero(model.body_weldid[model.geom_bodyid] == 0).tolist()}
        pairs = zip(model.pair_geom1.tolist(), model.pair_geom2.tolist(), strict=True)
        paired = {geom for pair in pairs if there.issuperset(pair) for geom in pair}
        return frozenset(
            geom
            for geom in own
            if model.geom_contype[geom]
            or model.geom_conaffinity[geom]
            or model.geom_fluid[geom, 0]
            or geom in paired
        )

    @cached_property
    def written_geoms(self) -> frozenset[int]:
        """Geoms of the robot's text: the solid ones, and those that tendons run around."""
        model = self.model
        around = {
            int(model.wrap_objid[wrap])
            for wrap in range(model.nwrap)
            if int(model.wrap_type[wrap]) in _AROUND
        }
        own = {geom for part in self.parts for geom in part.geoms}
        return self.solid_geoms | (around & own)


def _unique(given: Sequence[str], made_up: Sequence[str], taken: set[str]) -> list[str]:
    """Printable names of all objects of a kind; names of the file go before made-up ones."""
    named = {number: free_name(name, taken) for number, name in enumerate(given) if name}
    return [
        named.get(number) or free_name(instead, taken) for number, instead in enumerate(made_up)
    ]


def free_name(wanted: str, taken: set[str]) -> str:
    """A printable name that is not taken yet; then it is.

    Args:
        wanted: The name to come near to.
        taken: Names that are taken; gets the new one.

    Examples:
        >>> taken = {"root"}
        >>> free_name("root", taken), free_name("hip", taken)
        ('root-2', 'hip')
    """
    clean = "".join(each if each.isprintable() else "_" for each in wanted)
    name, number = clean, 1
    while name in taken:
        number += 1
        name = f"{clean}-{number}"
    taken.add(name)
    return name


def find_robot(
    model: mujoco.MjModel, *, root: str | None = None, is_urdf: bool = False
) -> ForeignRobot:
    """The robot of a model: the tree of bodies that moves and has motors.

    Args:
        model: The compiled model.
        root: Name of its first body, where a model holds several robots.
        is_urdf: Whether the model comes from a URDF, for messages.

    Raises:
        MjcfError: Nothing moves, or what moves is fixed to the world.
        MjcfError: There are several robots, and no root is named, or an unknown one.
    """
    names = {
        mujoco.mj_id2name(model, mujoco.mjtObj.mjOBJ_BODY, body) or f"body{body}": body
        for body in _first_bodies(model)
    }
    if root is not None:
        if root not in names:
            known = listed(list(names), most=20) or "none"
            raise MjcfError(f"root: expected one of {known}, got {shown(root)}")
        return _not_fixed(model, names[root], root, is_urdf=is_urdf)
    if not names:
        raise MjcfError("expected a robot with joints, got a world in which nothing moves")
    driven = _driven_roots(model)
    robots = {name: body for name, body in names.items() if body in driven} or names
    if len(robots) > 1:
        raise MjcfError(
            f"expected one robot, got {len(robots)}: {listed(list(robots), most=20)}; name the "
            "first body of one of them (--root NAME; convert FILE ONE.json writes it alone)"
        )
    [(name, body)] = robots.items()
    return _not_fixed(model, body, name, is_urdf=is_urdf)


def _moving_root(model: mujoco.MjModel, body: int) -> int:
    """Id of the moving body, on the world or what is welded to it, that a body hangs on or is.

    It is 0 for what is part of the world.
    """
    moving = int(model.body_weldid[body])
    while above := int(model.body_weldid[model.body_parentid[moving]]):
        moving = above
    return moving


def _first_bodies(model: mujoco.MjModel) -> list[int]:
    """Ids of the first bodies of what may be robots.

    A tree whose first body is part of the world is as many robots as hang on slides there, or
    fixed as a whole.
    """
    found: list[int] = []
    trees: dict[int, list[int]] = {}
    for body in sorted({_moving_root(model, body) for body in range(1, model.nbody)} - {0}):
        trees.setdefault(int(model.body_rootid[body]), []).append(body)
    for first, moving in trees.items():
        fixed = first not in moving
        found += [body for body in moving if _slides(model, body)] or [first] if fixed else moving
    return found


def _slides(model: mujoco.MjModel, body: int) -> bool:
    """Whether a body is a torso with limbs that slides along x."""
    first = int(model.body_jntadr[body])
    if SLIDE not in model.jnt_type[first : first + int(model.body_jntnum[body])]:
        return False
    robot = ForeignRobot(model, body)
    return robot.moves_along(0) and any(part.joints for part in robot.parts[1:])


def _not_fixed(model: mujoco.MjModel, body: int, name: str, *, is_urdf: bool) -> ForeignRobot:
    robot = ForeignRobot(model, body)
    if not model.body_weldid[body] or not robot.moves_along(0):
        remedy = "remove the link 'world'" if is_urdf else "give the body a <freejoint/>"
        raise MjcfError(
            f"body {shown(name)} is fixed to the world: the task has no use for a robot that "
            f"cannot move from its place; {remedy}"
        )
    return robot


def _driven_roots(model: mujoco.MjModel) -> set[int]:
    """First bodies of robots and of whole trees that have an actuator."""
    roots: set[int] = set()
    for actuator in range(model.nactuator):
        for joint in driven_joints(model, actuator):
            body = int(model.jnt_bodyid[joint])
            roots |= {_moving_root(model, body), int(model.body_rootid[body])}
    return roots


def driven_joints(model: mujoco.MjModel, actuator: int) -> tuple[int, ...]:
    """Joints that an actuator drives: one, or all of a fixed tendon; none for other kinds."""
    kind = int(model.actuator_trntype[actuator])
    target = int(model.actuator_trnid[actuator, 0])
    if kind in (int(mujoco.mjtTrn.mjTRN_JOINT), int(mujoco.mjtTrn.mjTRN_JOINTINPARENT)):
        return (target,)
    if kind == int(mujoco.mjtTrn.mjTRN_TENDON):
        first = int(model.tendon_adr[target])
        wraps = range(first, first + int(model.tendon_num[target]))
        fixed = int(mujoco.mjtWrap.mjWRAP_JOINT)
        return tuple(int(model.wrap_objid[w]) for w in wraps if model.wrap_type[w] == fixed)
    return ()


def control_of(model: mujoco.MjModel, actuator: int) -> int:
    """Number of the first control of an actuator; one may have several."""
    return int(model.actuator_ctrladr[actuator])


def gear_of(model: mujoco.MjModel, actuator: int) -> NDArray[np.float64]:
    """(6,) gear of the first force of an actuator; one may have several."""
    return model.actuator_gear[int(model.actuator_outadr[actuator])]
