"""Scenes: MJCF files of ground that nobody here wrote.

A scene has fixed geoms alone. What is only looks is dropped before MuJoCo sees it, and files are
read only if they lie in the scene's folder, as for robots (:mod:`morph_ops.io.mjcf.foreign`).
"""

from __future__ import annotations

import hashlib
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import mujoco
import numpy as np
from numpy.typing import NDArray

from morph_ops._messages import cut, listed, one_line, shown
from morph_ops._text_file import read_text
from morph_ops.errors import MjcfError
from morph_ops.io._xml import drop_user_data, parse_document, require_harmless
from morph_ops.io.mjcf.foreign.beside import (
    REFUSED,
    asset_folder,
    content,
    drop_folders,
    include,
    inside,
)
from morph_ops.io.mjcf.foreign.text import option_attributes
from morph_ops.io.mjcf.png import plain_png, png_shape
from morph_ops.io.mjcf.source import MUJOCO_ERRORS, quiet

__all__ = ["Scene", "hull_of", "read_scene"]

#: What no rollout reads.
_DROPPED = frozenset(
    {"camera", "keyframe", "light", "sensor", "skin", "statistic", "texture", "visual"}
)
#: What only a robot has, and what to do about it.
_OF_ROBOTS = {
    "joint": "a scene is fixed ground",
    "freejoint": "a scene is fixed ground",
    "actuator": "a scene has no motors",
    "tendon": "a scene is fixed ground",
    "equality": "a scene is fixed ground",
}
_ROBOT_REMEDY = "the robot comes from its own file"
#: Numbers that name the content of a scene.
HASH_DIGITS = 12
_LARGEST_TEXT = 2_000_000
_LARGEST_FILES_BYTES = 5_000_000
_MOST_FILES = 200
#: Most geoms, samples of all height fields, and corners of the hulls of all meshes: every body's
#: model has them.
_MOST_GEOMS, _MOST_SAMPLES, _MOST_CORNERS = 1000, 1_000_000, 4000
#: Share of its hull that a mesh fills, at least, to count as convex.
_CONVEX = 0.95
#: Sliding friction of UNIMAL geoms; MuJoCo takes the larger one of two geoms.
_FRICTION = 0.7
#: Settings of <option> that make another world, with their usual values.
_OTHER_WORLD: Mapping[str, tuple[float, ...]] = {
    "gravity": (0.0, 0.0, -9.81),
    "wind": (0.0, 0.0, 0.0),
    "density": (0.0,),
    "viscosity": (0.0,),
}
_GRAVITY_TOLERANCE = 0.02


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """A scene that was read.

    Attributes:
        text: Its MJCF text, with what it includes and without looks.
        files: Content of the files that the text names.
        model: The compiled scene.
        notes: What was not read, or does not do what it seems to.
        numbers: Its custom numbers by name.
    """

    text: str
    files: Mapping[str, bytes]
    model: mujoco.MjModel
    notes: tuple[str, ...]
    numbers: Mapping[str, float]

    @property
    def hash(self) -> str:
        """Hash of the text and the files: equal scenes have equal ones, wherever they lie."""
        digest = hashlib.sha256(self.text.encode())
        for name, data in self.files.items():
            digest.update(f"\0{name}\0{len(data)}\0".encode() + data)
        return digest.hexdigest()[:HASH_DIGITS]

    def write(self, path: Path) -> None:
        """Write a copy, and its files beside it; it has the same hash.

        Args:
            path: The MJCF file to write, in a folder that exists.
        """
        path.write_text(self.text, "utf-8")
        for name, data in self.files.items():
            (path.parent / name).write_bytes(data)


