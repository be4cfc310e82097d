"""Running forward on flat ground: the task FT of Gupta 2022."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from hyperdistill_core.tasks.task import Task
from hyperdistill_core.tasks.terrain.world import Box, Plane, World

#: Name of the geom that is the floor.
FLOOR = "floor"
# Half length of the floor of the public environment (m).
_HALF_LENGTH_M = 100.0


@dataclass(frozen=True, kw_only=True)
class Flat(Task):
    """A floor at z = 0; the reward is the speed of the torso along x (m/s).

    The body keeps its contact excludes. It has fallen when its torso is at or below half of
    (rest height - 0.2 m), the height of the torso above the lowest point at rest. A robot from
    elsewhere rests on the floor. The height is rounded to a millimeter first, as in the public
    environment.

    Examples:
        >>> FLAT.terms(np.array([0.0, 0.0, 1.0]), np.array([0.02, 0.0, 1.0]))["forward"].item()
        1.0
        >>> FLAT.fell(np.array([[0.0, 0.0, 0.3], [0.0, 0.0, 0.9]]), fall_height=0.375).tolist()
        [True, False]
    """

    name: str = "flat"

    def draw_world(self, rng: RandomState) -> World:
        """See :meth:`Task.draw_world`."""
        return World(geoms=(Plane(FLOOR),))

    def terms(
        self, before: NDArray[np.float64], after: NDArray[np.float64]
    ) -> dict[str, NDArray[np.float64]]:
        """See :meth:`Task.terms`."""
        return {"forward": (after[..., 0] - before[..., 0]) / self.control_dt}


@dataclass(frozen=True, kw_only=True)
class FlatReference(Flat):
    """The flat task as in the public environment of Gupta 2022.

    The top of its floor, a box, lies at z = 1, so world heights include this meter. The contact
    excludes of the body are dropped, and states hold y in the world frame.

    Examples:
        >>> FLAT_REFERENCE.height(np.array([0.0, 0.0, 1.75])).item()
        0.75
    """

    name: str = "flat-reference"
    ground_m: float = 1.0
    keep_excludes: bool = False
    world_y: bool = True
    world_z: bool = True

    def draw_world(self, rng: RandomState) -> World:
        """See :meth:`Task.draw_world`."""
        floor = Box(
            FLOOR, pos=(0.0, 0.0, 0.0), size=(_HALF_LENGTH_M, _HALF_LENGTH_M, self.ground_m)
        )
        return World(geoms=(floor,), start=(0.0, 0.0, self.ground_m))


FLAT = Flat()
FLAT_REFERENCE = FlatReference()
