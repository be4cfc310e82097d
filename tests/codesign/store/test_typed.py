"""Values of the database that are of their types, and those that are not."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from codesign.store.candidate import AdaptationResult
from codesign.store.typed import typed, typed_fields

FITS: list[tuple[object, Any]] = [
    (1, int),
    (1, float),
    (None, float | None),
    ((1, 2), tuple[int, ...]),
    ((), tuple[int, ...]),
    ((1, "a"), tuple[int, str]),
    ([1, 2], list[int]),
    ({"a": 1.0}, dict[str, float]),
    ({"a": []}, dict[str, Any]),
    ("ok", Literal["ok", "failed"]),
    (False, bool),
]
OTHERS: list[tuple[object, Any, str]] = [
    (True, int, "an integer, got True"),
    (1.0, int, "an integer, got 1.0"),
    (float("nan"), float, "a finite number, got nan"),
    (10**400, float, "a finite number, got "),
    ("a", float | None, "a finite number or nothing, got 'a'"),
    ((1, "a"), tuple[int, ...], "a list of an integer, got"),
    ((1,), tuple[int, str], "a list of an integer, text, got"),
    ([[]], list[int], "a list of an integer, got"),
    ({"a": None}, dict[str, float], "an object with a finite number, got"),
    ([1], dict[str, Any], "an object, got"),
    ("no", Literal["ok", "failed"], "'ok' or 'failed', got 'no'"),
    (1, bool, "true or false, got 1"),
    (b"a", str, "text, got b'a'"),
]


@pytest.mark.parametrize(("value", "hint"), FITS, ids=str)
def test_values_of_their_type_pass(value: object, hint: Any) -> None:
    assert typed(value, hint, what="value") is value


@pytest.mark.parametrize(("value", "hint", "message"), OTHERS, ids=lambda each: str(each)[:40])
def test_other_values_are_named(value: object, hint: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^value: expected {message}") as caught:
        typed(value, hint, what="value")
    assert len(str(caught.value)) < 200


def test_fields_of_a_record_are_named() -> None:
    good = AdaptationResult(1, 6, True, 1.0, 2.0, "abc", 100)
    assert typed_fields(good) is good
    with pytest.raises(ValueError, match=r"^score_after: expected a finite number, got 'a'"):
        typed_fields(good._replace(score_after="a"))
