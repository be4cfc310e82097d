"""What a body gains from control steps of its own, in several ways.

    python benchmarks/learning_curves.py FOLDER... --out OUT [--bodies 24] [--way WAY]...

Every FOLDER of robots is a group. The table shows the mean return over the bodies of a group, and
the share of them that fail (below 100, which is two meters), after so many control steps a body:

    variants     the best of 1, 8 and 16 controller variants
    context      CMA-ES on factors of the context, from which the network is generated
    output       CMA-ES on the output layer of the generated network
    ppo          PPO of the whole generated network
    scratch      the same PPO and shape of network, from random weights

Moments of the last two are those of one training, as long as the last moment. The returns are of
episodes that chose nothing. What is in OUT is not run again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeAlias

import click
import networkx as nx
import numpy as np
from cmaes import CMA, SepCMA
from kept_options import keep_options
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from hyperdistill_core.checkpoint_file import load_checkpoint, save_checkpoint
from hyperdistill_core.controller import Controller, select_variant
from hyperdistill_core.controller.checkpoints import find
from hyperdistill_core.evaluation.evaluation import score_policies
from hyperdistill_core.features import BodyLayout, context_features
from hyperdistill_core.nets.mlp import BodyMLP
from hyperdistill_core.parallel import map_in_workers
from hyperdistill_core.rollout import Rollout, rollout
from hyperdistill_core.tasks import get_task
from hyperdistill_core.training.finetuning import FineTuneSettings
from hyperdistill_core.training.finetuning.specialist_policies import (
    load_specialists,
    specialist_policy,
)
from hyperdistill_core.training.ppo import TeacherTrainer
from hyperdistill_core.training.teacher_file import KIND
from hyperdistill_core.training.training_sets import TrainingSet
from morph_ops._text_file import write_text
from morph_ops.identity import body_hash
from morph_ops.io import read_body

TASK, EPISODES = "flat", 8
#: Control steps of a body after which it is scored.
MOMENTS = (5_000, 23_000, 60_000, 150_000, 500_000)
#: Evolution strategies end here; they take 12 samples a generation, an episode each.
ES_MOMENTS, POPSIZE = MOMENTS[:3], 12
#: First spread of the logarithms of context factors, and of output weights against their own.
CONTEXT_SPREAD, OUTPUT_SPREAD = 0.1, 0.1
#: Seed of the episodes that choose nothing.
FRESH = 1_000_000
#: A body below this mean return fails.
FAILING = 100.0

#: Control steps of a body, and the networks of all bodies after them.
Networks: TypeAlias = list[tuple[float, list[BodyMLP]]]


def train(
    graphs: Sequence[nx.DiGraph[str]],
    settings: FineTuneSettings,
    folder: Path,
    *,
    start: Path | None,
    moments: Sequence[int],
) -> Networks:
    """Networks after some control steps of PPO, all bodies side by side.

    Args:
        graphs: The bodies.
        settings: Settings of the training.
        folder: Folder of the checkpoints; a training that is there goes on.
        start: Controller that generates the first networks; None for random ones.
        moments: Control steps of a body after which its network is wanted.
    """
    ppo = settings.ppo(len(graphs))
    if start is None:  # the shape of the networks that controllers generate
        ppo = ppo.replace(layers=1, clock_harmonics=3)
    trainer = TeacherTrainer(
        TrainingSet(tuple(graphs), ("sampled",) * len(graphs)), ppo, folder, initialize_from=start
    )
    files = {moment: folder / f"after-{moment}.safetensors" for moment in moments}

    def keep(_row: dict[str, float] | None = None) -> None:
        for moment, file in files.items():
            if trainer.steps_done >= moment * len(graphs) and not file.exists():
                arrays, meta = load_checkpoint(folder / "teacher.safetensors", kind=KIND)
                own = {name: each for name, each in arrays.items() if name.startswith("network.")}
                save_checkpoint(file, own, meta)

    keep()  # (the last process may have ended between the checkpoint and its copy)
    trainer.train(report=keep)
    networks: Networks = []
    for file in files.values():
        _, meta = load_checkpoint(file, kind=KIND)
        network, normalization = load_specialists(file)
        policies = [
            specialist_policy(network, normalization, body, graph, TASK)
            for body, graph in enumerate(graphs)
        ]
        networks.append((meta["steps"] / len(graphs), policies))
    return networks


def by_ppo(
    graphs: Sequence[nx.DiGraph[str]], controller: str, out: Path, *, generated: bool, workers: int
) -> Networks:
    """Networks of the ways ``ppo`` and ``scratch``."""
    settings = FineTuneSettings(task=TASK, steps_per_body=MOMENTS[-1], n_workers=workers)
    start = find(controller) if generated else None
    return train(graphs, settings, out, start=start, moments=MOMENTS)


class Variants:
    """The way ``variants``, in a worker: (control steps, network) of one body, in turn."""

    def __init__(self, controller: str) -> None:
        self._controller, self._task = Controller.load(controller), get_task(TASK)

    def __call__(self, graph: nx.DiGraph[str]) -> list[tuple[int, BodyMLP]]:
        """Select among 1, 8 and 16 variants."""
        found: list[tuple[int, BodyMLP]] = []
        for best_of in (1, 8, 16):
            spent: list[int] = []

            def run(*args: object, _spent: list[int] = spent, **options: object) -> Rollout:
                result = rollout(*args, **options)  # pyright: ignore[reportArgumentType]
                _spent.append(int(result.lengths.sum()))
                return result

            variant = select_variant(
                graph, self._controller, task=self._task, best_of=best_of, run=run
            )
            network = self._controller.for_body(graph, self._task.model(graph), variant=variant)
            found.append((sum(spent), network))
        return found


class Evolution:
    """The ways ``context`` and ``output``, in a worker: networks of one body by CMA-ES."""

    def __init__(self, controller: str, *, of_context: bool, moments: Sequence[int]) -> None:
        self._controller, self._task = Controller.load(controller), get_task(TASK)
        self._of_context, self._moments = of_context, moments

    def __call__(self, graph: nx.DiGraph[str]) -> list[tuple[int, BodyMLP]]:
        """The mean of the search at the moments."""
        make, size = self._family(graph)
        kind, spread = (CMA, CONTEXT_SPREAD) if self._of_context else (SepCMA, OUTPUT_SPREAD)
        search = kind(mean=np.zeros(size), sigma=spread, population_size=POPSIZE, seed=0)
        found, done, generation = [(0, make(np.zeros(size)))], 0, 0
        for moment in self._moments:
            while done < moment:
                solutions: list[tuple[NDArray[np.float64], float]] = []
                for _ in range(POPSIZE):
                    tried = search.ask()
                    result = rollout(
                        graph, make(tried), task=self._task, episodes=1, seed=1 + generation
                    )
                    done += int(result.lengths.sum())
                    solutions.append((tried, -result.score))
                search.tell(solutions)
                generation += 1
            found.append((done, make(np.array(search.mean))))
        return found

    def _family(
        self, graph: nx.DiGraph[str]
    ) -> tuple[Callable[[NDArray[np.float64]], BodyMLP], int]:
        """The network of a vector, which is the generated one for zeros, and the vector's size."""
        controller, model = self._controller, self._task.model(graph)
        if self._of_context:
            context = context_features(graph, model, kind=controller.context)
            actions = BodyLayout.from_graph(graph, model).actions
            return (
                lambda vector: controller.body_mlp(
                    (context * np.exp(vector)).astype(context.dtype), actions
                ),
                context.shape[1],
            )
        generated = controller.for_body(graph, model)
        weight, bias = generated.weights[-1], generated.biases[-1]
        size = float(np.std(weight))

        def with_output(vector: NDArray[np.float64]) -> BodyMLP:
            of_weight, of_bias = np.split(size * vector, [weight.size])
            return BodyMLP(
                n_nodes=generated.n_nodes,
                offset=generated.offset,
                limit=generated.limit,
                weights=[
                    *generated.weights[:-1],
                    weight + of_weight.reshape(weight.shape),
                ],
                biases=[*generated.biases[:-1], bias + of_bias],
                clock_harmonics=generated.clock_harmonics,
            )

        return with_output, weight.size + bias.size


