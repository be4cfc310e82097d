"""Robot bodies in a plain DEAP script: our operators and scorer, DEAP's own algorithm.

Usage: python examples/deap_plugin.py [GENERATIONS] [POPULATION] [EPISODES] [CONTROLLER]
"""

# DEAP makes classes and tools at run time.
# pyright: reportAttributeAccessIssue=false
import random

import click
import numpy as np
from deap import algorithms, base, creator, tools

from codesign.scoring import BodyScorer
from morph_ops.operators import OperatorError, crossover, mutate
from morph_ops.sampling import sample_body


def vary(operator, *parents, rng):
    """Replace the first parent's body by a child; without a valid child it stays."""
    try:
        child = operator(*(parent[0] for parent in parents), rng)
    except OperatorError:
        return parents
    parents[0][0] = child[0] if isinstance(child, tuple) else child  # mutate adds a name
    return parents


@click.command()
@click.argument("generations", default=5)
@click.argument("population", default=16)
@click.argument("episodes", default=2)
@click.argument("controller", default="flat-v3")
def main(generations, population, episodes, controller):
    """Evolve bodies with (mu + lambda), and print the score of the best one."""
    random.seed(1)
    rng = np.random.default_rng(1)
    scorer = BodyScorer(controller=controller, task="flat", episodes=episodes, seed=1)

    creator.create("FitnessMax", base.Fitness, weights=(1.0,))
    creator.create("Individual", list, fitness=creator.FitnessMax)  # a list of one body

    toolbox = base.Toolbox()
    toolbox.register("individual", lambda: creator.Individual([sample_body(rng)]))
    toolbox.register("population", tools.initRepeat, list, toolbox.individual)
    toolbox.register("mate", lambda a, b: vary(crossover, a, b, rng=rng))
    toolbox.register("mutate", lambda a: vary(mutate, a, rng=rng))
    toolbox.register("select", tools.selTournament, tournsize=4)
    toolbox.register("evaluate", lambda individual: (scorer(individual[0]).score,))

    size = population
    statistics = tools.Statistics(lambda individual: individual.fitness.values[0])
    statistics.register("best", max)
    best = tools.HallOfFame(1)
    algorithms.eaMuPlusLambda(
        toolbox.population(size), toolbox, size, size, 0.2, 0.8, generations,
        stats=statistics, halloffame=best,
    )  # fmt: skip
    record = scorer(best[0][0])
    print(f"best: {record.score:.1f} at {record.speed:.2f} m/s with {len(best[0][0])} nodes")


if __name__ == "__main__":
    main()
