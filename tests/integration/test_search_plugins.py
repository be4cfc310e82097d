"""The examples with other search programs: short, without our campaign, and they run."""

import os
import runpy
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.helpers.scripts import run_main

ROOT = Path(__file__).parents[2]

#: Script, package that it needs, arguments for a short run, and what it prints.
EXAMPLES = [
    ("plain_loop", "numpy", ("1", "3", "1"), "best: "),
    ("deap_plugin", "deap", ("1", "4", "1"), "best: "),
    ("pyribs_plugin", "ribs", ("11", "1"), "of 90 cells are filled"),
    ("pymoo_plugin", "pymoo", ("2", "4", "1"), " kg, "),
    ("optuna_plugin", "optuna", ("3", "1"), "m/s with {'gear': "),
]


@pytest.mark.parametrize(("name", "package", "arguments", "printed"), EXAMPLES)
def test_it_runs(tiny_controller, name, package, arguments, printed):
    if find_spec(package) is None:
        pytest.skip(f"pip install {package}")
    script, options = ROOT / "examples" / f"{name}.py", [*arguments, str(tiny_controller)]
    done = subprocess.run(
        [sys.executable, str(script), *options],
        capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert printed in done.stdout
    again = run_main(lambda: runpy.run_path(str(script), run_name="__main__"), *options)
    assert again.stdout == done.stdout, "the same search each time"


@pytest.mark.parametrize(("name", "package"), [example[:2] for example in EXAMPLES])
def test_it_says_what_it_takes(name, package):
    pytest.importorskip(package, reason=f"pip install {package}")
    script = ROOT / "examples" / f"{name}.py"
    asked = run_main(lambda: runpy.run_path(str(script), run_name="__main__"), "--help")
    assert asked.returncode == 0
    assert all(name in asked.stdout for name in ("[EPISODES]", "[CONTROLLER]"))
    wrong = run_main(lambda: runpy.run_path(str(script), run_name="__main__"), "many")
    assert wrong.returncode == 2
    assert "'many' is not a valid integer" in wrong.stderr


@pytest.mark.parametrize("name", [name for name, *_ in EXAMPLES])
def test_it_is_short_and_does_not_use_our_campaign(name):
    text = (ROOT / "examples" / f"{name}.py").read_text()
    assert len(text.splitlines()) < (112 if name == "pymoo_plugin" else 66)
    assert "codesign.campaign" not in text
    assert "BodyScorer(" in text
    documented = (ROOT / "docs" / "tutorials" / "score.md").read_text()
    assert f"examples/{name}.py" in documented