WAYS = ("variants", "ppo", "scratch", "context", "output")


def curve(
    way: str, graphs: Sequence[nx.DiGraph[str]], controller: str, out: Path, *, workers: int
) -> list[tuple[float, list[float]]]:
    """(control steps a body, returns of the bodies) at every moment of a way."""
    file = out / "returns.json"
    if file.exists():
        return [(steps, returns) for steps, returns in json.loads(file.read_text())]
    out.mkdir(parents=True, exist_ok=True)
    if way in ("variants", "context", "output"):
        setup = partial(Variants, controller)
        if way != "variants":
            context = way == "context"
            setup = partial(Evolution, controller, of_context=context, moments=ES_MOMENTS)
        of_bodies = list(map_in_workers(setup, graphs, workers=workers))
        moments = [
            (float(np.mean([steps for steps, _ in each])), [network for _, network in each])
            for each in zip(*of_bodies, strict=True)
        ]
    else:
        moments = by_ppo(graphs, controller, out, generated=way == "ppo", workers=workers)
    score = partial(score_policies, task=TASK, episodes=EPISODES, seed=FRESH, n_workers=workers)
    returns = [
        (steps, score(list(zip(graphs, each, strict=True))).tolist()) for steps, each in moments
    ]
    write_text(file, json.dumps(returns))
    return returns


