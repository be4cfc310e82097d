"""Geometry of a body in its rest pose: frames, mirror images, and masses.

A graph stores frames and capsules. This module derives the rest from them: world frames by
forward kinematics, the mirror image of every limb, and the center of mass. It never reads
names, so imported bodies work like sampled ones. What a limb is in terms of the UNIMAL grid
is in :mod:`morph_ops.unimal`.

The mirror plane of a body is the xz plane of its torso's frame. Mirror images are therefore
computed in the *torso frame*: its origin is the torso's center, and its axes are the torso's.
All lengths are in meters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from morph_ops.errors import BodyError
from morph_ops.graph import (
    IDENTITY,
    Limb,
    Node,
    Quat,
    Torso,
    Vec3,
    children,
    limbs,
    node,
    node_names,
    root,
    with_nodes,
)

__all__ = [
    "MIRROR",
    "TOLERANCE",
    "Frames",
    "canonical_frames",
    "center_of_mass",
    "density",
    "extent",
    "limb_groups",
    "mass",
    "quaternion",
    "rest_frames",
    "rotation",
    "total_mass",
    "twins",
]

MIRROR: NDArray[np.float64] = np.array([1.0, -1.0, 1.0])
"""The factors that turn a vector of the torso frame into its mirror image, shape (3,)."""

TOLERANCE = 1e-6
"""Lengths that differ by less count as equal (m): a micrometer, far below the 1 cm grid."""


@dataclass(frozen=True)
class Frames:
    """Rest pose of a body with n nodes; one row for each node, depth first from the torso.

    Attributes:
        names: Names of the n nodes.
        pos: (n, 3) origins of the node frames (m).
        rot: (n, 3, 3) orientations; each column is an axis of the node frame.
        start: (n, 3) starts of the capsules' axes; for the torso its center (m).
        end: (n, 3) ends of the capsules' axes; for the torso its center (m).
        radius: (n,) radii of the sphere and the capsules (m).

    Example:
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))

        >>> frames = rest_frames(body)
        >>> frames.names, frames.rot.shape
        (('torso/0', 'limb/0', 'limb/1', 'limb/2'), (4, 3, 3))
    """

    names: tuple[str, ...]
    pos: NDArray[np.float64]
    rot: NDArray[np.float64]
    start: NDArray[np.float64]
    end: NDArray[np.float64]
    radius: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.names)


# --- rotations ---------------------------------------------------------------------------


def rotation(quat: Quat) -> NDArray[np.float64]:
    """The rotation matrix of a quaternion.

    Args:
        quat: A quaternion (w, x, y, z) of any length but 0.

    Returns:
        (3, 3) matrix.

    Example:
        >>> rotation((1.0, 0.0, 0.0, 0.0)).tolist()
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    w, x, y, z = np.asarray(quat) / np.linalg.norm(quat)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def quaternion(rot: NDArray[np.float64]) -> Quat:
    """The unit quaternion of a rotation matrix.

    The eigenvector method is well conditioned for every rotation [Bar-Itzhack 2000].

    Args:
        rot: (3, 3) rotation matrix.

    Returns:
        The quaternion (w, x, y, z) with w at least 0.

    Example:
        >>> quaternion(np.eye(3))
        (1.0, 0.0, 0.0, 0.0)
    """
    m = rot
    k = np.array(
        [
            [m[0, 0] + m[1, 1] + m[2, 2], 0, 0, 0],
            [m[2, 1] - m[1, 2], m[0, 0] - m[1, 1] - m[2, 2], 0, 0],
            [m[0, 2] - m[2, 0], m[1, 0] + m[0, 1], m[1, 1] - m[0, 0] - m[2, 2], 0],
            [m[1, 0] - m[0, 1], m[2, 0] + m[0, 2], m[2, 1] + m[1, 2], m[2, 2] - m[0, 0] - m[1, 1]],
        ]
    )
    w, x, y, z = np.linalg.eigh(k)[1][:, -1].tolist()
    return (w, x, y, z) if w >= 0 else (-w, -x, -y, -z)


# --- frames ------------------------------------------------------------------------------


