"""Errors in words: one line for tables, records, and logs."""

from __future__ import annotations

import re
from collections.abc import Sequence

#: Largest number of names in a line that is kept, and in one that is shown among many.
_NOTED, _SHOWN = 200, 4
_NAMES = re.compile(r"(?P<what>.*[:?] )(?P<names>.*)")
_BEYOND = re.compile(r".* and (?P<count>\d+) more")


def one_line(error: BaseException) -> str:
    """The message of an error without line breaks, or the name of its type if it has none.

    Examples:
        >>> one_line(ValueError("no\\nmass")), one_line(KeyboardInterrupt())
        ('no mass', 'KeyboardInterrupt')
    """
    return " ".join(str(error).split()) or type(error).__name__


def failure(error: BaseException) -> str:
    """The type and the message of an error, for records and logs.

    Examples:
        >>> failure(ValueError("no mass"))
        'ValueError: no mass'
    """
    return f"{type(error).__name__}: {one_line(error)}"


def reason(error: Exception) -> str:
    """The reason why a file could not be used, without its path and the error number.

    Examples:
        >>> reason(FileNotFoundError(2, "No such file or directory", "run.sqlite"))
        'No such file or directory'
    """
    return getattr(error, "strerror", None) or one_line(error)


def listed(names: Sequence[str], *, most: int = _SHOWN) -> str:
    """Names in a line, the first few of many, and each of them short enough for a message.

    Args:
        names: The names.
        most: Number of names that are shown.

    Examples:
        >>> listed(["a", "b"]), listed(["a", "b", "c"], most=1)
        ('a, b', 'a and 2 more')
    """
    more = len(names) - most
    return ", ".join(map(cut, names[:most])) + (f" and {more} more" if more > 0 else "")


def noted(names: Sequence[str]) -> str:
    """Names in a line that is kept: all but those beyond the two hundredth.

    Args:
        names: The names.

    Examples:
        >>> noted(["a", "b", "c", "d", "e"])
        'a, b, c, d, e'
    """
    return listed(names, most=_NOTED)


def shortened(line: str) -> str:
    """A line that ends in names, with the first four of them, for where many lines are shown.

    Args:
        line: The line; its names follow a colon or a question mark.

    Examples:
        >>> shortened("hinges without a motor: a, b, c, d, e")
        'hinges without a motor: a, b, c, d and 1 more'
        >>> shortened("moves on slide, slide, hinge, hinge, hinge joints")
        'moves on slide, slide, hinge, hinge, hinge joints'
    """
    found = _NAMES.fullmatch(line)
    if found is None:
        return line
    names = found["names"].split(", ")
    beyond = _BEYOND.fullmatch(names[-1])
    if len(names) <= _SHOWN or beyond is None:
        return found["what"] + listed(names, most=_SHOWN)
    more = len(names) - _SHOWN + int(beyond["count"])
    return f"{found['what']}{', '.join(names[:_SHOWN])} and {more} more"


def cut(text: str, *, most: int = 80) -> str:
    """A text of a stranger, short enough for a message.

    Args:
        text: The text.
        most: Number of characters that are shown.

    Examples:
        >>> cut("a" * 100, most=4)
        'aaa…'
    """
    return text if len(text) <= most else f"{text[: most - 1]}…"


def shown(value: object, *, most: int = 80) -> str:
    """A value of a stranger as Python writes it, short enough for a message.

    Args:
        value: Any value of JSON or TOML.
        most: Number of characters that are shown.

    Examples:
        >>> shown("a"), shown(16**5000)
        ("'a'", 'an integer of more digits than can be shown')
    """
    try:
        return cut(repr(value), most=most)
    except ValueError:
        return "an integer of more digits than can be shown"
    except RecursionError:
        return "a value that is nested too deeply"
