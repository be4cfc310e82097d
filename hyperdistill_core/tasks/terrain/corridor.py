"""Corridors of flat and uneven segments, as drawn by the public code of Gupta 2021."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.random import RandomState

from hyperdistill_core.tasks.terrain.height_map import (
    BEYOND_CELLS,
    BEYOND_M,
    CELLS_PER_M,
    HEIGHT_DECIMALS,
    HeightMap,
    at_centers,
)
from hyperdistill_core.tasks.terrain.profiles import (
    HALF_LENGTHS,
    STEPS_HALF_LENGTHS,
    Heights,
    curve,
    rugged,
    steps,
)
from hyperdistill_core.tasks.terrain.world import Box, HeightField, Vector, World

SegmentKind: TypeAlias = Literal["curve", "steps", "rugged", "flat"]
# Half thickness of the floor, half thickness and half height of a wall (m).
_FLOOR_M, _WALL_M, _WALL_HALF_HEIGHT_M = 1.0, 0.5, 2.0
# Cells of the map that a wall takes, and its height above the floor (m).
_WALL_CELLS = 10
_WALL_TOP_M, _REFERENCE_WALL_TOP_M = 2.0, 3.0


@dataclass(frozen=True, kw_only=True)
class Corridor:
    """How a corridor is drawn.

    It begins at x = -``start_m`` and is 2 ``half_length`` long and 2 ``half_width`` wide. Bodies
    start at x = 0, in the middle of a flat segment.

    Attributes:
        half_length: Half length along x (m).
        half_width: Half width (m).
        start_m: Half length of the first segment (m).
        kinds: Kinds of segments to draw from.
        flat_half_lengths: Half lengths of flat segments to draw from (m).
        half_lengths: Half lengths of curves and rugged squares to draw from (m).
        relief: Factors of the heights of a segment to draw from.
        walls: Whether walls stand around it.
        reference: Whether the world is that of the public environment: the floor at z = 1, and a
            mirrored height map that is rounded to millimeters.

    Examples:
        >>> corridor = Corridor(half_length=55, half_width=20)
        >>> segments = corridor.draw(RandomState(0))
        >>> segments[0].kind, segments[0].half_length
        ('flat', 3)
    """

    half_length: float
    half_width: float
    start_m: float = 3
    kinds: tuple[SegmentKind, ...] = ("curve", "steps", "rugged")
    flat_half_lengths: tuple[float, ...] = (1, 2, 3)
    half_lengths: tuple[float, ...] = HALF_LENGTHS
    relief: tuple[float, ...] = (1.0,)
    walls: bool = False
    reference: bool = False

    @property
    def floor_m(self) -> float:
        """Height of the floor (m)."""
        return 1.0 if self.reference else 0.0

    @property
    def rows(self) -> int:
        """Number of cells across."""
        return round(2 * self.half_width * CELLS_PER_M)

    @property
    def columns(self) -> int:
        """Number of cells along x."""
        return round(2 * self.half_length * CELLS_PER_M)

    def draw(self, rng: RandomState) -> list[Segment]:
        """Draw the segments, from the beginning to the end.

        Args:
            rng: Generator. The order of its draws is that of the public code.
        """
        segments = [Segment("flat", -self.start_m, self.start_m)]
        while (left := self._left(segments)) > 0.0:
            kind: SegmentKind = self.kinds[rng.randint(len(self.kinds))]
            segments += self._flat(segments, rng)
            if kind == "flat":
                segments += self._flat(segments, rng)
                continue
            lengths = STEPS_HALF_LENGTHS if kind == "steps" else self.half_lengths
            half_length, left = _pick(lengths, rng), self._left(segments)
            if 2 * half_length > left:
                continue
            columns = round(2 * half_length * CELLS_PER_M)
            heights = (
                steps(self.rows, columns)
                if kind == "steps"
                else {"curve": curve, "rugged": rugged}[kind](self.rows, columns, rng)
            )
            if len(self.relief) > 1:  # (the public code draws no factor)
                heights = heights * _pick(self.relief, rng)
            segments.append(Segment(kind, segments[-1].end, half_length, heights))
        return segments

    def _flat(self, segments: list[Segment], rng: RandomState) -> list[Segment]:
        half_length = min(_pick(self.flat_half_lengths, rng), self._left(segments) / 2)
        return [Segment("flat", segments[-1].end, half_length)] if half_length > 0.0 else []

    def _left(self, segments: list[Segment]) -> float:
        return 2 * self.half_length - self.start_m - segments[-1].end

    def draw_world(self, rng: RandomState) -> World:
        """Draw a world.

        Args:
            rng: Generator.
        """
        return self.world(self.draw(rng))

    def world(self, segments: list[Segment]) -> World:
        """The world of a corridor.

        Args:
            segments: What :meth:`draw` gave.
        """
        floor = [segment.geom(f"floor/{n}", self) for n, segment in enumerate(segments)]
        return World(
            geoms=(*floor, *(self._walls() if self.walls else ())),
            height_map=self.height_map(self.heights(segments)),
            start=(0.0, 0.0, self.floor_m),
            native_ccd=not self.reference,
        )

    def heights(self, segments: list[Segment]) -> Heights:
        """Heights (rows, columns) of the cells (m), without what is around the corridor.

        Args:
            segments: What :meth:`draw` gave.
        """
        heights = np.full((self.rows, self.columns), self.floor_m)
        for segment in segments:
            if segment.heights is not None:
                first = int(round(segment.start + self.start_m, 2) * CELLS_PER_M)
                own = segment.heights if self.reference else at_centers(segment.heights)
                heights[:, first : first + own.shape[1]] += own
        return heights

    def height_map(self, heights: Heights) -> HeightMap:
        """The map of these heights, with walls and the space beyond.

        Args:
            heights: (rows, columns) heights of the cells (m).
        """
        around = BEYOND_CELLS
        if self.walls:
            top = _REFERENCE_WALL_TOP_M if self.reference else _WALL_TOP_M
            heights = np.pad(heights, _WALL_CELLS, constant_values=self.floor_m + top)
            around += _WALL_CELLS
        heights = np.pad(heights, BEYOND_CELLS, constant_values=BEYOND_M)
        return HeightMap(
            heights.round(HEIGHT_DECIMALS) if self.reference else heights.astype(np.float32),
            row=len(heights) // 2,
            column=around + round(self.start_m * CELLS_PER_M),
            mirrored=self.reference,
        )

    def _walls(self) -> list[Box]:
        length, width, start = self.half_length, self.half_width, self.start_m
        middle, z = length - start, self.floor_m
        ends: Vector = (_WALL_M, width + 2 * _WALL_M, _WALL_HALF_HEIGHT_M)
        sides: Vector = (length, _WALL_M, _WALL_HALF_HEIGHT_M)
        return [
            Box("boundary/front", (middle + length + _WALL_M, 0.0, z), ends),
            Box("boundary/back", (-start - _WALL_M, 0.0, z), ends),
            Box("boundary/right", (middle, width + _WALL_M, z), sides),
            Box("boundary/left", (middle, -width - _WALL_M, z), sides),
        ]


@dataclass(frozen=True)
class Segment:
    """A piece of a corridor.

    Attributes:
        kind: Its kind.
        start: Place along x where it begins (m).
        half_length: Half its length (m).
        heights: (rows, columns) heights above the floor (m), rows towards +y, the outermost samples
            on the edges; None for a flat segment.
    """

    kind: SegmentKind
    start: float
    half_length: float
    heights: Heights | None = None

    @property
    def end(self) -> float:
        """X where it ends (m)."""
        return round(self.start + 2 * self.half_length, 2)

    def geom(self, name: str, corridor: Corridor) -> Box | HeightField:
        """The geom: a box, or a height field.

        Args:
            name: Name of the geom.
            corridor: Its corridor.
        """
        x, width, floor = self.start + self.half_length, corridor.half_width, corridor.floor_m
        if self.heights is None:
            size = (self.half_length, width, _FLOOR_M)
            return Box(name, (x, 0.0, floor - _FLOOR_M), size)
        heights = self.heights + floor
        top = float(heights.max())
        # (the public code rounds the height of the field, but not the heights in it)
        whole = round(top, 2) if corridor.reference else top
        shares = (heights / top).astype(np.float32)
        return HeightField(name, x, self.half_length, width, whole, shares)


def _pick(lengths: tuple[float, ...], rng: RandomState) -> float:
    return lengths[rng.randint(len(lengths))]
