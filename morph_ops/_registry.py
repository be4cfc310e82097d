"""Registries: tables of things that users choose by name.

Tasks, objectives, descriptors, operators, algorithms, controllers, teachers, presets, and
file formats all have a :class:`Registry`. A lookup that fails lists the choices and suggests
the nearest one.

A name with a colon is a *plugin*: ``package.module:name`` stands for the attribute ``name`` of
that Python module. Modules in the folder where the program started are found too. Registries
never change after they are made, and plugins need no registration, so a worker process that
imports the same modules finds the same names.
"""

from __future__ import annotations

import difflib
import importlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from morph_ops._messages import cut, failure, shown
from morph_ops.errors import UnknownNameError

__all__ = [
    "Registry",
    "UnknownNameError",
    "is_plugin",
    "load_plugin",
    "lookup",
    "require_name",
    "split_plugin",
    "unfit_plugin",
]

T = TypeVar("T")
_T_co = TypeVar("_T_co", covariant=True)


class Registry(Mapping[str, _T_co]):
    """A read-only table of things of one kind, by name.

    It is a mapping, so ``name in registry``, ``registry[name]`` and iteration work as in a
    ``dict``. :meth:`lookup` is the way for names that a user typed.

    Args:
        what: The noun for one entry, used in error messages ("task", "operator").
        entries: The entries by name; their order is kept.
        plugin: The check that turns what a plugin name loads into an entry. It receives the
            full plugin name and the loaded object, and raises :class:`UnknownNameError`
            (see :func:`unfit_plugin`) when the object does not fit. None, the default,
            means that the registry takes no plugins.

    Examples:
        >>> tasks = Registry("task", {"flat": 1, "hill": 2})
        >>> tasks.names
        ('flat', 'hill')
        >>> tasks.lookup("hill")
        2
        >>> tasks.lookup("hil")
        Traceback (most recent call last):
        morph_ops.errors.UnknownNameError: no task 'hil': did you mean 'hill'? Choices: flat, hill
    """

    __slots__ = ("_entries", "_plugin", "what")

    def __init__(
        self,
        what: str,
        entries: Mapping[str, _T_co],
        *,
        plugin: Callable[[str, Any], _T_co] | None = None,
    ) -> None:
        self.what = what
        self._entries = dict(entries)
        self._plugin = plugin

    def __getitem__(self, name: str) -> _T_co:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"Registry({self.what!r}, {', '.join(self._entries)})"

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all entries, in order."""
        return tuple(self._entries)

    def lookup(self, name: str) -> _T_co:
        """The entry with this name, or the plugin that the name stands for.

        Args:
            name: The name of an entry, or ``package.module:name`` if the registry takes plugins.

        Raises:
            UnknownNameError: No entry has this name.
            UnknownNameError: The plugin cannot be imported, or is not what the registry holds.
        """
        if self._plugin is not None and is_plugin(name):
            return self._plugin(name, load_plugin(name, what=self.what))
        return lookup(self._entries, name, what=self.what)

    def require(self, name: str) -> None:
        """Refuse a name that :meth:`lookup` cannot find, without importing a plugin.

        Reading an old run must not need the plugins of that run.

        Args:
            name: The name to check.

        Raises:
            UnknownNameError: No entry has this name.
            UnknownNameError: The name has a colon and is not of the form ``package.module:name``.
        """
        if self._plugin is not None and is_plugin(name):
            split_plugin(name, what=self.what)
        else:
            require_name(self._entries, name, what=self.what)


def lookup(choices: Mapping[str, T], name: str, *, what: str) -> T:
    """The entry of a plain mapping with this name.

    Args:
        choices: All entries by name.
        name: The name that the user gave.
        what: The noun for one entry, used in the error message.

    Raises:
        UnknownNameError: No entry has this name.

    Examples:
        >>> lookup({"flat": 1}, "flat", what="task")
        1
    """
    require_name(choices, name, what=what)
    return choices[name]


def require_name(choices: Iterable[str], name: str, *, what: str) -> None:
    """Refuse a name that is not one of the choices.

    Args:
        choices: All names.
        name: The name that the user gave.
        what: The noun for one choice, used in the error message.

    Raises:
        UnknownNameError: The name is not one of the choices. The message suggests one that
            begins like it, or the nearest one, and lists all, sorted.

    Examples:
        >>> require_name(["flat", "hills"], "swim", what="task")
        Traceback (most recent call last):
        morph_ops.errors.UnknownNameError: no task 'swim'. Choices: flat, hills
    """
    names = list(choices)
    if name in names:
        return
    if not names:
        raise UnknownNameError(f"no {what} {shown(name)}: there are none")
    longer = [each for each in names if len(name) > 1 and each.startswith(name)]
    near = longer or difflib.get_close_matches(cut(name), names, n=1)
    hint = f": did you mean {near[0]!r}?" if near else "."
    raise UnknownNameError(f"no {what} {shown(name)}{hint} Choices: {', '.join(sorted(names))}")


def is_plugin(name: str) -> bool:
    """Whether a name stands for a plugin: it has a colon, and is no path of a file in XML.

    Examples:
        >>> is_plugin("my_package.tasks:STAIRS"), is_plugin("flat"), is_plugin("c:/stairs.xml")
        (True, False, False)
    """
    return ":" in name and not name.partition("#")[0].lower().endswith(".xml")


def split_plugin(name: str, *, what: str) -> tuple[str, str]:
    """The module and the attribute that a plugin name consists of; nothing is imported.

    Args:
        name: The name, ``package.module:name``.
        what: The noun for the plugin, used in the error message.

    Raises:
        UnknownNameError: The name is not of this form.

    Examples:
        >>> split_plugin("my_package.tasks:STAIRS", what="task")
        ('my_package.tasks', 'STAIRS')
    """
    module, _, attribute = name.partition(":")
    if not all(word.isidentifier() for word in (*module.split("."), attribute)):
        raise UnknownNameError(f"no {what} {shown(name)}: expected package.module:name")
    return module, attribute


def load_plugin(name: str, *, what: str) -> Any:
    """The object that a plugin name stands for.

    Args:
        name: The name, ``package.module:name``.
        what: The noun for the plugin, used in the error message.

    Raises:
        UnknownNameError: The name is not of this form.
        UnknownNameError: The module does not exist, or importing it fails.
        UnknownNameError: The module has no such attribute.

    Examples:
        >>> load_plugin("math:hypot", what="objective")(3.0, 4.0)
        5.0
    """
    module_name, attribute = split_plugin(name, what=what)
    here = os.getcwd()
    if here not in sys.path:
        sys.path.append(here)
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        raise UnknownNameError(
            f"no {what} {shown(name)}: cannot import {module_name} ({failure(error)})"
        ) from None
    if not hasattr(module, attribute):
        raise UnknownNameError(
            f"no {what} {shown(name)}: nothing called {attribute} in {module_name}"
        )
    return getattr(module, attribute)


def unfit_plugin(name: str, *, what: str, expected: str, found: Any) -> UnknownNameError:
    """The error for a plugin that is not what its registry holds.

    Args:
        name: The plugin name.
        what: The noun for the plugin.
        expected: What the registry holds, with its article ("a Task").
        found: The object that the name stands for; the message says its type.

    Examples:
        >>> unfit_plugin("math:pi", what="task", expected="a Task", found=3.14)
        UnknownNameError("no task 'math:pi': expected a Task, got float")
    """
    return UnknownNameError(
        f"no {what} {shown(name)}: expected {expected}, got {type(found).__name__}"
    )
