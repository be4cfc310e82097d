"""The elites of a run: a design for every kind of body."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from codesign import campaign
from codesign.api.arguments import require_arguments_at_least
from codesign.api.evolution import use_scales
from codesign.api.observer import Observer
from codesign.api.run import Run, check_formats
from codesign.campaign import Elites
from codesign.campaign.algorithms import new_algorithm
from codesign.errors import UsageError
from codesign.exporting import DESIGN_FORMATS, USUAL_FORMATS, export_run
from codesign.exporting.extras import require_packages
from codesign.scoring import ScoringPool
from codesign.store import RunFolder
from codesign.store.atomic import new_folder

#: Name of the table of the elites.
TABLE = "elites.csv"


def export_elites(
    run: str | Path | Run,
    out: str | Path,
    *,
    descriptors: Sequence[str] | None = None,
    bins: int | None = None,
    formats: Sequence[str] = USUAL_FORMATS,
    workers: int | None = None,
    on_body: Callable[[int], None] = lambda done: None,
) -> Elites:
    """Write the best body of every cell of a grid of descriptors, as a design.

    Every run has elites, whatever its algorithm. An elite is scored over fresh episodes, the same
    for all, before it counts as the best of its cell: the best score in a search is a lucky one.

    Args:
        run: Run folder, or the run.
        out: Folder; it must not exist, or be empty. It gets a folder for each elite, such as
            ``cell-03-07``; ``designs.csv``, the table of their scores; and ``elites.csv``, the
            table of the cells.
        descriptors: Names of 1 to 4 descriptors; the setting ``descriptors`` of the run by default.
        bins: Number of cells along each, 2 to 1000; the setting ``bins`` by default.
        formats: Formats of each design, as for :func:`codesign.export`.
        workers: Number of worker processes; the setting ``workers`` by default.
        on_body: Called with the number of bodies that were scored.

    Returns:
        The elites, with coverage and QD score.

    Raises:
        UsageError: There is no such run, it is empty, the folder is taken, or the run of somebody
            else names what runs code; the controller is not that of the search, or a format needs a
            package that is not installed.
        UnknownNameError: There is no such descriptor or format.

    Examples:
        >>> import tempfile
        >>> import codesign
        >>> few = codesign.Settings(population=2, generations=0, episodes=1, workers=0, top=1)
        >>> few = few.replace(finalists=1, reevaluation_episodes=1)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     run = codesign.evolve(few, out=f"{folder}/run")
        ...     found = codesign.export_elites(run.path, f"{folder}/elites", formats=["json"])
        >>> found.descriptors, 1 <= len(found.elites) <= 2, 0.01 <= found.coverage <= 0.02
        (('limbs', 'height'), True, True)
    """
    folder, out = RunFolder(run.path if isinstance(run, Run) else Path(run)), Path(out)
    check_formats(formats, finetune=0)
    if not set(formats) <= set(DESIGN_FORMATS):
        raise UsageError(f"formats: expected formats of designs, got {', '.join(formats)}")
    require_packages(formats)
    require_arguments_at_least(0, workers=workers)
    own = folder.settings
    folder.require_trusted(own, {})
    changed = {} if descriptors is None else {"descriptors": list(descriptors)}
    changed |= {} if bins is None else {"bins": bins}
    axes = own.replace(**changed)
    settings = own.replace(workers=own.workers if workers is None else workers, cluster=None)
    with folder.database(read_only=True) as database, new_folder(out) as draft:
        best = database.best_in_search(1)
        if not best:
            raise UsageError(f"{folder.path} has no body that could be simulated")
        with ScoringPool.of_campaign(settings) as pool:
            use_scales(settings, pool, database.initial_provenance(), Observer())
            pool.use_controller(folder.controller_of(best[0]))
            found = campaign.find_elites(
                database,
                settings,
                pool,
                criteria=new_algorithm(own).criteria(),
                descriptors=axes.descriptors,
                bins=axes.bins,
                on_body=on_body,
            )
        # (no elite by a network of its own: these would compare with no other)
        chosen = {each.name: replace(each.candidate, finetuned=None) for each in found.elites}
        export_run(folder, database, draft, chosen=chosen, formats=formats)
        _write_table(found, draft / TABLE)
    return found


def _write_table(found: Elites, path: Path) -> None:
    """Write a row for each elite."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        parts = ("cell", "from", "to", "value")
        axes = [f"{name}_{part}" for name in found.descriptors for part in parts]
        writer.writerow(["design", "candidate", "score", "search_score", "best_in_search", *axes])
        for elite, best in zip(found.elites, found.search, strict=True):
            values: list[object] = []
            for axis, (cell, value) in enumerate(zip(elite.cell, elite.position, strict=True)):
                values += [cell, *found.bounds(axis, cell), value]
            candidate = elite.candidate
            writer.writerow(
                [elite.name, candidate.number, elite.score, candidate.score, best, *values]
            )
