"""Shows cross-references of docstrings, ``:class:`name```, as code; mkdocstrings loads this."""

from __future__ import annotations

import re
from typing import Any

import griffe

_ROLE = re.compile(r":\w+:`[~!]?([\w.]+)`")


class DocstringRoles(griffe.Extension):
    """Rewrites the roles in every docstring before it is parsed."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite the docstring of one module, class, function or attribute."""
        if obj.docstring:
            obj.docstring.value = _ROLE.sub(r"`\1`", obj.docstring.value)
