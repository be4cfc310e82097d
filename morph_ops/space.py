"""The UNIMAL design space: ranges, grids, and limits [Gupta 2021].

A UNIMAL is a tree of one spherical torso and at most ten capsule limbs, and it is its own
mirror image in the xz plane. Every parameter of the space is a short list of values.
:class:`Space` holds the lists, and :data:`UNIMAL` is the published space. Other spaces are
other instances: operators and checks accept one as ``space``.

Examples:
    >>> UNIMAL.gears
    (150.0, 200.0, 250.0, 300.0)
    >>> Space(max_limbs=4, start_limbs=(2, 4)).max_limbs
    4
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from morph_ops.graph import Slot

__all__ = ["AXIS_DECIMALS", "UNIMAL", "VECTOR_DECIMALS", "Space"]

VECTOR_DECIMALS = 2
"""Number of decimals to which frames, capsule ends, sites, and anchors are rounded (1 cm)."""

AXIS_DECIMALS = 4
"""Number of decimals to which joint axes are rounded."""


@dataclass(frozen=True)
class Space:
    """A design space of mirror-symmetric bodies; the defaults are the UNIMAL space.

    Attributes:
        torso_radii: Radii of the torso (m).
        torso_densities: Densities of the torso (kg/m^3).
        limb_radii: Radii of a limb (m).
        limb_heights: Heights of a limb (m). The height leaves out the rounded ends and the
            offset: the axis of a limb of radius r and height h is r + h long.
        limb_densities: Densities of a limb (kg/m^3); all limbs of a body share one.
        azimuths_deg: Directions of a limb around the z axis of the torso, from x (deg).
        polars_deg: Directions of a limb, as angles from the z axis of the torso (deg).
        joint_slots: Sets of hinges that a limb may have.
        ranges_deg: Lower and upper limits of a hinge (deg).
        gears: Torques of a motor at full control (N m).
        max_limbs: Largest number of limbs of a body; the torso does not count.
        start_limbs: Smallest and largest target number of limbs of a sampled body.
        clearance: Height of the lowest point above the floor in the rest pose (m).
        own_sizes: Factors of the sizes of a foreign robot's own nodes, against its file.
        own_gears: Factors of the torques of their motors.
        own_densities: Factors of their densities.

    Raises:
        ValueError: A list of values is empty.
        ValueError: ``start_limbs`` does not grow within 1 to ``max_limbs``.

    Examples:
        >>> desk_robots = Space(torso_radii=(0.05,), limb_radii=(0.02,), limb_heights=(0.05, 0.1))
        >>> desk_robots.directions.shape
        (24, 3)
    """

    torso_radii: tuple[float, ...] = (0.1,)
    torso_densities: tuple[float, ...] = (500.0, 600.0, 700.0, 800.0, 900.0, 1000.0)
    limb_radii: tuple[float, ...] = (0.05,)
    limb_heights: tuple[float, ...] = (0.2, 0.3, 0.4)
    limb_densities: tuple[float, ...] = (500.0, 600.0, 700.0, 800.0, 900.0, 1000.0)
    azimuths_deg: tuple[float, ...] = (0.0, 45.0, 90.0, 135.0, 180.0, 225.0, 270.0, 315.0)
    polars_deg: tuple[float, ...] = (90.0, 135.0, 180.0)
    joint_slots: tuple[tuple[Slot, ...], ...] = (("x",), ("y",), ("x", "y"))
    ranges_deg: tuple[tuple[float, float], ...] = (
        (-30.0, 0.0),
        (0.0, 30.0),
        (-30.0, 30.0),
        (-45.0, 45.0),
        (-45.0, 0.0),
        (0.0, 45.0),
        (-60.0, 0.0),
        (0.0, 60.0),
        (-60.0, 60.0),
        (-90.0, 0.0),
        (0.0, 90.0),
        (-60.0, 30.0),
        (-30.0, 60.0),
    )
    gears: tuple[float, ...] = (150.0, 200.0, 250.0, 300.0)
    max_limbs: int = 10
    start_limbs: tuple[int, int] = (2, 8)
    clearance: float = 0.2
    own_sizes: tuple[float, ...] = (1.0,)
    own_gears: tuple[float, ...] = (1.0,)
    own_densities: tuple[float, ...] = (1.0,)

    def __post_init__(self) -> None:
        for name, choices in vars(self).items():
            if choices == ():
                raise ValueError(f"space: {name} needs at least one value, got none")
        low, high = self.start_limbs
        if not 1 <= low <= high <= self.max_limbs:
            raise ValueError(
                f"space: start_limbs should grow within 1 to max_limbs = {self.max_limbs}, "
                f"got {low} to {high}"
            )

    @cached_property
    def directions(self) -> NDArray[np.float64]:
        """The unit vectors of all pairs of polar and azimuth angle in the torso frame, (n, 3).

        The direction straight down has one row for each azimuth, so that a uniform draw of a
        row is a uniform draw of both angles, as in DERL.
        """
        polar, azimuth = np.meshgrid(
            np.radians(self.polars_deg), np.radians(self.azimuths_deg), indexing="ij"
        )
        x, y = np.sin(polar) * np.cos(azimuth), np.sin(polar) * np.sin(azimuth)
        # Rounded so that equal directions are equal numbers, and zero is zero.
        rounded = np.round(np.stack([x, y, np.cos(polar)], axis=-1), 12)
        units = np.asarray(rounded.reshape(-1, 3) + 0.0, dtype=np.float64)
        units.flags.writeable = False
        return units


UNIMAL = Space()
"""The space of the UNIMAL robots [Gupta 2021]."""
