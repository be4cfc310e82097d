"""Closed meshes, and the files that hold them."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np
from manifold3d import Manifold, OpType
from numpy.typing import NDArray

#: Shortest detail of a surface in single precision (mm).
_SHORTEST_MM = 0.005
#: Grids that corners may move to, so that slits close, one after the other (mm).
_GRIDS_MM = (0.001, 0.003, 0.01, 0.03)
#: Radii of the gaps along edges where a surface touches itself, one after the other (mm).
_GAPS_MM = (0.2, 0.4, 0.8)
#: Least share of a part in its largest piece; the rest are crumbs that cuts have left.
_WHOLE_SHARE = 0.999
_STL_RECORD = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("unused", "<u2")])
_CONTENT_TYPES = """<?xml version="1.0" encoding="UTF-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="model" ContentType="application/vnd.ms-package.3dmanufacturing-3dmodel+xml"/>
</Types>
"""
_RELATIONS = """<?xml version="1.0" encoding="UTF-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Target="/3D/3dmodel.model" Id="model"
 Type="http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"/>
</Relationships>
"""


@dataclass(frozen=True, kw_only=True, eq=False)
class Mesh:
    """A closed surface in one piece.

    Attributes:
        vertices: (v, 3) corners, from the lowest corner of the box around them (mm).
        triangles: (t, 3) corners of each triangle, counterclockwise from outside.
        origin: (3,) that lowest corner in the rest pose of the design (mm).
    """

    vertices: NDArray[np.float32]
    triangles: NDArray[np.int64]
    origin: NDArray[np.float64]


def closed_mesh(solid: Manifold) -> Mesh | None:
    """The surface of a solid, closed where a file stores corners by their place.

    Args:
        solid: The solid.

    Returns:
        The mesh; None if the solid is not one piece but for crumbs, or its surface touches itself.

    Examples:
        >>> mesh = closed_mesh(Manifold.cube((1.0, 2.0, 3.0)))
        >>> mesh.vertices.shape, mesh.triangles.shape
        ((8, 3), (12, 3))
        >>> two = Manifold.cube() + Manifold.cube().translate((2.0, 0.0, 0.0))
        >>> closed_mesh(two) is None
        True
    """
    volume = solid.volume()
    for radius in _GAPS_MM:
        pieces = solid.simplify(_SHORTEST_MM).decompose()
        solid = max(pieces, key=lambda piece: piece.volume())
        if solid.volume() < _WHOLE_SHARE * volume:
            return None
        meshes = [_on_grid(solid, grid) for grid in _GRIDS_MM]
        for mesh in meshes:
            if is_closed(mesh.triangles):
                return mesh
        gaps = [
            _rod(start, end, radius) for start, end in zip(*_touching_edges(meshes[0]), strict=True)
        ]
        solid = Manifold.batch_boolean([solid, *gaps], OpType.Subtract)
    return None


def _on_grid(solid: Manifold, grid: float) -> Mesh:
    """The surface of a solid with its corners on a grid, on which narrow slits close."""
    surface = solid.to_mesh64()
    corners = np.asarray(surface.vert_properties)[:, :3]
    origin = corners.min(axis=0)
    cells, places = np.unique(
        np.rint((corners - origin) / grid).astype(np.int64), axis=0, return_inverse=True
    )
    triangles = places.reshape(-1)[np.asarray(surface.tri_verts, dtype=np.int64)]
    return Mesh(
        vertices=(grid * cells).astype(np.float32),
        triangles=_without_folds(triangles),
        origin=origin,
    )


def _touching_edges(mesh: Mesh) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(e, 3) starts and ends of the edges that more than two triangles share (mm)."""
    edges, counts = np.unique(np.sort(_edges(mesh.triangles)), axis=0, return_counts=True)
    start, end = edges[counts > 2].T
    return mesh.origin + mesh.vertices[start], mesh.origin + mesh.vertices[end]


def _rod(start: NDArray[np.float64], end: NDArray[np.float64], radius: float) -> Manifold:
    """A thin rod between two points."""
    ball = Manifold.sphere(radius, 8).rotate((17.0, 31.0, 0.0))
    return Manifold.batch_hull([ball.translate(start.tolist()), ball.translate(end.tolist())])


