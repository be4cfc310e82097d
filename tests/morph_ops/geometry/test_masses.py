"""Masses and densities of nodes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from morph_ops.errors import BodyError
from morph_ops.geometry import (
    density,
    mass,
)
from morph_ops.graph import (
    Limb,
)


def test_density_of_a_node_with_a_mass():
    each = Limb(pos=(0, 0, 0), end=(0, 0, -0.3), radius=0.05, density=700.0)
    assert density(replace(each, density=None, mass=mass(each))) == pytest.approx(700.0)
    with pytest.raises(BodyError, match="needs a mass or a density"):
        mass(replace(each, density=None))
