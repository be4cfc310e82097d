"""Improve: a short evolution around a design, which offers its three best children.

Every round mutates the best bodies so far, and scores the children zero-shot on the same few
episodes, under the design's own controller variant. After each round the best three are scored
again on more episodes, and reported with their gaits. A search that is stopped in its first round
offers the best as they are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import networkx as nx
import numpy as np

from codesign.studio.episode import Episode, one_episode
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
        share: Share of the work that is done (0..1).
        done: Number of children so far, also of those that could not be made or walk.
        total: Number of children of all rounds.
        best: Best score of a child so far, over few episodes; minus infinity before the first.
        design_score: Score of the design over the same episodes.
    """

    share: float
    done: int
    total: int
    best: float
    design_score: float


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
        channel: Gets the reports; a stop from it ends the evolution, and what it has found counts.
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
    search.run()


class _StopError(Exception):
    """The user ended the evolution."""


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
        self._done = self._episodes = 0
        self._offered: dict[str, Child] = {}

    @cached_property
    def _design_score(self) -> float:
        """Score of the design over as many episodes as those that are offered."""
        episodes = self._size.offered_episodes
        return self._scorer(self._design.graph, variant=self._variant, episodes=episodes).score

    def run(self) -> None:
        """Make and score children, round by round, and offer the best of all after each."""
        self._report()
        finished = 0
        try:
            for number in range(1, self._size.rounds + 1):
                self._run_round()
                self._offer(self._scored_again(), number, self._design_score)
                finished = number
        except _StopError:
            if not finished:
                self._offer(self._ranked()[:OFFERED], 0, self._design.record.score)

    def _run_round(self) -> None:
        parents = [self._design, *self._children]
        parents = sorted(parents, key=_score, reverse=True)[: self._size.parents]
        for index in range(self._size.children):
            child = self._child(parents[index % len(parents)])
            if child is not None:
                self._children.append(child)
            self._done += 1
            self._report(self._size.episodes)

    def _report(self, episodes: int = 0) -> None:
        """Say how far the evolution is after some more episodes.

        Raises:
            _StopError: The user wants no more.
        """
        size = self._size
        self._episodes += episodes
        again = 2 * OFFERED * size.offered_episodes
        share = self._episodes / (size.rounds * (size.children * size.episodes + again))
        self._channel.send(
            Progress(
                share=share,
                done=self._done,
                total=size.rounds * size.children,
                best=max((_score(each) for each in self._children), default=float("-inf")),
                design_score=self._design.record.score,
            )
        )
        if self._channel.is_stopped():
            raise _StopError

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

    def _ranked(self) -> list[Child]:
        return sorted(self._children, key=_score, reverse=True)

    def _scored_again(self) -> list[Child]:
        """The best children by their scores over more episodes."""
        found: list[Child] = []
        for child in self._ranked()[: 2 * OFFERED]:
            key, episodes = body_hash(child.graph), self._size.offered_episodes
            if key not in self._offered:
                record = self._scorer(child.graph, variant=self._variant, episodes=episodes)
                self._offered[key] = replace(child, record=record)
            found.append(self._offered[key])
            self._report(episodes)
        return sorted(found, key=_score, reverse=True)[:OFFERED]

    def _offer(self, children: list[Child], number: int, design_score: float) -> None:
        walking = [self._walking(child) for child in children]
        self._channel.send(
            Offer(
                children=tuple(child for child in walking if child.episode is not None),
                round=number,
                design_score=design_score,
            )
        )

    def _walking(self, child: Child) -> Child:
        """A child with its first episode."""
        if child.episode is not None:
            return child
        from hyperdistill_core.tasks import get_task

        task = get_task(self._setting.task)
        model = task.model(child.graph)
        policy = self._controller.for_body(child.graph, model, variant=self._variant)
        episode = one_episode(child.graph, policy, task=task, seed=self._setting.seed)
        done = replace(child, episode=episode)
        self._offered[body_hash(child.graph)] = done
        return done


def _score(child: Child) -> float:
    return child.record.score
