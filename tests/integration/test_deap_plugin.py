"""The example is a plain DEAP script: short, and it runs."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "examples" / "deap_plugin.py"


def test_it_is_short_and_does_not_use_our_campaign():
    text = SCRIPT.read_text()
    assert len(text.splitlines()) < 60
    assert "codesign.campaign" not in text
    assert "algorithms.eaMuPlusLambda(" in text


def test_it_runs(tiny_controller):
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "1", "4", "1", str(tiny_controller)],
        capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "best: " in done.stdout
    assert " m/s with " in done.stdout
