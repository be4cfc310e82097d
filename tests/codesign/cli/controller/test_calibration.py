"""``codesign controller calibrate`` at a tiny size, with the controller that ships."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from codesign.cli.main import cli

TINY = ["steps_per_body=16", "n_envs=2", "horizon=8", "episodes=1", "n_workers=1"]


@pytest.mark.slow
def test_figures_and_plot_of_some_bodies(tmp_path):
    robots, out = tmp_path / "robots", tmp_path / "out"
    runner = CliRunner()
    made = runner.invoke(cli, ["sample", "-n", "4", "--out", str(robots)])
    assert made.exit_code == 0, made.output
    changes = [word for change in TINY for word in ("--set", change)]
    command = ["controller", "calibrate", "flat-v0", str(robots), "--out", str(out), "--top", "2"]
    result = runner.invoke(cli, [*command, *changes], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert "spearman:" in result.output
    record = json.loads((out / "calibration.json").read_text())
    assert record["figures"]["bodies"] == len(record["zero_shot"]) == len(record["trained"]) == 4
    assert record["splits"] == ["robots"] * 4
    assert "top 2 overlap" in record["figures"]
    assert (out / "calibration.png").read_bytes().startswith(b"\x89PNG")
