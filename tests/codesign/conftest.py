"""Fixtures of this package's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from codesign.store import Database


@pytest.fixture
def new_database(tmp_path: Path) -> Iterator[Callable[[], Database]]:
    """Makes and opens an empty database; all close with the test."""
    with ExitStack() as opened:

        def new() -> Database:
            path = tmp_path / f"{len(list(tmp_path.glob('*.sqlite')))}.sqlite"
            Database.create(path)
            return opened.enter_context(Database(path))

        yield new
