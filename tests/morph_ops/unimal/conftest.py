"""A leg with one hinge."""

from __future__ import annotations

import pytest

from morph_ops.graph import Joint, Limb


@pytest.fixture
def leg() -> Limb:
    hinge = Joint(
        name="limbx/0", slot="x", pos=(0, 0, 0.05), axis=(1, 0, 0), range_deg=(-30, 30), gear=150
    )
    return Limb(pos=(0, 0, -0.1), end=(0, 0, -0.45), radius=0.05, density=900.0, joints=(hinge,))
