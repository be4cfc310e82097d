"""The world of an exported design: the robot on the ground of an episode, for any MuJoCo.

``NAME.world.xml`` has the design in the world of the first episode of its scores, with the same
physics to the last digit; where the lowest point of a published form is not 0, its heights are
rounded to some 1e-7 m. A design of a run on several tasks has ``NAME.TASK.world.xml`` for each of
them but flat ground. Height fields lie beside it in MuJoCo's own format. Sites show goals.
``NAME.world.npz`` has what the rewards and the network need of the worlds of all episodes, and the
ground of the other episodes (:mod:`codesign.exporting.world_arrays`).
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from codesign.exporting.design import SCENE_TASK, DesignRollout
from codesign.exporting.world_arrays import (
    Entries,
    ground_arrays,
    has_own_ground,
    is_simulated,
    task_arrays,
    write_npz,
)
from morph_ops import graph as body_graph
from morph_ops.geometry import canonical_frames
from morph_ops.io import mjcf

if TYPE_CHECKING:
    import mujoco
    import networkx as nx

    from hyperdistill_core.tasks import Task
    from hyperdistill_core.tasks.terrain import World

#: Endings of the names of the files.
WORLD_XML, WORLD_NPZ, HEIGHT_FIELD = ".world.xml", ".world.npz", ".hfield"
# Attributes of geoms that count in contacts.
_CONTACT = (
    *("friction", "condim", "contype", "conaffinity", "priority", "solmix", "solref", "solimp"),
    *("margin", "gap"),
)
# What names of tasks have, as those of scenes, and names of files better do without.
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9_-]")
# MuJoCo's own format of a height field: rows and columns as int32, then float32 heights.
_FORMAT = "image/vnd.mujoco.hfield"
_OBJECT_COLOR, _GOAL_COLOR = "0.75 0.3 0.25 1", "0.25 0.6 0.35 0.6"
# Color of geoms whose file gives them none.
_NO_COLOR = (0.5, 0.5, 0.5, 1.0)


def world_stems(rollout: DesignRollout, name: str) -> dict[str, str]:
    """The tasks whose worlds come with a design, and the stems of the names of their files.

    Args:
        rollout: Task or tasks of the design.
        name: Name of the design.

    Returns:
        Stems by task; flat ground has none, as the scene of every design is flat.

    Examples:
        >>> world_stems(DesignRollout(controller="flat-v3", task="csr"), "it")
        {'csr': 'it'}
        >>> several = DesignRollout(controller="flat-v3", tasks=("flat", "csr", "stairs.xml#0a1b"))
        >>> world_stems(several, "it")
        {'csr': 'it.csr', 'stairs.xml#0a1b': 'it.stairs-xml-0a1b'}
    """
    if not rollout.tasks:
        return {} if rollout.task == SCENE_TASK else {rollout.task: name}
    return {
        task: f"{name}.{_NOT_PLAIN.sub('-', task)}" for task in rollout.tasks if task != SCENE_TASK
    }


def write_worlds(graph: nx.DiGraph[str], rollout: DesignRollout, folder: Path, name: str) -> None:
    """Write the world of the first episode of a design, on each of its tasks.

    Args:
        graph: The body, with plain names.
        rollout: Task or tasks, and episodes of the design.
        folder: The folder of the design.
        name: Name of the design.
    """
    for task, stem in world_stems(rollout, name).items():
        _write_world(graph, replace(rollout, task=task), folder, stem)


def _write_world(graph: nx.DiGraph[str], rollout: DesignRollout, folder: Path, name: str) -> None:
    """Write the world of one task, under names that begin with a stem."""
    from hyperdistill_core.tasks import get_task

    task = get_task(rollout.task)
    world = task.world(rollout.seed, 0)
    model = task.model(graph, world)
    write_model(graph, task, world, model, folder / f"{name}{WORLD_XML}")
    if is_simulated(task):
        path = folder / f"{name}{WORLD_NPZ}"
        arrays = task_arrays(graph, task, model, seed=rollout.seed, episodes=rollout.episodes)
        write_npz(path, arrays, _other_grounds(graph, task, rollout))


def _other_grounds(graph: nx.DiGraph[str], task: Task, rollout: DesignRollout) -> Iterator[Entries]:
    """Files and arrays of the later episodes, where each has a ground of its own."""
    for number in range(1, rollout.episodes if has_own_ground(task) else 1):
        world = task.world(rollout.seed, number)
        with TemporaryDirectory() as scratch:
            path = Path(scratch) / WORLD_XML.removeprefix(".")
            write_model(graph, task, world, task.model(graph, world), path)
            files = {
                file.name: np.frombuffer(file.read_bytes(), np.uint8)
                for file in path.parent.iterdir()
            }
        yield files | ground_arrays(graph, task, world)


def write_model(
    graph: nx.DiGraph[str], task: Task, world: World, model: mujoco.MjModel, path: Path
) -> None:
    """Write a body in a world as MJCF with lights and a camera, and height fields beside it.

    Args:
        graph: The body.
        task: The task.
        world: The world.
        model: The body in that world.
        path: The MJCF file.
    """
    if not task.keep_excludes:
        graph = body_graph.with_excludes(graph, ())
    document = ElementTree.fromstring(mjcf.to_xml(canonical_frames(graph), scene=True))
    _place(document, model, graph)
    _replace_floor(document, model, path)
    _add_goals(document, world)
    if not world.native_ccd:
        [option] = document.findall("option")
        ElementTree.SubElement(option, "flag", nativeccd="disable")
    ElementTree.indent(document)
    path.write_text(ElementTree.tostring(document, encoding="unicode") + "\n", "utf-8")


def _place(document: ElementTree.Element, model: mujoco.MjModel, graph: nx.DiGraph[str]) -> None:
    """Put the robot where the episode begins."""
    root = model.body(body_graph.root(graph))
    [torso] = document.findall("worldbody/body")
    for attribute in ("euler", "axisangle", "xyaxes", "zaxis"):
        torso.attrib.pop(attribute, None)
    torso.set("pos", _text(root.pos))
    torso.set("quat", _text(root.quat))
    for number, key in enumerate(document.iter("key")):
        key.set("qpos", _text(model.key_qpos[number]))
        if "qvel" in key.attrib:
            key.set("qvel", _text(model.key_qvel[number]))


def _replace_floor(document: ElementTree.Element, model: mujoco.MjModel, path: Path) -> None:
    """Put what the world has beside the robot in the place of the scene's floor."""
    import mujoco

    [worldbody], assets = document.findall("worldbody"), document.findall("asset")[0]
    for floor in worldbody.findall("geom"):
        worldbody.remove(floor)
    for number in range(model.nhfield):
        _add_field(assets, model, number, path)
    robot = int(model.body_rootid[1])
    # The document already has the meshes of the robot.
    of_world = model.body_rootid[model.geom_bodyid] != robot
    meshes = of_world & (model.geom_type == mujoco.mjtGeom.mjGEOM_MESH)
    for number in np.unique(model.geom_dataid[meshes]).tolist():
        _add_mesh(assets, model, number)
    for number in range(model.nbody):
        if model.body_rootid[number] == robot:
            continue
        parent = worldbody
        if number:
            parent = _add_body(worldbody, model, number)
        for geom in np.flatnonzero(model.geom_bodyid == number):
            _add_geom(parent, model, int(geom))