def read_scene(path: Path) -> Scene:
    """Read a scene.

    Args:
        path: Path of the MJCF file.

    Raises:
        MjcfError: The file, or one that it includes, cannot be read or is no MJCF.
        MjcfError: A file lies outside the scene's folder, or is missing.
        MjcfError: Something moves, or is more than geoms.
        MjcfError: Gravity is not that of the earth, or there is a fluid.
        MjcfError: The scene is too large, or has nothing to stand on.

    Examples:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "step.xml"
        >>> floor = "<geom type='plane' size='0 0 1'/>"
        >>> _ = file.write_text(f"<mujoco><worldbody>{floor}</worldbody></mujoco>")
        >>> scene = read_scene(file)
        >>> scene.model.ngeom, scene.notes, len(scene.hash)
        (1, (), 12)
    """
    try:
        return _read(path)
    except MjcfError as error:
        text = str(error)
        raise MjcfError(text if text.startswith(f"{path}: ") else f"{path}: {text}") from None


def _read(path: Path) -> Scene:
    document = parse_document(read_text(path, error=MjcfError))
    folder, notes = path.parent.resolve(), list[str]()
    include(document, folder, path, notes=notes, whose="scene")
    if notes:
        raise MjcfError(f"<include>: {notes[0]}; put it into that folder")
    _require_fixed(document)
    _drop_looks(document, notes)
    require_harmless(document)
    drop_user_data(document)
    numbers = dict(_numbers(document))
    files, names = _files(document, folder)
    text = ElementTree.tostring(document, encoding="unicode")
    if len(text) > _LARGEST_TEXT:
        raise MjcfError(
            f"expected at most {_LARGEST_TEXT / 1e6:g} MB of text, got {len(text) / 1e6:.1f} MB; "
            "put corners of meshes and heights into files, or simplify them"
        )
    with quiet():
        try:
            spec = mujoco.MjSpec.from_string(text, assets=files)
            for mesh in spec.meshes:
                # Terrain may be an open surface, which has no volume.
                mesh.inertia = mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL
            model = spec.compile()
        except MUJOCO_ERRORS as error:
            message = one_line(error).removeprefix("Error: ")
            for new, name in names.items():
                message = message.replace(new, name)
            raise MjcfError(message) from None
    _require_earth(model.opt)
    _require_ground(model)
    notes += [*_option_notes(model), *_geom_notes(model)]
    return Scene(text=text, files=files, model=model, notes=tuple(notes), numbers=numbers)


def _require_fixed(document: ElementTree.Element) -> None:
    """Refuse what moves or acts, outside of <default>, where it only stands for attributes."""
    for section in document:
        if section.tag == "default":
            continue
        if section.tag in _OF_ROBOTS and len(section):
            raise MjcfError(
                f"<{section.tag}> is not allowed: {_OF_ROBOTS[section.tag]}; remove it, as "
                f"{_ROBOT_REMEDY}"
            )
        for parent in section.iter():
            if parent.tag in REFUSED:
                raise MjcfError(f"<{parent.tag}> is not allowed: {REFUSED[parent.tag]}")
            if parent.get("mocap") == "true":
                raise MjcfError(f"{_body(parent)} is moved from outside (mocap): make it fixed")
            if section.tag != "worldbody":
                continue
            moving = next((each for each in parent if each.tag in ("joint", "freejoint")), None)
            if moving is not None:
                raise MjcfError(
                    f"{_body(parent)} moves: <{moving.tag}> is not allowed, as a scene is fixed "
                    f"ground; remove it, or the whole robot: {_ROBOT_REMEDY}"
                )


def _body(element: ElementTree.Element) -> str:
    name = element.get("name")
    return "a body" if name is None else f"body {shown(name)}"


def _drop_looks(document: ElementTree.Element, notes: list[str]) -> None:
    for parent in list(document.iter()):
        for element in list(parent):
            # A file of a texture goes with it, in <material>, too.
            if element.tag in _DROPPED or (parent.tag, element.tag) == ("material", "layer"):
                parent.remove(element)
        if parent.tag == "material":
            parent.attrib.pop("texture", None)
    contacts = [each for each in document if each.tag == "contact"]
    for contact in contacts:
        document.remove(contact)
    if any(len(contact) for contact in contacts):
        notes.append("<contact> is ignored: the geoms of a scene do not touch each other")


def _numbers(document: ElementTree.Element) -> Iterator[tuple[str, float]]:
    for custom in document.findall("custom"):
        for numeric in custom.findall("numeric"):
            try:
                yield numeric.get("name", ""), float(numeric.get("data", ""))
            except ValueError:
                continue  # several numbers, or none


