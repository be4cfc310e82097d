"""Checkpoint files: what is saved is loaded, and bad files are refused in one line."""

from __future__ import annotations

import json
import math
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperdistill_core import checkpoint_file
from hyperdistill_core.checkpoint_file import (
    checkpoint_kind,
    load_checkpoint,
    require_same,
    save_checkpoint,
)
from hyperdistill_core.controller import Controller, ControllerError
from hyperdistill_core.errors import CheckpointError

NAMES = st.text("abc._0", min_size=1, max_size=8)
SHAPES = st.lists(st.integers(0, 3), max_size=3)
DTYPES = st.sampled_from([np.float16, np.float32, np.float64, np.int64, np.bool_])


@settings(derandomize=True, deadline=None, max_examples=20)
@given(
    st.dictionaries(NAMES, st.tuples(SHAPES, DTYPES), min_size=1, max_size=4),
    st.dictionaries(NAMES, st.integers() | st.text() | st.none() | st.lists(st.booleans())),
)
def test_round_trip(shapes, meta):
    arrays = {
        name: np.arange(math.prod(shape)).reshape(shape).astype(dtype)
        for name, (shape, dtype) in shapes.items()
    }
    meta = {**meta, "kind": "example"}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "new" / "file.safetensors"
        save_checkpoint(path, arrays, meta)
        found, found_meta = load_checkpoint(path, kind="example")
        assert checkpoint_kind(path) == "example"
        assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    assert found_meta == meta
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
        np.testing.assert_array_equal(found[name], array)


def test_missing_damaged_and_other_files_are_refused(tmp_path):
    path = tmp_path / "file.safetensors"
    with pytest.raises(CheckpointError, match=r"^no checkpoint at .*file\.safetensors$"):
        load_checkpoint(path, kind="teacher")
    path.write_bytes(b"nonsense")
    with pytest.raises(CheckpointError, match=r"file\.safetensors: not a safetensors file \("):
        checkpoint_kind(path)
    save_checkpoint(path, {"a": np.zeros(1)}, {"kind": "controller"})
    with pytest.raises(CheckpointError, match="kind 'teacher', got 'controller'"):
        load_checkpoint(path, kind="teacher")


def test_require_same_names_what_differs(tmp_path):
    require_same(tmp_path, {"seed": 1}, {"seed": 1}, what="seed")
    with pytest.raises(CheckpointError, match="was made with another seed: choose another folder"):
        require_same(tmp_path, {"seed": 1}, {"seed": 2}, what="seed")


@pytest.mark.parametrize("megabytes", [101, 6000])
def test_a_file_that_declares_gigabytes_is_refused_unread(tmp_path, megabytes):
    path, size = tmp_path / "sparse.safetensors", megabytes * 1_000_000
    entry = {"dtype": "F32", "shape": [size // 4], "data_offsets": [0, size]}
    meta = {"codesign": json.dumps({"kind": "controller"})}
    header = json.dumps({"__metadata__": meta, "weight": entry}).encode()
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(8 + len(header) + size)
    with pytest.raises(ControllerError, match=rf"at most 100 MB, got {megabytes} MB"):
        Controller.load(path)


def test_a_file_above_the_free_memory_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "file.safetensors"
    save_checkpoint(path, {"weight": np.zeros(2)}, {"kind": "example"})

    def no_memory(*_):
        raise MemoryError

    monkeypatch.setattr(checkpoint_file, "_tensor", no_memory)
    with pytest.raises(CheckpointError, match="larger than the free memory"):
        load_checkpoint(path, kind="example")
