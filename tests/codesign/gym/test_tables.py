import numpy as np
import pytest

from hyperdistill_core.features import STATE
from morph_ops.graph import joints, node_names

gymnasium = pytest.importorskip("gymnasium", reason="pip install 'codesign[rl]'")
from codesign.gym import LocomotionEnv, action_table, observation_table  # noqa: E402


def test_the_tables_cover_the_spaces_without_gaps(body):
    env = LocomotionEnv(body)
    for rows, space in (
        (observation_table(body), env.observation_space),
        (action_table(body), env.action_space),
    ):
        ends = [row.stop for row in rows]
        assert [row.start for row in rows] == [0, *ends[:-1]]
        assert ends[-1] == space.shape[0]


def test_they_name_nodes_and_hinges(body):
    assert {row.of for row in observation_table(body)} == set(node_names(body))
    assert {row.of for row in action_table(body)} <= {joint.name for _, joint in joints(body)}


def test_a_row_means_what_it_says(body):
    env = LocomotionEnv(body)
    observation, _ = env.reset(seed=0)
    height = next(row for row in observation_table(body) if row.meaning.startswith("position"))
    assert observation[height.start + 2] > 0.1
    [quaternion] = [
        row
        for row in observation_table(body)
        if row.of == node_names(body)[0] and "quaternion" in row.meaning
    ]
    assert np.linalg.norm(observation[quaternion.start : quaternion.stop]) > 0.99


def test_the_docstring_has_the_table_of_the_features():
    text = LocomotionEnv.__doc__ or ""
    assert "{state_table}" not in text
    assert all(f"| {feature.name} | {feature.unit} |" in text for feature in STATE)
