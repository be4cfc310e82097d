"""Can the critic of a training screen children before they are simulated?

    python benchmarks/critic_screen.py RUN --out DIR [--bodies 128] [--steps 1000000]

A critic learns the returns of bodies of the first half of a run, while the controller stays as it
is. It then says what the children of the second half are worth in their starting poses, without
a control step. The table compares it with two other screens of the same children:

    critic           its value in the starting pose, mean over the simulations
    parent           score of the first parent, which costs nothing
    N control steps  return of one episode that ends after N control steps

    Spearman         rank correlation with the children's scores, with its 95% interval
    best quarter     share of the best quarter by score that is in the best quarter by the screen;
                     0.25 is chance
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click
import networkx as nx
import numpy as np
import torch
from kept_options import keep_options
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from codesign.store import Candidate, RunFolder
from hyperdistill_core.controller import Controller
from hyperdistill_core.controller.checkpoints import find
from hyperdistill_core.evaluation.statistics import bootstrap_interval, spearman
from hyperdistill_core.parallel.vector_env import VectorEnv
from hyperdistill_core.rollout import rollout
from hyperdistill_core.tasks import get_task
from hyperdistill_core.training.body_batch import BodyBatch, BodyInputs, ObservationEncoder
from hyperdistill_core.training.ppo import PPOSettings, TeacherTrainer
from hyperdistill_core.training.training_sets import TrainingSet

TASK, HORIZON, SIMULATIONS, SEED = "flat", 64, 4, 0
#: Lengths of the short episodes (control steps).
SHORT = (25, 100)


def trained_critic(
    graphs: Sequence[nx.DiGraph[str]], controller: str, steps: int, folder: Path
) -> TeacherTrainer:
    """A training in which only the critic learned."""
    settings = PPOSettings(
        teacher="generalist",
        observation="state",
        context=Controller.load(controller).context,
        task=TASK,
        horizon=HORIZON,
        n_active=len(graphs),
        n_envs=SIMULATIONS,
        steps=steps,
        critic_steps=steps,
        critic_lr=1e-3,
        action_std=0.1,
        final_action_std=0.1,
        replaced_per_update=0,
        average_last=0.0,
        precision="float32",
        seed=SEED,
    )
    bodies = TrainingSet(tuple(graphs), ("evolved",) * len(graphs))
    trainer = TeacherTrainer(bodies, settings, folder, initialize_from=find(controller))
    trainer.train(
        report=lambda row: print(
            f"{row['steps']:,.0f} steps, explained variance {row['explained_variance']:.2f}"
        )
    )
    return trainer


@torch.no_grad()
def values(trainer: TeacherTrainer, graphs: Sequence[nx.DiGraph[str]]) -> NDArray[np.float64]:
    """Value of each body in its starting pose."""
    task, n_max = get_task(TASK), max(map(len, graphs))
    context = trainer.settings.context
    batch = BodyBatch([BodyInputs.of(g, task, kind=context) for g in graphs], n_max=n_max)
    device = torch.device("cpu")
    encoder = ObservationEncoder(
        trainer.network, trainer.state_moments.normalization(), batch, device
    )
    options = {"task": TASK, "n_envs": SIMULATIONS, "n_max": n_max, "n_workers": 1, "seed": SEED}
    with VectorEnv(graphs, **options) as env:
        every = slice(0, len(graphs))
        actor = trainer.network.for_bodies(batch.bodies, every)
        observation, phase = encoder(env.state, np.zeros(env.state.shape[:2]), every)
        _, value = actor(observation, clock_phase=phase)
    return value.numpy().mean(axis=1).astype(np.float64)


def short_returns(
    graphs: Sequence[nx.DiGraph[str]], controller: str, steps: int
) -> NDArray[np.float64]:
    """Return of one short episode of each body."""
    loaded, task = Controller.load(controller), replace(get_task(TASK), max_steps=steps)
    scores = [
        rollout(g, loaded.for_body(g, task.model(g)), task=task, episodes=1, seed=SEED).score
        for g in graphs
    ]
    return np.array(scores)


def table(screens: dict[str, NDArray[np.float64]], scores: NDArray[np.float64]) -> Table:
    """The table of all screens."""
    made = Table(title=f"{len(scores)} children")
    made.add_column("screen")
    for name in ("Spearman", "95% interval", "best quarter"):
        made.add_column(name, justify="right")
    quarter = len(scores) // 4
    best = set(np.argsort(-scores)[:quarter].tolist())
    for name, found in screens.items():
        low, high = bootstrap_interval(spearman, found, scores)
        shared = best & set(np.argsort(-found)[:quarter].tolist())
        ranked = f"{spearman(found, scores):.2f}"
        made.add_row(name, ranked, f"{low:.2f} .. {high:.2f}", f"{len(shared) / quarter:.2f}")
    return made


def distinct(candidates: Sequence[Candidate], count: int) -> list[Candidate]:
    """At most so many candidates of different bodies that simulate, evenly spaced."""
    known = {c.hash: c for c in reversed(candidates) if c.result.status == "ok"}
    found = sorted(known.values(), key=lambda c: c.number)
    chosen = np.unique(np.linspace(0, len(found) - 1, min(count, len(found))).astype(int))
    return [found[number] for number in chosen]


@click.command()
@click.argument("run", type=click.Path(exists=True, path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of the critic.")
@click.option("--bodies", default=128, show_default=True, help="Bodies that the critic knows.")
@click.option("--children", default=256, show_default=True, help="Most children to screen.")
@click.option("--steps", default=1_000_000, show_default=True, help="Control steps of the critic.")
def main(*, run: Path, out: Path, bodies: int, children: int, steps: int) -> None:
    """Train the critic where that has not happened yet, and print the table."""
    keep_options(out, {"run": run.resolve(), "bodies": bodies, "steps": steps})
    folder = RunFolder(run)
    with folder.database(read_only=True) as database:
        everyone = database.candidates()
    controller = str(folder.settings.controller)
    half = len(everyone) // 2
    born = [c for c in everyone[half:] if c.parents and c.duplicate_of is None]
    known, tested = distinct(everyone[:half], bodies), distinct(born, children)
    trainer = trained_critic([c.graph for c in known], controller, steps, out)
    graphs = [c.graph for c in tested]
    screens = {"critic": values(trainer, graphs)}
    screens["parent"] = np.array([everyone[c.parents[0]].result.score for c in tested])
    for count in SHORT:
        screens[f"{count} control steps"] = short_returns(graphs, controller, count)
    Console(width=100).print(table(screens, np.array([c.result.score for c in tested])))


if __name__ == "__main__":
    main()
