"""Sampled bodies, which the campaigns of these tests have in common."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import pytest

from morph_ops.sampling import sample_body
from morph_ops.space import Space

#: The bodies so far, and the generator's state after each, by its state before.
MADE: dict[str, tuple[nx.DiGraph[str], Any]] = {}


@pytest.fixture(autouse=True)
def _sampled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sampling is slow, and its result depends on the state of the generator alone."""

    def sampled(rng: np.random.Generator, *, space: Space) -> nx.DiGraph[str]:
        before = f"{rng.bit_generator.state} {space}"
        if before not in MADE:
            MADE[before] = sample_body(rng, space=space), rng.bit_generator.state
        graph, rng.bit_generator.state = MADE[before]
        return graph.copy()

    monkeypatch.setattr("codesign.campaign.variation.sample_body", sampled)
