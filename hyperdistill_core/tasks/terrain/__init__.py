"""The ground of tasks: how it is drawn, what a body touches, and what a torso sees of it.

A terrain draws a :class:`World` for every episode, from a random generator alone: a
:class:`Corridor` of flat and uneven segments, :class:`Obstacles` on it, a :class:`Slope`, an
:class:`Arena` with a goal, or a corridor or a slope with an object to push. A user's own scene has
one world, whose heights its :class:`Surface` tells. A world puts itself into the MuJoCo model of a
body. Its :class:`HeightMap` has the heights that falls and height samples are taken from.

Everything is as in the public environments of Gupta 2021 and Gupta 2022 where ``reference`` is set.
"""

from hyperdistill_core.tasks.terrain.arena import Arena
from hyperdistill_core.tasks.terrain.corridor import Corridor, Segment
from hyperdistill_core.tasks.terrain.height_map import (
    HEIGHT_SAMPLES,
    HeightMap,
    HeightMaps,
    headings,
    sampling_pattern,
)
from hyperdistill_core.tasks.terrain.object_ground import ObjectCorridor, ObjectSlope
from hyperdistill_core.tasks.terrain.objects import Ball, FreeBox, Placed
from hyperdistill_core.tasks.terrain.obstacles import Obstacles
from hyperdistill_core.tasks.terrain.scene_ground import SceneGeom, scene_world
from hyperdistill_core.tasks.terrain.slope import Slope
from hyperdistill_core.tasks.terrain.surface import Surface
from hyperdistill_core.tasks.terrain.world import Box, Geom, HeightField, Plane, World, Worlds

__all__ = [
    "HEIGHT_SAMPLES",
    "Arena",
    "Ball",
    "Box",
    "Corridor",
    "FreeBox",
    "Geom",
    "HeightField",
    "HeightMap",
    "HeightMaps",
    "ObjectCorridor",
    "ObjectSlope",
    "Obstacles",
    "Placed",
    "Plane",
    "SceneGeom",
    "Segment",
    "Slope",
    "Surface",
    "World",
    "Worlds",
    "headings",
    "sampling_pattern",
    "scene_world",
]
