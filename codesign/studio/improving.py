"""Improve: a short evolution around a design, which offers its three best children.

Every round mutates the best bodies so far, and scores the children zero-shot on the same few
episodes, under the design's own controller variant. After each round the best three are scored
again on more episodes, and reported with their gaits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import networkx as nx
import numpy as np

from codesign.studio.episode import Episode, first_episode
from codesign.studio.jobs import Channel
from codesign.studio.walking import Setting
from morph_ops.errors import OperatorError
from morph_ops.identity import body_hash

if TYPE_CHECKING:
    from codesign.scoring import BodyScorer, ScoreRecord
    from hyperdistill_core.controller import Controller

__all__ = ["OFFERED", "Child", "Evolution", "Offer", "Progress", "improve"]

#: Number of children that are offered.
OFFERED = 3


@dataclass(frozen=True, kw_only=True)
class Evolution:
    """How long and how wide an evolution is.

    Attributes:
        rounds: Number of rounds.
        children: Children of a round.
        parents: Number of best bodies that have children in the next round.
        episodes: Episodes of a child's score.
        offered_episodes: Episodes of the scores of those that are offered.
        seed: Seed of the mutations.
    """

    rounds: int = 3
    children: int = 24
    parents: int = 4
    episodes: int = 2
    offered_episodes: int = 8
    seed: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Child:
    """A body that descends from the design.

    Attributes:
        graph: The body.
        operators: Names of the mutations that led to it, in order.
        record: Its score.
        episode: How it walks; None until it is offered.
    """

    graph: nx.DiGraph[str]
    operators: tuple[str, ...]
    record: ScoreRecord
    episode: Episode | None = None


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far an evolution is.

    Attributes:
        done: Number of scored children.
        total: Number of children of all rounds.
        best: Best score of a child so far, over few episodes.
    """

    done: int
    total: int
    best: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Offer:
    """The best children so far, best first; the design itself is none of them.

    Attributes:
        children: At most :data:`OFFERED` children with episodes.
        round: Number of finished rounds.
        design_score: Score of the design over the same episodes.
    """

    children: tuple[Child, ...]
    round: int
    design_score: float


#: What an evolution reports.
Report: TypeAlias = Progress | Offer


def improve(
    channel: Channel,
    graph: nx.DiGraph[str],
    *,
    setting: Setting,
    variant: int = 0,
    evolution: Evolution | None = None,
) -> None:
    """Evolve around a design, and report :data:`Report` as it goes.

    Args:
        channel: Gets the reports.
        graph: The design.
        setting: What bodies walk under.
        variant: Controller variant of the design.
        evolution: How long and how wide; None for the usual.
    """
    from codesign.scoring import BodyScorer, load_controller

    size = evolution or Evolution()
    controller = load_controller(setting.controller)
    scorer = BodyScorer(
        controller=controller,
        task=setting.task,
        seed=setting.seed,
        episodes=size.episodes,
    )
    search = _Search(
        channel, scorer, controller, graph, setting=setting, variant=variant, size=size
    )
    for number in range(1, size.rounds + 1):
        search.run_round(number)


class _Search:
    """The bodies of one evolution."""

    def __init__(
        self,
        channel: Channel,
        scorer: BodyScorer,
        controller: Controller,
        graph: nx.DiGraph[str],
        *,
        setting: Setting,
        variant: int,
        size: Evolution,
    ) -> None:
        self._channel, self._scorer, self._controller = channel, scorer, controller
        self._setting, self._variant, self._size = setting, variant, size
        self._rng = np.random.default_rng(np.random.SeedSequence(size.seed))
        record = scorer(graph, variant=variant)
        self._design = Child(graph=graph, operators=(), record=record)
        self._known = {body_hash(graph)}
        self._children: list[Child] = []
        self._done = 0
        self._offered: dict[str, Child] = {}
        self._design_score = scorer(graph, variant=variant, episodes=size.offered_episodes).score

    def run_round(self, number: int) -> None:
        """Make and score the children of a round, and offer the best of all."""
        ranked = sorted([self._design, *self._children], key=_score, reverse=True)
        parents = ranked[: self._size.parents]
        for index in range(self._size.children):
            child = self._child(parents[index % len(parents)])
            if child is not None:
                self._children.append(child)
            self._done += 1
            best = max((_score(each) for each in self._children), default=float("-inf"))
            total = self._size.rounds * self._size.children
            self._channel.send(Progress(done=self._done, total=total, best=best))
        self._offer(number)

    def _child(self, parent: Child) -> Child | None:
        """A child that is new, scored; None where the mutation finds none."""
        from morph_ops.operators import mutate

        try:
            graph, operator = mutate(parent.graph, self._rng)
        except OperatorError:
            return None
        key = body_hash(graph)
        if key in self._known:
            return None
        self._known.add(key)
        record = self._scorer(graph, variant=self._variant)
        if record.status != "ok":
            return None
        return Child(graph=graph, operators=(*parent.operators, operator), record=record)

    def _offer(self, number: int) -> None:
        """Score the best again on more episodes, and report those that stay the best."""
        ranked = sorted(self._children, key=_score, reverse=True)
        shown = [self._scored_again(child) for child in ranked[: 2 * OFFERED]]
        best = sorted(shown, key=_score, reverse=True)[:OFFERED]
        walking = [self._shown(child) for child in best]
        self._channel.send(
            Offer(
                children=tuple(child for child in walking if child.episode is not None),
                round=number,
                design_score=self._design_score,
            )
        )

    def _scored_again(self, child: Child) -> Child:
        key = body_hash(child.graph)
        if key not in self._offered:
            record = self._scorer(
                child.graph, variant=self._variant, episodes=self._size.offered_episodes
            )
            self._offered[key] = replace(child, record=record)
        return self._offered[key]

    def _shown(self, child: Child) -> Child:
        if child.episode is not None:
            return child
        from hyperdistill_core.tasks import get_task

        task = get_task(self._setting.task)
        model = task.model(child.graph)
        policy = self._controller.for_body(child.graph, model, variant=self._variant)
        episode = first_episode(
            child.graph, policy, model=model, task=task, seed=self._setting.seed
        )
        done = replace(child, episode=episode)
        self._offered[body_hash(child.graph)] = done
        return done


def _score(child: Child) -> float:
    return child.record.score
