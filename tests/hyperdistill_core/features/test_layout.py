"""Layout and context of sampled bodies: invariants that hold for any body."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperdistill_core.features import (
    CONTEXT,
    BodyLayout,
    ContextKind,
    context_dim,
    context_features,
)
from hyperdistill_core.tasks import get_task
from morph_ops.errors import BodyError
from morph_ops.graph import node_names
from morph_ops.io.mjcf import to_spec
from morph_ops.sampling import sample_body

FLAT = get_task("flat")
seeds = st.integers(0, 10_000)
few = settings(derandomize=True, deadline=None, max_examples=15)


@few
@given(seeds)
def test_a_layout_has_a_row_for_each_node_and_a_control_for_each_hinge(seed):
    body = sample_body(np.random.default_rng(seed))
    model = FLAT.model(body)
    layout = BodyLayout.from_graph(body, model)
    assert layout.n_nodes == len(body)
    assert layout.n_controls == model.nu == layout.joint_mask.sum()
    assert layout.parents[0] == 0
    assert (layout.parents[1:] < np.arange(1, len(body))).all()
    assert sorted(layout.actions) == np.flatnonzero(layout.joint_mask).tolist()
    assert (layout.span > 0.0).all()


@few
@given(seeds)
def test_every_degree_of_freedom_moves_a_node_and_its_descendants(seed):
    body = sample_body(np.random.default_rng(seed))
    layout = BodyLayout.from_graph(body, FLAT.model(body))
    assert (layout.influence[:, :6] == 1.0).all()
    for row in range(1, len(body)):
        inherited = layout.influence[layout.parents[row]]
        added = layout.influence[row] - inherited
        assert set(np.unique(added)) <= {0.0, 1.0}
        assert added.sum() == layout.joint_mask[row].sum()


@pytest.mark.parametrize("kind", CONTEXT)
@few
@given(seed=seeds)
def test_the_context_of_a_missing_hinge_is_zero(kind: ContextKind, seed):
    body = sample_body(np.random.default_rng(seed))
    model = FLAT.model(body)
    layout = BodyLayout.from_graph(body, model)
    context = context_features(body, model, kind=kind)
    assert context.shape == (len(body), context_dim(kind))
    for row in CONTEXT[kind]:
        slot = {"x": 0, "y": 1}.get(row.name.split("-hinge")[0])
        if slot is not None:
            assert not context[~layout.joint_mask[:, slot], row.start : row.stop].any()


@pytest.mark.parametrize("kind", CONTEXT)
def test_the_table_covers_every_number_of_a_context_once(kind: ContextKind):
    rows = CONTEXT[kind]
    assert rows[0].start == 0
    assert [row.start for row in rows[1:]] == [row.stop for row in rows[:-1]]
    assert rows[-1].stop == context_dim(kind)


def test_bodies_that_are_no_nodes_do_not_stand_between_nodes():
    body = sample_body(np.random.default_rng(0))
    *_, limb, last = node_names(body)
    for name, behind in ((last, True), (limb, False)):
        spec = to_spec(body)
        spec.body(name).add_body()
        model = spec.compile()
        if behind:
            assert BodyLayout.from_graph(body, model).n_nodes == len(body)
        else:
            with pytest.raises(
                BodyError, match=r"nodes in a row, in the nodes' order, got the ids"
            ):
                BodyLayout.from_graph(body, model)
