"""Where a body's parts are in its rest pose: frames, mirror images, masses.

A graph stores frames and capsules; this module derives the rest from them: world frames
by forward kinematics, the mirror image of every limb, the center of mass. Nothing is
looked up by name, so imported bodies answer like sampled ones. What a limb is in terms of
the UNIMAL grid is in :mod:`morph_ops.unimal`.

The mirror plane of a body is the xz plane of its torso's frame. Mirror images are
therefore made in the *torso frame*: the torso's center at the origin, axes along the
torso's. All lengths are meters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import networkx as nx
import numpy as np

from morph_ops.errors import BodyError
from morph_ops.graph import (
    IDENTITY,
    Limb,
    Node,
    Quat,
    Torso,
    Vec3,
    children,
    node,
    node_names,
    root,
    with_nodes,
)

MIRROR = np.array([1.0, -1.0, 1.0])
"""Multiplies a vector of the torso frame to give its mirror image."""

TOLERANCE = 1e-6
"""Lengths that differ by less are the same (m): a micrometer, far below the 1 cm grid."""


@dataclass(frozen=True)
class Frames:
    """Rest pose of a body, one row a body, depth first from the torso.

    Attributes:
        names: of the n bodies.
        pos: (n, 3) origins of the body frames (m).
        rot: (n, 3, 3) orientations; a column is an axis of the body frame.
        start: (n, 3) where the capsules' axes begin; a torso's center (m).
        end: (n, 3) where the capsules' axes end; a torso's center (m).
        radius: (n,) of the capsules and the sphere (m).
    """

    names: tuple[str, ...]
    pos: np.ndarray
    rot: np.ndarray
    start: np.ndarray
    end: np.ndarray
    radius: np.ndarray

    def __len__(self) -> int:
        return len(self.names)


def rotation(quat: Quat) -> np.ndarray:
    """Rotation matrix, shape (3, 3), of a quaternion (w, x, y, z) of any length but 0."""
    w, x, y, z = np.asarray(quat) / np.linalg.norm(quat)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def quaternion(rot: np.ndarray) -> Quat:
    """Unit quaternion (w, x, y, z) of a rotation matrix, shape (3, 3)."""
    m = rot
    # Eigenvector method of Bar-Itzhack 2000: well conditioned for every rotation.
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


def rest_frames(graph: nx.DiGraph[str], *, in_torso: bool = False) -> Frames:
    """Frames of all bodies in the rest pose, by forward kinematics.

    Args:
        graph: a body.
        in_torso: give them in the torso frame instead of the world.
    """
    names = node_names(graph)
    records = [node(graph, name) for name in names]
    row = {name: index for index, name in enumerate(names)}
    above = [row[next(iter(graph.pred[name]))] for name in names[1:]]
    origins = [(0.0, 0.0, 0.0) if in_torso else records[0].pos]
    pos = np.array(origins + [record.pos for record in records[1:]])
    rot = np.tile(np.eye(3), (len(names), 1, 1))
    turned = any(record.quat != IDENTITY for record in records[in_torso:])
    if turned and not in_torso:
        rot[0] = rotation(records[0].quat)
    for index, up in enumerate(above, start=1):
        if turned:
            pos[index] = pos[up] + rot[up] @ pos[index]
            rot[index] = rot[up] @ rotation(records[index].quat)
        else:
            pos[index] += pos[up]
    ends = np.array(
        [((0.0,) * 3,) * 2 if isinstance(r, Torso) else (r.start, r.end) for r in records]
    )
    ends = pos[:, None] + (np.einsum("nij,nkj->nki", rot, ends) if turned else ends)
    radius = np.array([record.radius for record in records])
    return Frames(tuple(names), pos, rot, ends[:, 0], ends[:, 1], radius)


def canonical_frames(graph: nx.DiGraph[str]) -> nx.DiGraph[str]:
    """The same body with its frames as UNIMAL bodies have them.

    In the rest pose all axes are along the world's, and a limb's origin is where its capsule
    begins, which is the end nearer to the hinges. Nothing moves or weighs otherwise than
    before, but numbers about frames (states, contexts) mean the same for every body then.

    Args:
        graph: a body; it is given back as it is where its frames are such already.
    """
    names = node_names(graph)
    if all(_is_canonical(node(graph, name)) for name in names):
        return graph
    frames = rest_frames(graph)
    origins: dict[str, np.ndarray] = {}
    records: list[tuple[str, Node]] = []
    for row, name in enumerate(names):
        record, rot, pos = node(graph, name), frames.rot[row], frames.pos[row]
        if isinstance(record, Torso):
            origins[name] = pos
            records.append((name, replace(record, quat=IDENTITY)))
            continue
        near, far = frames.start[row], frames.end[row]
        if not _begins_at_hinges(record):
            near, far = far, near
        origins[name] = near
        hinges = [
            replace(joint, pos=_vec3(pos + rot @ joint.pos - near), axis=_vec3(rot @ joint.axis))
            for joint in record.joints
        ]
        turned = replace(
            record,
            pos=_vec3(near - origins[next(iter(graph.pred[name]))]),
            quat=IDENTITY,
            start=(0.0, 0.0, 0.0),
            end=_vec3(far - near),
            joints=tuple(hinges),
        )
        records.append((name, turned))
    return with_nodes(graph, records)


def _is_canonical(record: Node) -> bool:
    if record.quat != IDENTITY:
        return False
    return isinstance(record, Torso) or (not any(record.start) and _begins_at_hinges(record))


def _begins_at_hinges(record: Limb) -> bool:
    """Whether the first end of a capsule is no farther from its hinges than the second.

    Ends that are as far as each other stay as they are, whatever the last digits say.
    """
    near, far = (
        sum(math.dist(end, joint.pos) for joint in record.joints)
        for end in (record.start, record.end)
    )
    return near <= far + TOLERANCE


def _vec3(vector: np.ndarray) -> Vec3:
    x, y, z = vector.tolist()
    return x, y, z


def twins(graph: nx.DiGraph[str], *, frames: Frames | None = None) -> dict[str, str]:
    """Mirror image of every body that has one, by geometry alone.

    A limb in the mirror plane is its own image; the torso always is. Two limbs are twins
    when their parents are and their capsules mirror each other to within a micrometer.
    Limbs without image are left out, with all limbs that hang on them.

    Args:
        graph: a body.
        frames: its rest pose in the torso frame, if it is at hand already.
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
            # An overlapping double of a limb in the plane must not be taken for its twin.
            image = name if name in candidates else candidates[0]
            found[name], found[image] = image, name
    return found


