"""Growth of a limb, or of two limbs that mirror each other."""

from __future__ import annotations

from dataclasses import dataclass, replace

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from morph_ops.errors import OperatorError
from morph_ops.geometry import MIRROR, density, twins
from morph_ops.graph import Limb, add_limb, grown_limbs, limb, node
from morph_ops.grid import to_grid
from morph_ops.operators.common import (
    HingeDraw,
    draw,
    draw_hinges,
    first_valid,
    new_joint,
    next_number,
)
from morph_ops.space import UNIMAL, Space
from morph_ops.unimal import Pose, Site, in_mirror_plane, limb_origin, runs_inside, sites


@dataclass(frozen=True)
class LimbDesign:
    """The values that a new limb and its twin have in common.

    Attributes:
        radius: Radius (m).
        height: Height (m).
        density: Density (kg/m^3).
        hinges: Values of the hinges.
    """

    radius: float
    height: float
    density: float
    hinges: list[HingeDraw]


def grow_limb(
    graph: nx.DiGraph[str], rng: np.random.Generator, *, space: Space = UNIMAL
) -> nx.DiGraph[str]:
    """A child with one more limb, or with one more pair of twins.

    The operator draws a site and a direction, then a height, hinges, ranges, and gears. At a
    site in the mirror plane it adds either one limb in the plane or a mirrored pair beside it.
    At a site on a limb with a twin it adds one limb on each of the two. New limbs have the
    density of the others; the density of a first limb is drawn.

    The child keeps every invariant of :data:`morph_ops.validity.CHECKS` that the parent keeps.
    Contact excludes and rest height are recomputed; all other values keep every digit.

    Args:
        graph: A body; it stays untouched.
        rng: The only source of randomness; its state advances.
        space: The design space.

    Raises:
        OperatorError: The body has as many limbs as the space allows.
        OperatorError: No valid child was found in 50 attempts.

    Examples:
        >>> from morph_ops.sampling import sample_body
        >>> rng = np.random.default_rng(1)
        >>> body = sample_body(rng)
        >>> len(grow_limb(body, rng)) - len(body) in (1, 2)
        True
    """
    grown = grown_limbs(graph)
    room = space.max_limbs - len(grown)
    if room < 1:
        raise OperatorError(
            f"grow_limb: the body has {len(grown)} limbs, the most that the space allows"
        )
    pose = Pose.of(graph, space=space)
    image = twins(graph, frames=pose.frames)
    free = [site for site in sites(graph) if site.parent in image]

    def propose() -> nx.DiGraph[str] | None:
        site = draw(rng, free)
        direction = space.directions[rng.integers(len(space.directions))]
        other = Site(image[site.parent], site.place)
        paired = other != site or bool(rng.integers(2))
        if other == site and paired == in_mirror_plane(direction):
            return None
        if room < 1 + paired or runs_inside(pose, site, direction):
            return None
        design = _draw_design(graph, rng, space)
        child = attach(graph, pose, site, direction, design, space=space)
        if not paired:
            return child
        return attach(child, pose, other, direction * MIRROR, design, space=space)

    return first_valid("grow_limb", graph, propose, space=space)


def _draw_design(graph: nx.DiGraph[str], rng: np.random.Generator, space: Space) -> LimbDesign:
    names = grown_limbs(graph)
    return LimbDesign(
        radius=draw(rng, space.limb_radii),
        height=draw(rng, space.limb_heights),
        density=density(limb(graph, names[0])) if names else draw(rng, space.limb_densities),
        hinges=draw_hinges(rng, draw(rng, space.joint_slots), space=space),
    )


def attach(
    graph: nx.DiGraph[str],
    pose: Pose,
    site: Site,
    direction: NDArray[np.float64],
    design: LimbDesign,
    *,
    space: Space = UNIMAL,
) -> nx.DiGraph[str]:
    """A copy of a body with a limb of a design at a site, in a direction.

    Contact excludes and rest height stay as they are: :func:`grow_limb` recomputes them.

    Args:
        graph: A body; it stays untouched.
        pose: Rest pose of the body; limbs that were added since may be missing.
        site: The site where the limb grows.
        direction: Direction of the limb in the torso frame, shape (3,).
        design: The limb's values.
        space: The design space.

    Returns:
        The body; the new limb is its last node.

    Examples:
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))
        >>> design = LimbDesign(0.05, 0.2, 900.0, [HingeDraw("y", (-30.0, 30.0), 150.0)])
        >>> down = np.array([0.0, 0.0, -1.0])
        >>> list(attach(body, Pose.of(body), Site("limb/0", "end"), down, design))[-1]
        'limb/3'
    """
    name = f"limb/{next_number(graph)}"
    above = node(graph, site.parent)
    local = pose.in_frame_of(site.parent, direction)
    grown = Limb(
        pos=limb_origin(graph, pose, site, direction, space=space),
        end=to_grid(local, scale=design.radius + design.height),
        radius=design.radius,
        density=design.density,
        friction=above.friction,
        condim=above.condim,
    )
    joints = tuple(new_joint(grown, hinge, name=name, direction=local) for hinge in design.hinges)
    return add_limb(graph, site.parent, name, replace(grown, joints=joints))
