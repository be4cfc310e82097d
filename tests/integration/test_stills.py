"""The example that draws stills: what it refuses, and that a picture has the size asked for."""

import os
import subprocess
import sys
from ctypes.util import find_library
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

from morph_ops import write_body
from morph_ops.sampling import sample_body

ROOT = Path(__file__).parents[2]


needs_osmesa = pytest.mark.skipif(
    find_library("OSMesa") is None, reason="drawing needs OSMesa: apt-get install libosmesa6"
)


def stills(*options: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "examples" / "stills.py"), *map(str, options)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **variables, "PYTHONPATH": str(ROOT)},
    )


@pytest.mark.slow
@needs_osmesa
def test_it_draws_a_row_a_robot(tmp_path, tiny_controller):
    for number in range(2):
        body = sample_body(np.random.default_rng(number))
        file = tmp_path / "designs" / f"design-{number}" / f"design-{number}.json"
        file.parent.mkdir(parents=True)
        write_body(body, file)
    out = tmp_path / "picture.png"
    options = ("--controller", tiny_controller, "--stills", "3", "--size", "120x90", "--out", out)
    done = stills(tmp_path, *options, MUJOCO_GL="osmesa")
    assert done.returncode == 0, done.stderr
    picture = matplotlib.image.imread(out)
    assert picture.shape[:2] == (2 * (90 + 26), 3 * (120 + 4) - 4)
    second_row = picture[90 + 26 + 26 :, :120, :3]
    assert second_row.std() > 0.05  # no blank


def test_wrong_input_is_one_line(tmp_path, tiny_controller):
    done = stills(tmp_path / "no.json", "--controller", tiny_controller)
    assert done.returncode == 1
    assert done.stderr.strip() == f"error: {tmp_path / 'no.json'}: no such file"