def _files(document: ElementTree.Element, folder: Path) -> tuple[dict[str, bytes], dict[str, str]]:
    """Content of the files of meshes and height fields by their new names, and the old names.

    All get names in one folder. Those of meshes that no geom has are left out.
    """
    base = asset_folder(document)
    used = {each.get("mesh") for each in document.iter("geom")}
    files: dict[str, bytes] = {}
    names: dict[str, str] = {}
    for group in document.iter("asset"):
        for asset in list(group):
            name = asset.get("file")
            if name is None or asset.tag not in ("mesh", "hfield"):
                continue
            asset.set("name", asset.get("name") or Path(name).stem)
            if asset.tag == "mesh" and asset.get("name") not in used:
                group.remove(asset)
                continue
            new = f"scene-asset-{len(files)}{Path(name).suffix.lower()}"
            asset.set("file", new)
            names[new] = name
            file = inside(folder, (folder / base, folder), name, asset.tag, whose="scene")
            files[new] = content(file)
            if asset.tag == "hfield":
                files[new] = _small_field(name, files[new])
            if len(files) > _MOST_FILES or sum(map(len, files.values())) > _LARGEST_FILES_BYTES:
                raise MjcfError(
                    f"expected at most {_MOST_FILES} files of meshes and height fields, of at most "
                    f"{_LARGEST_FILES_BYTES // 1_000_000} MB in total; simplify them"
                )
    drop_folders(document)
    return files, names


def _small_field(name: str, data: bytes) -> bytes:
    """The content of a height field's file; one with too many samples is refused unread."""
    shape = png_shape(data)
    rows, columns = shape or (
        int.from_bytes(data[:4], "little"),
        int.from_bytes(data[4:8], "little"),
    )
    if rows * columns > _MOST_SAMPLES:
        raise MjcfError(
            f"<hfield file={shown(name)}>: expected at most {_MOST_SAMPLES} samples, got "
            f"{rows} x {columns}; make it smaller"
        )
    try:
        return data if shape is None else plain_png(data)
    except MjcfError as error:
        raise MjcfError(
            f"<hfield file={shown(name)}>: expected an image, got {error}; save it anew"
        ) from None


def _require_earth(option: mujoco.MjOption) -> None:
    for name, usual in _OTHER_WORLD.items():
        found = np.atleast_1d(np.asarray(getattr(option, name), dtype=np.float64))
        if np.abs(found - usual).max() > (_GRAVITY_TOLERANCE if name == "gravity" else 0.0):
            values = " ".join(f"{value:g}" for value in found)
            raise MjcfError(
                f"<option {name}={values!r}>: expected the gravity of the earth and no fluid, as "
                f"on every task; remove {name}"
            )


def _require_ground(model: mujoco.MjModel) -> None:
    """Refuse a scene with nothing to touch, with too much, or that is not what it seems."""
    touching = touched_geoms(model)
    if not touching:
        raise MjcfError(
            "expected a geom that a robot can touch, got none; add one with a contype, such as "
            '<geom type="plane" size="0 0 1"/>'
        )
    if len(touching) > _MOST_GEOMS:
        raise MjcfError(
            f"expected at most {_MOST_GEOMS} geoms, got {len(touching)}; make one height field or "
            "mesh of many"
        )
    if model.nhfielddata > _MOST_SAMPLES:
        raise MjcfError(f"expected at most {_MOST_SAMPLES} samples of all height fields")
    data, corners = mujoco.MjData(model), 0
    mujoco.mj_kinematics(model, data)
    for geom in touching:
        kind, upright = model.geom_type[geom], data.geom_xmat[geom][8] > 1.0 - 1e-6
        if kind == mujoco.mjtGeom.mjGEOM_HFIELD and not upright:
            raise MjcfError(f"{_geom(model, geom)}: a height field cannot tilt; set it upright")
        if kind == mujoco.mjtGeom.mjGEOM_MESH:
            corners += len(hull_of(model, int(model.geom_dataid[geom]))[0])
    if corners > _MOST_CORNERS:
        raise MjcfError(
            f"expected hulls of meshes of at most {_MOST_CORNERS} corners in total, got {corners}; "
            "simplify the meshes, or give <mesh> a maxhullvert"
        )


