"""Writing designs into a folder, whole or not at all."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np

from codesign.config import Settings
from codesign.errors import UsageError
from codesign.exporting.finetuning import FineTuning, trained
from codesign.exporting.history import write_history
from codesign.scoring import load_controller
from codesign.store import Candidate, Database
from codesign.store.atomic import new_folder
from morph_ops.geometry import canonical_frames
from morph_ops.io import json_file as jsonio
from morph_ops.io import mjcf

if TYPE_CHECKING:
    from hyperdistill_core.controller.controller import Controller
    from hyperdistill_core.nets.mlp import BodyMLP

DESIGN_FORMATS = ("mjcf", "json", "npz")
RUNNER = "run_design.py"
LIST = "designs.csv"
_COLUMNS = (
    *("design", "candidate", "score", "ci_low", "ci_high", "episodes", "fell", "speed", "distance"),
    *("variant", "task", "controller", "controller_hash"),
)
DESIGN_FILES = "design-*"
"""Pattern of the files that an export of a run writes for its designs."""
SCENE_TASK = "flat"
"""The task that an exported scene is: the others have a world of their own."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Design:
    """A body to be written.

    Attributes:
        name: of its files, without suffix.
        graph: the body.
        variant: which of the controller's variants of it moves it.
        network: what moves it where it was trained on; by default what the controller generates.
        scores: before and after that training.
    """

    name: str
    graph: nx.DiGraph[str]
    variant: int = 0
    network: BodyMLP | None = None
    scores: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True)
class DesignRollout:
    """What moves exported designs.

    Attributes:
        controller: name of a shipped controller, or path of one.
        seed: of the episodes that ``run_design.py`` starts.
        episodes: how many it starts.
    """

    controller: str | Path
    seed: int = 0
    episodes: int = 1


def export_designs(
    designs: Iterable[Design],
    folder: Path,
    *,
    formats: Sequence[str] = DESIGN_FORMATS,
    rollout: DesignRollout | None = None,
    finetuning: FineTuning | None = None,
) -> list[Design]:
    """Write designs into a new folder.

    Args:
        designs: what to write.
        folder: where; it must not exist, or be empty.
        formats: of :data:`DESIGN_FORMATS`; ``"npz"`` brings ``run_design.py`` along, and is
            passed over without ``rollout``.
        rollout: what moves the designs.
        finetuning: of their networks before they are written.

    Returns:
        The designs, with their scores where they were trained.

    Raises:
        UsageError: the folder is taken or cannot be made, there is no such controller, or
            nothing to train.
    """
    with (
        trained(list(designs), rollout, finetuning, folder=folder) as (learned, after),
        new_folder(folder) as draft,
    ):
        _write(learned, draft, formats, after)
    return learned


def _write(
    designs: Sequence[Design], draft: Path, formats: Sequence[str], rollout: DesignRollout | None
) -> None:
    for design in designs:
        if "mjcf" in formats:
            # The runner reads states off the model as it stands.
            graph = canonical_frames(design.graph)
            mjcf.write(graph, draft / f"{design.name}.xml", scene=True)
        if "json" in formats:
            jsonio.write_json(design.graph, draft / f"{design.name}.json")
    if "npz" in formats and designs and rollout is not None:
        controller = load_controller(rollout.controller)
        for design in designs:
            arrays = _arrays(design, controller, rollout)
            np.savez(draft / f"{design.name}.npz", allow_pickle=False, **arrays)
        runner = resources.files("codesign.exporting") / RUNNER
        (draft / RUNNER).write_text(runner.read_text("utf-8"), "utf-8")


