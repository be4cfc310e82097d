"""Settings of several sources, merged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hyperdistill_core.settings import merged


def over(values: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Values without those that new ones replace: the new tasks replace the old ones.

    Args:
        values: Settings by name.
        given: New settings by name; they come last.

    Examples:
        >>> over({"task": "flat", "tasks": ["flat", "csr"], "seed": 1}, {"task": "incline"})
        {'seed': 1, 'task': 'incline'}
    """
    replaced = {"task", "tasks"} if {"task", "tasks"} & given.keys() else set[str]()
    kept = {name: value for name, value in values.items() if name not in replaced}
    return merged(kept, given)
