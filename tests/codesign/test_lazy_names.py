"""Tests of names that are loaded on first use."""

from __future__ import annotations

import subprocess
import sys

import pytest

import codesign
from codesign import api


def test_every_name_of_the_interface_exists():
    for module in (codesign, api):
        for name in module.__all__:
            assert getattr(module, name) is not None
            assert name in dir(module)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"module 'codesign.api' has no attribute 'scores'"):
        api.scores  # noqa: B018


def test_a_score_loads_neither_reports_nor_replays():
    code = (
        "import sys; from codesign import api; api.score; "
        "print(*(name for name in sys.modules if name.startswith('codesign.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "codesign.scoring" in done.stdout.split()
    assert "codesign.replay" not in done.stdout.split()
    assert "codesign.report" not in done.stdout.split()
