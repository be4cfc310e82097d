"""A design on the drawing board: a body, what is selected, and the way back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import networkx as nx

from morph_ops.graph import node_names, root
from morph_ops.identity import body_hash

#: Steps that can be undone.
MOST_STEPS = 200


class Version(NamedTuple):
    """A body in the history of a design.

    Attributes:
        graph: The body.
        name: Name of the design.
        opened: The body as it was opened.
    """

    graph: nx.DiGraph[str]
    name: str
    opened: nx.DiGraph[str]


@dataclass(frozen=True, kw_only=True, eq=False)
class Document:
    """A design with its history; every method returns a new one.

    Attributes:
        name: Name of the design, for files.
        graph: The body.
        selected: Name of the selected node.
        past: Versions to go back to, the latest last.
        future: Versions to go forward to, the nearest last.
        opened: The body as it was opened.
        saved: The body as it was saved or opened last.
        last: What the last edit changed, so that one drag of a slider is one step.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> first, second = (sample_body(np.random.default_rng(seed)) for seed in (0, 1))
        >>> design = Document.of(first, name="walker").edited(second)
        >>> design.is_changed, design.undone().graph is first, design.undone().redone() is design
        (True, True, False)
        >>> design.reset().graph is first, design.reset().undone().graph is second
        (True, True)
    """

    name: str
    graph: nx.DiGraph[str]
    selected: str
    opened: nx.DiGraph[str]
    saved: nx.DiGraph[str]
    past: tuple[Version, ...] = ()
    future: tuple[Version, ...] = ()
    last: str = ""

    @classmethod
    def of(cls, graph: nx.DiGraph[str], *, name: str) -> Document:
        """A design that was just opened, with its torso selected.

        Args:
            graph: The body.
            name: Name of the design.
        """
        return cls(name=name, graph=graph, selected=root(graph), opened=graph, saved=graph)

    @property
    def is_changed(self) -> bool:
        """Whether the body differs from the one that was saved or opened last."""
        return _differ(self.graph, self.saved)

    @property
    def can_reset(self) -> bool:
        """Whether the body differs from the one that was opened."""
        return _differ(self.graph, self.opened)

    def edited(
        self, graph: nx.DiGraph[str], *, what: str = "", merge: bool = False, selected: str = ""
    ) -> Document:
        """The design after an edit.

        Args:
            graph: The new body.
            what: What the edit changed, such as "length of limb/3".
            merge: Whether an edit of the same thing just before becomes one step with this one.
            selected: Name of the node to select; the selected one by default.
        """
        merged = merge and bool(what) and what == self.last
        past = self.past if merged else self._with_this(self.past)
        chosen = selected or self.selected
        return replace(
            self,
            graph=graph,
            past=past,
            future=(),
            last=what,
            selected=chosen if chosen in graph else root(graph),
        )

    def replaced(self, graph: nx.DiGraph[str], *, name: str) -> Document:
        """The design after another one was opened in its place, as one step.

        Args:
            graph: The body.
            name: Name of the other design.
        """
        return replace(Document.of(graph, name=name), past=self._with_this(self.past))

    def selecting(self, name: str) -> Document:
        """The design with another node selected; a name that it does not have selects the torso.

        Args:
            name: Name of the node.
        """
        return replace(self, selected=name if name in self.graph else root(self.graph), last="")

    def neighbor(self, step: int) -> Document:
        """The design with the next or the previous node selected, depth first.

        Args:
            step: 1 for the next node, -1 for the previous one.
        """
        names = node_names(self.graph)
        return self.selecting(names[(names.index(self.selected) + step) % len(names)])

    def undone(self) -> Document:
        """The design before the last edit; the same if there is none."""
        if not self.past:
            return self
        return self._stepped(self.past[-1], self.past[:-1], self._with_this(self.future))

    def redone(self) -> Document:
        """The design after the edit that was undone last; the same if there is none."""
        if not self.future:
            return self
        return self._stepped(self.future[-1], self._with_this(self.past), self.future[:-1])

    def reset(self) -> Document:
        """The design with the body as it was opened, as one more step; the same if it is that."""
        return self.edited(self.opened) if self.can_reset else self

    def saved_now(self) -> Document:
        """The design after it was saved."""
        return replace(self, saved=self.graph)

    def renamed(self, name: str) -> Document:
        """The design under another name.

        Args:
            name: The name.
        """
        return replace(self, name=name)

    def _with_this(self, versions: tuple[Version, ...]) -> tuple[Version, ...]:
        """The latest versions and this one."""
        return (*versions, Version(self.graph, self.name, self.opened))[-MOST_STEPS:]

    def _stepped(
        self, to: Version, past: tuple[Version, ...], future: tuple[Version, ...]
    ) -> Document:
        return replace(
            self,
            graph=to.graph,
            # A new name of a design is no step.
            name=self.name if to.opened is self.opened else to.name,
            opened=to.opened,
            past=past,
            future=future,
            selected=self.selected if self.selected in to.graph else root(to.graph),
            last="",
        )


def _differ(one: nx.DiGraph[str], other: nx.DiGraph[str]) -> bool:
    return one is not other and body_hash(one) != body_hash(other)
