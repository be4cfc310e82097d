"""``codesign controller calibrate``: do zero-shot scores rank bodies as training would?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from codesign.cli.controller.files import robots_in
from codesign.cli.options import FOLDER, IntRange, set_option, threads_option
from codesign.cli.text import echo
from codesign.threads import torch_threads

if TYPE_CHECKING:
    from hyperdistill_core.training.finetuning import FineTuneResult


@click.command()
@click.argument("controller", metavar="NAME|FILE")
@click.argument("folders", nargs=-1, required=True, type=FOLDER, metavar="FOLDER...")
@click.option(
    "--out", required=True, type=FOLDER, help="Folder of the training, the figures and the plot."
)
@click.option(
    "--top",
    default=10,
    show_default=True,
    type=IntRange(min=1),
    metavar="K",
    help="Compare the K best bodies before and after the training.",
)
@threads_option(2)
@set_option("calibration", "steps_per_body=100000")
def calibrate(
    controller: str,
    folders: tuple[Path, ...],
    out: Path,
    top: int,
    threads: int,
    assignments: tuple[str, ...],
) -> None:
    """Measure how well zero-shot scores rank bodies.

    The network of every robot in the folders is fine-tuned on its own body. Rank correlations
    between the scores before and after say how far a search can trust zero-shot scores.
    """
    from codesign.scoring.task_words import task_words
    from hyperdistill_core.evaluation import calibration
    from hyperdistill_core.settings import changed
    from morph_ops._text_file import write_text

    click.get_current_context().with_resource(torch_threads(threads))
    settings = changed(calibration.CalibrateSettings(), assignments)
    words = task_words(settings.task)
    splits = [(folder.name, robots_in(folder)) for folder in folders]
    graphs = [graph for _, split in splits for graph in split]
    names = [name for name, split in splits for _ in split]
    result = calibration.calibrate(
        graphs,
        controller,
        settings,
        out,
        report=lambda row: echo(
            f"{row['steps']:,.0f} steps, {row['seconds'] / 60:.0f} min: "
            f"{words.reward_text(row['reward'])}, kl {row['kl']:.4f}"
        ),
    )
    figures = agreement(result, top=min(top, len(graphs)))
    record = {
        "figures": figures,
        "splits": names,
        "zero_shot": result.zero_shot.tolist(),
        "trained": result.trained.tolist(),
        "at the end": result.at_the_end.tolist(),
    }
    write_text(out / "calibration.json", json.dumps(record, indent=2) + "\n")
    plot(result, names, out / "calibration.png")
    for name, value in figures.items():
        echo(f"{name}: {value:.3f}" if isinstance(value, float) else f"{name}: {value}")
    echo(f"figures and plot in {out}")


def agreement(result: FineTuneResult, *, top: int) -> dict[str, Any]:
    """Figures of a calibration: rank correlations with 95% intervals, overlap of the best.

    Args:
        result: Scores before and after the training.
        top: Number of best bodies whose overlap is counted.
    """
    from hyperdistill_core.evaluation.statistics import (
        bootstrap_interval,
        kendall,
        spearman,
        top_overlap,
    )

    before, after = result.zero_shot, result.trained
    return {
        "bodies": len(before),
        "spearman": spearman(before, after),
        "spearman 95%": [round(end, 3) for end in bootstrap_interval(spearman, before, after)],
        "kendall": kendall(before, after),
        "kendall 95%": [round(end, 3) for end in bootstrap_interval(kendall, before, after)],
        f"top {top} overlap": top_overlap(before, after, top),
        "mean zero-shot": float(before.mean()),
        "mean trained": float(after.mean()),
        "spearman with the end of training": spearman(before, result.at_the_end),
        "mean at the end of training": float(result.at_the_end.mean()),
    }


def plot(result: FineTuneResult, splits: list[str], path: Path) -> None:
    """Scatter plot of scores after training over zero-shot scores.

    Args:
        result: Scores before and after the training.
        splits: Split of each body; each has a color of its own.
        path: Image file to write.
    """
    from matplotlib.figure import Figure

    figure: Any = Figure(figsize=(6, 5), layout="constrained")
    axes = figure.subplots()
    for split in dict.fromkeys(splits):
        rows = [index for index, name in enumerate(splits) if name == split]
        axes.scatter(result.zero_shot[rows], result.trained[rows], label=split, s=18)
    both = [*result.zero_shot, *result.trained]
    axes.axline((min(both), min(both)), slope=1.0, color="gray", linewidth=0.8)
    axes.set_xlabel("return under the generated network")
    axes.set_ylabel("return after training on this body alone")
    axes.legend()
    figure.savefig(path, dpi=150)
