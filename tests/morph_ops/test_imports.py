"""The package has no import cycles, and its heavy parts load late."""

from __future__ import annotations

import subprocess
import sys

import networkx as nx
import pytest

HEAVY = ("networkx", "numpy", "mujoco", "torch")


def test_no_files_import_each_other() -> None:
    """Imports inside functions and for type checking count too."""
    grimp = pytest.importorskip("grimp", reason="import-linter is not installed")
    found = grimp.build_graph("morph_ops", cache_dir=None)
    edges = [(a, b) for a in found.modules for b in found.find_modules_directly_imported_by(a)]
    groups = nx.strongly_connected_components(nx.DiGraph(edges))
    assert [sorted(group) for group in groups if len(group) > 1] == []


@pytest.mark.parametrize(
    ("statement", "loaded"),
    [
        ("import morph_ops.errors, morph_ops._registry", set()),
        ("import morph_ops.io, morph_ops.identity, morph_ops.sampling", {"networkx", "numpy"}),
        ("import morph_ops.io.mjcf", {"networkx", "numpy", "mujoco"}),
    ],
)
def test_heavy_packages_load_late(statement: str, loaded: set[str]) -> None:
    code = f"{statement}\nimport sys\nprint(*[name for name in {HEAVY} if name in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert set(result.stdout.split()) == loaded


def test_unknown_attributes_are_refused() -> None:
    import morph_ops

    with pytest.raises(AttributeError, match="has no attribute 'robot'"):
        _ = morph_ops.robot
    assert set(morph_ops.__all__) <= set(dir(morph_ops))
    assert all(getattr(morph_ops, name) for name in morph_ops.__all__)
