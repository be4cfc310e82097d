"""Settings from presets, TOML files and the command line, and back to TOML."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from codesign.cluster import ClusterSettings
from codesign.config.settings import Settings
from codesign.config.tables import Alarms, Limits, Racing, Rates, Stop
from codesign.errors import UsageError
from morph_ops._messages import one_line
from morph_ops._registry import lookup
from morph_ops._text_file import read_text

DEFAULT_PRESET = "quickstart"
#: Settings that are tables: their keys, and what one is.
_TABLES: dict[str, tuple[Mapping[str, Any], str]] = {
    "rates": (Rates.model_fields, "rate"),
    "limits": (Limits.model_fields, "limit"),
    "alarms": (Alarms.model_fields, "alarm setting"),
    "cluster": (ClusterSettings.model_fields, "cluster setting"),
    "stop": (Stop.model_fields, "reason to stop"),
    "racing": (Racing.model_fields, "racing setting"),
}


def presets() -> dict[str, str]:
    """Names and TOML texts of the presets that ship, by name."""
    folder = resources.files("codesign.config") / "presets"
    files = [item for item in folder.iterdir() if item.name.endswith(".toml")]
    return {item.name.removesuffix(".toml"): item.read_text("utf-8") for item in files}


def load(
    *,
    preset: str | None = None,
    file: Path | None = None,
    assignments: Iterable[str] = (),
    overrides: Mapping[str, Any] | None = None,
) -> Settings:
    """Settings from all their sources; later ones win.

    Args:
        preset: name of a preset.
        file: campaign file in TOML.
        assignments: ``key=value`` each; dots reach into tables, values are TOML, or
            plain text where that is no TOML.
        overrides: settings by name; None values are passed over.

    Returns:
        The settings, checked and complete.

    Raises:
        UsageError: no such preset, an unreadable file, bad TOML, an unknown key or a
            value out of its range.
    """
    merged: dict[str, Any] = {}
    if preset is not None:
        merged = parse(lookup(presets(), preset, what="preset"), source=f"preset {preset}")
    if file is not None:
        merged = _merge(merged, read(file))
    for assignment in assignments:
        merged = _merge(merged, _assign(assignment))
    given = {key: value for key, value in (overrides or {}).items() if value is not None}
    return build(_merge(merged, given))


def read(file: Path) -> dict[str, Any]:
    """Tables of a TOML file.

    Raises:
        UsageError: the file cannot be read, or is no TOML.
    """
    return parse(read_text(file, error=UsageError), source=str(file))


def parse(text: str, *, source: str) -> dict[str, Any]:
    """Tables of a TOML text.

    Raises:
        UsageError: it is no TOML; names ``source``.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{source} is no valid TOML: {one_line(error)}") from None


def build(values: Mapping[str, Any]) -> Settings:
    """Settings from plain values.

    Raises:
        UsageError: an unknown key or a value out of its range; one line.
    """
    for key in values:
        lookup(Settings.model_fields, key, what="setting")
    for table, (fields, what) in _TABLES.items():
        keys = values.get(table)
        for key in keys if isinstance(keys, Mapping) else ():
            lookup(fields, key, what=what)
    try:
        return Settings(**values)
    except ValidationError as error:
        raise UsageError("; ".join(map(_complaint, error.errors()))) from None


def chosen_cluster(address: str) -> ClusterSettings | None:
    """The cluster of an address; None for "none".

    Raises:
        UsageError: it is no address.
    """
    if address == "none":
        return None
    try:
        return ClusterSettings(scheduler=address)
    except ValidationError as error:
        raise UsageError("; ".join(map(_complaint, error.errors()))) from None


def to_toml(settings: Settings) -> str:
    """The settings as TOML that :func:`parse` and :func:`build` read back."""
    lines: list[str] = []
    _write_table(lines, (), settings.model_dump())
    return "\n".join(lines) + "\n"


def _write_table(lines: list[str], path: tuple[str, ...], table: Mapping[str, Any]) -> None:
    inner = {key: value for key, value in table.items() if isinstance(value, dict)}
    if path:
        lines += ["", f"[{'.'.join(path)}]"]
    for key, value in table.items():
        if key not in inner and value is not None:
            name = key if key.isidentifier() else _toml_value(key)
            lines.append(f"{name} = {_toml_value(value)}")
    for key, value in inner.items():
        _write_table(lines, (*path, key), value)


def _toml_value(value: str | float | list[str]) -> str:
    # JSON's strings, booleans and lists of them are TOML's, but for DEL, which TOML wants escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _merge(base: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        if isinstance(below, dict) and isinstance(value, Mapping):
            value = _merge(below, value)
        merged[key] = value
    return merged


def _assign(assignment: str) -> dict[str, Any]:
    key, equals, text = assignment.partition("=")
    if not equals or not all(key.strip().split(".")):
        raise UsageError(f"--set {assignment!r}: expected key=value, such as population=32")
    try:
        table = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        table = {}
    value: Any = table["value"] if set(table) == {"value"} else text.strip()
    for name in reversed(key.strip().split(".")):
        value = {name: value}
    return value


def _complaint(error: Any) -> str:
    where = ".".join(str(part) for part in error["loc"])
    if error["type"] == "value_error":
        message = str(error["ctx"]["error"])
        return f"{where}: {message}" if where else message
    message = error["msg"].removeprefix("Input ")
    message = re.sub("a valid dictionary( or instance of [A-Z][a-z]+)?", "a table", message)
    return f"{where}: {message}, got {error['input']!r}"
