"""Fine-tuning of the finalists: the network of each learns on, on that body alone.

First the best of several controller variants is chosen for each of them, against that of the search
over the same episodes. Then all learn side by side, from the networks that the controller generates
for these, in rounds that fewer and fewer of them reach. Each keeps the best of several checkpoints
if it beats the generated network over those episodes, and is scored over others.
"""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codesign.campaign import seeds
from codesign.campaign.batches import score_batch
from codesign.campaign.learning import OnSteps, learning_workers
from codesign.campaign.metrics import Criteria, with_criteria
from codesign.campaign.reevaluation import FRESH_EPISODES, finalists, require_scored
from codesign.config import Settings
from codesign.defaults import BEST_OF
from codesign.errors import RunError
from codesign.scoring import ScoreRecord, ScoringPool, load_controller
from codesign.store import Candidate, Database, RunFolder
from codesign.threads import torch_threads
from morph_ops._messages import one_line

if TYPE_CHECKING:
    from hyperdistill_core.nets.mlp import BodyMLP

#: PyTorch threads; their number changes the last digits of what is learned.
_THREADS = 2
#: Networks of a finalist that are tried, beside its generated one, if it reaches the last round.
CHECKPOINTS = 6
#: Folder of the fine-tuning among what learns.
_FOLDER = "finalists"


def missing_finetunings(database: Database, settings: Settings) -> list[Candidate]:
    """The finalists whose networks have not learned yet.

    Args:
        database: Database of a run whose candidates are all scored.
        settings: Settings of the run.
    """
    if not settings.finetune_steps:
        return []
    return [each for each in finalists(database, settings) if each.finetuned is None]


def finetune_finalists(
    settings: Settings,
    *,
    folder: RunFolder,
    database: Database,
    pool: ScoringPool,
    criteria: Criteria,
    on_steps: OnSteps,
) -> None:
    """Let the networks of the finalists learn, and write networks and scores.

    Args:
        settings: Settings of the run.
        folder: Run folder.
        database: Database of the run, whose finalists are re-evaluated.
        pool: The pool that scores bodies.
        criteria: The criteria of the algorithm.
        on_steps: Function to call while the networks learn.

    Raises:
        RunError: A network or a record cannot be written, or the metric of a plugin failed.
        RunError: A finalist could not be scored; its network goes on from what it has learned.
        TrainingError: The weights of a network are not finite any more.
    """
    waiting = missing_finetunings(database, settings)
    if not waiting:
        return
    best = _best_generated(waiting, settings, pool)
    variants = [best[candidate.number].variant for candidate in waiting]
    steps = _learn(waiting, variants, settings, folder, pool, on_steps)
    networks = {each.number: folder.stored_network(each) for each in waiting}
    tried = _score(waiting, settings, pool, seed=_seed(settings, 3), policies=networks)
    for candidate in waiting:
        number = candidate.number
        if tried[number].score < best[number].score:
            networks[number] = _generated(candidate, best[number].variant, settings, pool)
            networks[number].save_npz(folder.network(candidate))
    learned = _score(waiting, settings, pool, seed=_seed(settings, 2), policies=networks)
    records: dict[int, ScoreRecord] = {}
    for candidate, of_candidate in zip(waiting, steps, strict=True):
        number = candidate.number
        record = replace(learned[number], variant=best[number].variant)
        record = with_criteria(candidate.scored(record), criteria).result
        added = {
            "zero_shot_score": candidate.final.score,
            "best_of_score": best[number].score,
            "finetune_steps": float(of_candidate),
        }
        records[number] = replace(record, metrics={**record.metrics, **added})
    database.add_finetunings(records)
    _remove(folder.learning / _FOLDER)
    with suppress(OSError):  # (a search that its time limit ended goes on from what it has learned)
        folder.learning.rmdir()


