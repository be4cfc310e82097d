"""A campaign that may scale the own nodes of its starting robots."""

from __future__ import annotations

import numpy as np
import pytest

from codesign.campaign.variation import Variation
from codesign.config import Scales, Settings
from codesign.store import Founder
from hyperdistill_core.settings import SettingsError
from morph_ops.graph import physics
from morph_ops.io import mjcf
from tests.morph_ops.io.mjcf.foreign.robots import quadruped


@pytest.fixture(scope="module")
def founder(tmp_path_factory):
    file = tmp_path_factory.mktemp("robots") / "robot.xml"
    file.write_text(quadruped())
    return Founder(graph=mjcf.read(file))


def made(settings: Settings, founder: Founder) -> list[tuple[str, set[float]]]:
    """Operators of the mutants of a robot, and the factors of its own nodes."""
    variation = Variation(settings, [founder])
    candidates = [variation.sample(number, taken=()) for number in range(1, 13)]
    found = []
    for candidate in candidates:
        own = physics(candidate.graph)
        assert own is not None
        factors = {f for _, s in own.scales for f in (s.size, s.gear, s.density)}
        found.append((candidate.operator, factors))
    return found


def test_own_nodes_have_the_factors_of_the_campaign(founder):
    settings = Settings(start="robots", scales=Scales(sizes=[0.9, 1.2], gears=[2.0]))
    found = made(settings, founder)
    assert any("scale_own" in operator for operator, _ in found)
    assert set().union(*(factors for _, factors in found)) <= {0.9, 1.0, 1.2, 2.0}


def test_without_scales_own_nodes_stay(founder):
    assert {
        factor for _, factors in made(Settings(start="robots"), founder) for factor in factors
    } == set()


def test_factors_have_bounds():
    with pytest.raises(
        SettingsError, match=r"scales\.sizes: expected factors of 0\.1 \.\. 10, got 0"
    ):
        Settings.from_dict({"scales": {"sizes": [0.0]}})
    assert Scales(gears=[2, 2, 0.5]).gears == [0.5, 1.0, 2.0]
    assert np.isfinite(Scales().densities).all()
