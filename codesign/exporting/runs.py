"""Export of a run: its best designs, and its history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace as replace_fields
from pathlib import Path

import networkx as nx

from codesign.config import Settings
from codesign.exporting.design import (
    CONTROLLER_FORMATS,
    DESIGN_FORMATS,
    SCENE_TASK,
    USUAL_FORMATS,
    Design,
    DesignRollout,
)
from codesign.exporting.design_files import write_designs
from codesign.exporting.design_record import candidate_origin
from codesign.exporting.design_table import DESIGN_TABLE, candidate_row, write_design_table
from codesign.exporting.extras import require_packages
from codesign.exporting.finetuning import FineTuning, finetuned
from codesign.exporting.history import write_history
from codesign.exporting.lineage import phylogeny
from codesign.exporting.printing import PrintSettings
from codesign.scoring.controllers import load_scored_with
from codesign.store import Candidate, Database, RunFolder
from codesign.store.atomic import new_folder
from morph_ops._registry import is_plugin

#: Pattern of the files that an export of a run writes for its designs.
DESIGN_FILES = "design-*"


def export_run(
    run: RunFolder,
    database: Database,
    folder: Path,
    *,
    top: int | None = None,
    chosen: Mapping[str, Candidate] | None = None,
    formats: Sequence[str] = USUAL_FORMATS,
    replace: bool = False,
    finetuning: FineTuning | None = None,
    blind: bool = False,
    printing: PrintSettings | None = None,
) -> list[Design]:
    """Write the best designs of a run, a table of them, and the run's history.

    The designs are the folders ``design-01``, ``design-02``, ..., best first; ``designs.csv`` is
    their table. Their controllers are written with the episodes of the scores that the designs are
    ranked by, and with the world of the first of them; not where the run's task is somebody's own
    code. On several tasks there is a world of each; the controllers come with the episodes of
    ``"flat"``, or else of the first one.

    Args:
        run: The run folder.
        database: The database of the run.
        folder: The folder to make. It must not exist, or be empty.
        top: Number of designs; None for the run's own setting ``top``.
        chosen: Candidates to write in place of the best ones, by the names of their designs. All
            were scored under the same controller.
        formats: Formats among :data:`~codesign.exporting.DESIGN_FORMATS` and
            :data:`~codesign.exporting.HISTORY_FORMATS`.
        replace: Whether to replace an earlier export in the folder. Files that are not designs
            stay.
        finetuning: How the networks are fine-tuned before they are written; None leaves them
            as the controller generates them. It may be on another task than that of the run.
        blind: Whether networks with height samples get flat ground folded in when they are written.
        printing: Settings of printable parts; None for the usual ones.

    Returns:
        The designs, with networks and scores if they were fine-tuned.

    Raises:
        UsageError: The folder is not empty or cannot be made.
        UsageError: The controller is missing, or is not the one that scored the run.
        UsageError: A format needs a package that is not installed.
        UsageError: There is nothing to fine-tune.

    Examples:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as parent:
        ...     run = RunFolder.create(Path(parent) / "run", Settings())
        ...     with run.database(read_only=True) as database:
        ...         out = Path(parent) / "out"
        ...         designs = export_run(run, database, out, formats=["phylogeny"])
        ...     print(designs, [file.name for file in out.iterdir()])
        [] ['phylogeny.csv']
    """
    require_packages(formats)
    settings = run.settings
    if chosen is None:
        ranked = enumerate(database.best(top or settings.top), start=1)
        chosen = {f"design-{rank:02d}": candidate for rank, candidate in ranked}
    variants = [candidate.final.variant for candidate in chosen.values()]
    if finetuning is not None:  # it begins anew, with the generated networks
        chosen = {name: replace_fields(each, finetuned=None) for name, each in chosen.items()}
    best, family = list(chosen.values()), phylogeny(database)
    needs_networks = not CONTROLLER_FORMATS.isdisjoint(formats)
    designs = [
        _design(name, candidate, variant, family, run, needs_network=needs_networks)
        for (name, candidate), variant in zip(chosen.items(), variants, strict=True)
    ]
    rollout = _rollout(best, run, None if finetuning is None else finetuning.task, blind)
    if rollout is not None and needs_networks:
        load_scored_with(
            rollout.controller,
            best[0].final.controller_hash,
            remedy="--format mjcf,json needs no controller",
        )
    with (
        finetuned(designs, rollout, finetuning, folder=folder) as (tuned, tuned_rollout),
        new_folder(folder, replace=DESIGN_FILES if replace else None) as draft,
    ):
        tuned = write_designs(tuned, draft, formats, tuned_rollout, printing)
        if best and not set(formats).isdisjoint(DESIGN_FORMATS):
            rows = [candidate_row(*pair) for pair in zip(tuned, best, strict=True)]
            write_design_table(rows, draft / DESIGN_TABLE)
        write_history(database, draft, formats=formats)
    return tuned


def scored_task(settings: Settings) -> str | None:
    """The task of a run whose episodes come with its designs; None if all of them are own code.

    Args:
        settings: Settings of the run.

    Examples:
        >>> scored_task(Settings(task="csr"))
        'csr'
    """
    names = _known_tasks(settings)
    return SCENE_TASK if SCENE_TASK in names else next(iter(names), None)


def _known_tasks(settings: Settings) -> tuple[str, ...]:
    """The tasks of a run that are not somebody's own code."""
    return tuple(name for name in settings.task_names if not is_plugin(name))


def _design(
    name: str,
    candidate: Candidate,
    variant: int,
    family: nx.DiGraph[int],
    run: RunFolder,
    *,
    needs_network: bool,
) -> Design:
    """A candidate as a design, with the network that it learned, if it did and that is needed."""
    learned = {} if candidate.finetuned is None else candidate.finetuned.metrics
    return Design(
        name=name,
        graph=candidate.graph,
        variant=variant,
        network=run.own_network(candidate) if needs_network else None,
        # Both of the variant that it learned from.
        scores=(learned["best_of_score"], candidate.final.score) if learned else None,
        tuned=(run.settings.task, int(learned["finetune_steps"])) if learned else None,
        origin=candidate_origin(candidate, family, run.settings),
    )


def _rollout(
    best: Sequence[Candidate], run: RunFolder, task: str | None, blind: bool
) -> DesignRollout | None:
    """The controller, and the episodes of the best score; None where the task is unknown.

    A fine-tuning has one task, whose world alone comes with the designs.
    """
    tasks = _known_tasks(run.settings) if run.settings.tasks and task is None else ()
    task = task or scored_task(run.settings)
    if not best or task is None:
        return None
    # (a pooled record has episodes of several seeds)
    seed, episodes = best[0].final.of_each_seed[0]
    return DesignRollout(
        controller=run.controller_of(best[0]),
        task=task,
        tasks=tasks,
        blind=blind,
        seed=seed,
        episodes=episodes,
    )
