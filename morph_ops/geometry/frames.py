"""Frames of the nodes in the rest pose, by forward kinematics."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from morph_ops.geometry.rotations import rotation
from morph_ops.graph import IDENTITY, Limb, Node, Torso, Vec3, node, node_names, with_nodes

__all__ = ["TOLERANCE", "Frames", "canonical_frames", "rest_frames"]

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

    Examples:
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


def rest_frames(graph: nx.DiGraph[str], *, in_torso: bool = False) -> Frames:
    """Frames of all nodes in the rest pose, by forward kinematics.

    Args:
        graph: A body.
        in_torso: Whether to express them in the torso frame instead of the world frame.

    Examples:
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

    Examples:
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
