"""Bodies in, score records out: zero-shot, one distilled controller for all of them.

Any program may use this without the rest of the package:

    records = score(graphs, controller="flat-v2", episodes=8)    # a list, in order
    scorer = BodyScorer(best_of=8); scorer(graph).score            # one at a time
    with ScoringPool(workers=8, best_of=8) as pool: ...            # as bodies come
    best_of(graphs, pool, top=10)                                # in full only if they matter

A score depends on the body, the controller, the task, the seed, the number of episodes and the
variants that are tried alone: episode k of a seed starts alike for every body, and workers
change nothing. Racing decides who gets one, by a bar.
"""

from codesign.scoring.racing import race_for_top
from codesign.scoring.record import ScoreRecord
from codesign.scoring.scorer import BodyScorer, load_controller, resolve_best_of
from codesign.scoring.scoring_pool import ScoringPool, score

__all__ = [
    "BodyScorer",
    "ScoreRecord",
    "ScoringPool",
    "best_of",
    "load_controller",
    "score",
    "resolve_best_of",
]
