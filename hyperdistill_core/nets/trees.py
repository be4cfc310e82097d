"""Kinematic trees in the packed layout of message passing.

The samples of bodies with different numbers of nodes lie end to end, without padding: a batch of
B samples with N nodes in all has features of shape (N, W). Every exchange between nodes is a sum
over short lists of rows ("bags"). The gradient of such a sum is again a sum over bags, so both
directions run in one fast kernel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor
from torch.nn import functional as F

#: Number of messages of a node. They go to itself, to its children, and to its parent.
SENDS = 3


@dataclass(frozen=True)
class Bags:
    """Lists of rows whose entries are summed.

    Attributes:
        rows: (E,) int64, the lists end to end.
        starts: (bags,) int64, the index in ``rows`` where each list begins.

    Examples:
        >>> bags = Bags(rows=torch.tensor([0, 2, 1]), starts=torch.tensor([0, 2, 3]))
        >>> bags.sum(torch.tensor([[1.0], [2.0], [3.0]])).tolist()
        [[4.0], [2.0], [0.0]]
    """

    rows: Tensor
    starts: Tensor

    def to(self, device: torch.device) -> Bags:
        """The bags on another device."""
        return Bags(self.rows.to(device), self.starts.to(device))

    def sum(self, table: Tensor) -> Tensor:
        """Sums (bags, W) of rows of ``table`` (rows, W); an empty list gives zeros."""
        return F.embedding_bag(self.rows, table, self.starts, mode="sum")


@dataclass(frozen=True)
class TreeBatch:
    """Packed samples of bodies: B samples with N nodes in all, end to end.

    Attributes:
        sample: (N,) int64, the sample that each node belongs to.
        node: (N,) int64, the index of each node within its body.
        context_row: (N,) int64, the row of each node in the contexts of its :class:`Trees`.
        counts: (B,) int64, the number of nodes of each sample.
        gather: N bags of message rows (``3 * node + kind``) that a node receives.
        scatter: 3 N bags of nodes that receive a message, the adjoint of ``gather``.
        members: B bags of the nodes of a sample.

    Examples:
        >>> tree = Trees([[0, 0, 1], [0]]).batch(torch.tensor([0, 1]))
        >>> padded = tree.pad(torch.arange(4.0), (2, 1, 3))
        >>> padded.tolist()
        [[[0.0, 1.0, 2.0]], [[3.0, 0.0, 0.0]]]
        >>> tree.pack(padded).tolist()
        [0.0, 1.0, 2.0, 3.0]
    """

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
        moved = {field.name: getattr(self, field.name).to(device) for field in fields(self)}
        return TreeBatch(**moved)

    def pack(self, padded: Tensor) -> Tensor:
        """Rows of the existing nodes: (A, R, n, ...) to (N, ...)."""
        return padded.flatten(0, 1)[self.sample, self.node]

    def pad(self, packed: Tensor, shape: tuple[int, int, int]) -> Tensor:
        """The inverse of :meth:`pack`, with zeros where a body has no node.

        Args:
            packed: (N, ...) rows.
            shape: Number of bodies A, of samples of each R, and of rows of a sample n.
        """
        bodies, samples, n = shape
        padded = packed.new_zeros((bodies * samples, n, *packed.shape[1:]))
        padded[self.sample, self.node] = packed
        return padded.view(bodies, samples, n, *packed.shape[1:])


class Trees:
    """The bodies of a training set, from which batches of samples are assembled.

    Args:
        parents: For each body the index of the parent of each node. Node 0 is the root and its
            own parent, and a parent comes before its children.

    Examples:
        >>> trees = Trees([[0, 0, 1], [0, 0]])
        >>> batch = trees.batch(torch.tensor([1, 0, 1]))
        >>> batch.sample.tolist(), batch.node.tolist()
        ([0, 0, 1, 1, 1, 2, 2], [0, 1, 0, 1, 2, 0, 1])

    Raises:
        ValueError: A list of parents is not a tree in depth-first order.
    """

    def __init__(self, parents: Sequence[Sequence[int]]):
        gather: list[list[int]] = []
        scatter: list[list[int]] = []
        for body, tree in enumerate(parents):
            ordered = all(0 <= parent < node for node, parent in enumerate(tree) if node)
            if not len(tree) or tree[0] != 0 or not ordered:
                raise ValueError(
                    f"body {body}: parents {list(tree)} are not a tree: expected 0 first,"
                    " then for each node the index of an earlier one"
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

    def batch(self, body: Tensor) -> TreeBatch:
        """A batch of samples.

        Args:
            body: (B,) int64, the index of the body of each sample.
        """
        counts = self.counts[body]
        sample = torch.repeat_interleave(counts)
        base = _before(counts)
        row = torch.arange(len(sample))
        node = row - base[sample]
        return TreeBatch(
            sample=sample,
            node=node,
            context_row=node + self._firsts[body][sample],
            counts=counts,
            gather=self._gather.batch(body, SENDS * base),
            scatter=self._scatter.batch(body, base),
            members=Bags(row, base),
        )


class _Ragged:
    """Bags of all bodies, with rows counted from the first row of each body."""

    def __init__(self, lists: list[list[int]], bags: Tensor):
        self.rows = torch.tensor([row for rows in lists for row in rows])
        self.starts = _before(torch.tensor([len(rows) for rows in lists]))
        self.bags, self.first_bag = bags, _before(bags)
        ends = torch.cat([self.starts, torch.tensor([len(self.rows)])])
        self.first_row = self.starts[self.first_bag]
        self.sizes = ends[self.first_bag + bags] - self.first_row

    def batch(self, body: Tensor, base: Tensor) -> Bags:
        """The bags of a batch.

        Args:
            body: (B,) the body of each sample.
            base: (B,) the first row of each sample, added to its rows.
        """
        sizes, shift = self.sizes[body], self.first_row[body]
        begin = _before(sizes)
        owner, place = _places(self.first_row[body], sizes)
        bag_owner, bag_place = _places(self.first_bag[body], self.bags[body])
        return Bags(
            rows=self.rows[place] + base[owner],
            starts=self.starts[bag_place] + (begin - shift)[bag_owner],
        )


def _before(counts: Tensor) -> Tensor:
    """Sums of all counts before each entry."""
    return counts.cumsum(0) - counts


def _places(first: Tensor, count: Tensor) -> tuple[Tensor, Tensor]:
    """Owner and place of every entry of the ranges ``first .. first + count``."""
    owner = torch.repeat_interleave(count)
    return owner, torch.arange(len(owner)) + (first - _before(count))[owner]
