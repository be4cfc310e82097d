"""Tendons, equality constraints, contact pairs and excludes of a robot as MJCF text."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Sequence
from itertools import product

import mujoco

from morph_ops._messages import shown
from morph_ops.errors import MjcfError
from morph_ops.geometry.rotations import quaternion, rotation
from morph_ops.io.mjcf.foreign.passive import tendon_passive
from morph_ops.io.mjcf.foreign.robot import ForeignRobot
from morph_ops.io.mjcf.foreign.text import child, geom_name, numbers, site_name
from morph_ops.io.mjcf.foreign.tree import PlannedNode

__all__ = ["add_constraints"]

#: Most pairs of geoms of two parts of which only some bodies are excluded from contact.
_MOST_PAIRS = 10_000
_JOINT_WRAP = int(mujoco.mjtWrap.mjWRAP_JOINT)
_PULLEY = int(mujoco.mjtWrap.mjWRAP_PULLEY)
_SITE_WRAP = int(mujoco.mjtWrap.mjWRAP_SITE)
_EQ_CONNECT, _EQ_WELD, _EQ_JOINT, _EQ_TENDON = (
    int(kind)
    for kind in (
        mujoco.mjtEq.mjEQ_CONNECT,
        mujoco.mjtEq.mjEQ_WELD,
        mujoco.mjtEq.mjEQ_JOINT,
        mujoco.mjtEq.mjEQ_TENDON,
    )
)


def add_constraints(
    root: ElementTree.Element,
    robot: ForeignRobot,
    nodes: Sequence[PlannedNode],
    bodies: Sequence[ElementTree.Element],
) -> list[str]:
    """Add what couples the parts of a robot; what reaches beyond the robot is left out.

    Args:
        root: Element <mujoco> of the robot's text.
        robot: The robot.
        nodes: Its nodes.
        bodies: Their elements <body>.

    Returns:
        What was left out, in words.
    """
    return _Writer(root, robot, nodes, bodies).write()


class _Writer:
    """Writes the constraints, and the sites that they refer to."""

    def __init__(
        self,
        root: ElementTree.Element,
        robot: ForeignRobot,
        nodes: Sequence[PlannedNode],
        bodies: Sequence[ElementTree.Element],
    ) -> None:
        self._root, self._robot = root, robot
        self._owner = {
            body: (node, element)
            for node, element in zip(nodes, bodies, strict=True)
            if node.solid
            for body in node.part.welded
        }
        self._joints = {joint for node in nodes for joint in node.joints}
        self._sites: set[int] = set()
        self._geoms = {geom for node in nodes for geom in node.part.geoms} & robot.written_geoms
        self._left: list[str] = []

    def write(self) -> list[str]:
        """Write all; what was left out."""
        tendons = self._tendons()
        self._equalities(tendons)
        self._contacts()
        return self._left

    def _tendons(self) -> set[int]:
        model, group = self._robot.model, child(self._root, "tendon")
        written: set[int] = set()
        for tendon in range(model.ntendon):
            first = int(model.tendon_adr[tendon])
            wraps = list(range(first, first + int(model.tendon_num[tendon])))
            if not all(self._is_inside(wrap) for wrap in wraps):
                self._left.append(f"tendon {self._robot.tendon_name(tendon)}")
                continue
            written.add(tendon)
            fixed = int(model.wrap_type[wraps[0]]) == _JOINT_WRAP
            element = child(group, "fixed" if fixed else "spatial")
            for key, value in self._tendon_attributes(tendon).items():
                element.set(key, value)
            for wrap in wraps:
                self._add_wrap(element, wrap)
        return written

    def _tendon_attributes(self, tendon: int) -> dict[str, str]:
        model = self._robot.model
        damping, armature = tendon_passive(model, tendon)
        return {
            "name": self._robot.tendon_name(tendon),
            "limited": "true" if model.tendon_limited[tendon] else "false",
            "range": numbers(model.tendon_range[tendon]),
            "margin": numbers(model.tendon_margin[tendon]),
            "stiffness": numbers(
                [model.tendon_stiffness[tendon], *model.tendon_stiffnesspoly[tendon]]
            ),
            "damping": numbers(damping),
            "frictionloss": numbers(model.tendon_frictionloss[tendon]),
            "armature": numbers(armature),
            "springlength": numbers(model.tendon_lengthspring[tendon]),
            "solreflimit": numbers(model.tendon_solref_lim[tendon]),
            "solimplimit": numbers(model.tendon_solimp_lim[tendon]),
            "solreffriction": numbers(model.tendon_solref_fri[tendon]),
            "solimpfriction": numbers(model.tendon_solimp_fri[tendon]),
            "actuatorfrclimited": "true" if model.tendon_actfrclimited[tendon] else "false",
            "actuatorfrcrange": numbers(model.tendon_actfrcrange[tendon]),
        }

    def _add_wrap(self, element: ElementTree.Element, wrap: int) -> None:
        model = self._robot.model
        kind, target = int(model.wrap_type[wrap]), int(model.wrap_objid[wrap])
        value = float(model.wrap_prm[wrap])
        if kind == _JOINT_WRAP:
            child(element, "joint", joint=self._robot.joint_name(target), coef=numbers(value))
        elif kind == _PULLEY:
            child(element, "pulley", divisor=numbers(value))
        elif kind == _SITE_WRAP:
            child(element, "site", site=self._site(target))
        else:
            around = child(element, "geom", geom=geom_name(target))
            if value >= 0.0:
                around.set("sidesite", self._site(int(value)))

    def _is_inside(self, wrap: int) -> bool:
        model = self._robot.model
        kind, target = int(model.wrap_type[wrap]), int(model.wrap_objid[wrap])
        if kind == _JOINT_WRAP:
            return target in self._joints
        if kind == _SITE_WRAP:
            return int(model.site_bodyid[target]) in self._owner
        return kind == _PULLEY or target in self._geoms

    def _site(self, site: int) -> str:
        """Name of a site, which is written at its first use."""
        name, robot = site_name(site), self._robot
        if site not in self._sites:
            self._sites.add(site)
            node, body = self._owner[int(robot.model.site_bodyid[site])]
            turn = quaternion(robot.data.site_xmat[site].reshape(3, 3))
            child(
                body,
                "site",
                name=name,
                pos=numbers(robot.data.site_xpos[site] - node.origin),
                quat=numbers(turn),
            )
        return name

    def _equalities(self, tendons: set[int]) -> None:
        model, group = self._robot.model, child(self._root, "equality")
        for number in range(model.neq):
            kind = int(model.eq_type[number])
            element = None
            if kind in (_EQ_CONNECT, _EQ_WELD):
                element = self._between_bodies(group, number, kind)
            elif kind == _EQ_JOINT:
                element = self._between(group, number, "joint", self._joints)
            elif kind == _EQ_TENDON:
                element = self._between(group, number, "tendon", tendons)
            if element is None:
                name = self._robot.name(mujoco.mjtObj.mjOBJ_EQUALITY, number) or str(number)
                self._left.append(f"equality {name}")
                continue
            element.set("active", "true" if model.eq_active0[number] else "false")
            element.set("solref", numbers(model.eq_solref[number]))
            element.set("solimp", numbers(model.eq_solimp[number]))

    def _between_bodies(
        self, group: ElementTree.Element, number: int, kind: int
    ) -> ElementTree.Element | None:
        model, data = self._robot.model, self._robot.data
        ids = [int(model.eq_obj1id[number]), int(model.eq_obj2id[number])]
        if int(model.eq_objtype[number]) == int(mujoco.mjtObj.mjOBJ_SITE):
            if any(int(model.site_bodyid[site]) not in self._owner for site in ids):
                return None
            names = {f"site{place}": self._site(site) for place, site in enumerate(ids, start=1)}
            return child(group, "connect" if kind == _EQ_CONNECT else "weld", **names)
        if any(body not in self._owner for body in ids):
            return None
        (first, _), (second, _) = (self._owner[body] for body in ids)
        names = {"body1": first.name, "body2": second.name}
        values = model.eq_data[number]
        if kind == _EQ_CONNECT:
            anchor = data.xpos[ids[0]] + self._robot.rotation(ids[0]) @ values[:3]
            return child(group, "connect", anchor=numbers(anchor - first.origin), **names)
        # The anchor of a weld is in the frame of its second body, and the pose at which the two are
        # welded in that of the first, whatever the zero pose is.
        turns = [self._robot.rotation(body) for body in ids]
        anchor = data.xpos[ids[1]] + turns[1] @ values[:3]
        place = data.xpos[ids[0]] + turns[0] @ values[3:6] - first.origin
        w, x, y, z = values[6:10].tolist()
        turn = quaternion(turns[0] @ rotation((w, x, y, z)) @ turns[1].T)
        return child(
            group,
            "weld",
            anchor=numbers(anchor - second.origin),
            relpose=numbers([*place, *turn]),
            torquescale=numbers(values[10]),
            **names,
        )

    def _between(
        self, group: ElementTree.Element, number: int, tag: str, known: set[int]
    ) -> ElementTree.Element | None:
        model = self._robot.model
        ids = [int(model.eq_obj1id[number]), int(model.eq_obj2id[number])]
        if any(each >= 0 and each not in known for each in ids) or ids[0] < 0:
            return None
        element = child(group, tag, polycoef=numbers(model.eq_data[number, :5]))
        for place, each in enumerate(ids, start=1):
            if each >= 0:
                name = (
                    self._robot.joint_name(each)
                    if tag == "joint"
                    else self._robot.tendon_name(each)
                )
                element.set(f"{tag}{place}", name)
        return element

    def _contacts(self) -> None:
        model, group = self._robot.model, child(self._root, "contact")
        for number in range(model.npair):
            geoms = [int(model.pair_geom1[number]), int(model.pair_geom2[number])]
            if not self._geoms.issuperset(geoms):
                continue
            child(
                group,
                "pair",
                geom1=geom_name(geoms[0]),
                geom2=geom_name(geoms[1]),
                condim=str(int(model.pair_dim[number])),
                friction=numbers(model.pair_friction[number]),
                solref=numbers(model.pair_solref[number]),
                solreffriction=numbers(model.pair_solreffriction[number]),
                solimp=numbers(model.pair_solimp[number]),
                margin=numbers(model.pair_margin[number]),
                gap=numbers(model.pair_gap[number]),
                adhesion=numbers(model.pair_adhesion[number]),
            )
        for first, second in self._still_touching():
            child(group, "pair", geom1=geom_name(first), geom2=geom_name(second))

    def _still_touching(self) -> Iterator[tuple[int, int]]:
        """Pairs of geoms that touch although some bodies welded to theirs are excluded.

        An exclude of the text is between all that is welded; pairs of geoms go before excludes.

        Raises:
            MjcfError: There are too many of them.
        """
        model = self._robot.model
        of = {geom: int(model.geom_bodyid[geom]) for geom in self._geoms}
        excluded = {frozenset(divmod(each, 1 << 16)) for each in model.exclude_signature.tolist()}
        pairs = zip(model.pair_geom1.tolist(), model.pair_geom2.tolist(), strict=True)
        known = {frozenset(pair) for pair in pairs}
        owners = {
            frozenset(self._owner[body][0].name for body in bodies): [
                self._owner[body][0] for body in sorted(bodies)
            ]
            for bodies in excluded
            if len(bodies) == 2 and bodies <= self._owner.keys()
        }
        for nodes in owners.values():
            one, other = nodes
            if one.name == other.name or self._passes_through(one, other):
                continue
            sides = [[geom for geom in node.part.geoms if geom in of] for node in nodes]
            bodies = product(*({of[geom] for geom in side} for side in sides))
            if all(frozenset(pair) in excluded for pair in bodies):
                continue
            if len(sides[0]) * len(sides[1]) > _MOST_PAIRS:
                raise MjcfError(
                    f"exclude of {shown(one.name)} and {shown(other.name)}: expected at most "
                    f"{_MOST_PAIRS} pairs of geoms; give them fewer geoms"
                )
            for first, second in product(*sides):
                apart = frozenset((of[first], of[second])) in excluded
                if (
                    not apart
                    and self._touch(first, second)
                    and frozenset((first, second)) not in known
                ):
                    yield first, second

    def _passes_through(self, one: PlannedNode, other: PlannedNode) -> bool:
        """Whether MuJoCo lets two parts pass through each other.

        It does if they are welded together, or if one is the other's parent.
        """
        model, flag = self._robot.model, int(mujoco.mjtDisableBit.mjDSBL_FILTERPARENT)
        welds = [int(model.body_weldid[node.part.body]) for node in (one, other)]
        if welds[0] == welds[1]:
            return True
        above = [int(model.body_weldid[model.body_parentid[weld]]) for weld in welds]
        return (welds[0] == above[1] or welds[1] == above[0]) and not model.opt.disableflags & flag

    def _touch(self, first: int, second: int) -> bool:
        types, affinities = self._robot.model.geom_contype, self._robot.model.geom_conaffinity
        return bool(types[first] & affinities[second] or types[second] & affinities[first])
