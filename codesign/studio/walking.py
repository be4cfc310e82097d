"""Walking: a body in, its gait at once, and a score that refines as episodes come in.

A :class:`Walker` has a process that loads the controller once. It works on the newest body alone:
a newer one makes it drop the older, in the middle of an episode. A body whose simulation crashes
the process costs a message, and the next body gets a new process.

    walker = Walker(Setting(controller="flat-v3"), show)
    walker.walk(graph)       # show(Gait), show(Estimate), show(Estimate), ...
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from codesign import defaults
from codesign.errors import WRONG_INPUT
from codesign.studio.episode import Episode, one_episode
from codesign.studio.jobs import Channel, Job
from morph_ops._messages import one_line

if TYPE_CHECKING:
    import mujoco

    from codesign.scoring import BodyScorer, ScoreRecord
    from hyperdistill_core.controller import Controller
    from hyperdistill_core.nets.mlp import BodyMLP
    from hyperdistill_core.rollout import Policy, Rollout
    from hyperdistill_core.tasks import Task

__all__ = ["EPISODES", "Estimate", "Gait", "News", "Setting", "Trouble", "Walker"]

#: Numbers of episodes of the estimates of one score, before and after the choice of a variant.
EPISODES = ((1, 2, 4, 8), (16, 32))
#: Control steps between two checks whether a newer body waits.
_CHECKED_EVERY = 20


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What bodies walk under.

    Attributes:
        controller: Name or file of the controller.
        task: Name of the task, whose ground they walk on.
        best_of: Number of controller variants to try; None for the usual number.
        seed: Seed of the episodes' initial states.
    """

    controller: str | Path = defaults.CONTROLLER
    task: str = defaults.TASK
    best_of: int | None = None
    seed: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Gait:
    """How a body walks.

    Attributes:
        number: Number of the request that it answers.
        episode: An episode of its score.
        variant: Number of the controller variant.
    """

    number: int
    episode: Episode
    variant: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Estimate:
    """A score as far as it is known.

    Attributes:
        number: Number of the request that it answers.
        record: The record of the episodes so far.
        variant: Number of the controller variant.
        percentile: Share of reference bodies that score less (0..100), where that is known.
        final: Whether no better estimate follows.
    """

    number: int
    record: ScoreRecord
    variant: int
    percentile: float | None
    final: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class Trouble:
    """Why a body does not walk.

    Attributes:
        number: Number of the request that it answers.
        message: The reason, in one line.
        model: The body in its world, to show it at rest; None where MuJoCo refuses it.
    """

    number: int
    message: str
    model: mujoco.MjModel | None = None


#: What a walker reports.
News: TypeAlias = Gait | Estimate | Trouble


@dataclass(frozen=True, kw_only=True, eq=False)
class _Request:
    number: int
    graph: nx.DiGraph[str]
    setting: Setting
    variant: int
    network: BodyMLP | None
    episode: int


