"""Plain numbers in the records of bodies, whatever numbers they were made with."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

_PLAIN = frozenset({float, int, str, bool, type(None)})


def make_plain(record: Any) -> None:
    """Turn the numpy numbers, lists and arrays of a frozen record into plain numbers and tuples.

    An operator that forgets ``float()`` then makes the same body, with the same hash, as one that
    does not.

    Args:
        record: A record of a node or a hinge, in its ``__post_init__``; changed in place.

    Examples:
        >>> from morph_ops.graph import Torso
        >>> Torso(pos=np.array([0, 0, 0.5]), radius=np.float64(0.1), mass=1.0)
        Torso(pos=(0.0, 0.0, 0.5), radius=0.1, density=None, mass=1.0, \
quat=(1.0, 0.0, 0.0, 0.0), friction=(0.7, 0.1, 0.1), condim=3)
    """
    for name in record.__slots__:
        value = getattr(record, name)
        if type(value) in _PLAIN:
            continue
        plain = _plain(value)
        if plain is not value:
            object.__setattr__(record, name, plain)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return cast("Any", value.item())
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list):
        return tuple(map(_plain, cast("list[Any]", value)))
    if type(value) is tuple:
        entries = cast("tuple[Any, ...]", value)
        if all(type(entry) in _PLAIN for entry in entries):
            return entries
        changed = tuple(map(_plain, entries))
        same = all(new is old for new, old in zip(changed, entries, strict=True))
        return entries if same else changed
    return value
