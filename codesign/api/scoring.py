"""Scoring robots: zero-shot, or after fine-tuning each robot's own network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypedDict, Unpack, overload

import networkx as nx

from codesign import defaults
from codesign.api.arguments import require_arguments_at_least, require_variant
from codesign.api.robots import Robot, RobotFile, find_robots, read_robots
from codesign.api.run import Run
from codesign.cluster import ClusterSettings
from codesign.config import Racing, usable_cores
from codesign.errors import UsageError, require_integers
from codesign.exporting import Design, DesignRollout, FineTuning
from codesign.exporting.finetuning import finetuned, finetuned_record
from codesign.scoring import BodyScorer, ScoreRecord, ScoringPool, load_controller, race_for_top
from codesign.scoring.racing import require_bounds
from codesign.scoring.scorer import MOST_EPISODES
from codesign.scoring.several_tasks import on_scale

OnSteps = Callable[[int, int, float], None]


class ScoreOptions(TypedDict, total=False):
    """Keyword arguments of :func:`score`."""

    task: str
    controller: str | Path
    episodes: int
    seed: int
    best_of: int | None
    variant: int | None
    top: int | None
    perturb: bool
    finetune: int
    workers: int
    cluster: ClusterSettings | None
    on_steps: OnSteps


@overload
def score(robots: nx.DiGraph[str], **options: Unpack[ScoreOptions]) -> ScoreRecord: ...


@overload
def score(
    robots: str | Path | Run | Sequence[Robot | RobotFile], **options: Unpack[ScoreOptions]
) -> list[ScoreRecord]: ...


def score(
    robots: Robot | Sequence[Robot | RobotFile],
    *,
    task: str = defaults.TASK,
    controller: str | Path = defaults.CONTROLLER,
    episodes: int = defaults.EPISODES,
    seed: int = 0,
    best_of: int | None = None,
    variant: int | None = None,
    top: int | None = None,
    perturb: bool = False,
    finetune: int = 0,
    workers: int = 0,
    cluster: ClusterSettings | None = None,
    on_steps: OnSteps = lambda done, total, reward: None,
) -> ScoreRecord | list[ScoreRecord]:
    """Score robots under a controller that was never trained on them.

    Args:
        robots: One or more of: a body, a robot file, a folder of robot files, a run folder, or
            a run; a run stands for the designs that it wrote.
        task: Name of the task, or path of a scene of your own.
        controller: Name of a shipped controller, or path of a controller file.
        episodes: Number of episodes per robot.
        seed: Seed of the episodes' initial states.
        best_of: Number of controller variants to try for each robot; the best is scored. By
            default 8, or all that the controller has; with ``top`` it is 1. Designs of a run
            have the variants of their scores.
        variant: Number of the controller variant to score every robot with.
        top: Number of best robots to look for: others are pruned early if they hardly can be
            among them, and the status of their records is "pruned".
        perturb: Whether to measure robustness as well: the mean score with weaker motors, more
            mass, more damping, less friction, noisy sensors, and pushes that the controller does
            not expect. It is the metric "robustness"; "score_when_weak" and so on are the scores
            under each of them (:data:`codesign.scoring.perturbations.PERTURBATIONS`).
        finetune: Control steps of training of each robot's own network before its score; 0 for
            a zero-shot score. The metric "zero_shot_score" then is the score before. The two
            scores are over different initial states, because the training keeps the checkpoint
            that does best.
        workers: Number of worker processes; 0 to score in this process, as with a single robot. A
            script that asks for some needs the usual ``if __name__ == "__main__":``.
        cluster: Dask cluster to score on, instead of worker processes.
        on_steps: Called during fine-tuning with the control steps so far, their total, and the
            mean reward of a control step under action noise.

    Returns:
        The record of a single body, or a list with one record per robot, in order. A robot that
        cannot be read among others has a record with the status "failed".

    Raises:
        UsageError: A number is out of range or no integer, no robot can be read, two options
            exclude each other, there is no such controller, or it has fewer variants.
        UsageError: ``top`` is given on a task that does not reward moving along x.
        BodyError: A folder has no robots in it.
        UnknownNameError: There is no such task.

    Examples:
        >>> import codesign
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(0))
        >>> record = codesign.score(body, controller="flat-v0", episodes=2)
        >>> record.status, len(record.returns)
        ('ok', 2)
    """
    # (None stands for no default of these)
    require_integers(episodes=episodes, seed=seed, finetune=finetune, workers=workers)
    require_arguments_at_least(1, best_of=best_of, top=top)
    require_arguments_at_least(1, most=MOST_EPISODES, episodes=episodes)
    require_arguments_at_least(0, seed=seed, variant=variant, finetune=finetune, workers=workers)
    # Records hold Python's numbers.
    episodes, seed, variant = int(episodes), int(seed), None if variant is None else int(variant)
    if variant is not None and (best_of is not None or top is not None):
        raise UsageError("variant: names the variant to score: leave out best_of and top")
    if finetune:
        _check_finetune(top, cluster)
    if top is not None:
        _check_top(task)
    found = find_robots(robots, controller=controller)
    known = _variants(found, controller, best_of, variant, top)
    graphs, wrong = read_robots(found)
    variants = known and [each for number, each in enumerate(known) if number not in wrong]
    with ScoringPool(
        # To start a process takes longer than to score one robot.
        workers=min(workers, len(graphs)) if len(graphs) > 1 else 0,
        controller=controller,
        task=task,
        episodes=episodes,
        seed=seed,
        robustness=perturb,
        best_of=1 if best_of is None and (top is not None or variant is not None) else best_of,
        variants=1 + max((known or 0 for known in variants or ()), default=0),
        racing=None if top is None else Racing(),
        cluster=cluster,
    ) as pool:
        if top is None:
            records = pool.map(graphs, variants=variants)
        else:
            records = race_for_top(graphs, pool, top=top)
    if finetune:
        tuning = FineTuning(
            steps=finetune, task=task, workers=workers or usable_cores(), on_steps=on_steps
        )
        rollout = DesignRollout(controller=controller, seed=seed, episodes=episodes)
        records = _finetuned_records(graphs, records, rollout, tuning, perturb=perturb)
    if isinstance(robots, nx.DiGraph):
        return replace(records[0], robot=found[0].name)
    unread = _unread_record(task, controller, episodes, seed)
    return _in_order(found, records, wrong, unread)


def normalized(
    records: Sequence[ScoreRecord],
    *,
    controller: str | Path = defaults.CONTROLLER,
    workers: int = 0,
    cluster: ClusterSettings | None = None,
) -> list[ScoreRecord]:
    """Score records on several tasks, on a scale that they have in common.

    As in a campaign on several tasks, 100 is the mean score of eight reference bodies on a task,
    under the same controller. They are scored here.

    Args:
        records: The records, on at least two tasks.
        controller: Name or file of their controller.
        workers: Number of worker processes; 0 to score in this process.
        cluster: Dask cluster to score on, instead of worker processes.

    Returns:
        The records; those of robots that were simulated have the metric "normalized_score".

    Raises:
        UsageError: Most reference bodies do not simulate on a task, or all score 0.
    """
    tasks = tuple(dict.fromkeys(record.task for record in records))
    with ScoringPool(workers=workers, controller=controller, tasks=tasks, cluster=cluster) as pool:
        scales = pool.measure_scales()
    return [on_scale(record, scales[record.task]) for record in records]


def _check_top(task: str) -> None:
    from hyperdistill_core.tasks import get_task

    require_bounds(get_task(task), what="top", instead="leave it out to score all in full")


def _unread_record(task: str, controller: str | Path, episodes: int, seed: int) -> ScoreRecord:
    """The record of a robot whose file cannot be read."""
    from hyperdistill_core.tasks import get_task

    loaded = get_task(task)
    return ScoreRecord.failed(
        worst_score=loaded.worst_score,
        robot="",
        hash="",
        task=loaded.name,
        controller=Path(controller).stem,
        controller_hash=load_controller(controller).hash,
        episodes=episodes,
        seed=seed,
    )


def _in_order(
    robots: Sequence[RobotFile],
    records: Sequence[ScoreRecord],
    wrong: Mapping[int, str],
    unread: ScoreRecord,
) -> list[ScoreRecord]:
    """A record for each robot: its own, or what is wrong with its file."""
    scored = iter(records)
    return [
        replace(unread, robot=robot.name, warnings=(wrong[number].removeprefix(f"{robot.name}: "),))
        if number in wrong
        else replace(next(scored), robot=robot.name)
        for number, robot in enumerate(robots)
    ]


def _check_finetune(top: int | None, cluster: ClusterSettings | None) -> None:
    """Refuse options that exclude fine-tuning."""
    if top is not None:
        raise UsageError("finetune: trains every robot, and top prunes most: leave out one of them")
    if cluster is not None:
        raise UsageError("finetune: trains on this machine: leave out cluster")


def _variants(
    robots: Sequence[RobotFile],
    controller: str | Path,
    best_of: int | None,
    variant: int | None,
    top: int | None,
) -> Sequence[int | None] | None:
    """The variant to score each robot with, None where it is to be selected; None for all.

    Raises:
        UsageError: The controller has no such variant.
    """
    if variant is not None:
        known = load_controller(controller).n_variants
        require_variant(variant, known=known, controller=controller)
        return [variant] * len(robots)
    if best_of is not None or top is not None:
        return None
    return [robot.variant for robot in robots]


def _finetuned_records(
    graphs: Sequence[nx.DiGraph[str]],
    records: Sequence[ScoreRecord],
    rollout: DesignRollout,
    tuning: FineTuning,
    *,
    perturb: bool,
) -> list[ScoreRecord]:
    """Records after fine-tuning; a robot that could not be simulated keeps its own."""
    result = list(records)
    trained = [index for index, record in enumerate(records) if record.status != "failed"]
    designs = [
        Design(name=str(index), graph=graphs[index], variant=records[index].variant)
        for index in trained
    ]
    if not designs:
        return result
    with (
        TemporaryDirectory() as scratch,
        finetuned(designs, rollout, tuning, folder=Path(scratch) / "designs") as (tuned, after),
    ):
        if after is None:
            raise ValueError("rollout: expected the episodes of the scores, got none")
        scorer = BodyScorer(
            controller=after.controller,
            task=after.task,
            episodes=after.episodes,
            seed=after.seed,
            robustness=perturb,
        )
        for index, design in zip(trained, tuned, strict=True):
            before = records[index]
            record = finetuned_record(design, scorer, zero_shot=before.score, steps=tuning.steps)
            result[index] = replace(
                record,
                seconds=before.seconds + record.seconds,
                steps=before.steps + record.steps,
            )
    return result
