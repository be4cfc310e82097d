"""Crossover: exchange of subtrees between two bodies."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import networkx as nx
import numpy as np

from morph_ops.errors import OperatorError
from morph_ops.geometry import density, limb_groups, quaternion, twins
from morph_ops.graph import IDENTITY, Limb, Quat, add_limb, children, grown_limbs, limb, subtree
from morph_ops.operators.common import draw, first_valid, joint_name, next_number
from morph_ops.operators.delete import without
from morph_ops.space import UNIMAL, Space
from morph_ops.unimal import (
    Pose,
    Site,
    attachment,
    in_mirror_plane,
    limb_origin,
    runs_inside,
    sites,
)

_Group: TypeAlias = tuple[str, ...]
_Signature: TypeAlias = tuple[object, ...]


@dataclass(frozen=True)
class _Body:
    """A parent with what the crossover derives from it.

    Attributes:
        graph: The body.
        pose: Its rest pose.
        image: Names of nodes with the names of their mirror images.
    """

    graph: nx.DiGraph[str]
    pose: Pose
    image: dict[str, str]

    @classmethod
    def of(cls, graph: nx.DiGraph[str], space: Space) -> _Body:
        pose = Pose.of(graph, space=space)
        return cls(graph, pose, twins(graph, frames=pose.frames))

    def groups(self) -> list[_Group]:
        """Groups of limbs that have mirror images."""
        return [group for group in limb_groups(self.graph) if group[0] in self.image]

    def size(self, names: _Group) -> int:
        """Number of limbs in the subtrees of the named limbs."""
        return sum(len(subtree(self.graph, name)) for name in names)


def crossover(
    a: nx.DiGraph[str], b: nx.DiGraph[str], rng: np.random.Generator, *, space: Space = UNIMAL
) -> nx.DiGraph[str]:
    """A child like ``a`` that carries a subtree of ``b``.

    The operator draws a limb of ``b`` with its subtree, and with its twin if it has one. With
    equal probability, this donor either replaces a limb of ``a`` (with twin and subtree) or
    grows at one of ``a``'s sites. A site in the mirror plane receives either a limb in the
    plane or a mirrored pair beside it. Twin sites receive the two limbs of a pair, or a limb
    in the plane twice. The donor keeps its directions, sizes, hinges, and motors. It takes the
    density of ``a``'s limbs, and its limbs get new numbers. Torso, names, and order are those
    of ``a``.

    The child keeps every invariant of :data:`morph_ops.validity.CHECKS` that ``a`` keeps. So a
    subtree of an imported robot is valid only if its values are in the space. Contact excludes
    and rest height are recomputed; all other values keep every digit.

    Args:
        a: The receiving body; it stays untouched.
        b: The giving body; it stays untouched.
        rng: The only source of randomness; its state advances.
        space: The design space.

    Raises:
        OperatorError: ``b`` has no limbs with mirror images.
        OperatorError: No valid child that differs from ``a`` was found in 50 attempts.

    Examples:
        >>> from morph_ops.sampling import sample_body
        >>> rng = np.random.default_rng(0)
        >>> child = crossover(sample_body(rng), sample_body(rng), rng)
        >>> len(grown_limbs(child)) <= UNIMAL.max_limbs
        True
    """
    receiver, giver = _Body.of(a, space), _Body.of(b, space)
    gifts = set(grown_limbs(b))
    donors = [group for group in giver.groups() if gifts.issuperset(group)]
    if not donors:
        raise OperatorError("crossover: the second parent has no limbs to give")
    targets = receiver.groups()
    free = [site for site in sites(a) if site.parent in receiver.image]
    mine = grown_limbs(a)
    shared_density = density(limb(a, mine[0])) if mine else None

    def propose() -> nx.DiGraph[str] | None:
        donor = draw(rng, donors)
        target = draw(rng, targets) if targets and rng.integers(2) else ()
        old_site = attachment(a, receiver.pose, target[0], space=space) if target else None
        site = old_site if target else draw(rng, free)
        if site is None:
            return None
        other = Site(receiver.image[site.parent], site.place)
        if rng.integers(2):
            donor = donor[::-1]
        direction = giver.pose.direction(donor[0])
        if other == site and (len(donor) == 1) != in_mirror_plane(direction):
            return None
        if other != site and len(donor) == 1:
            donor *= 2
        if runs_inside(receiver.pose, site, direction):
            return None
        if target and _alike(a, target, b, donor):
            return None
        child = without(a, target)
        if len(grown_limbs(child)) + giver.size(donor) > space.max_limbs:
            return None
        # The numbers of removed limbs are not used again.
        number = next_number(a)
        for name, spot in zip(donor, (site, other), strict=False):
            pos = limb_origin(child, receiver.pose, spot, giver.pose.direction(name), space=space)
            quat = _turn(receiver.pose, spot.parent, giver.pose, name)
            root_limb = replace(limb(b, name), pos=pos, quat=quat)
            child = _graft(child, spot.parent, b, name, root_limb, number, shared_density)
            number += giver.size((name,))
        return child

    return first_valid("crossover", a, propose, space=space)


def _turn(pose: Pose, parent: str, source_pose: Pose, name: str) -> Quat:
    """Orientation in a new parent that keeps the directions of a limb's subtree."""
    rot, source_rot = pose.frames.rot, source_pose.frames.rot
    turn = rot[pose.row(parent)].T @ source_rot[source_pose.row(name)]
    return IDENTITY if np.allclose(turn, np.eye(3)) else quaternion(turn)


def _graft(
    graph: nx.DiGraph[str],
    parent: str,
    source: nx.DiGraph[str],
    name: str,
    root_limb: Limb,
    number: int,
    shared_density: float | None,
) -> nx.DiGraph[str]:
    """A copy of a body with the subtree of a limb of another body.

    Args:
        graph: The receiving body.
        parent: Name of the node that the subtree hangs on.
        source: The giving body.
        name: Name of the limb in ``source``.
        root_limb: That limb, with its new place.
        number: Number of the limb in the child; the limbs of its subtree follow.
        shared_density: Density of the grafted limbs (kg/m^3), or None to keep their own.
    """
    above = {name: parent}
    for offset, old in enumerate(subtree(source, name)):
        new = f"limb/{number + offset}"
        grafted = _renumbered(root_limb if old == name else limb(source, old), number + offset)
        if shared_density is not None:
            grafted = replace(grafted, density=shared_density, mass=None)
        graph = add_limb(graph, above[old], new, grafted)
        above.update(dict.fromkeys(children(source, old), new))
    return graph


def _renumbered(limb: Limb, number: int) -> Limb:
    joints = (replace(joint, name=joint_name(joint.slot, number)) for joint in limb.joints)
    return replace(limb, joints=tuple(joints))


def _alike(a: nx.DiGraph[str], target: _Group, b: nx.DiGraph[str], donor: _Group) -> bool:
    """Whether replacing the subtrees of one group by those of the other has no effect."""
    signatures = [
        sorted(map(repr, (_signature(graph, name, at_site=True) for name in group)))
        for graph, group in ((a, target), (b, donor))
    ]
    return signatures[0] == signatures[1]


def _signature(graph: nx.DiGraph[str], name: str, *, at_site: bool = False) -> _Signature:
    """The values of a subtree, without names, densities, and the place on the parent."""
    node = limb(graph, name)
    shape = (node.start, node.end, node.radius, None if at_site else node.pos)
    hinges = tuple((joint.slot, joint.range_deg, joint.gear) for joint in node.joints)
    below = sorted(repr(_signature(graph, child)) for child in children(graph, name))
    return (shape, hinges, *below)
