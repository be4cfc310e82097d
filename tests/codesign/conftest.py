"""A database of its own for each test, a run folder that tests only read, and a browser."""

from __future__ import annotations

import pytest

from codesign.config import Settings
from codesign.store import Database, RunFolder
from tests.helpers.browser import chromium_path, launched, visit
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


@pytest.fixture(scope="module")
def chromium():
    """A browser without a screen; not for the whole session, as it holds the asyncio loop."""
    pytest.importorskip("playwright", reason="needs playwright, of codesign[dev]")
    path = chromium_path()
    if path is None:
        pytest.skip("needs Chromium on PATH")
    with launched(path) as browser:
        yield browser


@pytest.fixture
def open_page(chromium):
    """A function that opens a file or an address: see :func:`tests.helpers.browser.visit`."""

    def opened(address, **options):
        visits.append(visit(chromium, address, **options))
        return visits[-1]

    visits = []
    yield opened
    for each in visits:
        each.page.context.close()
