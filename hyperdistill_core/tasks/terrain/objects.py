"""Objects that a body can push: a box and a ball with free joints."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

#: Name of the object's MuJoCo body, joint and geom.
OBJECT = "object"
#: Entries of qpos and qvel that the object's free joint has; they are the last ones.
OBJECT_QPOS, OBJECT_QVEL = 7, 6
# Friction and dimension of contacts with a box, as those of UNIMAL geoms.
_FRICTION, _CONDIM = (0.7, 0.1, 0.1), 3


@dataclass(frozen=True, kw_only=True)
class FreeBox:
    """A cube that can be pushed.

    Attributes:
        half_size: Half its edge (m).
        mass: Its mass (kg).

    Examples:
        >>> FreeBox(mass=2.0).points.shape
        (6, 3)
    """

    mass: float
    half_size: float = 0.2

    @property
    def points(self) -> NDArray[np.float64]:
        """Middles (6, 3) of its faces in its own frame (m), which distances are measured to."""
        return self.half_size * np.concatenate([np.eye(3), -np.eye(3)])

    def add_to(self, body: mujoco.MjsBody) -> mujoco.MjsGeom:
        """Add the geom to a body of a specification, and return it."""
        return body.add_geom(
            name=OBJECT,
            type=mujoco.mjtGeom.mjGEOM_BOX,
            size=(self.half_size,) * 3,
            mass=self.mass,
            friction=_FRICTION,
            condim=_CONDIM,
        )


@dataclass(frozen=True, kw_only=True)
class Ball:
    """A ball that bounces and rolls (Gupta 2021).

    Attributes:
        half_size: Its radius (m).
        density: Its density (kg/m^3).

    Examples:
        >>> Ball().points.tolist()
        [[0.0, 0.0, 0.0]]
    """

    half_size: float = 0.2
    density: float = 600.0

    @property
    def points(self) -> NDArray[np.float64]:
        """Its center (1, 3) in its own frame (m), which distances are measured to."""
        return np.zeros((1, 3))

    def add_to(self, body: mujoco.MjsBody) -> mujoco.MjsGeom:
        """Add the geom to a body of a specification, and return it."""
        return body.add_geom(
            name=OBJECT,
            type=mujoco.mjtGeom.mjGEOM_SPHERE,
            size=(self.half_size, 0.0, 0.0),
            density=self.density,
            friction=(0.7, 0.005, 0.005),
            condim=6,
            priority=1,
            solref=(-10_000.0, -30.0),
        )


@dataclass(frozen=True)
class Placed:
    """An object, and where it is when an episode begins.

    Attributes:
        shape: The object.
        pos: Its center (m).

    Examples:
        >>> Placed(Ball(), (20.0, 1.0, 0.3)).pose.tolist()
        [20.0, 1.0, 0.3, 1.0, 0.0, 0.0, 0.0]
    """

    shape: FreeBox | Ball
    pos: tuple[float, float, float]

    @property
    def pose(self) -> NDArray[np.float64]:
        """Position and orientation (7,) when an episode begins, as in qpos."""
        return np.array([*self.pos, 1.0, 0.0, 0.0, 0.0])

    def add_to(self, spec: mujoco.MjSpec) -> mujoco.MjsGeom:
        """Add the object to a specification, behind the robot, and return its geom."""
        for key in spec.keys:
            key.qpos = np.concatenate([key.qpos, self.pose])
            key.qvel = np.concatenate([key.qvel, np.zeros(OBJECT_QVEL if len(key.qvel) else 0)])
        body = spec.worldbody.add_body(name=OBJECT, pos=self.pos)
        body.add_freejoint(name=OBJECT)
        return self.shape.add_to(body)
