"""Custom components as a user might write them."""

from __future__ import annotations

import random
from dataclasses import replace

from codesign.campaign import Algorithm, descriptor, objective
from codesign.campaign.algorithms.generational import NSGA2
from hyperdistill_core.tasks import FLAT
from morph_ops import graph as body_graph
from morph_ops.operators import OperatorError

short = replace(FLAT, max_steps=20)
sideways = replace(FLAT, name="sideways", along_x=False)


@objective(unit="kg", larger=False)
def lightness(candidate):
    """Mass of the torso."""
    return body_graph.torso(candidate.graph).radius


def broken(candidate):
    raise KeyError(candidate.name)


def endless(candidate):
    return float("inf")


@descriptor(low=0.0, high=1.0)
def first_digit(candidate):
    """Something to tell bodies apart by."""
    return int(candidate.hash[0], 16) / 16


def strong(graph, rng, *, space):
    """Every motor as strong as one drawn."""
    gear = float(rng.choice(space.gears))
    parts = []
    for name in body_graph.limbs(graph):
        limb = body_graph.limb(graph, name)
        joints = tuple(replace(joint, gear=gear) for joint in limb.joints)
        parts.append((name, replace(limb, joints=joints)))
    return body_graph.with_nodes(graph, parts)


def giant(graph, rng, *, space):
    """A body that the space does not know."""
    torso = body_graph.torso(graph)
    return body_graph.with_nodes(graph, [(body_graph.root(graph), replace(torso, radius=9.0))])


def unwilling(graph, rng, *, space):
    raise OperatorError("no")


def failing(graph, rng, *, space):
    raise ZeroDivisionError("oh")


def forgetful(graph, rng, *, space):
    graph.copy()


class Front(NSGA2):
    """A custom NSGA-II."""


class TwoLatest(Algorithm):
    """The two latest candidates are parents."""

    def needs(self, number):
        return 0 if number < self.settings.population else number

    def tell(self, candidate):
        self.population = [*self.population[-1:], candidate]

    def ask(self, number):
        if number < self.settings.population:
            return None
        first, second = random.sample(self.population, 2)
        return first, second


constant = 3
