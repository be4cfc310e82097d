"""Every operator keeps its promises on any body, sampled or imported."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from morph_ops.graph import excludes, torso
from morph_ops.io import mjcf
from morph_ops.operators import OPERATORS, OperatorError, crossover
from morph_ops.unimal import rest_height
from morph_ops.validity import new_violations, touching
from tests.morph_ops.bodies import SEEDS, contents, foreign_bodies, sampled_bodies

#: Operators that change bodies of the design space.
OF_UNIMALS = [name for name in OPERATORS if name not in ("scale_own", "limb_length")]
quick = settings(derandomize=True, deadline=None, max_examples=8)

Apply = Callable[[np.random.Generator], nx.DiGraph]


def require_promises(parent: nx.DiGraph, apply: Apply, seed: int) -> None:
    """Check that a child is valid, that the parent is untouched, and that the draw repeats."""
    before = contents(parent)
    try:
        child = apply(np.random.default_rng(seed))
    except OperatorError:
        with pytest.raises(OperatorError):
            apply(np.random.default_rng(seed))
        assert contents(parent) == before
        return
    assert contents(parent) == before
    assert contents(apply(np.random.default_rng(seed))) == contents(child)
    assert contents(child)[0] != before[0]
    assert new_violations(parent, child) == []
    assert torso(child).pos[2] == rest_height(child)
    assert set(excludes(child)) == {pair for pair, _ in touching(child)}


@pytest.mark.parametrize("name", OF_UNIMALS)
@quick
@given(parent=sampled_bodies() | foreign_bodies(), seed=SEEDS)
def test_mutations_keep_their_promises(name: str, parent: nx.DiGraph, seed: int) -> None:
    require_promises(parent, lambda rng: OPERATORS[name](parent, rng), seed)


@quick
@given(
    parent=sampled_bodies() | foreign_bodies(),
    mate=sampled_bodies() | foreign_bodies(),
    seed=SEEDS,
)
def test_crossover_keeps_its_promises(parent: nx.DiGraph, mate: nx.DiGraph, seed: int) -> None:
    before = contents(mate)
    require_promises(parent, lambda rng: crossover(parent, mate, rng), seed)
    assert contents(mate) == before


@cache
def published(reference: Path) -> list[nx.DiGraph]:
    return [mjcf.read(path) for path in sorted((reference / "unimal100").glob("*/*.xml"))[::9]]


@pytest.mark.parametrize("name", OF_UNIMALS)
def test_mutations_keep_their_promises_on_published_robots(name: str, reference: Path) -> None:
    robots = published(reference)

    @quick
    @given(index=st.integers(0, len(robots) - 1), seed=SEEDS)
    def check(index: int, seed: int) -> None:
        parent = robots[index]
        require_promises(parent, lambda rng: OPERATORS[name](parent, rng), seed)

    check()