class Walker:
    """A process that walks one body after the other.

    Args:
        setting: What bodies walk under at first.
        on_news: Called in a thread of this process with everything about the newest body.

    Examples:
        >>> from queue import Queue
        >>> from morph_ops.sampling import sample_body
        >>> news = Queue()
        >>> walker = Walker(Setting(controller="flat-v0"), news.put)
        >>> walker.walk(sample_body(np.random.default_rng(0)))
        1
        >>> type(news.get(timeout=60)).__name__, type(news.get(timeout=60)).__name__
        ('Gait', 'Estimate')
        >>> walker.close()
    """

    def __init__(self, setting: Setting, on_news: Callable[[News], None]) -> None:
        self.setting = setting
        self._on_news = on_news
        self._lock, self._closed = threading.RLock(), False
        self._number = self._began = 0
        self._request: _Request | None = None
        self._job: Job | None = self._start()

    @property
    def pid(self) -> int | None:
        """Id of its process; None while there is none."""
        with self._lock:
            return None if self._job is None else self._job.pid

    def walk(
        self,
        graph: nx.DiGraph[str],
        *,
        variant: int = 0,
        network: BodyMLP | None = None,
        episode: int = 0,
    ) -> int:
        """Drop the body before, and walk this one.

        Args:
            graph: The body.
            variant: Controller variant to begin with, such as that of a similar body.
            network: Network that moves it in place of the generated one, such as after
                fine-tuning; no variant is tried then.
            episode: Number of the episode of its score that shows how it walks.

        Returns:
            Number of the request, which the news about it have.
        """
        with self._lock:
            self._number += 1
            if self._closed:
                return self._number
            self._job = self._job or self._start()
            self._request = _Request(
                number=self._number,
                graph=graph,
                setting=self.setting,
                variant=variant,
                network=network,
                episode=episode,
            )
            self._job.send(self._request)
            return self._number

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._closed = True
            if self._job is not None:
                self._job.stop()
                self._job = None

    def _start(self) -> Job:
        work = partial(_serve, setting=self.setting)
        return Job(work, on_message=self._receive, on_end=self._crashed)

    def _receive(self, news: News | int) -> None:
        if isinstance(news, int):
            self._began = news
        elif news.number == self._number and not self._closed:
            self._on_news(news)

    def _crashed(self, error: str | None) -> None:
        with self._lock:
            self._job, number = None, self._number
            if self._request is not None and self._began != number and not self._closed:
                # It crashed on an older body, while the newest was on its way.
                self._job = self._start()
                self._job.send(self._request)
                self._began = number
                return
        reason = error or "its process ended"
        self._receive(Trouble(number=number, message=f"the simulation crashed: {reason}"))


class _SupersededError(BaseException):
    """A newer body waits; no handler of errors may catch this."""


class _TroubleError(Exception):
    """A later episode went wrong."""


class _Watched:
    """A policy that stops a rollout as soon as a newer body waits.

    Args:
        policy: The policy.
        channel: Where requests come from.
    """

    def __init__(self, policy: Policy, channel: Channel) -> None:
        # The import takes a second, and the app that starts the workers does not need it.
        from hyperdistill_core.rollout import WrappedPolicy

        self._policy, self._channel, self._steps = WrappedPolicy(policy), channel, 0
        self.clock_harmonics = self._policy.clock_harmonics
        self.terrain_dim = self._policy.terrain_dim

    def act(
        self,
        state: NDArray[np.float64],
        heights: NDArray[np.float64] | None = None,
        *,
        time: float | None = None,
    ) -> NDArray[np.float64]:
        """See :meth:`~hyperdistill_core.rollout.SeeingPolicy.act`."""
        self._steps += 1
        if self._steps % _CHECKED_EVERY == 0 and self._channel.waits():
            raise _SupersededError
        return self._policy.act(state, heights, time=time)


def _serve(channel: Channel, setting: Setting) -> None:
    """Walk one body after the other, always the newest."""
    # The controller is there before the first body comes.
    stages = _Stages(setting, channel)
    while True:
        request: _Request = channel.receive()
        while channel.waits():
            request = channel.receive()
        channel.send(request.number)
        try:
            if stages.setting != request.setting:
                stages = _Stages(request.setting, channel)
            stages.run(request)
        except _SupersededError:
            continue
        except (*WRONG_INPUT, _TroubleError) as error:
            channel.send(Trouble(number=request.number, message=one_line(error)))


