"""Commands, and a small run that several tests read."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import pytest

from codesign.cli import main


class Command(Protocol):
    def __call__(self, *arguments: object) -> str: ...


@pytest.fixture
def run(capsys) -> Command:
    """Run a command that must end well; the result is what it prints."""

    def call(*arguments: object) -> str:
        with pytest.raises(SystemExit, match=r"\d") as ended:
            main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert ended.value.code == 0, err
        return out

    return call


@pytest.fixture
def refused(capsys) -> Command:
    """Run a command that must end as wrong use; the result is its error message."""

    def call(*arguments: object) -> str:
        with pytest.raises(SystemExit, match="2"):
            main([str(argument) for argument in arguments])
        return capsys.readouterr().err

    return call


@pytest.fixture(scope="session")
def bodies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of three sampled bodies."""
    out = tmp_path_factory.mktemp("sampled") / "bodies"
    with pytest.raises(SystemExit, match="0"):
        main(["sample", "-n", "3", "--seed", "4", "--out", str(out)])
    return out


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory, tiny_controller: Path) -> Path:
    """Run folder of 12 candidates; a test that changes it works on a copy."""
    out = tmp_path_factory.mktemp("runs") / "small"
    with pytest.raises(SystemExit, match="0"):
        main(
            [
                *("evolve", "--preset", "tiny", "--set", "episodes=1", "--workers", "1"),
                *("--set", f"controller={tiny_controller}", "--out", str(out)),
            ]
        )
    return out
