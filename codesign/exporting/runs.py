"""Export of a run: its best designs, and its history."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

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
from codesign.store import Candidate, Database
from codesign.store.atomic import new_folder

#: Pattern of the files that an export of a run writes for its designs.
DESIGN_FILES = "design-*"


def export_run(
    database: Database,
    settings: Settings,
    folder: Path,
    *,
    top: int | None = None,
    formats: Sequence[str] = USUAL_FORMATS,
    replace: bool = False,
    finetuning: FineTuning | None = None,
    printing: PrintSettings | None = None,
) -> list[Design]:
    """Write the best designs of a run, a table of them, and the run's history.

    The designs are the folders ``design-01``, ``design-02``, ..., best first; ``designs.csv`` is
    their table. Their controllers are written if the run's task is the one of the exported scenes,
    with the episodes of the scores that the designs are ranked by.

    Args:
        database: The database of the run.
        settings: The settings of the run.
        folder: The folder to make. It must not exist, or be empty.
        top: Number of designs; None for the run's own setting ``top``.
        formats: Formats among :data:`~codesign.exporting.DESIGN_FORMATS` and
            :data:`~codesign.exporting.HISTORY_FORMATS`.
        replace: Whether to replace an earlier export in the folder. Files that are not designs
            stay.
        finetuning: How the networks are fine-tuned before they are written; None leaves them
            as the controller generates them.
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
        >>> from codesign.store import RunFolder
        >>> with tempfile.TemporaryDirectory() as parent:
        ...     run = RunFolder.create(Path(parent) / "run", Settings())
        ...     with run.database(read_only=True) as database:
        ...         out = Path(parent) / "out"
        ...         designs = export_run(database, run.settings, out, formats=["phylogeny"])
        ...     print(designs, [file.name for file in out.iterdir()])
        [] ['phylogeny.csv']
    """
    require_packages(formats)
    best = database.best(top or settings.top)
    family = phylogeny(database)
    designs = [
        Design(
            name=f"design-{rank:02d}",
            graph=candidate.graph,
            variant=candidate.variant,
            origin=candidate_origin(candidate, family, settings),
        )
        for rank, candidate in enumerate(best, start=1)
    ]
    rollout = _rollout(best, settings)
    if rollout is not None and not CONTROLLER_FORMATS.isdisjoint(formats):
        load_scored_with(
            settings.controller,
            best[0].result.controller_hash,
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


def _rollout(best: Sequence[Candidate], settings: Settings) -> DesignRollout | None:
    """The controller and the episodes of the best score; None if scenes lack the task's terrain."""
    if not best or settings.task != SCENE_TASK:
        return None
    record = best[0].reevaluation or best[0].result
    return DesignRollout(controller=settings.controller, seed=record.seed, episodes=record.episodes)