def _best_generated(
    candidates: Sequence[Candidate], settings: Settings, pool: ScoringPool
) -> dict[int, ScoreRecord]:
    """Records of the best network that the controller generates for each finalist.

    The choice among its variants is by few episodes, so the variant of the search competes again.
    """
    seed = _seed(settings, 3)
    best = _score(candidates, settings, pool, seed=seed, best_of=BEST_OF)
    others = [each for each in candidates if best[each.number].variant != each.variant]
    own = _score(others, settings, pool, seed=seed)
    return best | {
        number: record for number, record in own.items() if record.score >= best[number].score
    }


def _generated(
    candidate: Candidate, variant: int, settings: Settings, pool: ScoringPool
) -> BodyMLP:
    """The network that the controller generates for a finalist."""
    from hyperdistill_core.tasks import get_task

    model = get_task(settings.task).model(candidate.graph)
    return load_controller(pool.controller).for_body(candidate.graph, model, variant=variant)


def _score(
    candidates: Sequence[Candidate],
    settings: Settings,
    pool: ScoringPool,
    *,
    seed: int,
    best_of: int | None = None,
    policies: Mapping[int, BodyMLP] | None = None,
) -> dict[int, ScoreRecord]:
    """Records over the episodes of a seed, by number of the candidate."""
    common = {"seed": seed, "episodes": settings.reevaluation_episodes or settings.episodes}

    def options(candidate: Candidate) -> dict[str, Any]:
        if best_of:
            tried = {"preferred_variants": (candidate.variant,), "variant": None}
            return common | tried | {"best_of": best_of}
        return common | {"policy": None if policies is None else policies[candidate.number]}

    records = dict(score_batch(pool, candidates, options))
    failed = {number: record for number, record in records.items() if record.status == "failed"}
    require_scored(failed, len(candidates), settings)
    return records


def _seed(settings: Settings, number: int) -> int:
    """Seed of fresh episodes; number 1 has those of the re-evaluation."""
    return settings.seed + number * FRESH_EPISODES


def _learn(
    candidates: Sequence[Candidate],
    variants: Sequence[int],
    settings: Settings,
    folder: RunFolder,
    pool: ScoringPool,
    on_steps: OnSteps,
) -> list[int]:
    """Write the network of each finalist; the control steps that each has learned for."""
    from hyperdistill_core.training.finetuning import FineTuneSettings, enough_simulations, learn

    name = _name_of(candidates, variants, settings.finetune_rounds)
    own = folder.learning / _FOLDER / name
    for other in own.parent.glob("*"):  # (of other finalists, before the search went on)
        if other != own:
            _remove(other)
    total = settings.finetune_steps * len(candidates)
    tuning = FineTuneSettings(
        task=settings.task,
        steps_per_body=settings.finetune_steps,
        rounds=settings.finetune_rounds,
        checkpoints=math.ceil(CHECKPOINTS / settings.finetune_rounds),
        n_envs=enough_simulations(len(candidates)),
        n_workers=learning_workers(settings),
        seed=seeds.learning_seed(settings.seed, 0),
        episodes=settings.episodes,
    )
    try:
        with torch_threads(_THREADS):
            learned = learn(
                [candidate.graph for candidate in candidates],
                pool.controller,
                tuning,
                own,
                variants=variants,
                report=lambda row: on_steps("finalists", min(int(row["steps"]), total), total),
            )
        folder.networks.mkdir(exist_ok=True)
        for candidate, network in zip(candidates, learned.networks, strict=True):
            network.save_npz(folder.network(candidate))
        return learned.steps.tolist()
    except OSError as error:
        raise RunError(f"cannot write to {folder.path}: {one_line(error)}") from None


def _name_of(candidates: Sequence[Candidate], variants: Sequence[int], rounds: int) -> str:
    """Name of the folder of a fine-tuning: one for each set of networks that may learn."""
    pairs = zip(candidates, variants, strict=True)
    bodies = [(each.hash, variant, each.result.controller_hash) for each, variant in pairs]
    text = json.dumps([*bodies, rounds])
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _remove(path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)
