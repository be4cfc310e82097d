"""A search in a plain loop, without any search program: the fittest of a few children survives.

Usage: python examples/plain_loop.py [GENERATIONS] [CHILDREN] [EPISODES] [CONTROLLER]
"""

import click
import numpy as np

from codesign.scoring import BodyScorer
from morph_ops.operators import OperatorError, mutate
from morph_ops.sampling import sample_body


@click.command()
@click.argument("generations", default=20)
@click.argument("children", default=4)
@click.argument("episodes", default=2)
@click.argument("controller", default="flat-v3")
def main(generations, children, episodes, controller):
    """Climb from a sampled body, and print the score of the best one."""
    rng = np.random.default_rng(1)
    scorer = BodyScorer(controller=controller, task="flat", episodes=episodes, seed=1)
    best = sample_body(rng)
    record = scorer(best)
    for _ in range(generations * children):
        try:
            child, _ = mutate(best, rng)
        except OperatorError:  # no valid child was found
            continue
        of_child = scorer(child)
        if of_child.score >= record.score:
            best, record = child, of_child
    print(f"best: {record.score:.1f} at {record.speed:.2f} m/s with {len(best)} nodes")


if __name__ == "__main__":
    main()
