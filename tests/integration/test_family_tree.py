"""The example that draws a run's family tree."""

import subprocess
import sys
from pathlib import Path

import matplotlib.image
import networkx as nx
import pytest

from tests.helpers.run_processes import evolve_here

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "examples"))
from family_tree import lineage  # noqa: E402  a script beside the packages


def picture(*options: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "examples" / "family_tree.py"), *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


def test_a_lineage_follows_first_parents():
    edges: list[tuple[int, int]] = [(0, 2), (1, 2), (2, 3), (0, 3)]
    tree = nx.DiGraph(edges)
    assert lineage(tree, 3) == [3, 2, 0]
    assert lineage(tree, 1) == [1]


def test_wrong_input_gives_one_line(tmp_path):
    done = picture(tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {tmp_path} is not a run folder")
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
def test_it_draws_a_run(tmp_path, tiny_controller):
    run, out = tmp_path / "run", tmp_path / "tree.png"
    changes = (
        f"--set=controller={tiny_controller}",
        "--set=episodes=1",
        "--set=reevaluation_episodes=0",
    )
    evolve_here("--preset", "tiny", *changes, "--workers", "1", "--out", str(run))
    done = picture(run, "--out", out)
    assert done.returncode == 0, done.stderr
    assert matplotlib.image.imread(out)[..., :3].std() > 0.05  # not blank
