"""Values of a database that a stranger may have edited: each must be what its type says."""

from __future__ import annotations

import math
from functools import cache
from types import UnionType
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from morph_ops._messages import shown

__all__ = ["typed", "typed_fields"]

_Value = TypeVar("_Value")
_WORDS = {
    int: "an integer",
    float: "a finite number",
    str: "text",
    bool: "true or false",
    list: "a list",
}


def typed(value: object, hint: type[_Value], *, what: str) -> _Value:
    """A value, if it is of a type.

    Args:
        value: A value of SQLite's or JSON's types.
        hint: The type: int, float, str, bool, a class, or tuple, list, dict, Literal or union of
            these. An integer counts as a float, and no float is infinite.
        what: Name of the value, for the message.

    Raises:
        ValueError: The value is of another type.

    Examples:
        >>> typed((1, None), tuple[int, float | None], what="row")
        (1, None)
        >>> typed("a", float, what="score")
        Traceback (most recent call last):
        ValueError: score: expected a finite number, got 'a'
    """
    if not _fits(value, hint):
        raise ValueError(f"{what}: expected {_words(hint)}, got {shown(value)}")
    return cast("_Value", value)


def typed_fields(record: _Value) -> _Value:
    """A dataclass or named tuple, if each of its fields is of the type that its class says.

    Args:
        record: The record.

    Raises:
        ValueError: A field is of another type.
    """
    for name, hint in _hints(type(record)).items():
        typed(getattr(record, name), hint, what=name)
    return record


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _fits(value: object, hint: Any) -> bool:
    kind, options = get_origin(hint), get_args(hint)
    if hint is Any:
        return True
    if hint is float:
        return type(value) in (int, float) and _is_finite(cast("float", value))
    if hint in (int, bool):
        return type(value) is hint
    if kind is Literal:
        return value in options
    if kind in (UnionType, Union):
        return any(_fits(value, option) for option in options)
    if kind is tuple:
        return isinstance(value, tuple) and _all_fit(cast("tuple[object, ...]", value), options)
    if kind is list:
        return isinstance(value, list) and _all_fit(
            tuple(cast("list[object]", value)), (*options, ...)
        )
    if kind is dict:
        return isinstance(value, dict) and all(
            _fits(item, options[1]) for item in cast("dict[object, object]", value).values()
        )
    return isinstance(value, kind or hint)


def _all_fit(values: tuple[object, ...], hints: tuple[Any, ...]) -> bool:
    if hints[1:] == (Ellipsis,):
        return all(_fits(value, hints[0]) for value in values)
    return len(values) == len(hints) and all(map(_fits, values, hints))


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer of hundreds of digits
        return False


def _words(hint: Any) -> str:
    kind, options = get_origin(hint), get_args(hint)
    if kind is Literal:
        return " or ".join(map(repr, options))
    if kind in (UnionType, Union):
        return " or ".join(map(_words, options))
    if kind in (tuple, list):
        each = options[:1] if options[-1] is Ellipsis else options
        return f"a list of {', '.join(map(_words, each))}"
    if kind is dict:
        return f"an object with {_words(options[1])}" if options[1] is not Any else "an object"
    if hint is type(None):
        return "nothing"
    return _WORDS.get(hint, "another type")
