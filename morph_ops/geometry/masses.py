"""Masses, center of mass, and size of a body in its rest pose."""

from __future__ import annotations

import math

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from morph_ops.errors import BodyError
from morph_ops.geometry.frames import Frames, rest_frames
from morph_ops.graph import Node, Torso, node

__all__ = ["center_of_mass", "density", "extent", "mass", "total_mass"]


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

    Examples:
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

    Examples:
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

    Examples:
        >>> from morph_ops.graph import new_body
        >>> center_of_mass(new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, mass=1.0))).tolist()
        [0.0, 0.0, 0.3]
    """
    frames = frames or rest_frames(graph)
    masses = np.array([mass(node(graph, name)) for name in frames.names])
    return masses @ ((frames.start + frames.end) / 2) / masses.sum()


def total_mass(graph: nx.DiGraph[str]) -> float:
    """Mass of a whole body (kg).

    Examples:
        >>> from morph_ops.graph import new_body
        >>> total_mass(new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, mass=2.5)))
        2.5
    """
    return sum(mass(node(graph, name)) for name in graph)


def extent(graph: nx.DiGraph[str]) -> NDArray[np.float64]:
    """Size of the box around a body in its rest pose, along the axes of the world.

    Returns:
        (3,) lengths of the sides along x, y, and z (m).

    Examples:
        >>> from morph_ops.graph import new_body
        >>> extent(new_body(Torso(pos=(0.0, 0.0, 0.0), radius=0.1, mass=2.5))).tolist()
        [0.2, 0.2, 0.2]
    """
    frames = rest_frames(graph)
    points, radius = np.stack([frames.start, frames.end]), frames.radius[:, None]
    return (points + radius).max(axis=(0, 1)) - (points - radius).min(axis=(0, 1))