def rest_frames(graph: nx.DiGraph[str], *, in_torso: bool = False) -> Frames:
    """Frames of all nodes in the rest pose, by forward kinematics.

    Args:
        graph: A body.
        in_torso: Whether to express them in the torso frame instead of the world frame.

    Example:
        >>> from morph_ops.graph import new_body
        >>> frames = rest_frames(new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, mass=1.0)))
        >>> frames.names, frames.pos.tolist()
        (('torso/0',), [[0.0, 0.0, 0.3]])
    """
    names = node_names(graph)
    nodes = [node(graph, name) for name in names]
    row = {name: index for index, name in enumerate(names)}
    above = [row[next(iter(graph.pred[name]))] for name in names[1:]]
    origins = [(0.0, 0.0, 0.0) if in_torso else nodes[0].pos]
    pos = np.array(origins + [each.pos for each in nodes[1:]])
    rot = np.tile(np.eye(3), (len(names), 1, 1))
    turned = any(each.quat != IDENTITY for each in nodes[in_torso:])
    if turned and not in_torso:
        rot[0] = rotation(nodes[0].quat)
    for index, up in enumerate(above, start=1):
        if turned:
            pos[index] = pos[up] + rot[up] @ pos[index]
            rot[index] = rot[up] @ rotation(nodes[index].quat)
        else:
            pos[index] += pos[up]
    ends = np.array(
        [((0.0,) * 3,) * 2 if isinstance(n, Torso) else (n.start, n.end) for n in nodes]
    )
    ends = pos[:, None] + (np.einsum("nij,nkj->nki", rot, ends) if turned else ends)
    radius = np.array([each.radius for each in nodes])
    return Frames(tuple(names), pos, rot, ends[:, 0], ends[:, 1], radius)


def canonical_frames(graph: nx.DiGraph[str]) -> nx.DiGraph[str]:
    """The same body with frames like those of UNIMAL bodies.

    In the rest pose all axes are parallel to the world's, and a limb's origin is the start of
    its capsule, which is the end nearer to the hinges. No shape, mass, or hinge moves, but
    numbers that refer to frames (states and contexts) then mean the same for every body.

    Args:
        graph: A body; it is returned as it is if its frames are canonical already.

    Example:
        >>> from morph_ops.graph import new_body, torso
        >>> turned = new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, mass=1.0, quat=(0, 1, 0, 0)))
        >>> torso(canonical_frames(turned)).quat
        (1.0, 0.0, 0.0, 0.0)
    """
    names = node_names(graph)
    if all(_is_canonical(node(graph, name)) for name in names):
        return graph
    frames = rest_frames(graph)
    origins: dict[str, NDArray[np.float64]] = {}
    nodes: list[tuple[str, Node]] = []
    for row, name in enumerate(names):
        old, rot, pos = node(graph, name), frames.rot[row], frames.pos[row]
        if isinstance(old, Torso):
            origins[name] = pos
            nodes.append((name, replace(old, quat=IDENTITY)))
            continue
        near, far = frames.start[row], frames.end[row]
        if not _starts_at_hinges(old):
            near, far = far, near
        origins[name] = near
        hinges = [
            replace(joint, pos=_vec3(pos + rot @ joint.pos - near), axis=_vec3(rot @ joint.axis))
            for joint in old.joints
        ]
        turned = replace(
            old,
            pos=_vec3(near - origins[next(iter(graph.pred[name]))]),
            quat=IDENTITY,
            start=(0.0, 0.0, 0.0),
            end=_vec3(far - near),
            joints=tuple(hinges),
        )
        nodes.append((name, turned))
    return with_nodes(graph, nodes)


def _is_canonical(each: Node) -> bool:
    if each.quat != IDENTITY:
        return False
    return isinstance(each, Torso) or (not any(each.start) and _starts_at_hinges(each))


def _starts_at_hinges(limb: Limb) -> bool:
    """Whether the start of a capsule is no farther from its hinges than the end.

    Two ends at the same distance count as such, whatever the last digits are.
    """
    near, far = (
        sum(math.dist(end, joint.pos) for joint in limb.joints) for end in (limb.start, limb.end)
    )
    return near <= far + TOLERANCE


def _vec3(vector: NDArray[np.float64]) -> Vec3:
    x, y, z = vector.tolist()
    return x, y, z


# --- mirror images -----------------------------------------------------------------------