def export_run(
    database: Database,
    settings: Settings,
    folder: Path,
    *,
    top: int | None = None,
    formats: Sequence[str] = DESIGN_FORMATS,
    replace: bool = False,
    finetuning: FineTuning | None = None,
) -> list[Design]:
    """Write the best designs of a run, numbered from the best, a list of them, and its history.

    Controllers come along if the run's task is the one that the scenes are, with the episodes of
    the scores that the designs are ranked by.

    Args:
        database: of the run.
        settings: of the run.
        folder: see :func:`export_designs`.
        top: how many; by default as the settings say.
        formats: of :data:`DESIGN_FORMATS` and :data:`~codesign.exporting.history.HISTORY_FORMATS`.
        replace: whether an export that is there gives way; files of others in it stay.
        finetuning: of the designs' networks before they are written.

    Returns:
        The designs, with their scores where they were trained.

    Raises:
        UsageError: the folder is taken or cannot be made, the controller is gone or another one,
            "parquet" lacks its library, or there is nothing to train.
    """
    best = database.best(top or settings.top)
    designs = [
        Design(
            name=f"design-{rank:02d}",
            graph=candidate.graph,
            variant=candidate.variant,
        )
        for rank, candidate in enumerate(best, start=1)
    ]
    scored = None if not best else best[0].reevaluation or best[0].result
    rollout = None
    if scored is not None and settings.task == SCENE_TASK:
        rollout = DesignRollout(controller=settings.controller, seed=scored.seed, episodes=scored.episodes)
    if rollout is not None and "npz" in formats:
        _require_same_controller(best[0], settings)
    with (
        trained(designs, rollout, finetuning, folder=folder) as (learned, after),
        new_folder(folder, replace=DESIGN_FILES if replace else None) as draft,
    ):
        _write(learned, draft, formats, after)
        if best and not set(formats).isdisjoint(DESIGN_FORMATS):
            _write_list(list(zip(learned, best, strict=True)), draft / LIST)
        write_history(database, draft, formats=formats)
    return learned


def _write_list(designs: Sequence[tuple[Design, Candidate]], path: Path) -> None:
    """Which candidates designs are, what they are ranked by, and what they learned."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        records = [candidate.reevaluation or candidate.result for _, candidate in designs]
        criteria = dict.fromkeys(name for record in records for name in record.criteria)
        after = ["trained_score"] if designs[0][0].scores else []
        writer.writerow([*_COLUMNS, *(f"metric_{name}" for name in criteria), *after])
        for (design, candidate), record in zip(designs, records, strict=True):
            writer.writerow(
                [
                    design.name,
                    candidate.number,
                    record.score,
                    *record.ci95,
                    record.episodes,
                    sum(record.fell),
                    record.speed,
                    record.distance,
                    record.variant,
                    record.task,
                    record.controller,
                    record.controller_hash,
                    *(record.metrics.get(name, "") for name in criteria),
                    *(design.scores or ())[1:],
                ]
            )


def variants_of(folder: Path, controller: str) -> dict[str, int]:
    """Readings that a run's designs were scored under, by name; none under another controller.

    Args:
        folder: of the designs.
        controller: name or file.
    """
    if not (folder / LIST).is_file():
        return {}
    with (folder / LIST).open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["controller"] == Path(controller).stem]
    return {row["design"]: int(row["variant"]) for row in rows}


def _require_same_controller(candidate: Candidate, settings: Settings) -> None:
    """Refuse to export networks of another controller than the one that the run was scored by."""
    scored, now = candidate.result.controller_hash, load_controller(settings.controller).hash
    if scored != now:
        raise UsageError(
            f"the controller {settings.controller} is not the one that this run was scored by:"
            f" expected {scored}, got {now}; --format mjcf,json needs none"
        )


def _arrays(design: Design, controller: Controller, rollout: DesignRollout) -> dict[str, np.ndarray]:
    """The body's own network with all that ``run_design.py`` needs to know beside it."""
    from hyperdistill_core.features import BodyLayout
    from hyperdistill_core.tasks import get_task

    task, graph = get_task(SCENE_TASK), design.graph
    model = task.model(graph)
    layout = BodyLayout.from_graph(graph, model)
    network = design.network or controller.for_body(graph, model, variant=design.variant)
    qpos, qvel = task.start(model, seed=rollout.seed, episodes=rollout.episodes)
    known = {
        **network.arrays(),
        "layers": len(network.weights),
        "slots": layout.actions,
        "qpos": qpos,
        "qvel": qvel,
        "fall_height": task.fall_height(graph),
        "physics_steps": task.physics_steps,
        "seconds": task.max_steps * task.control_dt,
        "variant": design.variant,
    }
    return {name: np.asarray(value) for name, value in known.items()}
