"""A search in a plain loop, without any search program: the fittest of a few children survives.

Usage: python examples/plain_loop.py [GENERATIONS] [CHILDREN] [EPISODES] [CONTROLLER]
"""

import sys

import numpy as np

from codesign.scoring import BodyScorer
from morph_ops.operators import OperatorError, mutate
from morph_ops.sampling import sample_body


def main(generations="20", children="4", episodes="2", controller="flat-v2"):
    """Climb from a sampled body, and print the score of the best one."""
    rng = np.random.default_rng(1)
    scorer = BodyScorer(controller=controller, task="flat", episodes=int(episodes), seed=1)
    best = sample_body(rng)
    record = scorer(best)
    for _ in range(int(generations) * int(children)):
        try:
            child, _ = mutate(best, rng)
        except OperatorError:  # no valid child was found
            continue
        of_child = scorer(child)
        if of_child.score >= record.score:
            best, record = child, of_child
    print(f"best: {record.score:.1f} at {record.speed:.2f} m/s with {len(best)} nodes")


if __name__ == "__main__":
    main(*sys.argv[1:])