def twins(graph: nx.DiGraph[str], *, frames: Frames | None = None) -> dict[str, str]:
    """The mirror image of every node that has one, by geometry alone.

    The torso and a limb in the mirror plane are their own images. Two limbs are twins if
    their parents are, and if their capsules mirror each other to within a micrometer.

    Args:
        graph: A body.
        frames: Rest pose of the body in the torso frame; None computes it.

    Returns:
        Names of nodes with the names of their images. Limbs without an image are missing, and
        so are all limbs that hang on them.

    Example:
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))

        >>> twins(body)
        {'torso/0': 'torso/0', 'limb/0': 'limb/0', 'limb/1': 'limb/2', 'limb/2': 'limb/1'}
    """
    frames = frames or rest_frames(graph, in_torso=True)
    row = {name: index for index, name in enumerate(frames.names)}
    shapes = np.concatenate([frames.start, frames.end, frames.radius[:, None]], axis=1)
    images = np.concatenate(
        [frames.start * MIRROR, frames.end * MIRROR, frames.radius[:, None]], axis=1
    )
    same = np.abs(images[:, None] - shapes[None, :]).max(axis=-1) < TOLERANCE
    found = {root(graph): root(graph)}
    for name in frames.names[1:]:
        if name in found:
            continue
        image_parent = found.get(next(iter(graph.pred[name])))
        if image_parent is None:
            continue
        candidates = [
            other
            for other in children(graph, image_parent)
            if other not in found and same[row[name], row[other]]
        ]
        if candidates:
            # A limb in the plane must not be paired with another limb at the same place.
            image = name if name in candidates else candidates[0]
            found[name], found[image] = image, name
    return found


def limb_groups(graph: nx.DiGraph[str]) -> list[tuple[str, ...]]:
    """The limbs, grouped with their mirror images: operators change one group at once.

    Returns:
        One name for a limb in the mirror plane (or without an image), and two for a limb and
        its twin; in depth-first order of the first limb of each group.

    Example:
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))

        >>> limb_groups(body)
        [('limb/0',), ('limb/1', 'limb/2')]
    """
    image = twins(graph)
    groups: list[tuple[str, ...]] = []
    seen: set[str] = set()
    for name in limbs(graph):
        if name not in seen:
            other = image.get(name, name)
            groups.append((name,) if other == name else (name, other))
            seen.update((name, other))
    return groups


# --- masses and sizes --------------------------------------------------------------------


def _volume(each: Node) -> float:
    ball = 4 / 3 * math.pi * each.radius**3
    if isinstance(each, Torso):
        return ball
    length = math.dist(each.start, each.end)
    return ball + math.pi * each.radius**2 * length


def mass(each: Node) -> float:
    """Mass of a node (kg): its own, or its density times its volume.

    Raises:
        BodyError: The node has neither mass nor density.

    Example:
        >>> round(mass(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, density=1000.0)), 3)
        4.189
    """
    if each.mass is not None:
        return each.mass
    if each.density is None:
        raise BodyError(f"a node needs a mass or a density, got neither: {each}")
    return each.density * _volume(each)


def density(each: Node) -> float:
    """Density of a node (kg/m^3): its own, or its mass over its volume.

    Raises:
        BodyError: The node has neither mass nor density.

    Example:
        >>> round(density(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, mass=4.189)))
        1000
    """
    return each.density if each.density is not None else mass(each) / _volume(each)


def center_of_mass(graph: nx.DiGraph[str], *, frames: Frames | None = None) -> NDArray[np.float64]:
    """Center of mass in the rest pose.

    Args:
        graph: A body.
        frames: Rest pose in the frame of the result; None takes the world frame.

    Returns:
        (3,) position (m).

    Example:
        >>> from morph_ops.graph import new_body
        >>> center_of_mass(new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, mass=1.0))).tolist()
        [0.0, 0.0, 0.3]
    """
    frames = frames or rest_frames(graph)
    masses = np.array([mass(node(graph, name)) for name in frames.names])
    return masses @ ((frames.start + frames.end) / 2) / masses.sum()


def total_mass(graph: nx.DiGraph[str]) -> float:
    """Mass of a whole body (kg).

    Example:
        >>> from morph_ops.graph import new_body
        >>> total_mass(new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, mass=2.5)))
        2.5
    """
    return sum(mass(node(graph, name)) for name in graph)


def extent(graph: nx.DiGraph[str]) -> NDArray[np.float64]:
    """Size of the box around a body in its rest pose, along the axes of the world.

    Returns:
        (3,) lengths of the sides along x, y, and z (m).

    Example:
        >>> from morph_ops.graph import new_body
        >>> extent(new_body(Torso(pos=(0.0, 0.0, 0.0), radius=0.1, mass=2.5))).tolist()
        [0.2, 0.2, 0.2]
    """
    frames = rest_frames(graph)
    points, radius = np.stack([frames.start, frames.end]), frames.radius[:, None]
    return (points + radius).max(axis=(0, 1)) - (points - radius).min(axis=(0, 1))
