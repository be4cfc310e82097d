"""The precision of the matrix products of a training."""

from __future__ import annotations

import pytest
import torch

from hyperdistill_core.training.precision import product_dtype, products_in
from tests.helpers.small_training import small_training

CPU = torch.device("cpu")


@pytest.mark.parametrize(("has_amx", "expected"), [(True, "bfloat16"), (False, "float32")])
def test_auto_follows_the_processor(monkeypatch, has_amx, expected):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": has_amx}, raising=False)
    assert product_dtype("auto", CPU) == getattr(torch, expected)
    assert product_dtype("float32", CPU) == torch.float32
    assert product_dtype("bfloat16", CPU) == torch.bfloat16


def test_auto_is_float32_where_torch_does_not_tell_the_processor(monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert product_dtype("auto", CPU) == torch.float32


@pytest.mark.parametrize(("version", "expected"), [((7, 5), "float32"), ((8, 0), "bfloat16")])
def test_auto_follows_the_gpu(monkeypatch, version, expected):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: version)
    assert product_dtype("auto", torch.device("cuda")) == getattr(torch, expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_products_have_the_dtype(dtype):
    with products_in(dtype, CPU):
        assert (torch.ones(2, 3) @ torch.ones(3, 2)).dtype == dtype


@pytest.mark.parametrize("teacher", ["gnn", "transformer", "modumorph", "generalist"])
def test_every_kind_learns_in_bfloat16_nearly_as_in_float32(teacher):
    figures, weights = [], []
    for precision in ("float32", "bfloat16"):
        training = small_training(teacher=teacher, precision=precision, heads=2)
        data, _ = training.collect()
        assert data.mean.dtype == data.value.dtype == torch.float32
        row = training.update.update(data, training.batch, action_std=0.5, lr_bound=1e-3)
        assert row["minibatches"] == 6
        figures.append(data.mean)
        weights.append([p.detach() for p in training.update.network.parameters()])
    torch.testing.assert_close(*figures, rtol=0.05, atol=0.01)
    for exact, rough in zip(*weights, strict=True):
        assert rough.dtype == torch.float32
        assert (exact - rough).abs().max() < 2e-3
