"""Names that people type, looked up with help for a mistyped one."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TypeVar

Choice = TypeVar("Choice")


class UnknownChoiceError(ValueError):
    """A name that stands for nothing. The message is one line that lists the choices."""


def choose(choices: Mapping[str, Choice], name: str, *, what: str) -> Choice:
    """What ``name`` stands for.

    Args:
        choices: everything there is, by name.
        name: the name asked for.
        what: what the choices are, for the message ("task", "operator").

    Raises:
        UnknownChoiceError: nothing has that name.

    Example:
        >>> choose({"flat": 1}, "flatt", what="task")
        Traceback (most recent call last):
        morph_ops.choices.UnknownChoiceError: no task 'flatt': did you mean 'flat'? Choices: flat
    """
    if name in choices:
        return choices[name]
    if not choices:
        raise UnknownChoiceError(f"no {what} {name!r}: there are none")
    near = difflib.get_close_matches(name, choices, n=1)
    hint = f": did you mean {near[0]!r}?" if near else "."
    raise UnknownChoiceError(f"no {what} {name!r}{hint} Choices: {', '.join(sorted(choices))}")
