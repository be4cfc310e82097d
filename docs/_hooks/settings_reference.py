"""Writes the tables of the settings reference from the settings classes, when the site is built.

A line ``{{ settings package.module:Class }}`` of a page becomes a table of all fields of the class.
"""

from __future__ import annotations

import importlib
import re
from typing import Any

from hyperdistill_core.settings import FieldDescription, FrozenSettings, describe_fields

_MARK = re.compile(r"^\{\{ settings ([\w.]+):(\w+) \}\}$", re.M)
_HEAD = "| setting | default | expected | meaning |\n| --- | --- | --- | --- |\n"
#: What comes before the names that a setting of a type takes.
_NAMES = {"text": "one of", "list of text": "list of"}


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace every mark of a page by its table; MkDocs calls this for each page."""
    return _MARK.sub(lambda mark: _table(mark[1], mark[2]), markdown)


def _table(module: str, name: str) -> str:
    settings: type[FrozenSettings] = getattr(importlib.import_module(module), name)
    return _HEAD + "\n".join(
        f"| `{row.name}` | {_default(row)} | {_expected(row)} | {_cell(row.description)} |"
        for row in describe_fields(settings)
    )


def _default(row: FieldDescription) -> str:
    text = _cell(row.default)
    if not text or not text[0].isalpha() or text in ("true", "false", "none"):
        return f"`{text}`" if text else ""
    return text  # words, such as "the cores of this machine"


def _expected(row: FieldDescription) -> str:
    if row.range and row.type in _NAMES:
        return f"{_NAMES[row.type]} {_cell(row.range)}"
    parts = [_cell(row.type), _cell(row.range), f"({_cell(row.unit)})" if row.unit else ""]
    return " ".join([", ".join(filter(None, parts[:2])), parts[2]]).strip()


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