def touched_geoms(model: mujoco.MjModel) -> list[int]:
    """Numbers of the geoms that a robot can touch: all but those with no contact bits.

    Args:
        model: The compiled scene.
    """
    return np.flatnonzero(model.geom_contype | model.geom_conaffinity).tolist()


def hull_of(model: mujoco.MjModel, mesh: int) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """The convex hull of a mesh, which is what MuJoCo collides with.

    Args:
        model: The model.
        mesh: Number of the mesh.

    Returns:
        (n, 3) corners in the frame of the mesh (m), and (m, 3) corners of each triangle,
        counterclockwise from outside.
    """
    first, start = int(model.mesh_vertadr[mesh]), int(model.mesh_graphadr[mesh])
    graph = model.mesh_graph[start:]
    corners, faces = int(graph[0]), int(graph[1])
    numbers = graph[2 + corners : 2 + 2 * corners]
    after = 2 + 3 * corners + 3 * faces
    triangles = graph[after : after + 3 * faces].reshape(-1, 3)
    place = np.full(int(model.mesh_vertnum[mesh]), -1)
    place[numbers] = np.arange(corners)
    points = model.mesh_vert[first + numbers].astype(np.float64)
    triangles = place[triangles]
    a, b, c = points[triangles].transpose(1, 0, 2)
    inward = np.einsum("ij,ij->i", np.cross(b - a, c - a), a - points.mean(axis=0)) < 0.0
    return points, np.where(inward[:, None], triangles[:, ::-1], triangles).astype(np.intp)


def _geom(model: mujoco.MjModel, geom: int) -> str:
    name = model.geom(geom).name
    return f"geom {geom}" if not name else f"geom {shown(name)}"


def _option_notes(model: mujoco.MjModel) -> Iterator[str]:
    """Settings of <option> that differ from the usual ones; a robot brings its own."""
    own, usual = (
        option_attributes(each, timestep=each.opt.timestep, into=ElementTree.Element("mujoco"))
        | {"flags": f"{each.opt.disableflags} {each.opt.enableflags}"}
        for each in (model, mujoco.MjSpec().compile())
    )
    names = [name for name in own if own[name] != usual[name] and name not in _OTHER_WORLD]
    if names:
        yield f"<option> is ignored ({listed(names)}): the robot and the task decide it"


def _geom_notes(model: mujoco.MjModel) -> Iterator[str]:
    geoms = touched_geoms(model)
    slippery = [
        geom
        for geom in geoms
        if model.geom_friction[geom, 0] < _FRICTION and model.geom_priority[geom] <= 0
    ]
    if slippery:
        yield (
            f"{_geom(model, slippery[0])}: MuJoCo takes the larger friction of two geoms, so one "
            f'below {_FRICTION} needs priority="1"'
        )
    meshes = {
        int(model.geom_dataid[geom])
        for geom in geoms
        if model.geom_type[geom] == mujoco.mjtGeom.mjGEOM_MESH
    }
    for mesh in sorted(meshes):
        first, count = int(model.mesh_vertadr[mesh]), int(model.mesh_vertnum[mesh])
        start, number = int(model.mesh_faceadr[mesh]), int(model.mesh_facenum[mesh])
        vertices = model.mesh_vert[first : first + count].astype(np.float64)
        own = _volume(vertices, model.mesh_face[start : start + number])
        if abs(own) < _CONVEX * _volume(*hull_of(model, mesh)):
            yield (
                f"mesh {shown(cut(model.mesh(mesh).name))} is not convex: robots touch its convex "
                "hull; split it into convex parts, or use a height field"
            )


def _volume(vertices: NDArray[np.float64], faces: NDArray[np.integer]) -> float:
    a, b, c = vertices[faces].transpose(1, 0, 2)
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6.0)
