"""The errors that callers of :mod:`morph_ops` may catch.

Each message is one line for people: it says what was expected, what was found, and where.
"""

from __future__ import annotations

__all__ = ["BodyError", "MjcfError", "OperatorError", "UnknownNameError"]


class BodyError(ValueError):
    """A graph, file, or value is not a valid body."""


class MjcfError(BodyError):
    """An MJCF file holds no body of this project."""


class OperatorError(RuntimeError):
    """An operator found no valid child; the message gives the reason."""


class UnknownNameError(ValueError):
    """A name stands for nothing; the message lists the choices."""
