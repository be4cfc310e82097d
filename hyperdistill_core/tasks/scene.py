"""Running forward on a user's own scene: an MJCF file of ground.

A task whose name ends in ``.xml`` is the path of such a file. It has fixed geoms alone; what it
may contain is said in :mod:`morph_ops.io.mjcf.scene`. Episodes begin at the origin, or at the site
``start``, on the highest ground below the body. The reward is the speed of the torso along x. A
body has fallen as on ``flat``, above the ground below its torso; where there is none, the lowest
ground of the scene counts, so a body that walks off an edge falls. The custom number
``fall_ratio`` of the scene replaces 0.5.

The name of such a task is that of its file with a hash of all that it is made of, such as
``stairs.xml#0123456789ab``. Score records and runs have this name. Copies of the scenes that runs
name lie in the user's folder for state, where this name finds them when the file has gone or
changed.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from numpy.random import RandomState

from hyperdistill_core.tasks.flat import Flat
from hyperdistill_core.tasks.terrain.scene_ground import scene_world
from hyperdistill_core.tasks.terrain.world import World
from morph_ops._messages import reason, shown
from morph_ops._text_file import state_folder
from morph_ops.errors import MjcfError
from morph_ops.io.mjcf.scene import HASH_DIGITS, Scene, read_scene

_NAME = re.compile(rf"(?P<path>.+\.xml)(#(?P<hash>[0-9a-f]{{{HASH_DIGITS}}}))?", re.IGNORECASE)
#: Custom number of a scene that replaces the fall ratio.
FALL_RATIO = "fall_ratio"
# Scenes that a process keeps, by name: score records have these names.
_KEPT = 16


@dataclass(frozen=True, kw_only=True)
class SceneTask(Flat):
    """Running forward on a scene.

    Attributes:
        scene: The scene.
        ground: Its world.
    """

    scene: Scene = field(repr=False, compare=False)
    ground: World = field(repr=False, compare=False)

    def draw_world(self, rng: RandomState) -> World:
        """See :meth:`Task.draw_world`."""
        return self.ground


_made: dict[str, SceneTask] = {}


def is_scene(name: str) -> bool:
    """Whether the name of a task is the path of a scene.

    Examples:
        >>> is_scene("examples/stairs.xml"), is_scene("stairs.xml#0123456789ab"), is_scene("flat")
        (True, True, False)
    """
    return _NAME.fullmatch(name) is not None


def scene_path(name: str) -> Path:
    """The file of a scene, from the name of its task.

    Args:
        name: A name that :func:`is_scene`.
    """
    found = _NAME.fullmatch(name)
    return Path(found["path"] if found else name)


def scene_task(name: str) -> SceneTask:
    """The task of a scene.

    Args:
        name: Path of the scene, or the name of such a task, which may have a folder before it.

    Raises:
        MjcfError: The scene cannot be read, see :func:`~morph_ops.io.mjcf.scene.read_scene`.
        MjcfError: The scene has another hash.
        MjcfError: There is no ground where episodes begin, or a number is out of range.
    """
    found = _NAME.fullmatch(name)
    path, expected = scene_path(name), found["hash"] if found else None
    if expected is None:
        return _remember(_read(path, _stamp(path)))
    if (made := _made.get(f"{path.name}#{expected}")) is not None:
        return made
    other: MjcfError | None = None
    for file in (path, stored_scene(name)):
        try:
            task = _read(file, _stamp(file))
        except MjcfError as error:
            other = other or error
            continue
        if task.scene.hash == expected:
            return _remember(task)
        other = MjcfError(
            f"{file}: expected the scene {expected}, got {task.scene.hash}: the file, or one that "
            "it names, has changed; restore it, or leave out the number for the scene as it is now"
        )
    raise other or MjcfError(f"{path}: no such file")


def pinned_task(name: str) -> str:
    """The name of a task by which other processes and later times find it.

    That of a scene has its hash, and a copy of the scene is kept in the user's folder for state.

    Args:
        name: Name of a task.

    Raises:
        MjcfError: As for :func:`scene_task`; or the copy cannot be written.

    Examples:
        >>> pinned_task("flat")
        'flat'
    """
    if not is_scene(name):
        return name
    task = scene_task(name)
    stored = stored_scene(task.name)
    if not stored.is_file():
        try:
            write_scene(task, stored)
        except OSError as error:
            raise MjcfError(
                f"{stored}: the copy of the scene cannot be written ({reason(error)}); set "
                "XDG_STATE_HOME to a folder of your own"
            ) from None
    return task.name


def write_scene(task: SceneTask, path: Path) -> None:
    """Write a copy of a scene and its files into a new folder, complete or not at all.

    Args:
        task: The task of the scene.
        path: The MJCF file to write; nothing is done where another process wrote it first.

    Raises:
        OSError: It cannot be written.
    """
    path.parent.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".scene-", dir=path.parent.parent))
    try:
        task.scene.write(draft / path.name)
        draft.rename(path.parent)
    except OSError:
        if not path.is_file():
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def stored_scene(name: str) -> Path:
    """Where the copy of a scene is kept.

    Args:
        name: Name of its task.
    """
    return state_folder() / "scenes" / name.rpartition("#")[2] / scene_path(name).name


def _remember(task: SceneTask) -> SceneTask:
    _made[task.name] = task
    while len(_made) > _KEPT:
        del _made[next(iter(_made))]
    return task


def _stamp(path: Path) -> tuple[int, int]:
    """What changes when a file does."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return (0, 0)  # reading says what is wrong
    return status.st_mtime_ns, status.st_size


@lru_cache(maxsize=_KEPT)
def _read(path: Path, stamp: tuple[int, int]) -> SceneTask:
    del stamp
    scene = read_scene(path)
    try:
        ground, ratio = scene_world(scene), _fall_ratio(scene)
    except MjcfError as error:
        raise MjcfError(f"{path}: {error}") from None
    return SceneTask(
        name=f"{path.name}#{scene.hash}",
        scene=scene,
        ground=ground,
        ground_m=ground.start[2],
        notes=tuple(f"scene: {note}" for note in scene.notes),
        fall_ratio=ratio,
    )


def _fall_ratio(scene: Scene) -> float:
    ratio = scene.numbers.get(FALL_RATIO, Flat.fall_ratio)
    if not 0.0 <= ratio < 1.0:
        raise MjcfError(
            f"<numeric name={shown(FALL_RATIO)}>: expected a share of the rest height of at least "
            f"0 and below 1, got {ratio:g}"
        )
    return ratio
