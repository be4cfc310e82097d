"""The example that draws stills: what it refuses, and what its picture shows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from morph_ops import write_body
from morph_ops.sampling import sample_body

ROOT = Path(__file__).parents[2]
SVG = "{http://www.w3.org/2000/svg}"


def stills(*options: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "examples" / "stills.py"), *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


@pytest.mark.slow
def test_it_draws_a_row_a_robot(tmp_path, tiny_controller):
    for number in range(2):
        file = tmp_path / "designs" / f"design-{number}" / f"design-{number}.json"
        file.parent.mkdir(parents=True)
        write_body(sample_body(np.random.default_rng(number)), file)
    out = tmp_path / "picture.svg"
    options = ("--controller", tiny_controller, "--stills", "3", "--size", "120x90", "--out", out)
    done = stills(tmp_path, *options)
    assert done.returncode == 0, done.stderr
    picture = ElementTree.parse(out).getroot()
    assert picture.get("viewBox") == f"0 0 {3 * (120 + 4) - 4} {2 * (90 + 26)}"
    shots = picture.findall(f"{SVG}svg")
    assert [shot.get("x") for shot in shots] == ["0", "124", "248"] * 2
    assert [text.text for text in picture.findall(f"{SVG}text")][1] == "0.0 s   0.0 m"
    ids = [paint.get("id") for paint in picture.iter() if paint.get("id")]
    assert len(ids) == len(set(ids))


def test_wrong_input_is_one_line(tmp_path, tiny_controller):
    done = stills(tmp_path / "no.json", "--controller", tiny_controller)
    assert done.returncode == 1
    assert done.stderr.strip() == f"error: {tmp_path / 'no.json'}: no such file"