def _add_body(
    worldbody: ElementTree.Element, model: mujoco.MjModel, number: int
) -> ElementTree.Element:
    """A body of the world: an obstacle, or an object with a free joint."""
    body = ElementTree.SubElement(
        worldbody,
        "body",
        name=_plain(model.body(number).name),
        pos=_text(model.body_pos[number]),
        quat=_text(model.body_quat[number]),
    )
    if model.body_jntnum[number]:
        ElementTree.SubElement(body, "freejoint", name=f"{_plain(model.body(number).name)}-free")
        ElementTree.SubElement(
            body,
            "inertial",
            pos=_text(model.body_ipos[number]),
            quat=_text(model.body_iquat[number]),
            mass=_text(model.body_mass[number]),
            diaginertia=_text(model.body_inertia[number]),
        )
    return body


def _add_geom(parent: ElementTree.Element, model: mujoco.MjModel, number: int) -> None:
    import mujoco

    from hyperdistill_core.tasks.terrain.scene_ground import SCENE_GEOM

    geom, kinds = model.geom(number), mujoco.mjtGeom
    kind = kinds(model.geom_type[number])
    attributes = {
        "name": _plain(geom.name),
        "type": kind.name.removeprefix("mjGEOM_").lower(),
        "pos": _text(geom.pos),
        "quat": _text(geom.quat),
        **{name: _text(getattr(model, f"geom_{name}")[number]) for name in _CONTACT},
    }
    if model.body_dofnum[model.geom_bodyid[number]]:
        attributes["rgba"] = _OBJECT_COLOR
    elif geom.name.startswith(SCENE_GEOM) and not np.allclose(geom.rgba, _NO_COLOR):
        attributes["rgba"] = _text(geom.rgba)
    else:
        attributes["material"] = "floor"
    data = int(model.geom_dataid[number])
    if kind == kinds.mjGEOM_HFIELD:
        attributes["hfield"] = _plain(model.hfield(data).name)
        rise = model.hfield_size[data][2] * _range(_shares(model, data))[0]
        attributes["pos"] = _text(geom.pos + np.array([0.0, 0.0, rise]))
    elif kind == kinds.mjGEOM_MESH:
        attributes["mesh"] = _plain(model.mesh(data).name)
    else:
        attributes["size"] = _text(geom.size)
    ElementTree.SubElement(parent, "geom", attributes)


