"""The numbers of one robot in Optuna: gears and densities that make it run best.

Usage: python examples/optuna_plugin.py [TRIALS] [EPISODES] [CONTROLLER] [ROBOT]

It needs `pip install optuna`.
"""

from dataclasses import replace

import click
import numpy as np
import optuna

from codesign.scoring import BodyScorer
from morph_ops import graph as bodies
from morph_ops import read_body
from morph_ops.sampling import sample_body


def changed(body, *, gear, density):
    """The robot with other gears of its motors and another density of its limbs."""
    nodes = []
    for name in bodies.limbs(body):
        limb = bodies.limb(body, name)
        joints = tuple(replace(joint, gear=gear) for joint in limb.joints)
        nodes.append((name, replace(limb, joints=joints, density=density, mass=None)))
    return bodies.with_nodes(body, nodes)


@click.command()
@click.argument("trials", default=30)
@click.argument("episodes", default=2)
@click.argument("controller", default="flat-v3")
@click.argument("robot", required=False)
def main(trials, episodes, controller, robot):
    """Optimize a robot's numbers, and print the best ones."""
    body = read_body(robot) if robot else sample_body(np.random.default_rng(1))
    scorer = BodyScorer(controller=controller, task="flat", episodes=episodes, seed=1)

    def objective(trial):
        gear = trial.suggest_float("gear", 100.0, 300.0)
        density = trial.suggest_float("density", 500.0, 1000.0)
        record = scorer(changed(body, gear=gear, density=density))
        trial.set_user_attr("speed", record.speed)
        return record.score

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=1))
    study.optimize(objective, n_trials=trials)
    best = study.best_trial
    print(f"best: {best.value:.1f} at {best.user_attrs['speed']:.2f} m/s with {best.params}")


if __name__ == "__main__":
    main()
