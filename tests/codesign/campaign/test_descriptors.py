"""Descriptors: values within their ranges."""

from __future__ import annotations

from dataclasses import replace

import pytest

from codesign.campaign.descriptors import descriptor, lookup_descriptor
from tests.codesign.campaign.algorithms.test_algorithms import candidate


def test_descriptors_stay_within_their_ranges():
    far = candidate(0, 0.0, height=9.0, contact=-1.0)
    assert lookup_descriptor("height").clipped(far) == lookup_descriptor("height").high
    assert lookup_descriptor("contact").clipped(far) == 0.0
    rich = replace(far, record=replace(far.result, duty_factors=(0.1, 0.7, 0.4)))
    shares = [lookup_descriptor(f"duty_{rank}").clipped(rich) for rank in (1, 2, 3, 4)]
    assert shares == [0.7, 0.4, 0.1, 0.0]
    assert 0.4 < lookup_descriptor("size").clipped(far) < 3.0


def test_an_empty_range_is_refused():
    with pytest.raises(ValueError, match="expected low below high, got 1 and 1"):
        descriptor(low=1.0, high=1.0)
