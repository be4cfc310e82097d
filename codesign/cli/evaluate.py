"""``codesign controller evaluate``: returns by split, beside a teacher's on the same seeds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from codesign.cli.training import FILE, FOLDER, robots_in

COLUMNS = ("robots", "bodies", "return", "95% interval", "median", "worst", "best", "falls")
COLUMNS += ("failure rate",)


@click.command()
@click.argument("checkpoint", metavar="NAME|FILE")
@click.argument("folders", nargs=-1, type=FOLDER, metavar="[FOLDER]...")
@click.option(
    "--split", "splits", multiple=True, metavar="NAME=N", help="Make a split of N bodies."
)
@click.option("--teacher", type=FILE, help="A second checkpoint, on the same bodies and seeds.")
@click.option("--task", default="flat", show_default=True)
@click.option("--episodes", default=4, show_default=True, type=click.IntRange(min=1))
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0))
@click.option(
    "--best-of", default=1, show_default=True, type=click.IntRange(min=1), help="Variants tried."
)
@click.option("--workers", type=click.IntRange(min=1), help="Worker processes; one a core.")
@click.option("--json", "json_to", type=FILE, help="Write every body's returns here.")
@click.option(
    "--markdown", "markdown_to", type=FILE, help="Write the table here, for a model card."
)
def evaluate(
    checkpoint: str,
    folders: tuple[Path, ...],
    splits: tuple[str, ...],
    teacher: Path | None,
    task: str,
    episodes: int,
    seed: int,
    best_of: int,
    workers: int | None,
    json_to: Path | None,
    markdown_to: Path | None,
) -> None:
    """Returns of a controller, or of a teacher's checkpoint, on folders of robots and on
    splits made from a seed: sampled, children, mutants-1 .. mutants-5, limb-length,
    limb-angle, joint-range, mass, armature, damping, gear, or the groups mutants,
    kinematics, dynamics and all. The robots of the first folder are their parents.
    """
    from rich.console import Console
    from rich.table import Table

    from codesign.errors import UsageError
    from hyperdistill_core.evaluation.evaluation import evaluate as run
    from hyperdistill_core.evaluation.evaluation import paired_ratio, select_variants
    from hyperdistill_core.evaluation.splits import Entry, Split, make_splits
    from morph_ops._text_file import require_writable, write_text
    from morph_ops.identity import body_hash

    names = [folder.resolve().name for folder in folders]
    if len(set(names)) < len(names):
        raise UsageError(f"expected folders of different names, got {', '.join(names)}")
    for target in (json_to, markdown_to):
        if target is not None:
            require_writable(target)
    counts = dict(_count(split) for split in splits)
    given = [
        Split(name, tuple(Entry(f"{n}", graph) for n, graph in enumerate(robots_in(folder))))
        for name, folder in zip(names, folders, strict=True)
    ]
    made = make_splits(counts, robots=given[0].entries if given else (), seed=seed)
    if not given and not made:
        raise UsageError("nothing to evaluate on: name a FOLDER of robots, or --split sampled=40")
    checkpoints = {"": checkpoint} | ({"teacher": str(teacher)} if teacher else {})
    rows: list[list[str]] = []
    kept: dict[str, Any] = {}
    for split in (*given, *made):
        graphs = [entry.graph for entry in split.entries]
        results, tried = {}, {}
        for label, file in checkpoints.items():
            usual = {"task": task, "seed": seed, "n_workers": workers}
            variants = select_variants(graphs, file, best_of=1 if label else best_of, **usual)
            if not label:
                tried = {"best_of": best_of, "variants": variants}
            results[label] = run(graphs, file, episodes=episodes, variants=variants, **usual)
            rows.append(_row(f"{split.name} {label}".strip(), results[label].summary()))
        kept[split.name] = {
            **tried,
            "hashes": [body_hash(graph) for graph in graphs],
            "summary": results[""].summary(),
            "scores": results[""].scores.tolist(),
        }
        if teacher:
            share, low, high = paired_ratio(results[""].scores, results["teacher"].scores)
            rows.append([f"{split.name} ratio", "", f"{share:.2f}"])
            rows[-1] += [f"{low:.2f}..{high:.2f}", "", "", "", "", ""]
            kept[split.name] |= {
                "teacher_summary": results["teacher"].summary(),
                "teacher_scores": results["teacher"].scores.tolist(),
                "ratio": [share, low, high],
            }
    table = Table(*COLUMNS, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    Console().print(table)
    if json_to is not None:
        write_text(json_to, json.dumps(kept, indent=2) + "\n")
    if markdown_to is not None:
        lines = [COLUMNS, ["---"] * len(COLUMNS), *rows]
        write_text(markdown_to, "".join(f"| {' | '.join(line)} |\n" for line in lines))


def _count(split: str) -> tuple[str, int]:
    """Name and number of ``NAME=N``.

    Raises:
        UsageError: not of that form.
    """
    from codesign.errors import UsageError

    name, _, number = split.partition("=")
    if not number.isdecimal():
        raise UsageError(f"--split {split}: expected NAME=N, as sampled=40")
    return name, int(number)


def _row(name: str, summary: dict[str, float]) -> list[str]:
    return [
        name,
        f"{summary['bodies']}",
        f"{summary['mean']:.1f}",
        f"{summary['low']:.1f}..{summary['high']:.1f}",
        *(f"{summary[key]:.1f}" for key in ("median", "worst", "best")),
        f"{summary['falls']:.0%}",
        f"{summary['failure_rate']:.0%}",
    ]
