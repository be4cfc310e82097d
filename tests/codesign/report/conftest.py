"""Runs and their pages."""

from __future__ import annotations

import pytest

import codesign
from codesign.config import Settings


@pytest.fixture(scope="session")
def evolved():
    """A function that makes a short run in a folder; other settings are its arguments."""

    def made(folder, name="walk", **changes):
        settings = Settings(
            **{
                "population": 6, "generations": 3, "episodes": 1, "in_flight": 2, "finalists": 2,
                "reevaluation_episodes": 2, "workers": 0, "controller": "flat-v0", "top": 2,
            }
            | changes
        )  # fmt: skip
        return codesign.evolve(settings, out=folder / name)

    return made


@pytest.fixture(scope="session")
def run(evolved, tmp_path_factory):
    """A run that tests only read."""
    return evolved(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="session")
def page(run):
    """The page of that run, in its folder."""
    return codesign.write_report(run)
