"""Tests of the number of threads that PyTorch has."""

from __future__ import annotations

import pytest
import torch

from codesign.threads import torch_threads


def test_threads_inside_the_block_alone():
    before = torch.get_num_threads()
    with torch_threads(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before


def test_threads_come_back_after_an_error():
    before = torch.get_num_threads()
    with pytest.raises(ValueError, match="stop"), torch_threads(before + 1):
        raise ValueError("stop")
    assert torch.get_num_threads() == before
