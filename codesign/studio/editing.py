"""Edits of a body by hand: a body in, a new body out, or a sentence that says why not.

Every edit is a pure function. A limb and its mirror image change together unless ``mirrored`` is
off. Contact excludes and rest height are those that the operators of :mod:`morph_ops.operators`
would give. What an edit breaks beyond the body plan, such as the symmetry of left and right, is
allowed here: :func:`codesign.studio.facts.notes` says it in words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import networkx as nx

from codesign.errors import UsageError
from codesign.studio.facts import group_of
from morph_ops.graph import (
    Joint,
    Limb,
    Slot,
    children,
    grown_limbs,
    limb,
    limbs,
    node,
    own_nodes,
    parent,
    root,
    torso,
    with_nodes,
)
from morph_ops.operators.common import HingeDraw
from morph_ops.operators.delete import without
from morph_ops.operators.joint import with_slots
from morph_ops.operators.limb import resize
from morph_ops.space import UNIMAL, Space
from morph_ops.unimal import (
    Pose,
    Site,
    at_rest_height,
    attachment,
    height,
    limb_origin,
)
from morph_ops.validity import (
    Violation,
    exclude_touching,
    keeps_own_nodes,
    new_violations,
    touching,
)

__all__ = [
    "finished",
    "free_group",
    "remove_limb",
    "set_density",
    "set_gear",
    "set_hinges",
    "set_length",
    "set_radius",
    "set_range",
]


#: Checks that no edit may break; the others only make a body unusual.
_FIRM = frozenset({"tree", "limit", "overlap"})
#: Range (deg) and gear (N m) of a new hinge.
NEW_RANGE, NEW_GEAR = (-30.0, 30.0), 200.0


def set_length(
    graph: nx.DiGraph[str],
    name: str,
    length: float,
    *,
    mirrored: bool = True,
    space: Space = UNIMAL,
) -> nx.DiGraph[str]:
    """A copy of a body in which a limb has another length.

    Args:
        graph: A body.
        name: Name of the limb.
        length: Length of its straight part (m).
        mirrored: Whether its mirror image changes, too.
        space: The design space.

    Raises:
        UsageError: The limb came with a robot's file, or the body would be no body.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))
        >>> longer = set_length(body, "limb/1", 0.4)
        >>> height(limb(longer, "limb/1")), height(limb(longer, "limb/2"))
        (0.4, 0.4)
    """
    return _resized(graph, name, lambda old: (old.radius, length), mirrored, space)


def set_radius(
    graph: nx.DiGraph[str],
    name: str,
    radius: float,
    *,
    mirrored: bool = True,
    space: Space = UNIMAL,
) -> nx.DiGraph[str]:
    """A copy of a body in which the torso or a limb has another radius.

    Args:
        graph: A body.
        name: Name of the node.
        radius: The radius (m).
        mirrored: Whether the mirror image of a limb changes, too.
        space: The design space.

    Raises:
        UsageError: The node came with a robot's file, or the body would be no body.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))
        >>> torso(set_radius(body, "torso/0", 0.15)).radius
        0.15
    """
    if name != root(graph):
        return _resized(
            graph, name, lambda old: (radius, height(old, space=space)), mirrored, space
        )
    _require_free(graph, [name])
    pose = Pose.of(graph, space=space)
    wider = with_nodes(graph, [(name, replace(torso(graph), radius=radius))])
    moved: list[tuple[str, Limb]] = []
    for child in children(graph, name):
        if attachment(graph, pose, child, space=space) is None:
            continue
        place = Site(name, "center")
        pos = limb_origin(wider, pose, place, pose.direction(child), space=space)
        moved.append((child, replace(limb(graph, child), pos=pos)))
    return finished(graph, with_nodes(wider, moved), space=space)


def set_density(
    graph: nx.DiGraph[str],
    name: str,
    density: float,
    *,
    mirrored: bool = True,
    all_limbs: bool = False,
    space: Space = UNIMAL,
) -> nx.DiGraph[str]:
    """A copy of a body in which nodes have another density.

    Args:
        graph: A body.
        name: Name of the node.
        density: The density (kg/m^3).
        mirrored: Whether the mirror image of a limb changes, too.
        all_limbs: Whether all limbs change, as in the UNIMAL space, which has one density for all.
        space: The design space.

    Raises:
        UsageError: The node came with a robot's file.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))
        >>> light = set_density(body, "limb/0", 500.0, all_limbs=True)
        >>> {limb(light, name).density for name in limbs(light)}
        {500.0}
    """
    names = free_group(graph, name, mirrored=mirrored)
    if all_limbs and name != root(graph):
        names = tuple(grown_limbs(graph))
    changed = [(each, replace(node(graph, each), density=density, mass=None)) for each in names]
    return finished(graph, with_nodes(graph, changed), space=space)


def set_hinges(
    graph: nx.DiGraph[str],
    name: str,
    slots: tuple[Slot, ...],
    *,
    mirrored: bool = True,
    space: Space = UNIMAL,
) -> nx.DiGraph[str]:
    """A copy of a body in which a limb turns about other axes; hinges that stay keep their values.

    Args:
        graph: A body.
        name: Name of the limb.
        slots: The axes: ("x",), ("y",) or ("x", "y").
        mirrored: Whether its mirror image changes, too.
        space: The design space.

    Raises:
        UsageError: The limb came with a robot's file.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))
        >>> [hinge.slot for hinge in limb(set_hinges(body, "limb/1", ("x", "y")), "limb/2").joints]
        ['x', 'y']
    """
    pose = Pose.of(graph, space=space)
    hinges = [HingeDraw(slot, NEW_RANGE, NEW_GEAR) for slot in slots]
    names = free_group(graph, name, mirrored=mirrored)
    changed = [(each, with_slots(graph, pose, each, hinges)) for each in names]
    return finished(graph, with_nodes(graph, changed), space=space)


def set_range(
    graph: nx.DiGraph[str],
    name: str,
    slot: Slot,
    range_deg: tuple[float, float],
    *,
    mirrored: bool = True,
    space: Space = UNIMAL,
) -> nx.DiGraph[str]:
    """A copy of a body in which a hinge turns within other limits.

    Args:
        graph: A body.
        name: Name of the limb.
        slot: Axis of the hinge.
        range_deg: Lower and upper limit of the angle (deg).
        mirrored: Whether the mirror image of the limb changes, too.
        space: The design space.

    Raises:
        UsageError: The limb came with a robot's file, or the lower limit is not the smaller one.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))
        >>> limb(set_range(body, "limb/1", "y", (-60.0, 60.0)), "limb/2").joints[0].range_deg
        (-60.0, 60.0)
    """
    if not range_deg[0] < range_deg[1]:
        raise UsageError(
            f"{name}: a hinge needs room to turn: expected a lower limit below the upper one, got "
            f"{range_deg[0]:g} to {range_deg[1]:g} deg"
        )
    return _rehinged(
        graph, name, slot, lambda old: replace(old, range_deg=range_deg), mirrored, space
    )


def set_gear(
    graph: nx.DiGraph[str],
    name: str,
    slot: Slot,
    gear: float,
    *,
    mirrored: bool = True,
    space: Space = UNIMAL,
) -> nx.DiGraph[str]:
    """A copy of a body in which a motor is stronger or weaker.

    Args:
        graph: A body.
        name: Name of the limb.
        slot: Axis of the motor's hinge.
        gear: Largest torque (N m).
        mirrored: Whether the mirror image of the limb changes, too.
        space: The design space.

    Raises:
        UsageError: The limb came with a robot's file.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))
        >>> limb(set_gear(body, "limb/1", "y", 300.0), "limb/1").joints[0].gear
        300.0
    """
    return _rehinged(graph, name, slot, lambda old: replace(old, gear=gear), mirrored, space)


def remove_limb(
    graph: nx.DiGraph[str], name: str, *, mirrored: bool = True, space: Space = UNIMAL
) -> nx.DiGraph[str]:
    """A copy of a body without a limb and all that hangs on it.

    Args:
        graph: A body.
        name: Name of the limb.
        mirrored: Whether its mirror image goes, too.
        space: The design space.

    Raises:
        UsageError: It is the torso, came with a robot's file, or nothing that moves would be left.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))
        >>> limbs(remove_limb(body, "limb/1"))
        ['limb/0']
    """
    if name == root(graph):
        raise UsageError("this is the torso, which every body has: select a limb to remove")
    names = free_group(graph, name, mirrored=mirrored)
    _require_free(graph, names)
    rest = without(graph, names)
    if not any(limb(rest, each).joints for each in limbs(rest)):
        raise UsageError(f"{name} is the last limb that moves: add another one first")
    return finished(graph, rest, space=space)


def finished(
    before: nx.DiGraph[str], proposal: nx.DiGraph[str], *, space: Space
) -> nx.DiGraph[str]:
    """A proposal with its contact excludes and rest height, if it is a body.

    Args:
        before: The body before the edit; what it breaks may stay broken.
        proposal: The body after it.
        space: The design space.

    Raises:
        UsageError: A node of a robot's file changed, limbs run through each other, or there are
            too many.
    """
    if not keeps_own_nodes(before, proposal):
        raise UsageError("what came with the robot's file stays as it is")
    pose = Pose.of(proposal, space=space)
    child = exclude_touching(proposal, frames=pose.frames)
    child = at_rest_height(child, space=space, pose=pose)
    broken = new_violations(before, child, space=space, pose=pose)
    for violation in broken:
        if violation.check in _FIRM and not _grew_together(before, violation):
            raise UsageError(f"not possible: {violation.message}")
    return child


def _grew_together(before: nx.DiGraph[str], violation: Violation) -> bool:
    """Whether limbs that overlap now are neighbors that did so before, as a mirrored pair may."""
    if violation.check != "overlap":
        return False
    one, other = violation.where
    if not {one, other} <= set(before) or parent(before, one) != parent(before, other):
        return False
    return (one, other) in {pair for pair, _ in touching(before)}


def free_group(graph: nx.DiGraph[str], name: str, *, mirrored: bool) -> tuple[str, ...]:
    """The nodes that an edit of one node changes.

    Args:
        graph: A body.
        name: Name of the node.
        mirrored: Whether the mirror image of a limb counts.

    Raises:
        UsageError: A node came with a robot's file.
    """
    names = group_of(graph, name) if mirrored else (name,)
    _require_free(graph, names)
    return names


def _require_free(graph: nx.DiGraph[str], names: Iterable[str]) -> None:
    own = own_nodes(graph)
    for name in names:
        if name in own:
            raise UsageError(
                f"{name} came with the robot's file and stays as it is: add limbs to it instead"
            )


def _resized(
    graph: nx.DiGraph[str],
    name: str,
    size: Callable[[Limb], tuple[float, float]],
    mirrored: bool,
    space: Space,
) -> nx.DiGraph[str]:
    """A copy in which a limb, and its mirror image, has the radius and height of ``size``."""
    if name == root(graph):
        raise UsageError("this is the torso, which has no length: select a limb")
    pose, child = Pose.of(graph, space=space), graph
    for each in free_group(graph, name, mirrored=mirrored):
        radius, length = size(limb(graph, each))
        child = resize(child, pose, each, radius=radius, height_m=length, space=space)
    return finished(graph, child, space=space)


def _rehinged(
    graph: nx.DiGraph[str],
    name: str,
    slot: Slot,
    change: Callable[[Joint], Joint],
    mirrored: bool,
    space: Space,
) -> nx.DiGraph[str]:
    """A copy in which the hinge in a slot of a limb, and of its mirror image, is changed."""
    changed: list[tuple[str, Limb]] = []
    for each in free_group(graph, name, mirrored=mirrored):
        old = limb(graph, each)
        joints = tuple(change(joint) if joint.slot == slot else joint for joint in old.joints)
        changed.append((each, replace(old, joints=joints)))
    return finished(graph, with_nodes(graph, changed), space=space)
