"""Growth sites: the places where limbs grow, and the limbs that are attached to them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from morph_ops.graph import Node, Torso, Vec3, limbs, node, parent, root
from morph_ops.grid import add, to_grid
from morph_ops.space import UNIMAL, Space
from morph_ops.unimal.dimensions import SNAP, height
from morph_ops.unimal.pose import Pose

__all__ = [
    "Place",
    "Site",
    "attachment",
    "in_mirror_plane",
    "limb_origin",
    "runs_inside",
    "site_position",
    "sites",
]

Place: TypeAlias = Literal["center", "middle", "end"]
"""The places where a limb can grow: the center of a torso, the middle or the end of a limb."""


@dataclass(frozen=True)
class Site:
    """A place on a node where a limb can grow.

    Attributes:
        parent: Name of the node that the site lies on.
        place: The place on that node.

    Examples:
        >>> Site("limb/0", "end").place
        'end'
    """

    parent: str
    place: Place


def sites(graph: nx.DiGraph[str]) -> list[Site]:
    """All growth sites of a body: the torso's center, each limb's middle and end.

    Examples:
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))

        >>> [(site.parent, site.place) for site in sites(body)][:3]
        [('torso/0', 'center'), ('limb/0', 'middle'), ('limb/0', 'end')]
    """
    found = [Site(root(graph), "center")]
    for name in limbs(graph):
        found += [Site(name, "middle"), Site(name, "end")]
    return found


def site_position(
    node: Node, place: Place, *, direction: Sequence[float], space: Space = UNIMAL
) -> Vec3:
    """Position of a growth site in the frame of its node (m).

    Args:
        node: The node that the site lies on.
        place: The place on that node.
        direction: Direction of the node in its own frame; it has no effect for a torso.
        space: The design space.

    Raises:
        ValueError: The place is none of the node's: a torso has its center, and a limb has
            its middle and its end.

    Examples:
        >>> from morph_ops.graph import Limb
        >>> leg = Limb(pos=(0.0, 0.0, -0.1), end=(0.0, 0.0, -0.25), radius=0.05)
        >>> site_position(leg, "middle", direction=(0.0, 0.0, -1.0))
        (0.0, 0.0, -0.15)
    """
    if isinstance(node, Torso):
        if place == "center":
            return (0.0, 0.0, 0.0)
        raise ValueError(f"a torso has a site at its center only, got {place!r}")
    if place == "end":
        return node.end
    if place == "middle":
        half = node.radius + height(node, space=space) / 2
        return add(node.start, to_grid(direction, scale=half))
    raise ValueError(f"a limb has sites at its middle and its end, got {place!r}")


def limb_origin(
    graph: nx.DiGraph[str],
    pose: Pose,
    site: Site,
    direction: NDArray[np.float64],
    *,
    space: Space = UNIMAL,
) -> Vec3:
    """Origin of a limb that grows at a site, in the frame of its parent (m).

    Args:
        graph: A body.
        pose: Rest pose of the body; limbs that were added since may be missing.
        site: The site where the limb grows.
        direction: Direction of the limb in the torso frame, shape (3,).
        space: The design space.

    Examples:
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))

        >>> limb_origin(body, Pose.of(body), Site("torso/0", "center"), np.array([0.0, 0.0, -1.0]))
        (0.0, 0.0, -0.1)
    """
    above = node(graph, site.parent)
    along = pose.in_frame_of(site.parent, pose.direction(site.parent))
    position = site_position(above, site.place, direction=along, space=space)
    offset = to_grid(pose.in_frame_of(site.parent, direction), scale=above.radius)
    return add(position, offset)


def attachment(
    graph: nx.DiGraph[str], pose: Pose, name: str, *, space: Space = UNIMAL
) -> Site | None:
    """The growth site that a limb is attached to.

    Args:
        graph: A body.
        pose: Rest pose of the body.
        name: Name of the limb.
        space: The design space.

    Returns:
        The site, or None if the limb is at no site (and for the torso).

    Examples:
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))

        >>> attachment(body, Pose.of(body), "limb/0")
        Site(parent='torso/0', place='center')
    """
    above = parent(graph, name)
    if above is None:
        return None
    places: tuple[Place, ...] = ("middle", "end")
    if isinstance(node(graph, above), Torso):
        places = ("center",)
    found = [Site(above, place) for place in places]
    pos, direction = node(graph, name).pos, pose.direction(name)
    gaps = [math.dist(pos, limb_origin(graph, pose, s, direction, space=space)) for s in found]
    best = gaps.index(min(gaps))
    return found[best] if gaps[best] < SNAP else None


def in_mirror_plane(direction: NDArray[np.float64]) -> bool:
    """Whether a direction of the torso frame, shape (3,), lies in the mirror plane.

    Examples:
        >>> in_mirror_plane(np.array([0.0, 0.0, -1.0])), in_mirror_plane(np.array([0.0, 1.0, 0.0]))
        (True, False)
    """
    return bool(abs(direction[1]) < 1e-9)


def runs_inside(pose: Pose, site: Site, direction: NDArray[np.float64]) -> bool:
    """Whether a limb that grows at a site would lie inside its parent, along its axis.

    This is so for a limb that grows from a limb's middle in either direction, or from its end
    backwards. DERL refuses the first of these three; no robot of Unimal-100 has any.

    Args:
        pose: Rest pose of the body.
        site: The site where the limb grows.
        direction: Direction of the limb in the torso frame, shape (3,).

    Examples:
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))

        >>> pose = Pose.of(body)
        >>> runs_inside(pose, Site("limb/0", "end"), -pose.direction("limb/0"))
        True
    """
    if site.place == "center":
        return False
    cosine = float(direction @ pose.direction(site.parent))
    return cosine < -1 + 1e-9 or (site.place == "middle" and cosine > 1 - 1e-9)
