"""Robot bodies in pymoo: NSGA-II between a high score and a low mass.

Usage: python examples/pymoo_plugin.py [GENERATIONS] [POPULATION] [EPISODES] [CONTROLLER]

It needs `pip install pymoo`.
"""

# The annotations of pymoo are narrower than what it takes.
# pyright: reportArgumentType=false, reportOptionalMemberAccess=false

import click
import numpy as np
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.core.crossover import Crossover
from pymoo.core.duplicate import ElementwiseDuplicateElimination
from pymoo.core.mutation import Mutation
from pymoo.core.problem import ElementwiseProblem
from pymoo.core.sampling import Sampling
from pymoo.optimize import minimize

from codesign.scoring import BodyScorer
from morph_ops import operators
from morph_ops.geometry import total_mass
from morph_ops.identity import body_hash
from morph_ops.sampling import sample_body

RNG = np.random.default_rng(1)


class Robots(ElementwiseProblem):
    """Two objectives of a body, both to be minimized."""

    def __init__(self, scorer):
        super().__init__(n_var=1, n_obj=2)
        self.scorer = scorer

    def _evaluate(self, x, out, *args, **kwargs):
        out["F"] = [-self.scorer(x[0]).score, total_mass(x[0])]


class Sampled(Sampling):
    """Sampled bodies."""

    def _do(self, problem, n_samples, **kwargs):
        return objects([[sample_body(RNG)] for _ in range(n_samples)])


class Mated(Crossover):
    """Limbs of one parent on the other, both ways."""

    def __init__(self):
        super().__init__(2, 2)

    def _do(self, problem, X, **kwargs):  # noqa: N803  pymoo's name
        pairs = zip(X[0, :, 0], X[1, :, 0], strict=True)
        children = [[vary(operators.crossover, *way) for way in ((a, b), (b, a))] for a, b in pairs]
        return objects(children).T[:, :, None]


class Mutated(Mutation):
    """A mutation of each body."""

    def _do(self, problem, X, **kwargs):  # noqa: N803  pymoo's name
        return objects([[vary(operators.mutate, row[0])] for row in X])


class SameBody(ElementwiseDuplicateElimination):
    """Bodies with equal hashes are duplicates."""

    def is_equal(self, a, b):
        """Whether two individuals are the same body."""
        return body_hash(a.X[0]) == body_hash(b.X[0])


def vary(operator, *parents):
    """A child; without a valid one the first parent."""
    try:
        child = operator(*parents, RNG)
    except operators.OperatorError:
        return parents[0]
    return child[0] if isinstance(child, tuple) else child  # mutate adds a name


def objects(rows):
    """An array of graphs, which numpy would otherwise take for containers."""
    array = np.empty((len(rows), len(rows[0])), dtype=object)
    for place in np.ndindex(array.shape):
        array[place] = rows[place[0]][place[1]]
    return array


@click.command()
@click.argument("generations", default=5)
@click.argument("population", default=16)
@click.argument("episodes", default=2)
@click.argument("controller", default="flat-v3")
def main(generations, population, episodes, controller):
    """Search, and print the bodies that no other one beats in both objectives."""
    scorer = BodyScorer(controller=controller, task="flat", episodes=episodes, seed=1)
    algorithm = NSGA2(
        pop_size=population, sampling=Sampled(), crossover=Mated(), mutation=Mutated(),
        eliminate_duplicates=SameBody(),
    )  # fmt: skip
    result = minimize(Robots(scorer), algorithm, ("n_gen", generations), seed=1)
    for (minus_score, mass), row in sorted(zip(result.F.tolist(), result.X, strict=True)):
        print(f"score {-minus_score:.1f}, {mass:.1f} kg, {len(np.atleast_1d(row)[0])} nodes")


if __name__ == "__main__":
    main()
