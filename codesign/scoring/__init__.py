"""Zero-shot scores: bodies in, score records out, one controller for all of them.

Any program can use this package without the rest of ``codesign``:

    records = score(graphs, controller="flat-v2", episodes=8)   # a list, in order
    record = BodyScorer(best_of=8)(graph)                       # one body, in this process
    with ScoringPool(workers=8, best_of=8) as pool: ...         # bodies as they come
    with ScoringPool(workers=8, tasks=["flat", "csr"]) as pool: ...   # one score of two tasks
    records = race_for_top(graphs, pool, top=10)                # complete scores only for the best

A score depends only on the body, the controller and its variant, the task, the seed and the
number of episodes. Episode k of a seed has the same initial noise for every body, and the number
of workers changes nothing.

    record         what a scoring yields
    several_tasks  one score of the scores on several tasks
    scorer         scores in this process
    scoring_pool   scores on worker processes or a cluster
    racing         pruning of bodies that cannot reach a threshold
    broods         one of several children is scored
    pooling        scores over several sets of episodes as one
    comparison     is one robot better than another, or was it luckier
    top            the best of many bodies, by racing
    controllers    controllers by name
    perturbations  physics, sensors and pushes that measure robustness
    reference      scores of reference bodies, which give a score its percentile
    fingerprint    what two machines must share for equal scores
"""

from codesign.scoring.comparison import Comparison, compare
from codesign.scoring.controllers import load_controller, resolve_best_of
from codesign.scoring.record import ScoreRecord
from codesign.scoring.scorer import BodyScorer
from codesign.scoring.scoring_pool import ScoringPool, score
from codesign.scoring.several_tasks import Scale, combined
from codesign.scoring.top import race_for_top

__all__ = [
    "BodyScorer",
    "Comparison",
    "Scale",
    "ScoreRecord",
    "ScoringPool",
    "combined",
    "compare",
    "load_controller",
    "race_for_top",
    "resolve_best_of",
    "score",
]
