"""Kinematic trees in the packed layout of the message-passing network.

Samples of bodies with different numbers of limbs lie one behind the other, without
padding: a batch of B samples with N nodes in all has features of shape (N, W). Every
exchange between nodes is a sum over short lists of rows ("bags"), whose gradient is again
a sum over bags, so that both directions run in one fast kernel. For networks that need
rectangles, a batch can be padded, by samples or by bodies and their samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional as F

#: What a node sends, in the order of the rows of its messages: to itself, to its children,
#: to its parent.
SENDS = 3


@dataclass(frozen=True)
class Bags:
    """Lists of rows to add up.

    Attributes:
        rows: (E,) int64, the lists one behind the other.
        starts: (bags,) int64, where every list begins in ``rows``.
    """

    rows: Tensor
    starts: Tensor

    def to(self, device: torch.device) -> Bags:
        """The bags on another device."""
        return Bags(self.rows.to(device), self.starts.to(device))

    def sum(self, table: Tensor) -> Tensor:
        """Sums of rows of ``table`` (rows, W), shape (bags, W); an empty list gives zeros."""
        return F.embedding_bag(self.rows, table, self.starts, mode="sum")


@dataclass(frozen=True)
class Repeats:
    """The samples of a batch by their bodies: A distinct bodies, at most R samples of each.

    Attributes:
        first: (A,) int64, the first sample of every body, bodies in ascending order.
        body: (B,) int64, the place among the A bodies of every sample's own.
        place: (B,) int64, the place of a sample among those of its body.
        most: R, the largest number of samples of one body.
    """

    first: Tensor
    body: Tensor
    place: Tensor
    most: int


@dataclass(frozen=True)
class TreeBatch:
    """Samples of bodies, packed: B samples, N nodes in all, samples one behind the other.

    Attributes:
        body: (B,) int64, every sample's body, by its place in the :class:`Trees`.
        sample: (N,) int64, the sample that a node belongs to.
        node: (N,) int64, the place of a node within its body.
        context_row: (N,) int64, the row of a node in the contexts of its :class:`Trees`.
        counts: (B,) int64, nodes of every sample.
        gather: N bags of message rows (``3 * node + kind``) that a node receives.
        scatter: 3 N bags of nodes that receive a message, the adjoint of ``gather``.
        members: B bags with the nodes of a sample.
    """

    body: Tensor
    sample: Tensor
    node: Tensor
    context_row: Tensor
    counts: Tensor
    gather: Bags
    scatter: Bags
    members: Bags

    def __len__(self) -> int:
        return len(self.counts)

    def to(self, device: torch.device) -> TreeBatch:
        """The batch on another device."""
        if self.counts.device == device:
            return self
        moved = {row.name: getattr(self, row.name).to(device) for row in fields(self)}
        return TreeBatch(**moved)

    def pack(self, padded: Tensor) -> Tensor:
        """Rows of real nodes: (B, n_max, ...) -> (N, ...)."""
        return padded[self.sample, self.node]

    def pad(self, packed: Tensor, n_max: int) -> Tensor:
        """The inverse of :meth:`pack`, zeros where a sample has no node."""
        padded = packed.new_zeros((len(self), n_max, *packed.shape[1:]))
        padded[self.sample, self.node] = packed
        return padded

    @cached_property
    def n_max(self) -> int:
        """Nodes of the largest sample."""
        return int(self.counts.max())

    @cached_property
    def present(self) -> Tensor:
        """(B, n_max) bool, True where a sample has a node."""
        return torch.arange(self.n_max, device=self.counts.device) < self.counts[:, None]

    @cached_property
    def repeats(self) -> Repeats:
        """Which samples are of one body."""
        _, body, sizes = self.body.unique(return_inverse=True, return_counts=True)
        order = body.argsort(stable=True)
        starts = _before(sizes)
        place = torch.empty_like(body)
        place[order] = torch.arange(len(body), device=body.device) - starts[body[order]]
        return Repeats(first=order[starts], body=body, place=place, most=int(sizes.max()))

    def of_bodies(self, table: Tensor) -> Tensor:
        """What is constant for a body, once each: (rows, W) of all bodies -> (A, n_max, W)."""
        return self.pad(table[self.context_row], self.n_max)[self.repeats.first]

    def by_bodies(self, packed: Tensor) -> Tensor:
        """Nodes by body and sample: (N, ...) -> (A, R, n_max, ...), zeros where there is none."""
        repeats = self.repeats
        shape = (len(repeats.first), repeats.most, self.n_max, *packed.shape[1:])
        grouped = packed.new_zeros(shape)
        grouped[self._of_node(repeats.body), self._of_node(repeats.place), self.node] = packed
        return grouped

    def from_bodies(self, grouped: Tensor) -> Tensor:
        """The inverse of :meth:`by_bodies`: (A, R, n_max, ...) -> (N, ...)."""
        repeats = self.repeats
        return grouped[self._of_node(repeats.body), self._of_node(repeats.place), self.node]

    def body_mean(self, padded: Tensor) -> Tensor:
        """Means over the nodes of every sample: (B, n_max) -> (B,)."""
        return (padded * self.present).sum(dim=1) / self.counts

    def _of_node(self, of_sample: Tensor) -> Tensor:
        return of_sample[self.sample]


class Trees:
    """The bodies of a training set, from which batches of samples are put together.

    Args:
        parents: for every body the index of each node's parent; node 0 is the root and
            its own parent, and a parent comes before its children.

    Example:
        >>> trees = Trees([[0, 0, 1], [0, 0]])
        >>> batch = trees.batch(torch.tensor([1, 0, 1]))
        >>> batch.sample.tolist(), batch.node.tolist()
        ([0, 0, 1, 1, 1, 2, 2], [0, 1, 0, 1, 2, 0, 1])

    Raises:
        ValueError: a list of parents is no tree in depth-first order.
    """

    def __init__(self, parents: Sequence[Sequence[int]]):
        gather: list[list[int]] = []
        scatter: list[list[int]] = []
        for body, tree in enumerate(parents):
            ordered = all(0 <= parent < node for node, parent in enumerate(tree) if node)
            if not len(tree) or tree[0] != 0 or not ordered:
                raise ValueError(
                    f"body {body}: parents {list(tree)} are no tree: expected 0 first,"
                    " then for every node the index of an earlier one"
                )
            children: list[list[int]] = [[] for _ in tree]
            for node, parent in enumerate(tree[1:], start=1):
                children[parent].append(node)
            for node, parent in enumerate(tree):
                above = [parent] if node else []
                gather.append(
                    [SENDS * node]
                    + [SENDS * other + 1 for other in above]
                    + [SENDS * other + 2 for other in children[node]]
                )
                scatter += [[node], children[node], above]
        self.counts = torch.tensor([len(tree) for tree in parents])
        self._firsts = _before(self.counts)
        self._gather = _Ragged(gather, self.counts)
        self._scatter = _Ragged(scatter, SENDS * self.counts)

    @property
    def total(self) -> int:
        """Number of nodes of all bodies: the rows that contexts must have."""
        return int(self.counts.sum())

    def batch(self, body: Tensor) -> TreeBatch:
        """Puts samples together; ``body`` (B,) int64 names every sample's body."""
        counts = self.counts[body]
        sample = torch.repeat_interleave(counts)
        base = _before(counts)
        row = torch.arange(len(sample))
        node = row - base[sample]
        return TreeBatch(
            body=body,
            sample=sample,
            node=node,
            context_row=node + self._firsts[body][sample],
            counts=counts,
            gather=self._gather.batch(body, SENDS * base),
            scatter=self._scatter.batch(body, base),
            members=Bags(row, base),
        )


