"""Exchange subtrees between two bodies."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

import networkx as nx
import numpy as np

from morph_ops.errors import OperatorError
from morph_ops.geometry import density, limb_groups, quaternion, twins
from morph_ops.graph import IDENTITY, Limb, Quat, add_limb, children, limb, limbs
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

_Signature: TypeAlias = tuple[object, ...]


def crossover(
    a: nx.DiGraph[str], b: nx.DiGraph[str], rng: np.random.Generator, *, space: Space = UNIMAL
) -> nx.DiGraph[str]:
    """A body like ``a`` that carries a part of ``b``.

    Draws a limb of ``b`` with all that hangs on it, and with its twin if it has one. It
    takes the place of a limb of ``a`` (with twin and subtree) or, with equal chance, grows
    at a free choice of ``a``'s sites. At a site in the mirror plane goes a limb in the
    plane or a mirrored pair off it; at twin sites go the two of a pair, or a limb in the
    plane twice. The part keeps its directions, sizes, hinges and motors, takes the density
    of ``a``'s limbs, and its limbs get new numbers. Torso, name and order come from ``a``.

    Keeps every invariant of :data:`morph_ops.validity.invariants.CHECKS` that ``a`` keeps, so a part of
    a robot from elsewhere only passes where its values are of the space. Recomputes
    contact excludes and rest height; all other values stay number for number.

    Args:
        a: the body that receives; stays untouched.
        b: the body that gives; stays untouched.
        rng: the only source of chance; it is advanced.
        space: the design space.

    Raises:
        OperatorError: ``b`` has no limbs that mirror each other.
        OperatorError: no valid child in 50 tries that differs from ``a``.
    """
    pose_a, pose_b = (Pose.of(graph, space=space) for graph in (a, b))
    image_a, image_b = twins(a, frames=pose_a.frames), twins(b, frames=pose_b.frames)
    donors = [group for group in limb_groups(b) if group[0] in image_b]
    if not donors:
        raise OperatorError("crossover: the second parent has no limbs to give")
    targets = [group for group in limb_groups(a) if group[0] in image_a]
    spots = [site for site in sites(a) if site.parent in image_a]

    shared = density(limb(a, limbs(a)[0])) if limbs(a) else None

    def propose() -> nx.DiGraph[str] | None:
        donor = draw(rng, donors)
        target = draw(rng, targets) if targets and rng.integers(2) else ()
        site = attachment(a, pose_a, target[0], space=space) if target else draw(rng, spots)
        if site is None:
            return None
        other = Site(image_a[site.parent], site.place)
        if rng.integers(2):
            donor = donor[::-1]
        direction = pose_b.direction(donor[0])
        if other == site and (len(donor) == 1) != in_mirror_plane(direction):
            return None
        if other != site and len(donor) == 1:
            donor *= 2
        if runs_inside(pose_a, site, direction) or (target and _alike(a, target, b, donor)):
            return None
        base = without(a, target)
        added = sum(1 + len(nx.descendants(b, name)) for name in donor)
        if len(limbs(base)) + added > space.max_limbs:
            return None
        child = base
        # Numbers of limbs that the child lost are not given again.
        number = next_number(a)
        for name, spot in zip(donor, (site, other), strict=False):
            child = _graft(
                child, pose_a, spot, b, pose_b, name, number=number, shared=shared, space=space
            )
            number += 1 + len(nx.descendants(b, name))
        return child

    return first_valid("crossover", a, propose, space=space)


def _graft(
    graph: nx.DiGraph[str],
    pose: Pose,
    site: Site,
    source: nx.DiGraph[str],
    source_pose: Pose,
    name: str,
    *,
    number: int,
    shared: float | None,
    space: Space,
) -> nx.DiGraph[str]:
    """A copy of ``graph`` with the subtree ``name`` of ``source`` at ``site``.

    Its limbs are numbered from ``number`` and have the density ``shared``, or their own.
    """
    pos = limb_origin(graph, pose, site, source_pose.direction(name), space=space)
    rot, source_rot = pose.frames.rot, source_pose.frames.rot
    turn = rot[pose.row(site.parent)].T @ source_rot[source_pose.row(name)]
    quat: Quat = IDENTITY if np.allclose(turn, np.eye(3)) else quaternion(turn)
    above = {name: site.parent}
    for offset, old in enumerate(nx.dfs_preorder_nodes(source, name)):
        new = f"limb/{number + offset}"
        record = _renumbered(limb(source, old), number + offset)
        if old == name:
            record = replace(record, pos=pos, quat=quat)
        if shared is not None:
            record = replace(record, density=shared, mass=None)
        graph = add_limb(graph, above[old], new, record)
        above.update(dict.fromkeys(children(source, old), new))
    return graph


def _renumbered(record: Limb, number: int) -> Limb:
    joints = (replace(joint, name=joint_name(joint.slot, number)) for joint in record.joints)
    return replace(record, joints=tuple(joints))


def _alike(
    a: nx.DiGraph[str], target: tuple[str, ...], b: nx.DiGraph[str], donor: tuple[str, ...]
) -> bool:
    """Whether swapping one group's subtrees for the other's would change nothing."""
    signatures = [
        sorted(map(repr, (_signature(graph, name, at_site=True) for name in group)))
        for graph, group in ((a, target), (b, donor))
    ]
    return signatures[0] == signatures[1]


def _signature(graph: nx.DiGraph[str], name: str, *, at_site: bool = False) -> _Signature:
    """What a subtree is, its names, densities and place on the parent left out."""
    record = limb(graph, name)
    shape = (record.start, record.end, record.radius, None if at_site else record.pos)
    hinges = tuple((joint.slot, joint.range_deg, joint.gear) for joint in record.joints)
    below = sorted(repr(_signature(graph, child)) for child in children(graph, name))
    return (shape, hinges, *below)
