"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def reference() -> Path:
    """Folder with the Unimal-100 robots and the golden numbers of the public code."""
    beside = Path(__file__).parents[2] / "shared"
    folder = Path(os.environ.get("CODESIGN_REFERENCE", beside))
    if not (folder / "unimal100").is_dir():
        pytest.skip(f"no reference data at {folder}: set CODESIGN_REFERENCE to its folder")
    return folder
