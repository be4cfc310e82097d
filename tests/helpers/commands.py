"""Calls of the command line in this process."""

from __future__ import annotations

import pytest

from codesign.cli import main


def call(capsys, *arguments):
    """Exit code, standard output and standard error of a command."""
    with pytest.raises(SystemExit, match=r"\d|None") as ended:
        main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err
