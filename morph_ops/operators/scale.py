"""Scaling of the own nodes of a robot from elsewhere."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module

import networkx as nx
import numpy as np

from morph_ops.errors import BodyError, OperatorError
from morph_ops.geometry import rest_frames
from morph_ops.graph import limb, node, own_nodes, physics, root
from morph_ops.operators.common import draw, draw_other, first_valid
from morph_ops.physics import HINGE_MASS_KG
from morph_ops.space import UNIMAL, Space

#: Elements of a robot's physics that tie points of its parts together, so that no part can change
#: its size.
_TIES = ("<spatial", "<connect", "<weld")
#: Share of a robot's size by which mirror images may be off.
_NEAR = 0.02


def can_scale(graph: nx.DiGraph[str], space: Space) -> bool:
    """Whether a body has own nodes that a space allows to scale.

    Args:
        graph: A body.
        space: The design space.
    """
    return bool(_choices(graph, space))


def scale_own(
    graph: nx.DiGraph[str], rng: np.random.Generator, *, space: Space = UNIMAL
) -> nx.DiGraph[str]:
    """A child of a robot from elsewhere with another size, torque or density of an own node.

    The factor is one of ``space.own_sizes``, ``space.own_gears`` or ``space.own_densities``,
    against the robot's file; a list with one factor alone leaves that value as it is, which is the
    default of all three. A node and its mirror image change together. A robot with spatial
    tendons or closed chains keeps its sizes. A node of another size has all its lengths multiplied,
    and masses and inertias of a solid; angles, damping, armature and contacts stay.

    Contact excludes and rest height are recomputed, the latter by MuJoCo; all other values keep
    every digit. A node that gets an old factor back has its old values but for their last digits.

    Args:
        graph: A body; it stays untouched.
        rng: The only source of randomness; its state advances.
        space: The design space.

    Raises:
        OperatorError: The body has no own nodes that may change.
        OperatorError: No valid child was found in 50 attempts.

    Examples:
        >>> from morph_ops.sampling import sample_body
        >>> rng = np.random.default_rng(0)
        >>> scale_own(sample_body(rng), rng)
        Traceback (most recent call last):
        morph_ops.errors.OperatorError: scale_own: the body has no own nodes that may be scaled
    """
    own, choices = physics(graph), _choices(graph, space)
    if own is None or not choices:
        raise OperatorError("scale_own: the body has no own nodes that may be scaled")
    image = _mirror_images(graph)
    # Imported at first use, since it needs MuJoCo.
    rescaled = import_module("morph_ops.io.mjcf.foreign.scaling").rescaled

    def propose() -> nx.DiGraph[str] | None:
        what = draw(rng, list(choices))
        able = _nodes(graph, what)
        if not able:
            return None
        name = draw(rng, able)
        old = own.scale(name)
        factor = draw_other(rng, choices[what], getattr(old, what))
        pair = {name, image.get(name, name)}
        scales = {each: replace(own.scale(each), **{what: factor}) for each in sorted(pair)}
        try:
            return rescaled(graph, scales)
        except BodyError:
            return None

    return first_valid("scale_own", graph, propose, space=space, changes_own=True)


def _mirror_images(graph: nx.DiGraph[str]) -> dict[str, str]:
    """Own nodes with their mirror images in the xz plane; nodes without one are left out.

    Two nodes are images if both ends of one lie where those of the other are mirrored, but for a
    share of the robot's size: left and right parts that somebody drew differ a little.
    """
    frames = rest_frames(graph)
    places = np.concatenate([frames.start, frames.end], axis=1)
    near = _NEAR * float(np.ptp(places.reshape(-1, 3), axis=0).max())
    own = own_nodes(graph)
    images: dict[str, str] = {}
    for row, name in enumerate(frames.names):
        mirrored = places[row] * (1.0, -1.0, 1.0, 1.0, -1.0, 1.0)
        distances = np.abs(places - mirrored).max(axis=1)
        other = int(distances.argmin())
        if distances[other] <= near and {name, frames.names[other]} <= own:
            images[name] = frames.names[other]
    return images


def _choices(graph: nx.DiGraph[str], space: Space) -> dict[str, tuple[float, ...]]:
    """The factors to choose from, by the name of what they multiply."""
    own = physics(graph)
    if own is None:
        return {}
    factors = {"size": space.own_sizes, "gear": space.own_gears, "density": space.own_densities}
    if any(tie in own.mjcf for tie in _TIES):
        del factors["size"]
    return {what: values for what, values in factors.items() if len(values) > 1}


def _nodes(graph: nx.DiGraph[str], what: str) -> list[str]:
    """Own nodes that have what is to be scaled."""
    names = sorted(own_nodes(graph))
    if what != "gear":
        return [name for name in names if node(graph, name).mass != HINGE_MASS_KG]
    return [name for name in names if name != root(graph) and limb(graph, name).joints]


__all__ = ["can_scale", "scale_own"]
