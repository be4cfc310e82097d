"""A design on the drawing board: a body, what is selected, and the way back."""

from __future__ import annotations

from dataclasses import dataclass, replace

import networkx as nx

from morph_ops.graph import node_names, root
from morph_ops.identity import body_hash

#: Steps that can be undone.
MOST_STEPS = 200


@dataclass(frozen=True, kw_only=True, eq=False)
class Document:
    """A design with its history; every method returns a new one.

    Attributes:
        name: Name of the design, for files.
        graph: The body.
        selected: Name of the selected node.
        past: Bodies to go back to, the latest last.
        future: Bodies to go forward to, the nearest last.
        saved: The body as it was saved or opened last.
        last: What the last edit changed, so that one drag of a slider is one step.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> first, second = (sample_body(np.random.default_rng(seed)) for seed in (0, 1))
        >>> design = Document.of(first, name="walker").edited(second)
        >>> design.is_changed, design.undone().graph is first, design.undone().redone() is design
        (True, True, False)
    """

    name: str
    graph: nx.DiGraph[str]
    selected: str
    saved: nx.DiGraph[str]
    past: tuple[nx.DiGraph[str], ...] = ()
    future: tuple[nx.DiGraph[str], ...] = ()
    last: str = ""

    @classmethod
    def of(cls, graph: nx.DiGraph[str], *, name: str) -> Document:
        """A design that was just opened, with its torso selected.

        Args:
            graph: The body.
            name: Name of the design.
        """
        return cls(name=name, graph=graph, selected=root(graph), saved=graph)

    @property
    def is_changed(self) -> bool:
        """Whether the body differs from the one that was saved or opened last."""
        return self.graph is not self.saved and body_hash(self.graph) != body_hash(self.saved)

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
        past = self.past if merged else (*self.past, self.graph)[-MOST_STEPS:]
        chosen = selected or self.selected
        return replace(
            self,
            graph=graph,
            past=past,
            future=(),
            last=what,
            selected=chosen if chosen in graph else root(graph),
        )

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
        graph, past = self.past[-1], self.past[:-1]
        return self._stepped(graph, past, (*self.future, self.graph))

    def redone(self) -> Document:
        """The design after the edit that was undone last; the same if there is none."""
        if not self.future:
            return self
        graph, future = self.future[-1], self.future[:-1]
        return self._stepped(graph, (*self.past, self.graph), future)

    def saved_now(self) -> Document:
        """The design after it was saved."""
        return replace(self, saved=self.graph)

    def renamed(self, name: str) -> Document:
        """The design under another name.

        Args:
            name: The name.
        """
        return replace(self, name=name)

    def _stepped(
        self,
        graph: nx.DiGraph[str],
        past: tuple[nx.DiGraph[str], ...],
        future: tuple[nx.DiGraph[str], ...],
    ) -> Document:
        chosen = self.selected if self.selected in graph else root(graph)
        return replace(self, graph=graph, past=past, future=future, selected=chosen, last="")
