"""Expert data on disk: it grows, and incomplete rows are overwritten."""

from __future__ import annotations

import numpy as np
import pytest

from hyperdistill_core.errors import CheckpointError
from hyperdistill_core.features import STATE_DIM
from hyperdistill_core.training.distillation import ExpertData
from morph_ops.identity import is_same
from morph_ops.sampling import sample_body


@pytest.fixture(scope="module")
def bodies():
    return [sample_body(np.random.default_rng(seed)) for seed in range(4)]


def test_data_is_read_as_written_and_grows(bodies, tmp_path):
    rng = np.random.default_rng(0)
    data = ExpertData(tmp_path / "data")
    written = []
    for number, graph in enumerate(bodies[:3]):
        n = len(graph)
        states, means = rng.normal(size=(5, n, STATE_DIM)), rng.normal(size=(5, n, 2))
        elapsed = np.array([0, 3, 997, 999, number])
        data.append(
            graph, body=number, round_=number % 2, states=states, elapsed=elapsed, means=means
        )
        written.append((states, elapsed, means))
        data = ExpertData(tmp_path / "data")
    assert data.transitions == 15
    assert data.has(1, 1)
    assert not data.has(1, 0)
    read = data.reader()
    for segment, graph, (states, elapsed, means) in zip(
        data.segments, bodies, written, strict=False
    ):
        assert is_same(segment.graph, graph)
        np.testing.assert_array_equal(read(segment)[0], states.astype(np.float16))
        np.testing.assert_array_equal(read(segment)[1], elapsed)
        np.testing.assert_allclose(read(segment)[1] * 0.02, elapsed * 0.02, atol=1e-9)
        np.testing.assert_array_equal(read(segment)[2], means.astype(np.float16))
        some = read(segment, np.array([1, 4]))
        for part, whole in zip(some, read(segment), strict=True):
            np.testing.assert_array_equal(part, whole[[1, 4]])


def _append(data, graph, *, body, states):
    means, elapsed = states[..., :2], np.arange(len(states))
    data.append(graph, body=body, round_=0, states=states, elapsed=elapsed, means=means)


def test_data_of_another_version_is_refused(bodies, tmp_path):
    _append(ExpertData(tmp_path), bodies[0], body=0, states=np.ones((4, len(bodies[0]), STATE_DIM)))
    index = tmp_path / "index.jsonl"
    index.write_text(index.read_text().replace('"version":3', '"version":1'))
    with pytest.raises(CheckpointError, match="expected version 3, got 1"):
        ExpertData(tmp_path)


def test_rows_of_an_interrupted_segment_are_overwritten(bodies, tmp_path):
    ones = np.ones((4, len(bodies[0]), STATE_DIM))
    data = ExpertData(tmp_path)
    _append(data, bodies[0], body=0, states=ones)
    for name in ("states.f16", "means.f16"):
        with (tmp_path / name).open("ab") as file:
            file.write(b"half a segment")
    data = ExpertData(tmp_path)
    assert data.reader()(data.segments[0])[0].shape == ones.shape
    _append(data, bodies[0], body=1, states=2 * ones)
    states, _, means = data.reader()(data.segments[1])
    assert states.min() == states.max() == means.min() == means.max() == 2.0


def test_an_incomplete_line_is_left_out(bodies, tmp_path):
    ones = np.ones((4, len(bodies[0]), STATE_DIM))
    for number in range(2):
        _append(ExpertData(tmp_path), bodies[0], body=number, states=number * ones)
    index = tmp_path / "index.jsonl"
    index.write_bytes(index.read_bytes()[:-9])
    data = ExpertData(tmp_path)
    assert [segment.body for segment in data.segments] == [0]
    _append(data, bodies[0], body=1, states=5 * ones)
    data = ExpertData(tmp_path)
    assert [segment.body for segment in data.segments] == [0, 1]
    assert data.reader()(data.segments[1])[0].min() == 5.0


def test_index_of_another_format_is_refused(tmp_path):
    (tmp_path / "index.jsonl").write_text('{"body": 1}\n')
    with pytest.raises(CheckpointError, match=r"index\.jsonl: expected an index of expert data"):
        ExpertData(tmp_path)
