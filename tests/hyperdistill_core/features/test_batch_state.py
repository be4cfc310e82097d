"""States of many bodies at once, against the states of each body."""

from __future__ import annotations

import numpy as np
import pytest

from hyperdistill_core.features import BodyLayout, StateReader
from hyperdistill_core.features.batch_state import BatchStateReader, BodyArrays
from hyperdistill_core.rollout.serial import SerialPhysics
from hyperdistill_core.tasks import get_task
from morph_ops.sampling import sample_body

N_ENVS = 3


def test_states_of_many_bodies_are_those_of_each():
    bodies = [sample_body(np.random.default_rng(seed)) for seed in range(6)]
    n_max = max(map(len, bodies)) + 1
    rng = np.random.default_rng(0)
    layouts, arrays, expected = [], [], []
    for graph in bodies:
        model = get_task("flat").model(graph)
        layout = BodyLayout.from_graph(graph, model)
        qpos = rng.normal(size=(N_ENVS, model.nq))
        physics = SerialPhysics(model, qpos, rng.normal(size=(N_ENVS, model.nv)))
        fields = ("xpos", "xquat", "subtree_com", "cdof", "qpos", "qvel")
        now = {name: getattr(physics, name) for name in fields}
        coordinates = np.concatenate([now["qpos"], now["qvel"]], axis=1)
        layouts.append(layout)
        arrays.append(
            BodyArrays(
                xpos=now["xpos"],
                xquat=now["xquat"],
                subtree_com=now["subtree_com"],
                cdof=now["cdof"],
                coordinates=coordinates,
            )
        )
        expected.append([StateReader(layout, N_ENVS, world_y=y).read(**now) for y in (False, True)])
    for world_y in (False, True):
        reader = BatchStateReader(layouts, arrays, n_max=n_max, world_y=world_y)
        for row in range(len(bodies)):
            reader.fetch(row)
        states = reader.read()
        assert reader.finite.all()
        for row, (graph, of_body) in enumerate(zip(bodies, expected, strict=True)):
            np.testing.assert_allclose(
                states[row, :, : len(graph)], of_body[world_y], rtol=1e-6, atol=1e-6
            )
            assert not states[row, :, len(graph) :].any()
    with pytest.raises(ValueError, match="expected at most 3"):
        BatchStateReader(layouts, arrays, n_max=3)