class _Stages:
    """What is done for a body, in the order in which a user wants to know.

    Args:
        setting: What the body walks under.
        channel: Where news go.
    """

    def __init__(self, setting: Setting, channel: Channel) -> None:
        # Modules that the first body would otherwise wait for.
        import_module("hyperdistill_core.rollout.batched")
        from codesign.scoring import BodyScorer, load_controller, resolve_best_of
        from hyperdistill_core.tasks import get_task

        self.setting, self._channel = setting, channel
        self._task: Task = get_task(setting.task)
        self._controller: Controller = load_controller(setting.controller)
        self._best_of = resolve_best_of(self._controller, setting.best_of)
        self._scorer: BodyScorer = BodyScorer(
            controller=self._controller, task=setting.task, seed=setting.seed
        )

    def run(self, request: _Request) -> None:
        """Send everything about a body."""
        model = self._task.model(request.graph)
        variant = request.variant if request.variant < self._controller.n_variants else 0
        if not self._walk(request, model, variant):
            return
        tried = 1
        if request.network is None and self._best_of > 1:
            tried, best = self._best_of, self._select(request, variant)
            # The choice was made on other episodes: on these the first variant may be better.
            if best != variant and self._is_better(request, best, variant):
                variant = best
                self._walk(request, model, variant)
        for episodes in EPISODES[1]:
            final = episodes == EPISODES[1][-1]
            self._estimate(request, model, variant, episodes, tried=tried, final=final)

    def _walk(self, request: _Request, model: mujoco.MjModel, variant: int) -> bool:
        """Send the gait and the first estimates; return whether the body can be simulated."""
        from codesign.scoring.instability import likely_cause

        number, seed = request.number, self.setting.seed
        policy = self._policy(request, model, variant)
        episode = one_episode(
            request.graph, policy, task=self._task, seed=seed, number=request.episode
        )
        if episode is None:
            cause = likely_cause(request.graph, model)
            self._channel.send(Trouble(number=number, message=cause, model=model))
            return False
        self._channel.send(Gait(number=number, episode=episode, variant=variant))
        if request.episode == 0:
            record = episode.record(self._controller, task=self._task, seed=seed, variant=variant)
            self._channel.send(
                Estimate(
                    number=number, record=record, variant=variant, percentile=None, final=False
                )
            )
        for episodes in EPISODES[0][1:]:
            self._estimate(request, model, variant, episodes, tried=1, final=False)
        return True

    def _policy(self, request: _Request, model: mujoco.MjModel, variant: int) -> _Watched:
        network = request.network
        if network is None:
            network = self._controller.for_body(request.graph, model, variant=variant)
        return _Watched(network, self._channel)

    def _estimate(
        self,
        request: _Request,
        model: mujoco.MjModel,
        variant: int,
        episodes: int,
        *,
        tried: int,
        final: bool,
    ) -> None:
        record = self._scorer(
            request.graph,
            episodes=episodes,
            variant=variant,
            policy=self._policy(request, model, variant),
        )
        if record.status != "ok":
            message = record.warnings[-1] if record.warnings else record.status
            raise _TroubleError(message)
        percentile = None
        known = self._controller.reference_scores
        of_generated = request.network is None and (tried > 1 or variant == 0)
        if of_generated and known is not None and known.task == self._task.name:
            percentile = known.percentile(record.score, best_of=tried)
        self._channel.send(
            Estimate(
                number=request.number,
                record=record,
                variant=variant,
                percentile=percentile,
                final=final,
            )
        )

    def _is_better(self, request: _Request, variant: int, other: int) -> bool:
        """Whether a variant scores more than another one over as many episodes as are shown."""
        model = self._task.model(request.graph)
        one, two = (
            self._scorer(
                request.graph,
                episodes=EPISODES[0][-1],
                variant=each,
                policy=self._policy(request, model, each),
            ).score
            for each in (variant, other)
        )
        return one > two

    def _select(self, request: _Request, variant: int) -> int:
        from hyperdistill_core.controller import select_variant

        return select_variant(
            request.graph,
            self._controller,
            task=self._task,
            best_of=self._best_of,
            seed=self.setting.seed,
            preferred_variants=(variant,),
            run=partial(_watched_rollout, channel=self._channel),
        )


def _watched_rollout(
    graph: nx.DiGraph[str], policy: Policy, *, channel: Channel, **options: Any
) -> Rollout:
    from hyperdistill_core.rollout import rollout

    return rollout(graph, _Watched(policy, channel), **options)
