"""The world of an episode: what stands on the ground, where episodes begin, what is seen."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import mujoco
import networkx as nx
import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.tasks.terrain.height_map import CELL_M, HeightMap, HeightMaps, headings
from hyperdistill_core.tasks.terrain.objects import OBJECT_QPOS, Placed
from morph_ops import graph as body_graph
from morph_ops.io.mjcf.build import compile_spec, to_spec

Vector: TypeAlias = tuple[float, float, float]
Quaternion: TypeAlias = tuple[float, float, float, float]

#: Orientation that turns nothing.
NO_TURN: Quaternion = (1.0, 0.0, 0.0, 0.0)
# Friction and dimension of contacts with the world, as those of UNIMAL geoms.
_FRICTION = (0.7, 0.1, 0.1)
_CONDIM = 3
_ORIGIN: Vector = (0.0, 0.0, 0.0)
# Largest height sample that networks get (m).
_MOST_M = 2.0
# MuJoCo's own format of a height field: rows and columns as int32, then float32 heights.
_HEIGHT_FIELD_FORMAT = "image/vnd.mujoco.hfield"


class Geom(ABC):
    """A fixed geom of a world."""

    @abstractmethod
    def add_to(self, spec: mujoco.MjSpec) -> mujoco.MjsGeom:
        """Add the geom to a specification, and return it; :meth:`fill` must follow."""

    def fill(self, model: mujoco.MjModel) -> None:
        """Write what a specification does not hold into a compiled model."""
        del model  # most geoms have no such thing


def add_empty_field(
    spec: mujoco.MjSpec, name: str, *, shape: tuple[int, ...], size: Sequence[float]
) -> None:
    """Add a height field of zeros to a specification; :func:`fill_field` must follow.

    MuJoCo scales the heights that it reads, and compiles zeros in its own format fastest.

    Args:
        spec: The specification.
        name: Name of the height field.
        shape: Numbers of rows and columns.
        size: Half lengths along x and y, height of the share 1, and thickness below 0 (m).
    """
    data = np.array(shape, dtype=np.int32).tobytes() + bytes(4 * shape[0] * shape[1])
    spec.assets = {**spec.assets, name: data}
    spec.add_hfield(name=name, size=size, file=name, content_type=_HEIGHT_FIELD_FORMAT)


def fill_field(model: mujoco.MjModel, name: str, shares: NDArray[np.float32]) -> None:
    """Write the heights of a height field into a compiled model.

    Args:
        model: The model.
        name: Name of the height field.
        shares: (rows, columns) heights as shares of the largest one.
    """
    first = int(model.hfield_adr[model.hfield(name).id])
    model.hfield_data[first : first + shares.size] = shares.ravel()


@dataclass(frozen=True)
class Box(Geom):
    """A static box.

    Attributes:
        name: Name of the geom.
        pos: Center (m).
        size: Half sizes (m).
        quat: Orientation.
        own_body: Whether the geom has a MuJoCo body of its own, as obstacles have in the public
            environment.

    Examples:
        >>> Box("wall", pos=(5.0, 0.0, 1.0), size=(0.5, 10.0, 1.0)).quat
        (1.0, 0.0, 0.0, 0.0)
    """

    name: str
    pos: Vector
    size: Vector
    quat: Quaternion = NO_TURN
    own_body: bool = False

    def add_to(self, spec: mujoco.MjSpec) -> mujoco.MjsGeom:
        """See :meth:`Geom.add_to`."""
        parent, pos = spec.worldbody, self.pos
        if self.own_body:
            parent, pos = spec.worldbody.add_body(name=self.name, pos=pos), _ORIGIN
        return parent.add_geom(
            name=self.name,
            type=mujoco.mjtGeom.mjGEOM_BOX,
            size=self.size,
            pos=pos,
            quat=self.quat,
            friction=_FRICTION,
            condim=_CONDIM,
        )


@dataclass(frozen=True)
class Plane(Geom):
    """A floor without end at z = 0.

    Attributes:
        name: Name of the geom.

    Examples:
        >>> Plane("floor").name
        'floor'
    """

    name: str

    def add_to(self, spec: mujoco.MjSpec) -> mujoco.MjsGeom:
        """See :meth:`Geom.add_to`."""
        return spec.worldbody.add_geom(
            name=self.name,
            type=mujoco.mjtGeom.mjGEOM_PLANE,
            size=(0.0, 0.0, 1.0),
            friction=_FRICTION,
            condim=_CONDIM,
        )


@dataclass(frozen=True)
class HeightField(Geom):
    """A height field.

    Attributes:
        name: Name of the geom.
        x: Its center along x (m); the center along y and the share 0 lie at 0.
        half_x: Half length along x (m).
        half_y: Half length along y (m).
        top: Height of the share 1 (m).
        shares: (rows, columns) heights as shares of ``top``. Rows run towards +y, columns towards
            +x; the outermost samples lie on the edges.

    Examples:
        >>> field = HeightField("hill", 5.0, 2.0, 3.0, 0.5, np.zeros((30, 20), np.float32))
        >>> field.shares.shape
        (30, 20)
    """

    name: str
    x: float
    half_x: float
    half_y: float
    top: float
    shares: NDArray[np.float32]

    #: Thickness below the share 0 (m).
    BASE_M = 0.1

    def add_to(self, spec: mujoco.MjSpec) -> mujoco.MjsGeom:
        """See :meth:`Geom.add_to`."""
        size = (self.half_x, self.half_y, self.top, self.BASE_M)
        add_empty_field(spec, self.name, shape=self.shares.shape, size=size)
        return spec.worldbody.add_geom(
            name=self.name,
            type=mujoco.mjtGeom.mjGEOM_HFIELD,
            hfieldname=self.name,
            pos=(self.x, 0.0, 0.0),
            friction=_FRICTION,
            condim=_CONDIM,
        )

    def fill(self, model: mujoco.MjModel) -> None:
        """See :meth:`Geom.fill`."""
        fill_field(model, self.name, self.shares)


@dataclass(frozen=True, kw_only=True)
class World:
    """The world of one episode, without the body.

    Attributes:
        geoms: What a body can touch.
        height_map: Heights of the ground, from which observations and falls are read; None where
            the ground is flat everywhere.
        start: Where a body stands whose file says the origin (m).
        on_highest: Whether a body stands on the highest ground below it, where that is higher.
        start_quat: Turn of the body where episodes begin.
        native_ccd: Whether MuJoCo detects convex collisions by its native algorithm.
        goals: Places to go to, or to bring the object to (m).
        object: What a body can push; its free joint is the last one of the model.
        fall_ratio: Share of the height of the torso at rest at which a body has fallen here; None
            for that of the task.

    Examples:
        >>> World(geoms=(Plane("floor"),)).start
        (0.0, 0.0, 0.0)
    """

    geoms: tuple[Geom, ...]
    height_map: HeightMap | None = None
    start: Vector = _ORIGIN
    on_highest: bool = False
    start_quat: Quaternion = NO_TURN
    native_ccd: bool = True
    goals: tuple[Vector, ...] = ()
    object: Placed | None = None
    fall_ratio: float | None = None

    def put_object(self, qpos: NDArray[np.float64]) -> None:
        """Put the object, if there is one, where it is when an episode begins.

        Args:
            qpos: (..., nq) positions, changed in place.
        """
        if self.object is not None:
            qpos[..., -OBJECT_QPOS:] = self.object.pose

    def model(self, graph: nx.DiGraph[str]) -> mujoco.MjModel:
        """The MuJoCo model of a body in this world.

        Args:
            graph: The body, with the frames that the task wants.

        Raises:
            BodyError: MuJoCo cannot compile the model.
        """
        spec = to_spec(graph)
        root = spec.body(body_graph.root(graph))
        if self.start != _ORIGIN:
            _move(spec, root, self.start)
        if self.start_quat != NO_TURN:
            root.quat = _product(self.start_quat, root.quat)
        if not self.native_ccd:
            spec.option.disableflags |= int(mujoco.mjtDisableBit.mjDSBL_NATIVECCD)
        added = [geom.add_to(spec) for geom in self.geoms]
        if self.object is not None:
            added.append(self.object.add_to(spec))
        if body_graph.physics(graph) is not None:
            _touch_all(spec, added)
        model = compile_spec(spec)
        rise = self._rise(model) if self.on_highest else 0.0
        if rise > 0.0:
            _move(spec, root, (0.0, 0.0, rise))
            model = compile_spec(spec)
        for geom in self.geoms:
            geom.fill(model)
        return model

    def _rise(self, model: mujoco.MjModel) -> float:
        """How much higher than the start the highest ground below a body is (m)."""
        if self.height_map is None:
            return 0.0
        data = mujoco.MjData(model)
        data.qpos[:] = model.key_qpos[0] if model.nkey else model.qpos0
        mujoco.mj_kinematics(model, data)
        moving = model.body_weldid[model.geom_bodyid] > 0
        centers, radii = data.geom_xpos[moving], model.geom_rbound[moving]
        low = (centers[:, :2] - radii[:, None]).min(axis=0)
        high = (centers[:, :2] + radii[:, None]).max(axis=0)
        x, y = (np.arange(low[axis], high[axis] + CELL_M, CELL_M) for axis in (0, 1))
        below = np.stack(np.meshgrid(x, y), axis=-1)
        near = np.zeros(below.shape[:2], dtype=np.bool_)
        for center, radius in zip(centers, radii, strict=True):
            near |= np.hypot(*(below - center[:2]).transpose(2, 0, 1)) <= radius
        return float(self.height_map.ground(below[near]).max(initial=-np.inf)) - self.start[2]


def _move(spec: mujoco.MjSpec, root: mujoco.MjsBody, by: Vector) -> None:
    """Move a body, and the poses of its file where it is free."""
    root.pos = np.array(root.pos) + by
    for key in spec.keys if root.joints[0].type == mujoco.mjtJoint.mjJNT_FREE else ():
        moved = np.array(key.qpos)
        moved[:3] += by
        key.qpos = moved


def _touch_all(spec: mujoco.MjSpec, world: list[mujoco.MjsGeom]) -> None:
    """Let every geom that can touch something touch the world, whatever bits its file gives it."""
    names = {geom.name for geom in world}
    own = [geom for geom in spec.geoms if geom.name not in names]
    for of_world in world:
        for geom in own:
            of_world.contype |= geom.conaffinity
            of_world.conaffinity |= geom.contype


def _product(a: Sequence[float], b: Sequence[float]) -> NDArray[np.float64]:
    product = np.zeros(4)
    mujoco.mju_mulQuat(product, np.array(a, dtype=np.float64), np.array(b, dtype=np.float64))
    return product


class Worlds:
    """The worlds of several episodes.

    Args:
        worlds: The worlds, one for all episodes or one for each. Either all or none have a height
            map.

    Attributes:
        worlds: The worlds.

    Examples:
        >>> worlds = Worlds([World(geoms=(Plane("floor"),))])
        >>> worlds.of_episodes(3).tolist(), worlds.ground(np.zeros(3, int), np.zeros((3, 3)))
        ([0, 0, 0], None)
    """

    def __init__(self, worlds: Sequence[World]) -> None:
        self.worlds = tuple(worlds)
        # Worlds with one ground share a map.
        maps = {id(world.height_map): world.height_map for world in worlds if world.height_map}
        self._maps = HeightMaps(list(maps.values())) if maps else None
        numbers = {key: number for number, key in enumerate(maps)}
        self._map_of = np.array([numbers.get(id(world.height_map), 0) for world in worlds])

    def of_episodes(self, episodes: int) -> NDArray[np.intp]:
        """Number (E,) of the world of each episode.

        Args:
            episodes: Number of episodes, E.
        """
        return np.arange(episodes) % len(self.worlds)

    def of_numbers(self, numbers: NDArray[np.intp]) -> list[World]:
        """The worlds (K,) with some numbers.

        Args:
            numbers: (K,) their numbers.
        """
        return [self.worlds[number] for number in numbers]

    def of_slot(self, number: int, simulations: int) -> NDArray[np.intp]:
        """Number (E,) of the world of each simulation in a slot of a vector env.

        Args:
            number: Number of the slot's body.
            simulations: Number of simulations, E.
        """
        return (number * simulations + np.arange(simulations)) % len(self.worlds)

    def height_samples(
        self,
        which: NDArray[np.intp],
        position: NDArray[np.float64],
        quat: NDArray[np.float64],
        samples: int,
    ) -> NDArray[np.float64]:
        """Height samples around torsos as networks take them: 2 m up or down at most.

        Args:
            which: (...,) number of the world of each torso.
            position: (..., 3) positions of the torsos (m).
            quat: (..., 4) orientations of the torsos.
            samples: Number of samples, H.

        Returns:
            (..., H) heights above the ground below each torso (m), in the order of
            :func:`~hyperdistill_core.tasks.terrain.sampling_pattern`; zeros where the ground is
            flat.
        """
        if self._maps is None:
            return np.zeros((*position.shape[:-1], samples))
        heights = self._maps.sample(self._map_of[which], position, headings(quat), samples)
        return np.clip(heights, -_MOST_M, _MOST_M, out=heights)

    def ground(
        self, which: NDArray[np.intp], position: NDArray[np.float64]
    ) -> NDArray[np.float64] | None:
        """Heights of the ground.

        Args:
            which: (...,) number of the world of each position.
            position: (..., 3) positions (m).

        Returns:
            (...,) heights (m); None where the ground is flat.
        """
        return None if self._maps is None else self._maps.ground(self._map_of[which], position)