def _add_field(assets: ElementTree.Element, model: mujoco.MjModel, number: int, path: Path) -> None:
    """Add a height field, and write its heights beside the file."""
    field, heights = model.hfield(number), _shares(model, number)
    low, span = _range(heights)
    x, y, top, base = model.hfield_size[number].tolist()
    file = f"{path.name.removesuffix('.xml')}-{number + 1}{HEIGHT_FIELD}"
    head = np.array(heights.shape, dtype=np.int32).tobytes()
    (path.parent / file).write_bytes(head + heights.tobytes())
    ElementTree.SubElement(
        assets,
        "hfield",
        name=_plain(field.name),
        file=file,
        content_type=_FORMAT,
        size=_text([x, y, top * span, base + top * low]),
    )


def _shares(model: mujoco.MjModel, number: int) -> NDArray[np.float32]:
    """(rows, columns) heights of a height field as shares of its top."""
    shape = int(model.hfield_nrow[number]), int(model.hfield_ncol[number])
    first = int(model.hfield_adr[number])
    return model.hfield_data[first : first + shape[0] * shape[1]].reshape(shape)


def _range(shares: NDArray[np.float32]) -> tuple[float, float]:
    """Lowest share and span of a height field: MuJoCo moves the shares that it reads to 0 .. 1.

    Those of all terrains are there already, but for the published forms, whose floor is higher.
    """
    low, high = float(shares.min()), float(shares.max())
    return low, high - low if high > low else 1.0


def _add_mesh(assets: ElementTree.Element, model: mujoco.MjModel, number: int) -> None:
    """Add the convex hull of a mesh of the world."""
    vertices, faces = (
        getattr(model, f"mesh_{what}")[first : first + count]
        for what, first, count in (
            ("vert", int(model.mesh_vertadr[number]), int(model.mesh_vertnum[number])),
            ("face", int(model.mesh_faceadr[number]), int(model.mesh_facenum[number])),
        )
    )
    ElementTree.SubElement(
        assets,
        "mesh",
        name=_plain(model.mesh(number).name),
        vertex=_text(vertices.ravel()),
        face=_text(faces.ravel()),
        inertia="convex",
    )


def _add_goals(document: ElementTree.Element, world: World) -> None:
    """Show the goals of a world, in their order."""
    [worldbody] = document.findall("worldbody")
    for number, goal in enumerate(world.goals, start=1):
        site = {"name": f"task-goal-{number}", "pos": _text(goal), "size": "0.1"}
        ElementTree.SubElement(worldbody, "site", site, rgba=_GOAL_COLOR)


def _plain(name: str) -> str:
    return name.replace("/", "-")


def _text(numbers: Any) -> str:
    return " ".join(repr(number) for number in np.atleast_1d(numbers).tolist())
