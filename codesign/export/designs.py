"""Writing designs into a folder, whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np

from codesign.config import Settings
from codesign.scoring import load_controller
from codesign.store import Database
from codesign.store.whole import new_folder
from morph_ops import jsonio, mjcf

if TYPE_CHECKING:
    from hyperdistill_core.controller import Controller
    from hyperdistill_core.tasks import Task

FORMATS = ("mjcf", "json", "npz")
RUNNER = "run_design.py"


@dataclass(frozen=True, kw_only=True, eq=False)
class Design:
    """A body to be written.

    Attributes:
        name: of its files, without suffix.
        graph: the body.
    """

    name: str
    graph: nx.DiGraph


def export_designs(
    designs: Iterable[Design],
    folder: Path,
    *,
    formats: Sequence[str] = FORMATS,
    controller: str | Path = "",
    task: str = "flat",
    seed: int = 0,
    replace: bool = False,
) -> list[Path]:
    """Write designs into a new folder.

    Args:
        designs: what to write.
        folder: where; it must not exist or be empty, unless ``replace``.
        formats: of :data:`FORMATS`; ``"npz"`` needs a controller, and brings
            ``run_design.py`` along.
        controller: name of a shipped controller, or path of one.
        task: what the controller acts in.
        seed: of the episodes that ``run_design.py`` starts.
        replace: whether a folder that is there gives way.

    Returns:
        The files.

    Raises:
        UsageError: the folder is taken or cannot be made, or there is no such controller.
    """
    with new_folder(folder, replace=replace) as draft:
        _write_all(draft, list(designs), formats, controller, task, seed)
    return sorted(folder.iterdir())


def export_run(
    database: Database,
    settings: Settings,
    folder: Path,
    *,
    top: int | None = None,
    formats: Sequence[str] = FORMATS,
    replace: bool = False,
) -> list[Path]:
    """Write the best designs of a run, numbered from the best.

    Args:
        database: of the run.
        settings: of the run.
        folder: see :func:`export_designs`.
        top: how many; by default as the settings say.
        formats: see :func:`export_designs`.
        replace: see :func:`export_designs`.

    Returns:
        The files.

    Raises:
        UsageError: the folder is taken or cannot be made.
    """
    best = database.best(top or settings.top)
    designs = [
        Design(name=f"design-{rank:02d}", graph=candidate.graph)
        for rank, candidate in enumerate(best, start=1)
    ]
    return export_designs(
        designs,
        folder,
        formats=formats,
        controller=settings.controller,
        task=settings.task,
        seed=settings.seed,
        replace=replace,
    )


def _write_all(
    folder: Path,
    designs: Sequence[Design],
    formats: Sequence[str],
    controller: str | Path,
    task: str,
    seed: int,
) -> None:
    for design in designs:
        if "mjcf" in formats:
            mjcf.write(design.graph, folder / f"{design.name}.xml", scene=True)
        if "json" in formats:
            jsonio.write_json(design.graph, folder / f"{design.name}.json")
    if "npz" in formats and designs:
        # Imported here: the other formats need no task.
        from hyperdistill_core.tasks import get_task

        distilled = load_controller(controller)
        for design in designs:
            _write_controller(
                folder / f"{design.name}.npz", design, distilled, get_task(task), seed
            )
        runner = resources.files("codesign.export") / RUNNER
        (folder / RUNNER).write_text(runner.read_text("utf-8"), "utf-8")


def _write_controller(
    path: Path, design: Design, controller: Controller, task: Task, seed: int
) -> None:
    """The body's own network with all that ``run_design.py`` needs to know beside it."""
    from hyperdistill_core.features import BodyLayout

    model = task.model(design.graph)
    controller.for_body(design.graph, model).save_npz(path)
    with np.load(path, allow_pickle=False) as file:
        arrays = dict(file)
    arrays["slots"] = BodyLayout.from_graph(design.graph, model).actions
    arrays["fall_height"] = np.array(task.fall_height(design.graph))
    arrays["physics_steps"] = np.array(task.physics_steps)
    arrays["noise"] = np.array(task.noise)
    arrays["seed"] = np.array(seed)
    np.savez(path, allow_pickle=False, **arrays)
