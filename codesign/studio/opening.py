"""What a studio is started with: a robot file, a run, or nothing."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from codesign import defaults
from codesign.errors import UsageError
from codesign.studio.files import plain_name
from codesign.studio.walking import Setting
from morph_ops._messages import cut

if TYPE_CHECKING:
    from codesign.studio.app import Source

__all__ = ["checked", "find_source", "require_viser"]


def require_viser() -> None:
    """Refuse to start without the package that shows the page.

    Raises:
        UsageError: viser is not installed.
    """
    if find_spec("viser") is None:
        raise UsageError("the studio requires viser: run pip install 'codesign[studio]'")


def find_source(
    path: Path | None,
    *,
    root: str | None = None,
    candidate: int | None = None,
    controller: str | Path | None = None,
    task: str | None = None,
) -> tuple[Source, Setting]:
    """Read what a studio is started with.

    Args:
        path: A robot file, or a run folder; None for a random body.
        root: Name of the robot's first body, for an MJCF file with several robots.
        candidate: Number of the candidate of a run to begin with; None for its best.
        controller: Name or file of the controller; None for that of a run, or the usual one.
        task: Name of the task; None for that of a run, or the usual one.

    Raises:
        UsageError: There is no such file or run, or no such candidate.
        UsageError: The task of the run is custom code, the run is of somebody else, and ``task``
            names no other.
        BodyError: The file holds no robot.
    """
    from codesign.api import Run, load_run
    from codesign.api.robots import find_robots, read_robots
    from codesign.store import RunFolder
    from codesign.studio.app import Source
    from codesign.studio.browsing import open_candidate, tasks_of
    from codesign.studio.session import Opened

    run: Run | None = None
    opened: Opened | None = None
    of_run = (defaults.CONTROLLER, defaults.TASK)
    if path is not None and not path.exists():
        raise UsageError(f"{path}: no such robot or run")
    if path is not None and RunFolder.is_run(path):
        run = load_run(path)
        offered = tasks_of(run)
        if task is None and run.settings.task not in offered:
            others = f"such as --task {(*offered, defaults.TASK)[0]}"
            raise UsageError(
                f"task: {path}, which another user started or edited, names code of its own: "
                f"{cut(run.settings.task)}; name another task, {others}"
            )
        best = run.best(1) if candidate is None else [run.candidate(candidate)]
        of_run = (run.settings.controller, run.settings.task)
        for each in best:
            of_run = (run.controller_of(each), run.settings.task)
            opened = open_candidate(
                run, each.number, task=task or of_run[1], own=controller is None
            )
    elif path is not None:
        if candidate is not None:
            raise UsageError(f"candidate: applies to a run, and {path} is none")
        if path.is_dir():
            raise UsageError(f"{path}: expected a robot file or a run folder, got another folder")
        [graph], _ = read_robots(
            find_robots(path, controller=controller or defaults.CONTROLLER, root=root)
        )
        opened = Opened(graph=graph, name=plain_name(path.name))
    setting = Setting(controller=controller or of_run[0], task=task or of_run[1])
    own = controller is None
    return Source(opened=opened, run=run, title=str(path or ""), own=own), setting


def checked(setting: Setting) -> Setting:
    """A setting whose controller and task exist.

    Args:
        setting: The setting.

    Raises:
        UsageError: There is no such controller, or it has too few variants.
        UnknownNameError: There is no such task.

    Examples:
        >>> checked(Setting(controller="flat-v0")).task
        'flat'
    """
    from codesign.scoring import load_controller, resolve_best_of
    from hyperdistill_core.tasks import get_task

    get_task(setting.task)
    resolve_best_of(load_controller(setting.controller), setting.best_of)
    return setting
