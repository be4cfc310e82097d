"""Robot bodies in an archive of pyribs: MAP-Elites over mass and number of nodes.

Usage: python examples/pyribs_plugin.py [CANDIDATES] [EPISODES] [CONTROLLER]

It needs `pip install 'codesign[archives]'`.
"""

from contextlib import suppress

import click
import numpy as np
from ribs.archives import GridArchive

from codesign.scoring import BodyScorer
from morph_ops.geometry import total_mass
from morph_ops.operators import OperatorError, mutate
from morph_ops.sampling import sample_body

STARTS = 8  # candidates that are sampled before others are varied


@click.command()
@click.argument("candidates", default=80)
@click.argument("episodes", default=2)
@click.argument("controller", default="flat-v3")
def main(candidates, episodes, controller):
    """Fill an archive, and print its best body and how much of it is filled."""
    rng = np.random.default_rng(1)
    scorer = BodyScorer(controller=controller, task="flat", episodes=episodes, seed=1)
    # Solutions of pyribs are vectors: here each is the number of a body.
    archive = GridArchive(
        solution_dim=1, dims=(9, 10), ranges=[(2.5, 11.5), (5.0, 55.0)], seed=1
    )  # fmt: skip
    bodies = []
    for number in range(candidates):
        body = sample_body(rng)
        if number >= STARTS:
            parent = bodies[int(archive.sample_elites(1)["solution"][0, 0])]
            # Without a valid child the sampled body stays.
            with suppress(OperatorError):
                body, _ = mutate(parent, rng)
        bodies.append(body)
        archive.add_single([number], scorer(body).score, [len(body), total_mass(body)])
    best = archive.best_elite
    nodes = len(bodies[int(best["solution"][0])])
    print(f"best: {best['objective']:.1f} with {nodes} nodes")
    print(f"{archive.stats.num_elites} of {archive.cells} cells are filled")


if __name__ == "__main__":
    main()
