"""A run folder that tests only read."""

from __future__ import annotations

import pytest

from codesign.config import Settings
from codesign.store import RunFolder
from tests.helpers.small_run import fill_run


@pytest.fixture(scope="session")
def small_run(tmp_path_factory):
    """A run folder of six candidates; do not write to it."""
    folder = RunFolder.create(tmp_path_factory.mktemp("runs") / "run", Settings(population=2))
    fill_run(folder)
    return folder