def _edges(triangles: NDArray[np.int64]) -> NDArray[np.int64]:
    """(3 t, 2) edges of all triangles, each in the direction in which its triangle runs."""
    return np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])


def _without_folds(triangles: NDArray[np.int64]) -> NDArray[np.int64]:
    """A surface without triangles that are a line, and without pairs that lie on each other."""
    ordered = np.sort(triangles, axis=1)
    triangles = triangles[(ordered[:, 0] < ordered[:, 1]) & (ordered[:, 1] < ordered[:, 2])]
    _, group = np.unique(np.sort(triangles, axis=1), axis=0, return_inverse=True)
    # A turn of the corners that begins at the lowest says which way a triangle faces.
    first = triangles.argmin(axis=1)
    rows = np.arange(len(triangles))
    after = triangles[rows, (first + 1) % 3] < triangles[rows, (first + 2) % 3]
    balance = np.bincount(group.reshape(-1), np.where(after, 1.0, -1.0))
    kept = np.zeros(len(triangles), dtype=np.bool_)
    for way in (True, False):
        mine = rows[after == way]
        faces, where = np.unique(group.reshape(-1)[mine], return_index=True)
        kept[mine[where[balance[faces] * (1.0 if way else -1.0) > 0.0]]] = True
    return triangles[kept]


def is_closed(triangles: NDArray[np.int64]) -> bool:
    """Whether each edge of a surface belongs to two triangles, which run along it both ways.

    Args:
        triangles: (t, 3) corners of each triangle.

    Examples:
        >>> tetrahedron = np.array([(0, 2, 1), (0, 1, 3), (1, 2, 3), (2, 0, 3)])
        >>> is_closed(tetrahedron), is_closed(tetrahedron[:3])
        (True, False)
    """
    edges = _edges(triangles)
    if (edges[:, 0] == edges[:, 1]).any():
        return False
    one_way = np.unique(edges, axis=0)
    other_way = np.unique(edges[:, ::-1], axis=0)
    return len(one_way) == len(edges) and np.array_equal(one_way, other_way)


def write_stl(mesh: Mesh, path: Path) -> None:
    """Write a mesh as binary STL, with its lowest corner at the origin.

    Args:
        mesh: The mesh.
        path: File to write.
    """
    corners = mesh.vertices[mesh.triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    records = np.zeros(len(corners), dtype=_STL_RECORD)
    records["normal"] = normals / np.maximum(lengths, np.finfo(np.float32).tiny)
    records["corners"] = corners
    header = b"millimeters".ljust(80) + np.uint32(len(corners)).astype("<u4").tobytes()
    path.write_bytes(header + records.tobytes())


def write_3mf(meshes: Sequence[tuple[str, Mesh]], path: Path) -> None:
    """Write meshes as one 3MF file, in the rest pose of the design.

    Args:
        meshes: The name of each object, and its mesh.
        path: File to write.
    """
    objects: list[str] = []
    items: list[str] = []
    for number, (name, mesh) in enumerate(meshes, start=1):
        vertices = "".join(f'<vertex x="{x}" y="{y}" z="{z}"/>' for x, y, z in mesh.vertices)
        triangles = "".join(f'<triangle v1="{a}" v2="{b}" v3="{c}"/>' for a, b, c in mesh.triangles)
        objects.append(
            f'<object id="{number}" type="model" name={quoteattr(name)}><mesh>'
            f"<vertices>{vertices}</vertices><triangles>{triangles}</triangles></mesh></object>"
        )
        x, y, z = mesh.origin
        items.append(f'<item objectid="{number}" transform="1 0 0 0 1 0 0 0 1 {x} {y} {z}"/>')
    model = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<model unit="millimeter" '
        'xmlns="http://schemas.microsoft.com/3dmanufacturing/core/2015/02">\n<resources>\n'
        + "\n".join(objects)
        + "\n</resources>\n<build>\n"
        + "\n".join(items)
        + "\n</build>\n</model>\n"
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (
            ("[Content_Types].xml", _CONTENT_TYPES),
            ("_rels/.rels", _RELATIONS),
            ("3D/3dmodel.model", model),
        ):
            # A fixed date makes equal designs equal files.
            archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)
