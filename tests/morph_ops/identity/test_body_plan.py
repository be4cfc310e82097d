"""Body plans leave out motors and densities, and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from morph_ops.identity import body_hash, body_plan_hash
from morph_ops.io import read_body
from morph_ops.operators import OPERATORS
from morph_ops.sampling import sample_body


def test_gears_ranges_and_densities_do_not_count() -> None:
    rng = np.random.default_rng(0)
    graph = sample_body(rng)
    for name in ("gear", "joint_angle", "density"):
        child = OPERATORS[name](graph, rng)
        assert body_hash(child) != body_hash(graph)
        assert body_plan_hash(child) == body_plan_hash(graph)


def test_shapes_and_hinges_count() -> None:
    rng = np.random.default_rng(1)
    graph = sample_body(rng)
    for name in ("grow_limb", "limb_params", "dof"):
        assert body_plan_hash(OPERATORS[name](graph, rng)) != body_plan_hash(graph)


def test_an_imported_robot_has_the_plan_of_its_mutants(reference: Path) -> None:
    rng = np.random.default_rng(0)
    for path in sorted((reference / "unimal100" / "test_open").glob("*.xml"))[:4]:
        graph = read_body(path)
        for name in ("gear", "joint_angle", "density"):
            assert body_plan_hash(OPERATORS[name](graph, rng)) == body_plan_hash(graph)
