"""Prepares modules for mkdocstrings: roles, commented constants, and names of submodules.

- A cross-reference, ``:class:`name```, becomes code, and ``::`` before an example a colon.
- ``{state_table}`` becomes the table of the state features, as it does when the class is imported.
- A comment ``#:`` above an attribute becomes its docstring.
- A function that a package exports under the name of its own submodule, such as
  ``morph_ops.operators.crossover``, takes the place of the submodule, as it does when the package
  is imported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any

import griffe

from codesign.gym.tables import STATE_TABLE, state_table

_ROLE = re.compile(r":\w+:`[~!]?([\w.]+)`")
_LITERAL = re.compile(r"::$", re.M)
_COMMENT = "#:"


class Docstrings(griffe.Extension):
    """Rewrites what griffe has found in the source, before mkdocstrings renders it."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Complete the docstring of one module, class, function or attribute."""
        if obj.docstring is None and obj.is_attribute:
            text = _comment_above(obj)
            obj.docstring = griffe.Docstring(text, parent=obj) if text else None
        if obj.docstring:
            text = _ROLE.sub(r"`\1`", obj.docstring.value)
            text = text.replace(STATE_TABLE, state_table())
            obj.docstring.value = _LITERAL.sub(":", text)

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        """Show the functions that share their name with a submodule."""
        for module in list(_modules(pkg)):
            for name in module.exports or ():
                hidden = module.members.get(str(name))
                if isinstance(hidden, griffe.Module) and str(name) in hidden.members:
                    module.members[str(name)] = griffe.Alias(
                        str(name), hidden.members[str(name)], parent=module
                    )


def _comment_above(attribute: griffe.Object) -> str:
    path, line = attribute.filepath, attribute.lineno
    if not isinstance(path, Path) or line is None:
        return ""
    above = reversed(path.read_text("utf-8").splitlines()[: line - 1])
    comment = takewhile(lambda text: text.startswith(_COMMENT), map(str.strip, above))
    return "\n".join(reversed([text.removeprefix(_COMMENT).strip() for text in comment]))


def _modules(module: griffe.Module) -> Iterator[griffe.Module]:
    yield module
    for child in module.modules.values():
        if not child.is_alias:
            yield from _modules(child)
