"""``codesign replay`` from the command line."""

from __future__ import annotations

import subprocess
import sys

import pytest
from PIL import Image

SMALL = ("--size", "80x60", "--fps", "5", "--stills", "2")


def test_a_film_of_robots(run, bodies, tiny_controller, tmp_path):
    out = tmp_path / "a.gif"
    printed = run(
        *("replay", bodies, "--out", out, "--controller", tiny_controller, "--best-of", 1),
        *("--seconds", "0.1:0.9", *SMALL),
    )
    assert printed.count(": score ") == 3
    assert printed.splitlines()[-1] == str(out)
    with Image.open(out) as film:
        assert film.size == (80, 60)


def test_a_run_and_its_ancestors(run, small_run, tmp_path):
    out = tmp_path / "a.png"
    assert "design-01: score " in run("replay", small_run, "--top", 2, "--out", out, *SMALL)
    printed = run("replay", small_run, "--candidate", 11, "--ancestors", "--out", out, *SMALL)
    assert printed.splitlines()[-2].startswith("candidate 11: score ")


def test_a_page_says_what_to_do_with_it(run, bodies, tiny_controller, tmp_path):
    pytest.importorskip("viser", reason="needs codesign[studio]")
    robot = sorted(bodies.glob("*.json"))[0]
    out = tmp_path / "a.html"
    options = ("--controller", tiny_controller, "--variant", 0, "--out", out)
    printed = run("replay", robot, *options)
    assert printed.splitlines()[-1] == "open it in a browser"
    assert out.read_text("utf-8").count("<html") == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--size", "wide"), "expected width and height such as 480x360"),
        (("--seconds", "all"), "expected seconds such as 5, or 2:7"),
        (("--seconds", "7:2"), "expected a beginning before the end"),
        (("--out", "a.mov"), "expected a file that ends with .html, .gif, .mp4, .png or .svg"),
        (("--top", "3"), "top: applies to a run, and there is none"),
        (("--out", "missing/a.gif"), "there is no folder missing"),
    ],
)
def test_wrong_use_is_one_line(refused, bodies, options, message):
    error = refused("replay", bodies, *options)
    assert message in error
    assert error.count("\n") == 1


def test_help_loads_nothing_heavy():
    program = (
        "import sys; from codesign.cli.main import cli\n"
        "cli.main(['replay', '--help'], standalone_mode=False)\n"
        "sys.exit(any(name in sys.modules for name in ('torch', 'viser', 'mujoco', 'PIL')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
