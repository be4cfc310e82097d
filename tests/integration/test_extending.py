"""The examples of docs/guides/extending.md, taken from the page and run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from codesign.cli.main import cli
from codesign.store import RunFolder

PAGE = Path(__file__).parents[2] / "docs" / "guides" / "extending.md"


@pytest.mark.slow
def test_the_page_works_as_it_stands(tmp_path, monkeypatch):
    text = PAGE.read_text("utf-8")
    code = re.findall(r"```python\n(.*?)```", text, re.S)
    [toml] = re.findall(r"```toml\n(.*?)```", text, re.S)
    (tmp_path / "mine.py").write_text("\n".join(code))
    campaign = tmp_path / "campaign.toml"
    campaign.write_text(
        "population = 4\ngenerations = 1\nepisodes = 1\nreevaluation_episodes = 0\n" + toml
    )
    monkeypatch.chdir(tmp_path)
    plan = CliRunner().invoke(
        cli, ["evolve", str(campaign), "--allow-custom", "--dry-run"], catch_exceptions=False
    )
    assert plan.exit_code == 0, plan.output
    assert '"mine:level_gears" = 2.0' in plan.output
    assert "8 candidates of 1 episodes" in plan.output
    assert not (tmp_path / "runs").exists()
    done = CliRunner().invoke(
        cli,
        ["evolve", str(campaign), "--allow-custom", "--workers", "1", "--out", "run"],
        catch_exceptions=False,
    )
    assert done.exit_code == 0, done.output
    with RunFolder(tmp_path / "run").database(read_only=True) as database:
        candidates = database.candidates()
    assert len(candidates) == 8
    assert {candidate.result.task for candidate in candidates} == {"mine:downhill"}
    assert {candidate.result.status for candidate in candidates} == {"ok"}


@pytest.mark.slow
def test_an_algorithm_as_the_page_shows_it(tmp_path, monkeypatch):
    code = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.S)[-1]
    (tmp_path / "latest_of_ten.py").write_text(code)
    monkeypatch.chdir(tmp_path)
    options = ["algorithm=latest_of_ten:Latest", "episodes=1", "reevaluation_episodes=0"]
    changes = [word for option in options for word in ("--set", option)]
    arguments = ["evolve", "--preset", "tiny", *changes, "--workers", "1", "--out", "run"]
    done = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    with RunFolder(tmp_path / "run").database(read_only=True) as database:
        assert all(candidate.parents for candidate in database.candidates()[4:])
