"""An exported design moves where nothing of this project is installed."""

from __future__ import annotations

import subprocess
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from codesign.exporting import Design, DesignRollout, export_designs
from codesign.scoring import BodyScorer
from morph_ops.sampling import sample_body
from tests.helpers.environments import new_environment

pytestmark = pytest.mark.slow

NEEDED = ("mujoco", "numpy", "onnxruntime")
EPISODES, SEED = 3, 5


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a new environment that has MuJoCo, NumPy and onnxruntime alone."""
    pytest.importorskip("onnxruntime", reason="needs codesign[onnx]")
    packages = [f"{name}=={version(name)}" for name in NEEDED]
    programs, done = new_environment(tmp_path_factory.mktemp("bare"), *packages)
    if done.returncode:
        pytest.skip(f"cannot install {', '.join(packages)}: {done.stderr.strip()[-200:]}")
    return programs / "python"


@pytest.mark.parametrize(
    ("format_", "task", "file"),
    [
        ("npz", "flat", "it.xml"),
        ("onnx", "csr", "it.world.xml"),
        ("npz", "exploration", "it.world.xml"),
        ("npz", "point-nav", "it.world.xml"),
        ("onnx", "patrol", "it.world.xml"),
        ("npz", "manipulation-ball", "it.world.xml"),
    ],
)
def test_returns_are_repeated_without_the_project(
    format_, task, file, bare_python, seeing_controller, tmp_path
):
    """Also those of a controller that sees uneven ground, of goals and of objects."""
    body = sample_body(np.random.default_rng(1))
    rollout = DesignRollout(controller=seeing_controller, task=task, seed=SEED, episodes=EPISODES)
    export_designs(
        [Design(name="it", graph=body)],
        tmp_path / "out",
        formats=["mjcf", format_],
        rollout=rollout,
    )
    program = (
        "import importlib.util as util\n"
        "names = ('codesign', 'hyperdistill_core', 'morph_ops', 'torch')\n"
        "assert not any(util.find_spec(name) for name in names)\n"
        "import sys; sys.path.insert(0, '.')\n"
        "from pathlib import Path; import run_standalone\n"
        f"distance, seconds, returns = run_standalone.simulate(Path('{file}'))\n"
        "print(*distance, *seconds, *returns)"
    )
    done = subprocess.run(
        [bare_python, "-I", "-c", program],
        cwd=tmp_path / "out" / "it", capture_output=True, text=True, check=True,
    )  # fmt: skip
    distance, seconds, returns = np.array(done.stdout.split(), float).reshape(3, EPISODES)
    scorer = BodyScorer(controller=seeing_controller, task=task, episodes=EPISODES, seed=SEED)
    record = scorer(body)
    np.testing.assert_allclose(returns, record.returns, rtol=1e-6)
    np.testing.assert_allclose(distance.mean(), record.distance, rtol=1e-6)
    np.testing.assert_allclose(seconds, np.array(record.lengths) * 0.02)
