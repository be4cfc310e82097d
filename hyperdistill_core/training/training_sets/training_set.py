"""The bodies that a controller learns on, and their file."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeAlias, get_args

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from morph_ops._text_file import read_text, write_text
from morph_ops.errors import BodyError
from morph_ops.io.json_file import from_json, to_json

#: Where a body of a training set comes from.
Origin: TypeAlias = Literal["robot", "sampled", "child", "mutant", "evolved", "varied"]
_HASH_DIGITS = 16
#: Largest file of a training set: some hundred thousand bodies (bytes).
_LARGEST = 1_000_000_000


@dataclass(frozen=True)
class TrainingSet:
    """Distinct bodies, numbered by their order.

    Attributes:
        graphs: The bodies.
        origins: The origin of each body.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(0))
        >>> training_set = TrainingSet((body,), ("sampled",))
        >>> len(training_set), training_set.counts
        (1, {'sampled': 1})
    """

    graphs: tuple[nx.DiGraph[str], ...]
    origins: tuple[Origin, ...]

    def __len__(self) -> int:
        return len(self.graphs)

    @cached_property
    def hash(self) -> str:
        """Hash of the bodies and their order.

        Networks and data that refer to bodies by number belong to one such hash.
        """
        digest = hashlib.sha256()
        for graph in self.graphs:
            digest.update(to_json(graph).encode())
        return digest.hexdigest()[:_HASH_DIGITS]

    @property
    def counts(self) -> dict[str, int]:
        """Number of bodies of each origin; origins without bodies are left out."""
        return {origin: self.origins.count(origin) for origin in sorted(set(self.origins))}

    def weights(self, robot_share: float) -> NDArray[np.float64]:
        """Sampling weights (bodies,) that sum to one.

        Args:
            robot_share: Total weight of the robots, in [0, 1]. It has no effect if all bodies
                or none are robots.
        """
        robots = np.array([origin == "robot" for origin in self.origins])
        if robots.all() or not robots.any():
            return np.full(len(self), 1.0 / len(self))
        share: NDArray[np.float64] = np.where(robots, robot_share, 1.0 - robot_share)
        n_robots = int(np.count_nonzero(robots))
        counts: NDArray[np.int64] = np.where(robots, n_robots, len(self) - n_robots)
        return share / counts

    def write(self, path: Path) -> None:
        """Write one line of JSON for each body.

        Args:
            path: File to write; an existing one is replaced.
        """
        lines = [
            json.dumps({"origin": origin, "graph": json.loads(to_json(graph))})
            for graph, origin in zip(self.graphs, self.origins, strict=True)
        ]
        write_text(path, "\n".join(lines) + "\n")

    @classmethod
    def read(cls, path: Path) -> TrainingSet:
        """Read what :meth:`write` wrote.

        Args:
            path: File to read.

        Raises:
            BodyError: The file cannot be read.
            BodyError: A line is not a body of a training set.
            BodyError: The origin of a body is unknown.
        """
        text = read_text(path, largest=_LARGEST)
        graphs: list[nx.DiGraph[str]] = []
        origins: list[Origin] = []
        for number, line in enumerate(text.splitlines(), start=1):
            try:
                entry = json.loads(line)
                origin, graph = entry["origin"], from_json(json.dumps(entry["graph"]))
            except (ValueError, KeyError, TypeError) as error:
                raise BodyError(
                    f"{path}, line {number}: expected a body of a training set, got an error "
                    f"({error})"
                ) from None
            if origin not in get_args(Origin):
                raise BodyError(
                    f"{path}, line {number}: expected an origin of {', '.join(get_args(Origin))}, "
                    f"got {origin!r}"
                )
            graphs.append(graph)
            origins.append(origin)
        return cls(tuple(graphs), tuple(origins))
