"""Running forward over uneven ground, between obstacles, and uphill.

| task       | ground                                                  | falls at | source     |
|------------|---------------------------------------------------------|----------|------------|
| `csr`      | curves, steps and rugged squares, 110 m x 40 m          | 0.3      | Gupta 2022 |
| `vt`       | the same with walls, 100 m x 100 m, with a control cost | 0.5      | Gupta 2021 |
| `ft`       | flat, with walls, 150 m x 150 m, with a control cost    | 0.5      | Gupta 2021 |
| `obstacle` | flat, with up to 50 boxes and walls, 100 m x 40 m       | 0.5      | Gupta 2022 |
| `rough`    | that of `csr`, with lower segments too, or `obstacle`   | as there |            |
| `incline`  | 10 degrees uphill, 150 m x 40 m                         | 0.2      | Gupta 2021 |

A body has fallen when its torso is that share of its rest height, without the 0.2 m below it, above
the ground. An episode also ends within 1 m of a side edge.

The default form of a task has the floor at z = 0, where the body starts, and keeps contact
excludes; its states hold z above the ground below the torso. Its height map shows what the physics
has. The form with ``-reference`` in its name equals the public environment, faults included: floor
at z = 1, a height map that is mirrored along y against the physics, and boxes that hang 0.1 m above
the floor and stay twice as far from the ends as their settings say. It also switches MuJoCo's
native collision detection off, as published results are older than it; the default form keeps it,
because contacts with height fields take less time with it. ``incline-reference`` is the task of
Xiong 2024; the code of Gupta 2021 also has a control cost there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from hyperdistill_core.tasks.task import Task, as_published
from hyperdistill_core.tasks.terrain.corridor import Corridor
from hyperdistill_core.tasks.terrain.mixture import Mixture
from hyperdistill_core.tasks.terrain.obstacles import Obstacles
from hyperdistill_core.tasks.terrain.slope import Slope
from hyperdistill_core.tasks.terrain.world import World

#: How the world of an episode is drawn.
Terrain: TypeAlias = Corridor | Obstacles | Slope | Mixture
#: Distance to a side edge at or below which an episode ends (m).
EDGE_M = 1.0


@dataclass(frozen=True, kw_only=True)
class Forward(Task):
    """Moving along x; the reward is the speed of the torso (m/s).

    Attributes:
        terrain: How the world of an episode is drawn.
        edge: Distance of the side edges from the middle (m); infinite where the ground has no end.
        slope: Angle of the ground (rad); the speed is that along it.

    Examples:
        >>> CSR.terms(np.array([0.0, 0.0, 1.0]), np.array([0.02, 0.0, 1.0]))["forward"].item()
        1.0
        >>> CSR.left(np.array([[0.0, 18.9, 1.0], [0.0, -19.0, 1.0]])).tolist()
        [False, True]
    """

    terrain: Terrain
    edge: float = math.inf
    slope: float = 0.0

    def draw_world(self, rng: RandomState) -> World:
        """See :meth:`Task.draw_world`."""
        return self.terrain.draw_world(rng) if self.varied else _only_world(self.terrain)

    def terms(
        self, before: NDArray[np.float64], after: NDArray[np.float64]
    ) -> dict[str, NDArray[np.float64]]:
        """See :meth:`Task.terms`."""
        speed = (after[..., 0] - before[..., 0]) / self.control_dt
        return {"forward": speed / math.cos(self.slope) if self.slope else speed}

    def left(self, position: NDArray[np.float64]) -> NDArray[np.bool_]:
        """See :meth:`Task.left`."""
        return self.edge - np.abs(position[..., 1]) <= EDGE_M


@lru_cache(maxsize=4)
def _only_world(terrain: Terrain) -> World:
    """The world of a terrain that draws nothing, such as a slope."""
    return terrain.draw_world(RandomState(0))


_UNEVEN = Corridor(half_length=55, half_width=20)
_BOXES = Obstacles(
    corridor=Corridor(
        half_length=50, half_width=20, walls=True, kinds=("flat",), flat_half_lengths=(20,)
    ),
    number=50,
    half_sizes=(0.5, 0.6, 0.7, 0.8, 0.9, 1.0),
    margin_m=3,
)
CSR = Forward(
    name="csr",
    terrain=_UNEVEN,
    edge=20.0,
    fall_ratio=0.3,
    varied=True,
)
VT = Forward(
    name="vt",
    terrain=Corridor(half_length=50, half_width=50, walls=True),
    control_cost=1e-3,
    edge=50.0,
    varied=True,
)
FT = Forward(
    name="ft",
    terrain=Corridor(
        half_length=75, half_width=75, walls=True, kinds=("curve",), flat_half_lengths=(75,)
    ),
    control_cost=1e-3,
    edge=75.0,
)
OBSTACLE = Forward(
    name="obstacle",
    terrain=_BOXES,
    edge=20.0,
    varied=True,
)
#: For trainings: a controller that sees the ground learns both at once. A body that stops at hills
#: learns on lower ones.
ROUGH = Forward(
    name="rough",
    terrain=Mixture(
        terrains=(replace(_UNEVEN, relief=(0.25, 0.5, 0.75, 1.0)), _BOXES),
        fall_ratios=(CSR.fall_ratio, OBSTACLE.fall_ratio),
    ),
    edge=20.0,
    varied=True,
)
WIDE_OBSTACLE = Forward(
    name="wide-obstacle",
    terrain=Obstacles(
        corridor=Corridor(
            half_length=75, half_width=30, walls=True, kinds=("curve",), flat_half_lengths=(75,)
        ),
        number=50,
        half_sizes=(0.5, 1.0, 1.5, 2.0, 2.5, 3.0),
        margin_m=5,
    ),
    control_cost=1e-3,
    edge=30.0,
    varied=True,
)
_INCLINE_RAD = math.radians(10)
INCLINE = Forward(
    name="incline",
    terrain=Slope(half_length=75, half_width=20, angle=_INCLINE_RAD),
    edge=20.0,
    slope=_INCLINE_RAD,
    fall_ratio=0.2,
)
#: The default forms, and those of the public environment.
_PUBLISHED = (CSR, OBSTACLE, INCLINE, FT, VT, WIDE_OBSTACLE)
FORWARD = (*_PUBLISHED, ROUGH)
FORWARD_REFERENCE = tuple(
    as_published(task, terrain=replace(task.terrain, reference=True)) for task in _PUBLISHED
)
