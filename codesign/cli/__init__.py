"""The command ``codesign``: thin commands over the rest of the package.

Command modules import what they need inside their functions, so that help and mistakes
answer at once. Exit codes: 0 done, 1 failed while working, 2 wrong use, 130 interrupted.
"""

from codesign.cli.main import cli, main

__all__ = ["cli", "main"]
