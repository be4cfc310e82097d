"""The reference bodies of campaigns over several tasks: the best of many sampled ones.

    python benchmarks/reference_bodies.py --out codesign/scoring/reference_bodies.json

Campaigns score these bodies on each of their tasks, to place the scores of all tasks on one scale.
"""

from __future__ import annotations

import json
from pathlib import Path

import click
import numpy as np

from codesign import defaults
from codesign.config import Racing
from codesign.scoring import ScoringPool, race_for_top
from morph_ops.io import json_file
from morph_ops.sampling import sample_body


@click.command()
@click.option("--bodies", default=8, show_default=True, help="Number of bodies to keep.")
@click.option("--sampled", default=2500, show_default=True, help="Number of bodies to sample.")
@click.option("--controller", default=defaults.CONTROLLER, show_default=True)
@click.option("--task", default=defaults.TASK, show_default=True)
@click.option("--episodes", default=4, show_default=True, help="Episodes of a score.")
@click.option("--workers", default=0, show_default=True)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="JSON file to write.")
def main(
    bodies: int, sampled: int, controller: str, task: str, episodes: int, workers: int, out: Path
) -> None:
    """Sample bodies, and write the best of them by their scores without training."""
    graphs = [sample_body(np.random.default_rng(seed)) for seed in range(sampled)]
    with ScoringPool(
        workers=workers, controller=controller, task=task, episodes=episodes, racing=Racing()
    ) as pool:
        records = race_for_top(graphs, pool, top=bodies)
    complete = [number for number in range(sampled) if records[number].status == "ok"]
    best = sorted(complete, key=lambda number: -records[number].score)[:bodies]
    for number in best:
        click.echo(f"seed {number}: score {records[number].score:.1f}")
    texts = [json_file.to_json(graphs[number]) for number in best]
    lines = ",\n".join(json.dumps(json.loads(text), separators=(",", ":")) for text in texts)
    out.write_text(f"[\n{lines}\n]\n", "utf-8")


if __name__ == "__main__":
    main()
