"""Errors in words: one line for tables, records and logs."""

from __future__ import annotations


def one_line(error: BaseException) -> str:
    """The message of an error without its line breaks, or its type where it has none."""
    return " ".join(str(error).split()) or type(error).__name__


def failure(error: BaseException) -> str:
    """The type and the message of an error, for records and logs."""
    return f"{type(error).__name__}: {one_line(error)}"


def reason(error: Exception) -> str:
    """Why a file could not be used, without its path and the error number."""
    return getattr(error, "strerror", None) or one_line(error)
