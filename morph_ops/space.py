"""The UNIMAL design space: ranges, grids, and limits.

Source: Gupta 2021 (DERL). A unimal is a tree of one spherical torso and at most ten
capsule limbs, its own mirror image in the xz plane. Every parameter of the space is a
short list of values; :class:`Space` holds the lists and :data:`UNIMAL` is the published
space. Other spaces are other instances: operators and checks take one as ``space``.

Example:
    >>> UNIMAL.gears
    (150.0, 200.0, 250.0, 300.0)
    >>> Space(max_limbs=4, start_limbs=(2, 4)).max_limbs
    4
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from morph_ops.graph import Slot

VECTOR_DECIMALS = 2
"""Frames, capsule ends, sites and anchors are rounded to this many decimals (1 cm)."""

AXIS_DECIMALS = 4
"""Joint axes are rounded to this many decimals."""


@dataclass(frozen=True)
class Space:
    """A design space of mirror-symmetric bodies; the defaults are the UNIMAL space.

    Attributes:
        torso_radii: (m).
        torso_densities: (kg/m^3).
        limb_radii: (m).
        limb_heights: length of a limb without its rounded ends and its offset (m): the
            axis of a limb of radius r and height h is r + h long.
        limb_densities: one of these is shared by all limbs of a body (kg/m^3).
        azimuths_deg: directions of a limb around the z axis of the torso, from x (deg).
        polars_deg: directions of a limb from the z axis of the torso (deg).
        joint_slots: which hinges a limb may have.
        ranges_deg: limits of a hinge (deg).
        gears: torque of a motor at full control (N m).
        max_limbs: most limbs of a body, the torso not counted.
        start_limbs: fewest and most limbs that a sampled body aims at.
        clearance: height of the lowest point over the floor in the rest pose (m).

    Raises:
        ValueError: a list of choices is empty.
        ValueError: bodies could not start with as many limbs as they should.
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

    def __post_init__(self) -> None:
        for name, choices in vars(self).items():
            if choices == ():
                raise ValueError(f"space: {name} needs at least one choice")
        low, high = self.start_limbs
        if not 1 <= low <= high <= self.max_limbs:
            raise ValueError(
                f"space: start_limbs should grow within 1 to max_limbs = {self.max_limbs}, "
                f"got {low} to {high}"
            )

    @cached_property
    def directions(self) -> np.ndarray:
        """Unit vector of every pair of polar and azimuth angle, shape (n, 3), torso frame.

        Straight down stands once for each azimuth, so that a uniform draw of a row is a
        uniform draw of both angles, as in DERL.
        """
        polar, azimuth = np.meshgrid(
            np.radians(self.polars_deg), np.radians(self.azimuths_deg), indexing="ij"
        )
        x, y = np.sin(polar) * np.cos(azimuth), np.sin(polar) * np.sin(azimuth)
        # Rounded so that equal directions are equal numbers, and zero is zero.
        units = np.round(np.stack([x, y, np.cos(polar)], axis=-1), 12).reshape(-1, 3) + 0.0
        units.flags.writeable = False
        return units


UNIMAL = Space()
"""The space of Gupta 2021."""
