"""Fine-tune: the network of one design learns on, with a curve, until it is done or stopped."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import networkx as nx

from codesign.errors import UsageError
from codesign.studio.jobs import Channel
from codesign.studio.walking import Setting
from codesign.threads import torch_threads

if TYPE_CHECKING:
    from hyperdistill_core.nets.mlp import BodyMLP

__all__ = ["Curve", "Tuned", "fine_tune"]

#: Parts of a training after each of which its network is kept.
_CHECKPOINTS = 10


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A point of the curve of a training.

    Attributes:
        steps: Control steps so far.
        total: Control steps of the whole training.
        reward: Mean reward of a control step under action noise.
    """

    steps: int
    total: int
    reward: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Tuned:
    """What a training made of a network.

    Attributes:
        network: The best network, which may be the generated one.
        before: Score of the generated network.
        after: Score of ``network``, over episodes that chose nothing.
    """

    network: BodyMLP
    before: float
    after: float


class _StopError(BaseException):
    """The user ended the training."""


def fine_tune(
    channel: Channel,
    graph: nx.DiGraph[str],
    *,
    setting: Setting,
    variant: int = 0,
    steps: int = 300_000,
    simulations: int = 96,
    workers: int = 1,
    episodes: int = 8,
) -> None:
    """Train the network of a design on its own body; report :class:`Curve`, then :class:`Tuned`.

    Args:
        channel: Gets the reports; a stop from it ends the training, and what it has learned counts.
        graph: The design.
        setting: What it walks under.
        variant: Controller variant that its network starts from.
        steps: Control steps of the training.
        simulations: Number of simulations side by side.
        workers: Number of worker processes.
        episodes: Episodes of the scores before and after.

    Raises:
        UsageError: The training was stopped before anything was learned.
    """
    from hyperdistill_core.training.finetuning import FineTuneSettings, finetune

    def report(row: dict[str, float]) -> None:
        channel.send(Curve(steps=int(row["steps"]), total=steps, reward=row["reward"]))
        if channel.is_stopped():
            raise _StopError

    settings = FineTuneSettings(
        task=setting.task,
        steps_per_body=steps,
        n_envs=simulations,
        checkpoints=_CHECKPOINTS,
        n_workers=workers,
        seed=setting.seed,
        episodes=episodes,
    )
    with TemporaryDirectory() as scratch, torch_threads(workers):
        folder = Path(scratch)
        try:
            result = finetune(
                [graph], setting.controller, settings, folder, variants=[variant], report=report
            )
        except _StopError:
            tuned = _of_checkpoints(folder, graph, setting, variant, episodes)
        else:
            before, after = float(result.zero_shot[0]), float(result.trained[0])
            tuned = Tuned(network=result.networks[0], before=before, after=after)
    channel.send(tuned)


def _of_checkpoints(
    folder: Path,
    graph: nx.DiGraph[str],
    setting: Setting,
    variant: int,
    episodes: int,
) -> Tuned:
    """The latest network of a training that was stopped, or the generated one if that is better."""
    from codesign.scoring import BodyScorer, load_controller
    from hyperdistill_core.tasks import get_task
    from hyperdistill_core.training.finetuning import load_specialists, specialist_policy

    files = sorted(folder.glob("checkpoint-*.safetensors"), key=lambda file: file.stat().st_mtime)
    if not files:
        raise UsageError("stopped before the first tenth was done: nothing was learned yet")
    controller = load_controller(setting.controller)
    learned = specialist_policy(*load_specialists(files[-1]), 0, graph, setting.task)
    model = get_task(setting.task).model(graph)
    networks = (controller.for_body(graph, model, variant=variant), learned)
    scorer = BodyScorer(controller=controller, task=setting.task, episodes=episodes)

    def score(network: BodyMLP, seed: int) -> float:
        return scorer(graph, variant=variant, policy=network, seed=seed).score

    # The scores before, those that choose, and those after are over other episodes, as where a
    # training comes to its end.
    generated, trained = (score(network, setting.seed + 1) for network in networks)
    best = networks[int(trained > generated)]
    return Tuned(
        network=best, before=score(networks[0], setting.seed), after=score(best, setting.seed + 2)
    )
