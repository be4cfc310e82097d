"""Fine-tuning of generated networks, each on its own body.

All bodies train side by side with the same budget. Training can also spoil a network, so each
body keeps the best of several checkpoints, and its generated network counts as one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.checkpoint_file import load_checkpoint, save_checkpoint
from hyperdistill_core.controller.checkpoints import find
from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.evaluation.evaluation import evaluate
from hyperdistill_core.nets.mlp import BodyMLP
from hyperdistill_core.rollout import rollout
from hyperdistill_core.tasks import get_task
from hyperdistill_core.training.finetuning.finetune_settings import FineTuneSettings
from hyperdistill_core.training.finetuning.manifest import ensure_manifest
from hyperdistill_core.training.finetuning.specialist_policies import (
    load_specialists,
    score_specialists,
    specialist_policy,
)
from hyperdistill_core.training.ppo.trainer import TeacherTrainer
from hyperdistill_core.training.teacher_file import KIND
from hyperdistill_core.training.training_sets.training_set import TrainingSet

#: Control steps in which the size of a body's action means is measured.
_TRIED_STEPS = 100
#: Largest mean size of action means that a training starts with; training bodies have about 2.
_LARGEST_SIZE = 3.0
#: Size that larger ones are scaled to: about that of the action noise.
_FIRST_SIZE = 1.0
#: Function that is called with a row of the training's log after every update.
Report: TypeAlias = Callable[[dict[str, float]], None]


@dataclass(frozen=True, eq=False)
class FineTuneResult:
    """Scores of bodies before and after fine-tuning, in the order of the bodies.

    Attributes:
        zero_shot: (bodies,) scores of the generated networks.
        trained: (bodies,) scores of each body's best network.
        at_the_end: (bodies,) scores of the networks at the end of training.
        networks: Best network of each body.
    """

    zero_shot: NDArray[np.float64]
    trained: NDArray[np.float64]
    at_the_end: NDArray[np.float64]
    networks: tuple[BodyMLP, ...]


def finetune(
    graphs: Sequence[nx.DiGraph[str]],
    controller: str | Path,
    settings: FineTuneSettings,
    folder: Path,
    *,
    variants: Sequence[int] | None = None,
    report: Report = lambda _: None,
) -> FineTuneResult:
    """Score, train and score again.

    An interrupted fine-tuning goes on from its last checkpoint when it is called again.

    Args:
        graphs: At least one body.
        controller: Name or file of the controller that generates the initial networks.
        settings: Budgets and seed.
        folder: Folder of the checkpoints and the log.
        variants: Number of the controller variant for each body; by default all bodies use
            variant 0, their unchanged context.
        report: Function that is called with a row of the training's log after every update.

    Returns:
        Scores before and after, and the best network of each body.

    Raises:
        ControllerError: The controller does not exist.
        CheckpointError: The folder belongs to another fine-tuning.

    Examples:
        A fine-tuning of one body that is too short to improve it:

        >>> import tempfile
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(0))
        >>> settings = FineTuneSettings(
        ...     steps_per_body=8, n_envs=2, horizon=4, checkpoints=1, episodes=1, n_workers=1
        ... )
        >>> result = finetune([body], "flat-v0", settings, Path(tempfile.mkdtemp()))
        >>> result.zero_shot.shape, result.networks[0].n_nodes == len(body)
        ((1,), True)
    """
    chosen = list(variants or [0] * len(graphs))
    ensure_manifest(folder, graphs, controller, settings, variants=chosen)
    return FineTuner(graphs, controller, settings, folder, variants=chosen).run(report=report)


class FineTuner:
    """One fine-tuning in a folder whose manifest is there already.

    Invariants:
        Checkpoint k of n is written when the training has done k/n of its steps, once.
        All three kinds of scores have different seeds.

    Args:
        graphs: At least one body.
        controller: Name or file of the controller.
        settings: Budgets and seed.
        folder: Folder of the checkpoints and the log.
        variants: Number of the controller variant for each body.

    Raises:
        ControllerError: The controller does not exist.
    """

    def __init__(
        self,
        graphs: Sequence[nx.DiGraph[str]],
        controller: str | Path,
        settings: FineTuneSettings,
        folder: Path,
        *,
        variants: Sequence[int],
    ) -> None:
        self._graphs, self._controller = list(graphs), find(controller)
        self._settings, self._folder, self._variants = settings, folder, list(variants)

    def run(self, *, report: Report = lambda _: None) -> FineTuneResult:
        """Train where the training stopped, then score.

        Args:
            report: Function that is called with a row of the training's log after every update.

        Raises:
            CheckpointError: The checkpoint in the folder belongs to another training.
        """
        n_bodies = len(self._graphs)
        trainer = TeacherTrainer(
            TrainingSet(tuple(self._graphs), ("robot",) * n_bodies),
            self._settings.ppo(n_bodies),
            self._folder,
            initialize_from=self._controller,
            variants=self._variants,
            action_factors=self._action_factors(),
        )

        def keep_and_report(row: dict[str, float]) -> None:
            self._keep_checkpoint(trainer)
            report(row)

        # The last training may have been killed between its checkpoint and the copy of it.
        self._keep_checkpoint(trainer)
        trainer.train(report=keep_and_report)
        return self._score()

    def _action_factors(self) -> list[float]:
        """Factor on the action means that each body starts with.

        Far from the training bodies the action means of a generated network may be many times the
        range of the controls. Noise then changes nothing, so that nothing can be learned.
        """
        controller, task = Controller.load(self._controller), get_task(self._settings.task)
        short = replace(task, max_steps=min(_TRIED_STEPS, task.max_steps))
        factors: list[float] = []
        for graph, variant in zip(self._graphs, self._variants, strict=True):
            policy = controller.for_body(graph, task.model(graph), variant=variant)
            tried = rollout(graph, policy, task=short, episodes=1, record_trajectory=True)
            if tried.ctrl is None:
                raise ValueError("rollout: expected a recorded trajectory, got none")
            size = float(np.abs(tried.ctrl).mean())
            factors.append(_FIRST_SIZE / size if size > _LARGEST_SIZE else 1.0)
        return factors

    def _file(self, number: int) -> Path:
        return self._folder / f"checkpoint-{number}.safetensors"

    def _keep_checkpoint(self, trainer: TeacherTrainer) -> None:
        """Copy the networks of the trainer's checkpoint when another part of its steps is done."""
        n = self._settings.checkpoints
        number = min(n, trainer.steps_done * n // trainer.settings.steps)
        if not number or self._file(number).exists():
            return
        arrays, meta = load_checkpoint(self._folder / "teacher.safetensors", kind=KIND)
        network = {name: tensor for name, tensor in arrays.items() if name.startswith("network.")}
        save_checkpoint(self._file(number), network, meta)

    def _score(self) -> FineTuneResult:
        settings, n_bodies = self._settings, len(self._graphs)
        numbers = range(1, settings.checkpoints + 1)
        files = [self._file(number) for number in numbers if self._file(number).exists()]
        all_specialists = [(file, body) for file in files for body in range(n_bodies)]
        zero_shot = self._score_generated(settings.seed)
        of_checkpoints = self._score_specialists(all_specialists, settings.selection_seed)
        candidates = [
            self._score_generated(settings.selection_seed),
            *of_checkpoints.reshape(len(files), -1),
        ]
        # 0 is the generated network, k the k-th checkpoint.
        best = np.argmax(np.stack(candidates), axis=0)
        at_the_end = self._score_specialists(all_specialists[-n_bodies:], settings.seed_after)
        trained = np.where(best == 0, self._score_generated(settings.seed_after), at_the_end)
        earlier = np.flatnonzero((best > 0) & (best < len(files)))
        of_earlier = [(files[int(best[body]) - 1], body) for body in earlier.tolist()]
        trained[earlier] = self._score_specialists(of_earlier, settings.seed_after)
        chosen: list[int] = best.tolist()
        networks = self._networks([files[number - 1] if number else None for number in chosen])
        return FineTuneResult(zero_shot, trained, at_the_end, networks)

    def _score_generated(self, seed: int) -> NDArray[np.float64]:
        """(bodies,) scores of the generated networks."""
        return evaluate(
            self._graphs,
            self._controller,
            task=self._settings.task,
            episodes=self._settings.episodes,
            seed=seed,
            variants=self._variants,
            n_workers=self._settings.n_workers,
        ).scores

    def _score_specialists(
        self, specialists: Sequence[tuple[Path, int]], seed: int
    ) -> NDArray[np.float64]:
        return score_specialists(
            self._graphs,
            specialists,
            task=self._settings.task,
            episodes=self._settings.episodes,
            seed=seed,
            n_workers=self._settings.n_workers,
        )

    def _networks(self, files: Sequence[Path | None]) -> tuple[BodyMLP, ...]:
        """Network of each body: that of a checkpoint, or the generated one where it is None."""
        controller, task = Controller.load(self._controller), self._settings.task
        loaded = {file: load_specialists(file) for file in set(files) if file is not None}
        return tuple(
            controller.for_body(graph, get_task(task).model(graph), variant=self._variants[body])
            if file is None
            else specialist_policy(*loaded[file], body, graph, task)
            for body, (graph, file) in enumerate(zip(self._graphs, files, strict=True))
        )
