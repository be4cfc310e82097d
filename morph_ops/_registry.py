"""Names that people type, looked up with help for a mistyped one.

A name with a colon stands for something of the user's own: ``package.module:name`` is what
Python finds under that name in that module. The folder where the program was started counts
as a place to look.
"""

from __future__ import annotations

import difflib
import importlib
import os
import sys
from collections.abc import Mapping
from typing import Any, TypeVar

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
        morph_ops._registry.UnknownChoiceError: no task 'flatt': did you mean 'flat'? Choices: flat
    """
    if name in choices:
        return choices[name]
    if not choices:
        raise UnknownChoiceError(f"no {what} {name!r}: there are none")
    near = difflib.get_close_matches(name, choices, n=1)
    hint = f": did you mean {near[0]!r}?" if near else "."
    raise UnknownChoiceError(f"no {what} {name!r}{hint} Choices: {', '.join(sorted(choices))}")


def is_own(name: str) -> bool:
    """Whether a name stands for something of the user's own."""
    return ":" in name


def split_own(name: str, *, what: str) -> tuple[str, str]:
    """Module and name in it of ``package.module:name``, whether there is such a thing or not.

    Args:
        name: module and name.
        what: what it is to stand for, for the message.

    Raises:
        UnknownChoiceError: not of that form.
    """
    module, _, attribute = name.partition(":")
    if not all(part.isidentifier() for part in (*module.split("."), attribute)):
        raise UnknownChoiceError(f"no {what} {name!r}: expected package.module:name")
    return module, attribute


def load_own(name: str, *, what: str) -> Any:
    """What ``package.module:name`` stands for.

    Args:
        name: module and name in it.
        what: what is looked for, for the message.

    Raises:
        UnknownChoiceError: not of that form, no such module, an error inside it, or nothing of
            that name in it.

    Example:
        >>> load_own("math:hypot", what="objective")(3.0, 4.0)
        5.0
    """
    module_name, attribute = split_own(name, what=what)
    here = os.getcwd()
    if here not in sys.path:
        sys.path.append(here)
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        reason = " ".join(str(error).split())
        raise UnknownChoiceError(
            f"no {what} {name!r}: cannot import {module_name} ({type(error).__name__}: {reason})"
        ) from None
    if not hasattr(module, attribute):
        raise UnknownChoiceError(f"no {what} {name!r}: nothing called {attribute} in {module_name}")
    return getattr(module, attribute)
