"""A database of its own for each test, and a run folder that tests only read."""

from __future__ import annotations

import pytest

from codesign.config import Settings
from codesign.store import Database, RunFolder
from tests.helpers.small_run import fill_run


@pytest.fixture
def database(tmp_path):
    """An empty database, ``run.sqlite`` in the folder of the test."""
    Database.create(tmp_path / "run.sqlite")
    with Database(tmp_path / "run.sqlite") as opened:
        yield opened


@pytest.fixture(scope="session")
def small_run(tmp_path_factory):
    """A run folder of six candidates; do not write to it."""
    folder = RunFolder.create(tmp_path_factory.mktemp("runs") / "run", Settings(population=2))
    fill_run(folder)
    return folder
