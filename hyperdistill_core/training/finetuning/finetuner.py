"""Fine-tuning of generated networks, each on its own body.

All bodies train side by side, with the same budget or in rounds that fewer and fewer of them reach
(:mod:`~hyperdistill_core.training.finetuning.rounds`). Training can also spoil a network, so each
body keeps the best of several checkpoints, and its generated network counts as one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, TypeAlias

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.checkpoint_file import load_checkpoint, save_checkpoint
from hyperdistill_core.controller.checkpoints import find
from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.evaluation.evaluation import score_policies
from hyperdistill_core.nets.mlp import BodyMLP
from hyperdistill_core.rollout import rollout
from hyperdistill_core.tasks import get_task
from hyperdistill_core.training.finetuning.finetune_settings import FineTuneSettings
from hyperdistill_core.training.finetuning.manifest import ensure_manifest
from hyperdistill_core.training.finetuning.rounds import join_specialists, plan_rounds
from hyperdistill_core.training.finetuning.specialist_policies import (
    load_specialists,
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


class _Network(NamedTuple):
    """A network of a body: that of a specialist in a checkpoint, or the generated one."""

    file: Path | None
    position: int


_GENERATED = _Network(None, 0)
#: Name of the file that a later round starts from.
_START = "start.safetensors"


@dataclass(frozen=True, eq=False)
class LearnedNetworks:
    """What bodies have learned, in their order.

    Attributes:
        networks: Best network of each body.
        steps: (bodies,) control steps that each body was to learn for. Every round goes on to the
            end of an update.
    """

    networks: tuple[BodyMLP, ...]
    steps: NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class FineTuneResult(LearnedNetworks):
    """What bodies have learned, with their scores before and after fine-tuning.

    Attributes:
        zero_shot: (bodies,) scores of the generated networks.
        trained: (bodies,) scores of each body's best network.
        at_the_end: (bodies,) scores of the networks at the end of training.
    """

    zero_shot: NDArray[np.float64]
    trained: NDArray[np.float64]
    at_the_end: NDArray[np.float64]


def learn(
    graphs: Sequence[nx.DiGraph[str]],
    controller: str | Path,
    settings: FineTuneSettings,
    folder: Path,
    *,
    variants: Sequence[int] | None = None,
    report: Report = lambda _: None,
) -> LearnedNetworks:
    """Train without the scores before and after.

    Args:
        graphs: See :func:`finetune`, as for all arguments.
        controller: See there.
        settings: See there.
        folder: See there.
        variants: See there.
        report: See there.

    Returns:
        The best network of each body, over the episodes that choose among its checkpoints.

    Raises:
        ControllerError: The controller does not exist.
        CheckpointError: The folder belongs to another fine-tuning.

    Examples:
        >>> import tempfile
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(0))
        >>> settings = FineTuneSettings(
        ...     steps_per_body=8, n_envs=2, horizon=4, checkpoints=1, episodes=1, n_workers=1
        ... )
        >>> learn([body], "flat-v0", settings, Path(tempfile.mkdtemp())).steps.tolist()
        [8]
    """
    return _finetuner(graphs, controller, settings, folder, variants).learn(report=report)


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
    return _finetuner(graphs, controller, settings, folder, variants).run(report=report)


def _finetuner(
    graphs: Sequence[nx.DiGraph[str]],
    controller: str | Path,
    settings: FineTuneSettings,
    folder: Path,
    variants: Sequence[int] | None,
) -> FineTuner:
    chosen = list(variants or [0] * len(graphs))
    ensure_manifest(folder, graphs, controller, settings, variants=chosen)
    return FineTuner(graphs, controller, settings, folder, variants=chosen)


class FineTuner:
    """One fine-tuning in a folder whose manifest is there already.

    Invariants:
        Checkpoint k of n is written when a round has done k/n of its steps, once.
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
            report: Function that is called with a row of the training's log after every update;
                its control steps count those of all rounds.

        Raises:
            CheckpointError: The checkpoint in the folder belongs to another training.
        """
        settings = self._settings
        best, last, steps = self._learn(report)
        trained, at_the_end = list(enumerate(best)), list(enumerate(last))
        once = list(dict.fromkeys([*trained, *at_the_end]))
        after = dict(zip(once, self._score(once, settings.seed_after), strict=True))
        generated = [(body, _GENERATED) for body, _ in trained]
        return FineTuneResult(
            zero_shot=np.array(self._score(generated, settings.seed)),
            trained=np.array([after[each] for each in trained]),
            at_the_end=np.array([after[each] for each in at_the_end]),
            networks=tuple(self._policies(trained)),
            steps=steps,
        )

    def learn(self, *, report: Report = lambda _: None) -> LearnedNetworks:
        """Train where the training stopped, without scores before and after.

        Args:
            report: See :meth:`run`.

        Raises:
            CheckpointError: The checkpoint in the folder belongs to another training.
        """
        best, _, steps = self._learn(report)
        return LearnedNetworks(tuple(self._policies(list(enumerate(best)))), steps)

    def _learn(self, report: Report) -> tuple[list[_Network], list[_Network], NDArray[np.intp]]:
        """Best and last network of each body, and the control steps that it was to learn for."""
        settings, everyone = self._settings, list(range(len(self._graphs)))
        tried = [[_GENERATED] for _ in everyone]
        scores: list[list[float]] = [[] for _ in everyone]
        steps = np.zeros(len(everyone), dtype=np.intp)
        learning, done = everyone, 0
        plan = plan_rounds(len(everyone), settings.steps_per_body, settings.rounds)
        for number, (n_bodies, steps_per_body) in enumerate(plan):
            start = self._controller
            if number:
                best = {body: _best_learned(tried[body], scores[body]) for body in learning}
                learning = sorted(sorted(learning, key=lambda body: -best[body][1])[:n_bodies])
                start = self._folder_of(number) / _START
                networks = [best[body][0] for body in learning]
                join_specialists([(own.file, own.position) for own in networks if own.file], start)
            of_round = settings.replace(
                steps_per_body=steps_per_body,
                n_envs=settings.n_envs * len(everyone) // n_bodies,
                rounds=1,
            )
            files = self._train(number, learning, of_round, start, _after(report, done))
            done += n_bodies * steps_per_body
            steps[learning] += steps_per_body
            for position, body in enumerate(learning):
                tried[body] += [_Network(file, position) for file in files]
            new = [(body, own) for body in learning for own in tried[body][len(scores[body]) :]]
            for (body, _), score in zip(
                new, self._score(new, settings.selection_seed), strict=True
            ):
                scores[body].append(score)
        # (equal ones: the generated network, then the earlier one)
        best_of_each = [tried[body][int(np.argmax(scores[body]))] for body in everyone]
        return best_of_each, [networks[-1] for networks in tried], steps

    def _train(
        self,
        number: int,
        learning: Sequence[int],
        settings: FineTuneSettings,
        start: Path,
        report: Report,
    ) -> list[Path]:
        """Train the bodies of a round; its checkpoints, the last at its end."""
        folder, first = self._folder_of(number), number == 0
        trainer = TeacherTrainer(
            TrainingSet(tuple(self._graphs[body] for body in learning), ("robot",) * len(learning)),
            settings.ppo(len(learning)),
            folder,
            initialize_from=start,
            variants=self._variants if first else None,
            action_factors=self._action_factors() if first else None,
        )
        files = [
            folder / f"checkpoint-{each + 1}.safetensors" for each in range(settings.checkpoints)
        ]

        def keep_and_report(row: dict[str, float]) -> None:
            _keep_checkpoint(trainer, files)
            report(row)

        # The last training may have been killed between its checkpoint and the copy of it.
        _keep_checkpoint(trainer, files)
        trainer.train(report=keep_and_report)
        return [file for file in files if file.exists()]

    def _folder_of(self, number: int) -> Path:
        """Folder of a round; the first one is that of the fine-tuning."""
        return self._folder / f"round-{number + 1}" if number else self._folder

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

    def _score(self, networks: Sequence[tuple[int, _Network]], seed: int) -> list[float]:
        """Scores of networks, each on its body."""
        graphs = [self._graphs[body] for body, _ in networks]
        return score_policies(
            list(zip(graphs, self._policies(networks), strict=True)),
            task=self._settings.task,
            episodes=self._settings.episodes,
            seed=seed,
            n_workers=self._settings.n_workers,
        ).tolist()

    def _policies(self, networks: Sequence[tuple[int, _Network]]) -> list[BodyMLP]:
        """Networks, each of its body, as policies."""
        controller, task = Controller.load(self._controller), self._settings.task
        files = {own.file for _, own in networks if own.file}
        loaded = {file: load_specialists(file) for file in files}
        policies: list[BodyMLP] = []
        for body, own in networks:
            graph, variant = self._graphs[body], self._variants[body]
            if own.file:
                policy = specialist_policy(*loaded[own.file], own.position, graph, task)
            else:
                model = get_task(task).model(graph)
                policy = controller.for_body(graph, model, variant=variant)
            policies.append(policy)
        return policies


def _best_learned(tried: Sequence[_Network], scores: Sequence[float]) -> tuple[_Network, float]:
    """The best network of a body, and its score, without the generated one, which is the first."""
    best = 1 + int(np.argmax(scores[1:]))
    return tried[best], scores[best]


def _keep_checkpoint(trainer: TeacherTrainer, files: Sequence[Path]) -> None:
    """Copy the networks of the trainer's checkpoint when another part of its steps is done."""
    number = min(len(files), trainer.steps_done * len(files) // trainer.settings.steps)
    if not number or files[number - 1].exists():
        return
    arrays, meta = load_checkpoint(trainer.folder / "teacher.safetensors", kind=KIND)
    network = {name: tensor for name, tensor in arrays.items() if name.startswith("network.")}
    save_checkpoint(files[number - 1], network, meta)


def _after(report: Report, done: int) -> Report:
    """A report whose control steps count those of the rounds before."""
    return lambda row: report(row | {"steps": row["steps"] + done})
