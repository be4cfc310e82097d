"""Checkpoint files: what is saved is loaded, and bad files are refused in one line."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperdistill_core.checkpoint_file import (
    checkpoint_kind,
    load_checkpoint,
    network_tensors,
    optimizer_tensors,
    require_same,
    restore_network,
    restore_optimizer,
    save_checkpoint,
)
from hyperdistill_core.errors import CheckpointError

NAMES = st.text("abc._0", min_size=1, max_size=8)
SHAPES = st.lists(st.integers(0, 3), max_size=3)
DTYPES = st.sampled_from([torch.float16, torch.float32, torch.float64, torch.int64, torch.bool])


@settings(derandomize=True, deadline=None, max_examples=20)
@given(
    st.dictionaries(NAMES, st.tuples(SHAPES, DTYPES), min_size=1, max_size=4),
    st.dictionaries(NAMES, st.integers() | st.text() | st.none() | st.lists(st.booleans())),
)
def test_round_trip(shapes, meta):
    tensors = {
        name: torch.arange(torch.Size(shape).numel()).reshape(shape).to(dtype)
        for name, (shape, dtype) in shapes.items()
    }
    meta = {**meta, "kind": "example"}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "new" / "file.safetensors"
        save_checkpoint(path, tensors, meta)
        found, found_meta = load_checkpoint(path, kind="example")
        assert checkpoint_kind(path) == "example"
        assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    assert found_meta == meta
    assert found.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert found[name].dtype == tensor.dtype
        assert torch.equal(found[name], tensor)


def test_missing_damaged_and_other_files_are_refused(tmp_path):
    path = tmp_path / "file.safetensors"
    with pytest.raises(CheckpointError, match=r"^no checkpoint at .*file\.safetensors$"):
        load_checkpoint(path, kind="teacher")
    path.write_bytes(b"nonsense")
    with pytest.raises(CheckpointError, match=r"file\.safetensors: not a safetensors file \("):
        checkpoint_kind(path)
    save_checkpoint(path, {"a": torch.zeros(1)}, {"kind": "controller"})
    with pytest.raises(CheckpointError, match="kind 'teacher', got 'controller'"):
        load_checkpoint(path, kind="teacher")


def test_require_same_names_what_differs(tmp_path):
    require_same(tmp_path, {"seed": 1}, {"seed": 1}, what="seed")
    with pytest.raises(CheckpointError, match="was made with another seed: choose another folder"):
        require_same(tmp_path, {"seed": 1}, {"seed": 2}, what="seed")


def _trained(steps: int) -> tuple[torch.nn.Module, torch.optim.Optimizer]:
    torch.manual_seed(0)
    network = torch.nn.Linear(2, 1)
    optimizer = torch.optim.Adam(network.parameters())
    for _ in range(steps):
        network(torch.ones(1, 2)).sum().backward()
        optimizer.step()
    return network, optimizer


def test_a_restored_network_and_optimizer_continue_alike():
    network, optimizer = _trained(3)
    tensors = network_tensors(network, prefix="network") | optimizer_tensors(
        optimizer, prefix="optimizer"
    )
    tensors = {name: tensor.detach().clone() for name, tensor in tensors.items()}
    again, its_optimizer = _trained(1)
    restore_network(again, tensors, prefix="network")
    restore_optimizer(its_optimizer, tensors, prefix="optimizer")
    for each, its in ((network, optimizer), (again, its_optimizer)):
        its.zero_grad()
        each(torch.ones(1, 2)).sum().backward()
        its.step()
    for name, parameter in network.named_parameters():
        assert torch.equal(parameter, again.get_parameter(name))
