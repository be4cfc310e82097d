"""The bodies of a run, as lists to pick one from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import networkx as nx

from codesign.api import Run
from codesign.drawing import picture_of
from codesign.errors import UsageError
from codesign.scoring.several_tasks import NORMALIZED
from codesign.store import FRONT, RunFolder
from codesign.studio.finetuning import Tuned
from codesign.studio.session import Opened
from codesign.studio.words import made_by
from morph_ops._registry import is_plugin

if TYPE_CHECKING:
    from codesign.scoring import ScoreRecord

__all__ = ["Entry", "Shelf", "open_candidate", "tasks_of"]

#: Most bodies in a list.
MOST = 500
_BEST = "best designs"
_ANCESTORS = "ancestors of the opened body"
_CHILDREN = "children of the opened body"


@dataclass(frozen=True, kw_only=True, eq=False)
class Entry:
    """A body of a run.

    Attributes:
        number: Its number.
        graph: The body.
        score: Its score in figures, or why it has none; on several tasks their aggregate.
        on_tasks: Its score on each of several tasks, and in brackets the normalized one, or why it
            has none; empty for one task.
        text: Where it comes from.
    """

    number: int
    graph: nx.DiGraph[str]
    score: str
    on_tasks: Mapping[str, str]
    text: str

    @property
    def shown(self) -> str:
        """Its score, with those on several tasks."""
        return f"{self.score}: {', '.join(self.on_tasks.values())}" if self.on_tasks else self.score

    @property
    def said(self) -> str:
        """The same for a sentence, with the names of the tasks."""
        parts = ", ".join(f"{score} on {task}" for task, score in self.on_tasks.items())
        return f"{self.score}: {parts}" if parts else self.score

    def picture(self, *, size: tuple[int, int] = (96, 66)) -> str:
        """The body as SVG.

        Args:
            size: Width and height (px).
        """
        return picture_of(
            self.graph, size=size, title=f"candidate {self.number}", prefix=_letters(self.number)
        )


class Shelf:
    """The lists of a run.

    Args:
        run: The run.
    """

    def __init__(self, run: Run) -> None:
        self._run = run

    @property
    def score_is(self) -> str:
        """What the scores of the lists are."""
        settings = self._run.settings
        if not settings.tasks:
            return "score"
        how = "least" if settings.aggregate == "min" else "mean"
        return f"{how} of the normalized scores"

    @property
    def tasks(self) -> Sequence[str]:
        """The tasks that follow each score; none where the run has one task."""
        return self._run.settings.tasks

    @property
    def lists(self) -> list[str]:
        """Names of the lists: the best designs, what the algorithm keeps, and the family."""
        return [_BEST, *map(_kept, self._roles()), _ANCESTORS, _CHILDREN]

    def numbers(self, name: str, *, opened: int | None = None) -> list[int]:
        """Numbers of the bodies in a list.

        Args:
            name: Name of the list.
            opened: Number of the body that was opened last, for its family.

        Raises:
            UsageError: The run cannot be read.
        """
        if name == _BEST:
            return [candidate.number for candidate in self._run.best(30)]
        if name in (_ANCESTORS, _CHILDREN):
            if opened is None:
                return []
            tree = self._run.phylogeny()
            if name == _CHILDREN:
                return sorted(tree.successors(opened))[:MOST]
            found: set[int] = nx.ancestors(tree, opened)  # pyright: ignore[reportUnknownMemberType]
            return sorted(found, reverse=True)[:MOST]
        role = next((role for role in self._roles() if _kept(role) == name), None)
        if role is None:
            raise UsageError(f"{name}: expected one of {', '.join(self.lists)}")
        rows = self._run.query(
            "SELECT m.number FROM membership m JOIN candidates c ON c.number = m.number "
            "LEFT JOIN rescores r ON r.number = m.number AND r.candidates = "
            "(SELECT max(candidates) FROM rescores WHERE number = m.number) "
            f"WHERE m.until IS NULL AND m.role = '{role.replace(chr(39), chr(39) * 2)}' "
            "ORDER BY ifnull(r.score, c.score) DESC",
            limit=MOST,
        ).rows
        return [int(row[0]) for row in rows]

    def entry(self, number: int) -> Entry:
        """One body.

        Args:
            number: Its number.

        Raises:
            UsageError: The run has no such candidate.
        """
        candidate = self._run.candidate(number)
        record = candidate.final
        score = f"{record.score:,.0f}" if record.status == "ok" else record.status
        parents = " and ".join(str(parent) for parent in candidate.parents)
        made = made_by(candidate.operator.split("+"))
        return Entry(
            number=number,
            graph=candidate.graph,
            score=score,
            on_tasks={task: _on_task(part) for task, part in record.by_task.items()},
            text=f"generation {candidate.generation}, "
            + (f"child of {parents}: {made}" if parents else made)
            + ("; its network learned on" if candidate.finetuned else ""),
        )

    def _roles(self) -> list[str]:
        rows = self._run.query(
            "SELECT DISTINCT role FROM membership WHERE until IS NULL ORDER BY role", limit=50
        ).rows
        return [str(row[0]) for row in rows]


def tasks_of(run: Run) -> tuple[str, ...]:
    """The tasks of a run to offer: of the run of somebody else none that runs code.

    Args:
        run: The run.
    """
    try:
        RunFolder(run.path).require_trusted(run.settings, {})
    except UsageError:
        return tuple(task for task in run.settings.task_names if not is_plugin(task))
    return run.settings.task_names


def open_candidate(run: Run, number: int, *, task: str, own: bool) -> Opened:
    """A body of a run, as its score had it.

    Args:
        run: The run.
        number: Number of the body.
        task: Name of the task of the tab; a network that learned on another one is left out.
        own: Whether the controller of its score moves it, as the user named no other.

    Raises:
        UsageError: The run has no such candidate, or its network cannot be read.
    """
    candidate = run.candidate(number)
    record = candidate.finetuned if own and task == run.settings.task else None
    network = None if record is None else run.own_network(candidate)
    tuned = None
    if record is not None and network is not None:
        # (both of the variant that it learned from)
        tuned = Tuned(network=network, before=record.metrics["best_of_score"], after=record.score)
    return Opened(
        graph=candidate.graph,
        name=f"candidate-{number:05d}",
        variant=candidate.variant if record is None else record.variant,
        number=number,
        controller=run.controller_of(candidate) if own else None,
        tuned=tuned,
    )


def _on_task(part: ScoreRecord) -> str:
    """The score on one of several tasks, and where it is on the common scale."""
    if part.status != "ok":
        return part.status
    return f"{part.score:,.0f} ({part.metrics[NORMALIZED]:.0f})"


def _kept(role: str) -> str:
    """The list of what an algorithm keeps in a role."""
    return "Pareto front" if role == FRONT else role


def _letters(number: int) -> str:
    """A number as letters, for the ids of a picture."""
    return "n" + "".join(chr(ord("a") + int(digit)) for digit in str(number))
