"""Reports: runs as pages."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from codesign.api import replays
from codesign.api.arguments import require_arguments_at_least
from codesign.api.run import Run
from codesign.errors import UsageError
from codesign.exporting.design_table import DESIGN_TABLE
from codesign.store.atomic import new_file
from morph_ops._registry import is_plugin

if TYPE_CHECKING:
    from codesign.report.comparison import RunPart

#: Name of the page in a run folder, and of one about several runs.
PAGE, COMPARISON = "report.html", "comparison.html"
#: Endings of a page.
_ENDINGS = (".html", ".htm")
#: Seconds after which a browser reads the page of a run that goes on again.
REFRESH_S = 20
#: Most runs of one page: each has pictures of its best design.
MOST_RUNS = 64
#: Mark of a page of ours, and number of characters in which it comes.
_MARK, _HEAD = '<meta name="generator" content="codesign">', 2000


def write_report(
    runs: str | Path | Run | Sequence[str | Path | Run],
    out: str | Path | None = None,
    *,
    top: int | None = None,
    tuned: str | Path | None = None,
) -> Path:
    """Write what a run found as an HTML page that stands alone, or compare several runs.

    The page of one run has its best designs with pictures, gaits and files; fitness, diversity and
    alarms; the success of operators; its Pareto front or archive; the ancestors of the winners; and
    its settings. The page of several runs has their curves, with intervals over seeds where runs
    differ in nothing else, their best designs, and the settings that differ. A page needs no
    network, and no graphics driver to be made. It can be made while a run goes on.

    Args:
        runs: Run folder or run, or several of them.
        out: The page to write; by default ``report.html`` in the run folder, or
            ``comparison.html`` in the current folder for several runs. Where it lies in the run
            folder it links to the files of the designs.
        top: Number of best designs of one run; its setting ``top`` by default.
        tuned: Folder that ``codesign finetune RUN`` wrote, for the scores after fine-tuning.

    Returns:
        The page.

    Raises:
        UsageError: There is no such run, ``out`` cannot be written or is no page of codesign, or
            an option does not fit several runs.

    Examples:
        >>> import codesign
        >>> codesign.write_report("runs/first")  # doctest: +SKIP
        PosixPath('runs/first/report.html')
        >>> codesign.write_report(["runs/a", "runs/b"], "both.html")  # doctest: +SKIP
        PosixPath('both.html')
    """
    one = isinstance(runs, str | Path | Run)
    found = [run if isinstance(run, Run) else Run(run) for run in ([runs] if one else runs)]
    require_arguments_at_least(1, top=top)
    if not found:
        raise UsageError("runs: expected at least one run folder, got none")
    if len(found) > MOST_RUNS:
        raise UsageError(f"runs: expected at most {MOST_RUNS} runs a page, got {len(found)}")
    if len(found) > 1 and (top is not None or tuned is not None):
        raise UsageError("top and tuned apply to the page of one run: leave them out")
    if len({run.path.resolve() for run in found}) < len(found):
        raise UsageError("runs: expected runs that differ, got one of them twice")
    page = Path(out) if out is not None else _usual(found)
    _require_own(page)
    if page.suffix.lower() not in _ENDINGS:
        raise UsageError(f"{page}: expected a file that ends with {' or '.join(_ENDINGS)}")
    date = datetime.now().strftime("%Y-%m-%d, %H:%M")
    if len(found) > 1:
        text = _comparison(found, page, date)
    else:
        text = _report(found[0], page, date, top=top, tuned=None if tuned is None else Path(tuned))
    with new_file(page) as draft:
        draft.write_text(text, "utf-8")
    return page


def _usual(runs: Sequence[Run]) -> Path:
    return runs[0].path / PAGE if len(runs) == 1 else Path(COMPARISON)


def _report(run: Run, page: Path, date: str, *, top: int | None, tuned: Path | None) -> str:
    if tuned is not None and any(candidate.finetuned for candidate in run.best(top)):
        raise UsageError(
            "tuned: the finalists of this run have learned already, and the page shows their "
            "scores: leave it out"
        )
    # Imported late: a report draws bodies, which needs SciPy's geometry.
    from codesign.report import content_of, report_page

    status = run.status
    with run.database() as database:
        content = content_of(
            database,
            run.settings,
            run=run.path,
            page=page,
            designs=run.designs,
            state=status.state,
            top=run.settings.top if top is None else top,
            finetuned={} if tuned is None else _finetuned(tuned, run.settings.task_names),
        )
    refresh_s = REFRESH_S if content.going else None
    beside = page.resolve().parent == run.path.resolve() and (run.path / replays.FILE).is_file()
    return report_page(
        content,
        shown_path=quote(str(run.path)),
        date=date,
        refresh_s=refresh_s,
        replay=replays.FILE if beside else None,
    )


def _comparison(runs: Sequence[Run], page: Path, date: str) -> str:
    from codesign.report import Pictures, compare, comparison_page, part_of

    pictures = Pictures()
    parts: list[RunPart] = []
    for place, run in enumerate(runs, start=1):
        with run.database() as database:
            part = part_of(
                database,
                run.settings,
                place=place,
                run=run.path,
                page=page,
                pictures=pictures,
            )
        parts.append(part)
    return comparison_page(compare(parts), sprite=pictures.sprite(), date=date)


def _finetuned(folder: Path, tasks: Sequence[str]) -> Mapping[int, tuple[float, float]]:
    """Scores before and after fine-tuning on the task of a run, by number of the candidate."""
    table = folder / DESIGN_TABLE
    try:
        with table.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        trained_on = {row["finetune_task"] for row in rows}
        scores = {
            int(row["candidate"]): (float(row["zero_shot_score"]), float(row["finetuned_score"]))
            for row in rows
        }
    except (OSError, UnicodeDecodeError, KeyError, TypeError, ValueError, csv.Error):
        raise UsageError(
            f"tuned: expected a folder that 'codesign finetune RUN --out DIR' wrote, with scores "
            f"in {DESIGN_TABLE}, got {folder}"
        ) from None
    _require_task_of_run(folder, trained_on, tasks)
    return scores


def _require_task_of_run(folder: Path, trained_on: set[str], tasks: Sequence[str]) -> None:
    """Refuse scores of another task beside those of the run."""
    from hyperdistill_core.tasks import get_task

    # A task of somebody's own code has the name that it was called by.
    own = {name if is_plugin(name) else get_task(name).name for name in tasks}
    if len(own) > 1 or not trained_on <= own:
        raise UsageError(
            f"tuned: expected scores on the task of the run, {', '.join(sorted(own))}, got those "
            f"of {folder} on {', '.join(sorted(trained_on))}: they do not compare"
        )


def _require_own(page: Path) -> None:
    """Refuse to replace a file that is no page of ours.

    Raises:
        UsageError: There is another file, or a folder.
    """
    if page.is_dir():
        raise UsageError(f"--out: expected a file to write, got the folder {page}")
    if not page.exists():
        return
    try:
        with page.open(encoding="utf-8") as file:
            own = _MARK in file.read(_HEAD)
    except (OSError, UnicodeDecodeError):
        own = False
    if not own:
        raise UsageError(f"{page} exists and is no page of codesign: choose another name")
