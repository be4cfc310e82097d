"""Settings of printable parts, and the size of their hinges."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple, TypeAlias

import networkx as nx
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from hyperdistill_core.settings import FrozenSettings, Unit
from morph_ops import graph as body_graph

Array: TypeAlias = NDArray[np.float64]
Servo: TypeAlias = Literal["none", "9g", "standard"]


#: Size of the print of a body as a share of the body's, where no other is set.
_PRINTED = 0.5


class PrintSettings(FrozenSettings):
    """How the parts of a design are printed.

    Examples:
        >>> PrintSettings(scale=0.25, shaft_mm=3).clearance_mm
        0.3
        >>> PrintSettings(wall_mm=0)
        Traceback (most recent call last):
        hyperdistill_core.errors.SettingsError: wall_mm: expected a number above 0, got 0
    """

    scale: float | None = Field(
        default=None,
        gt=0.0,
        description="Size of the print as a share of the design's. By default half of it, which "
        "makes the limbs of UNIMAL bodies 50 mm thick; all of it for a robot with shapes of its "
        "own, which has no parts to print.",
    )
    shaft_mm: Annotated[float, Unit("mm")] = Field(
        default=4.0,
        gt=0.0,
        description="Diameter of the shaft of a hinge: a rod or a screw. It sits tight in the "
        "fork, and loose by the clearance in the tongue.",
    )
    clearance_mm: Annotated[float, Unit("mm")] = Field(
        default=0.3, gt=0.0, description="Gap between parts that move against each other."
    )
    wall_mm: Annotated[float, Unit("mm")] = Field(
        default=3.0,
        gt=0.0,
        description="Thickness of forks, and of walls around shafts and servos.",
    )
    servo: Servo = Field(
        default="none",
        description="Size of the servos, one for each hinge, for which tongues have a pocket. "
        '"none" is a plain shaft.',
    )
    text: bool = Field(
        default=True, description="Whether the name of its node is engraved in a part."
    )

    def scale_of(self, graph: nx.DiGraph[str]) -> float:
        """Size of the print of a body as a share of the body's.

        Args:
            graph: The body.

        Examples:
            >>> from morph_ops.graph import Torso, new_body
            >>> ball = new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, mass=1.0))
            >>> PrintSettings().scale_of(ball), PrintSettings(scale=0.25).scale_of(ball)
            (0.5, 0.25)
        """
        if self.scale is not None:
            return self.scale
        return 1.0 if body_graph.own_nodes(graph) else _PRINTED


class ServoSize(NamedTuple):
    """Size of a servo with the room that a printer needs (mm).

    Attributes:
        length: Length of its case, along the limb.
        width: Width of its case.
        below: Depth of the pocket: from the lower face of its tabs to its bottom.
        above: Height from the lower face of its tabs to the outer face of its horn.
        tabs: Length over its tabs.
        offset: Distance of its shaft from the near end of its case.
        hub: Diameter of the hole for the screw and the hub of its horn.
    """

    length: float
    width: float
    below: float
    above: float
    tabs: float
    offset: float
    hub: float


#: Radius of the rod of a limb as a share of that of the eye around a shaft.
_BONE_SHARE = 0.96
#: Servos by name.
SERVOS = {
    "9g": ServoSize(
        length=23.2, width=12.6, below=16.2, above=15.5, tabs=32.6, offset=6.1, hub=7.0
    ),
    "standard": ServoSize(
        length=41.0, width=20.6, below=27.8, above=19.0, tabs=55.0, offset=10.4, hub=9.0
    ),
}


@dataclass(frozen=True, kw_only=True)
class HingeSize:
    """Size of a hinge (mm): a tongue that turns on a shaft between the cheeks of a fork.

    Its frame has the origin at the pivot, x along the axis, and z out of the fork.

    Attributes:
        eye: Radius of the rounded end of a tongue.
        tongue: Lower and upper face of the tongue along x.
        slot: Distance of the inner faces of the cheeks from the pivot.
        fork: Distance of their outer faces.
        bone: Radius of the rod along the axis of a limb that ties its hinges together.
        top: Upper end of the tongue along z.
        clearance: Gap between parts that move against each other.
        wall: Thickness of walls.
        shaft: Diameter of the shaft.
    """

    eye: float
    tongue: tuple[float, float]
    slot: float
    fork: float
    bone: float
    top: float
    clearance: float
    wall: float
    shaft: float

    @classmethod
    def of(cls, settings: PrintSettings) -> HingeSize:
        """The size of the hinges with some settings.

        Examples:
            >>> HingeSize.of(PrintSettings(shaft_mm=4, wall_mm=3, clearance_mm=0.5)).fork
            8.5
        """
        wall, gap = settings.wall_mm, settings.clearance_mm
        eye = top = settings.shaft_mm / 2.0 + wall
        thickness, above = 2.0 * eye, 0.0
        # A rod as thick as a tongue would touch its surface along a line.
        bone = _BONE_SHARE * eye
        if settings.servo != "none":
            servo = SERVOS[settings.servo]
            tab = (servo.tabs - servo.length) / 2.0
            eye = math.hypot(servo.offset + max(tab, wall), servo.width / 2.0 + wall)
            thickness, above = servo.below + wall, servo.above
            top = servo.length - servo.offset + max(tab, wall)
        slot = (thickness + above) / 2.0 + gap
        low = gap - slot
        return cls(
            eye=eye,
            tongue=(low, low + thickness),
            slot=slot,
            fork=slot + wall,
            bone=bone,
            top=max(top, eye),
            clearance=gap,
            wall=wall,
            shaft=settings.shaft_mm,
        )

    @property
    def cheek(self) -> float:
        """Radius of the rounded ends of cheeks (mm): those of a knuckle turn in another fork."""
        return self.eye - self.clearance

    @property
    def bone_start(self) -> float:
        """Distance of the start of a bone from the pivot (mm): a servo is in its way."""
        return self.top if self.top > self.eye else 0.0

    @property
    def body_start(self) -> float:
        """Distance of the start of a limb's capsule from the pivot along z (mm)."""
        return max(self.top, self.eye + 2.0 * self.clearance)

    @property
    def depth(self) -> float:
        """Distance of the bottom of the slot from the pivot (mm)."""
        return self.eye + self.clearance

    def height(self, axis: Array, out: Array, knuckle: bool) -> float:
        """Height of a pivot above the surface of a node that its limb hangs on (mm).

        Args:
            axis: (3,) axis of the hinge.
            out: (3,) direction out of the surface.
            knuckle: Whether a knuckle turns there, whose fork is wider than a tongue.
        """
        share = abs(float(axis @ out)) / float(np.linalg.norm(axis) * np.linalg.norm(out))
        needed = self.eye * math.sqrt(max(1.0 - share**2, 0.0)) + share * max(map(abs, self.tongue))
        return max(needed, self.fork if knuckle else 0.0) + 2.0 * self.clearance

    @property
    def knuckle(self) -> float:
        """Distance between the two pivots of a knuckle (mm)."""
        return self.top + self.clearance + self.wall + self.depth