def table(curves: dict[tuple[str, str], list[tuple[float, list[float]]]], title: str) -> Table:
    """The table of all groups and ways."""
    made = Table(title=title)
    for name in ("group", "way"):
        made.add_column(name)
    for name in ("control steps a body", "mean return", "failing"):
        made.add_column(name, justify="right")
    for (group, way), moments in curves.items():
        for steps, returns in moments:
            scores = np.array(returns)
            failing = float((scores < FAILING).mean())
            made.add_row(group, way, f"{steps:,.0f}", f"{scores.mean():,.0f}", f"{failing:.0%}")
    return made


@click.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of results.")
@click.option("--bodies", default=24, show_default=True, help="Bodies of each group.")
@click.option("--way", "ways", multiple=True, type=click.Choice(WAYS), help="Only this way.")
@click.option("--controller", default="flat-v3", show_default=True)
@click.option("--workers", default=2, show_default=True)
def main(
    *,
    folders: Sequence[Path],
    out: Path,
    bodies: int,
    ways: Sequence[str],
    controller: str,
    workers: int,
) -> None:
    """Run what is missing, and print the table."""
    if len({folder.name for folder in folders}) < len(folders):
        raise click.BadParameter("expected folders of different names", param_hint="FOLDER")
    curves: dict[tuple[str, str], list[tuple[float, list[float]]]] = {}
    for way in ways or WAYS:
        for folder in folders:
            files = sorted([*folder.glob("*.xml"), *folder.glob("*.json")])
            chosen = np.linspace(0, len(files) - 1, min(bodies, len(files))).astype(int)
            graphs = [read_body(files[number]) for number in chosen]
            group = out / f"{controller}-{folder.name}-{len(graphs)}"
            keep_options(group, {"bodies": " ".join(map(body_hash, graphs))})
            own = group / way
            curves[folder.name, way] = curve(way, graphs, controller, own, workers=workers)
    title = f"{controller}, {TASK}, {EPISODES} episodes, at most {bodies} bodies a group"
    Console(width=100).print(table(curves, title))


if __name__ == "__main__":
    main()