class _Ragged:
    """Bags of all bodies, with rows counted from a body's own first one."""

    def __init__(self, lists: list[list[int]], bags: Tensor):
        self.rows = torch.tensor([row for rows in lists for row in rows])
        self.starts = _before(torch.tensor([len(rows) for rows in lists]))
        self.bags, self.first_bag = bags, _before(bags)
        ends = torch.cat([self.starts, torch.tensor([len(self.rows)])])
        self.first_row = self.starts[self.first_bag]
        self.sizes = ends[self.first_bag + bags] - self.first_row

    def batch(self, body: Tensor, base: Tensor) -> Bags:
        """The bags of the samples' bodies; ``base`` (B,) is added to a sample's rows."""
        sizes, shift = self.sizes[body], self.first_row[body]
        begin = _before(sizes)
        owner, place = _places(self.first_row[body], sizes)
        bag_owner, bag_place = _places(self.first_bag[body], self.bags[body])
        return Bags(
            rows=self.rows[place] + base[owner],
            starts=self.starts[bag_place] + (begin - shift)[bag_owner],
        )


def _before(counts: Tensor) -> Tensor:
    return counts.cumsum(0) - counts


def _places(first: Tensor, count: Tensor) -> tuple[Tensor, Tensor]:
    """Owner and place of every entry of the ranges ``first .. first + count``."""
    owner = torch.repeat_interleave(count)
    return owner, torch.arange(len(owner)) + (first - _before(count))[owner]
