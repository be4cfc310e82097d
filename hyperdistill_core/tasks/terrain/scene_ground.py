"""The ground of a user's own scene: its geoms, and their heights on a grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.tasks.terrain.height_map import BEYOND_M, CELL_M, CELLS_PER_M, HeightMap
from hyperdistill_core.tasks.terrain.surface import Surface
from hyperdistill_core.tasks.terrain.world import Geom, World, add_empty_field, fill_field
from morph_ops.errors import MjcfError
from morph_ops.io.mjcf.scene import Scene, hull_of, touched_geoms

#: Name of the site where episodes begin, and start of the names of geoms.
START, SCENE_GEOM = "start", "scene-"
#: Distance from the start up to which the ground is known (m): no body comes so far.
FAR_M = 120.0
#: Attributes of a geom that count in contacts, and its color.
_ATTRIBUTES = (
    *("type", "size", "friction", "condim", "priority", "solmix", "solref", "solimp"),
    *("margin", "gap"),
)
_KINDS = mujoco.mjtGeom
# Rows of cells whose heights are computed at once.
_ROWS = 64
Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SceneGeom(Geom):
    """A geom of a scene, in the frame of the world.

    Attributes:
        name: Name of the geom.
        attributes: What MuJoCo calls its attributes, by name.
        corners: (n, 3) corners of the convex hull of a mesh (m).
        faces: (m, 3) corners of its triangles.
        field_size: (4,) size of a height field, as MuJoCo has it (m).
        shares: (rows, columns) heights of a height field as shares of the largest one.
    """

    name: str
    attributes: Mapping[str, Any]
    corners: NDArray[np.float64] | None = None
    faces: NDArray[np.intp] | None = None
    field_size: NDArray[np.float64] | None = None
    shares: NDArray[np.float32] | None = field(default=None, repr=False)

    def add_to(self, spec: mujoco.MjSpec) -> mujoco.MjsGeom:
        """See :meth:`Geom.add_to`."""
        asset: dict[str, str] = {}
        if self.corners is not None and self.faces is not None:
            asset = {"meshname": self.name}
            spec.add_mesh(
                name=self.name,
                uservert=self.corners.ravel(),
                userface=self.faces.ravel(),
                inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_CONVEX,
            )
        if self.shares is not None and self.field_size is not None:
            asset = {"hfieldname": self.name}
            add_empty_field(spec, self.name, shape=self.shares.shape, size=self.field_size.tolist())
        # Whatever bits a file gives it, every robot touches it.
        return spec.worldbody.add_geom(
            name=self.name, contype=1, conaffinity=1, **self.attributes, **asset
        )

    def fill(self, model: mujoco.MjModel) -> None:
        """See :meth:`Geom.fill`."""
        if self.shares is not None:
            fill_field(model, self.name, self.shares)


def scene_world(scene: Scene) -> World:
    """The world of a scene.

    Args:
        scene: The scene.

    Raises:
        MjcfError: There is no ground where episodes begin.
    """
    x, y = _start(scene.model)
    height_map = _height_map(scene.model, np.array([x, y]))
    start = np.array([x, y, 0.0])
    if height_map.at(start) < height_map.lowest_m:
        raise MjcfError(
            f"expected ground where episodes begin, got none below x = {x:g}, y = {y:g}; put a "
            f'geom there, or add <site name="{START}" pos="X Y 0"/> above the ground'
        )
    return World(
        geoms=tuple(_geoms(scene.model)),
        height_map=height_map,
        start=(x, y, float(height_map.at(start))),
        on_highest=True,
    )


def _start(model: mujoco.MjModel) -> tuple[float, float]:
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    site = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_SITE, START)
    return (
        (0.0, 0.0) if site < 0 else (float(data.site_xpos[site][0]), float(data.site_xpos[site][1]))
    )


def _geoms(model: mujoco.MjModel) -> list[SceneGeom]:
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    found: list[SceneGeom] = []
    for geom in touched_geoms(model):
        quat = np.empty(4)
        mujoco.mju_mat2Quat(quat, data.geom_xmat[geom])
        attributes: dict[str, Any] = {
            name: np.copy(getattr(model, f"geom_{name}")[geom]) for name in _ATTRIBUTES
        }
        attributes |= {
            "pos": data.geom_xpos[geom].copy(),
            "quat": quat,
            "rgba": _color(model, geom),
        }
        asset: dict[str, Any] = {}
        kind, number = int(model.geom_type[geom]), int(model.geom_dataid[geom])
        if kind == _KINDS.mjGEOM_MESH:
            asset = dict(zip(("corners", "faces"), hull_of(model, number), strict=True))
        if kind == _KINDS.mjGEOM_HFIELD:
            rows, columns = int(model.hfield_nrow[number]), int(model.hfield_ncol[number])
            first = int(model.hfield_adr[number])
            shares = model.hfield_data[first : first + rows * columns].reshape(rows, columns)
            asset = {"field_size": model.hfield_size[number].copy(), "shares": shares.copy()}
        found.append(SceneGeom(f"{SCENE_GEOM}{len(found)}", attributes, **asset))
    return found


def _color(model: mujoco.MjModel, geom: int) -> NDArray[np.float32]:
    material = int(model.geom_matid[geom])
    return np.copy(model.geom_rgba[geom] if material < 0 else model.mat_rgba[material])


def _height_map(model: mujoco.MjModel, start: NDArray[np.float64]) -> HeightMap:
    """Heights of the geoms of a scene, with a border of cells without ground around them.

    A plane goes on beyond the map, as its outermost cells do.
    """
    surface, touching = Surface(model), touched_geoms(model)
    planes = [geom for geom in touching if model.geom_type[geom] == _KINDS.mjGEOM_PLANE]
    others = [geom for geom in touching if geom not in planes]
    tilted = any(surface.frame(geom)[2, 2] < 1.0 - 1e-9 for geom in planes)
    bounds = [surface.bounds(geom) for geom in others]
    low, high = start - CELL_M, start + CELL_M
    for below, above in bounds:
        low, high = np.minimum(low, below[:2]), np.maximum(high, above[:2])
    low, high = np.maximum(low, start - FAR_M), np.minimum(high, start + FAR_M)
    if tilted:
        low, high = start - FAR_M, start + FAR_M
    first: list[int] = (np.floor(low * CELLS_PER_M + 1e-6).astype(int) - 1).tolist()
    last: list[int] = (np.ceil(high * CELLS_PER_M - 1e-6).astype(int) + 1).tolist()
    x, y = _middles(first[0], last[0]), _middles(first[1], last[1])
    heights = np.full((len(y), len(x)), -np.inf, np.float32)
    everywhere = (np.full(3, -np.inf), np.full(3, np.inf))
    for geom, (below, above) in zip(
        [*planes, *others], [*[everywhere] * len(planes), *bounds], strict=True
    ):
        columns = slice(*np.searchsorted(x, (below[0], above[0])))
        start_row, end_row = np.searchsorted(y, (below[1], above[1])).tolist()
        for row in range(start_row, end_row, _ROWS):
            rows = slice(row, min(row + _ROWS, end_row))
            points: Array = np.stack(np.meshgrid(x[columns], y[rows]), axis=-1)
            own = heights[rows, columns]
            np.fmax(own, surface.top(geom, points).astype(np.float32), out=own)
    unknown = np.isneginf(heights)
    if unknown.all():
        raise MjcfError("expected ground seen from above, got walls alone; add a floor")
    lowest = float(heights[~unknown].min())
    heights[unknown] = lowest + BEYOND_M
    return HeightMap(heights, row=-first[1], column=-first[0], lowest_m=lowest)


def _middles(first: int, end: int) -> Array:
    """Places of the middles of cells along an axis (m)."""
    return (np.arange(first, end, dtype=np.float64) + 0.5) * CELL_M