def limb_groups(graph: nx.DiGraph[str]) -> list[tuple[str, ...]]:
    """The limbs by mirror images: what an operator changes at once.

    Returns:
        One name for a limb in the mirror plane (or without image), two for a limb and its
        twin, in depth first order of the first of them.
    """
    image = twins(graph)
    groups: list[tuple[str, ...]] = []
    seen: set[str] = set()
    for name in node_names(graph)[1:]:
        if name not in seen:
            other = image.get(name, name)
            groups.append((name,) if other == name else (name, other))
            seen.update((name, other))
    return groups


def _volume(record: Node) -> float:
    ball = 4 / 3 * math.pi * record.radius**3
    if isinstance(record, Torso):
        return ball
    length = math.dist(record.start, record.end)
    return ball + math.pi * record.radius**2 * length


def mass(record: Node) -> float:
    """Mass of a body (kg).

    Raises:
        BodyError: the record has neither mass nor density.
    """
    if record.mass is not None:
        return record.mass
    if record.density is None:
        raise BodyError(f"a body needs a mass or a density, got neither: {record}")
    return record.density * _volume(record)


def density(record: Node) -> float:
    """Density of a body (kg/m^3): its own, or its mass over its volume."""
    return record.density if record.density is not None else mass(record) / _volume(record)


def center_of_mass(graph: nx.DiGraph[str], *, frames: Frames | None = None) -> np.ndarray:
    """Center of mass in the rest pose, shape (3,) (m), in the world or that of ``frames``."""
    frames = frames or rest_frames(graph)
    masses = np.array([mass(node(graph, name)) for name in frames.names])
    return masses @ ((frames.start + frames.end) / 2) / masses.sum()


def total_mass(graph: nx.DiGraph[str]) -> float:
    """Mass of a whole body (kg)."""
    return sum(mass(node(graph, name)) for name in graph)


def extent(graph: nx.DiGraph[str]) -> np.ndarray:
    """Sides of the box around the rest pose, along the world's axes, shape (3,) (m)."""
    frames = rest_frames(graph)
    points, radius = np.stack([frames.start, frames.end]), frames.radius[:, None]
    return (points + radius).max(axis=(0, 1)) - (points - radius).min(axis=(0, 1))
