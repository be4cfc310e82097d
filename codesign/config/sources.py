"""Settings from presets, TOML files and the command line, and back to TOML."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from importlib import resources
from pathlib import Path
from typing import Any, cast

import tomli_w

from codesign.cluster import ClusterSettings
from codesign.config.merging import over
from codesign.config.names import has_bounds
from codesign.config.settings import Settings
from codesign.config.trust import require_word, trusted_words
from codesign.errors import UsageError
from hyperdistill_core.errors import SettingProblem, SettingsError
from hyperdistill_core.settings import assigned
from morph_ops._messages import cut, one_line
from morph_ops._registry import Registry
from morph_ops._text_file import read_text

#: Largest file of settings, a hundred times a usual one (bytes), and most dots in a line of it: the
#: parser's time and memory grow with the square of the length of a dotted key.
_LARGEST_TOML, _MOST_DOTS = 200_000, 250
DEFAULT_PRESET = "quickstart"
#: Settings of a preset that give way to a setting of the user that they do not go with.
_GIVING_WAY = {
    "start": ("screened",),
    "tasks": ("screened", "brood", "racing", "adaptation", "finetune_steps"),
}
#: Objectives of "nsga2" on tasks that do not reward moving along x, as the usual ones do.
_OBJECTIVES_OFF_X = ("score", "mass")


def presets() -> Registry[str]:
    """TOML texts of the shipped presets, by name.

    Examples:
        >>> "quickstart" in presets()
        True
    """
    folder = resources.files("codesign.config") / "presets"
    files = sorted(
        (item for item in folder.iterdir() if item.name.endswith(".toml")),
        key=lambda item: item.name,
    )
    texts = {item.name.removesuffix(".toml"): item.read_text("utf-8") for item in files}
    return Registry("preset", texts)


def load(
    *,
    preset: str | None = None,
    file: Path | None = None,
    assignments: Iterable[str] = (),
    overrides: Mapping[str, Any] | None = None,
    changes: Mapping[str, Any] | None = None,
    allow_custom: bool = False,
) -> Settings:
    """Settings from all sources; a later source replaces the values of an earlier one.

    A preset's screening, broods, racing and learning give way where the user sets what they do not
    go with: bodies to ``start`` with, several ``tasks``, a ``task`` whose scores have no upper
    bound, the ``algorithm`` random, or a population above ``screened``. The usual objectives of
    ``"nsga2"``, speed and cost of transport along x, give way to score and mass where a task does
    not reward moving along x.

    Args:
        preset: Name of a preset.
        file: Campaign file in TOML.
        assignments: ``key=value`` assignments. Dots reach into tables. A value is TOML, or
            plain text where it is no valid TOML.
        overrides: Settings by name; None values are ignored.
        changes: Settings by name that replace all others; None is a value.
        allow_custom: Whether the file may name what runs code or talks to other machines: custom
            components, schedulers, queueing systems. Assignments and overrides always may.

    Returns:
        The validated settings, complete with defaults.

    Raises:
        UnknownNameError: No preset has this name.
        UsageError: The file cannot be read, or is not valid TOML.
        UsageError: The file names what runs code, and ``allow_custom`` is false.
        SettingsError: An assignment is not of the form ``key=value``.
        SettingsError: A name is unknown, or a value has the wrong type or is out of range.

    Examples:
        >>> load(preset="tiny", assignments=["rates.crossover=0.5"]).rates.crossover
        0.5
    """
    of_preset: dict[str, Any] = {}
    if preset is not None:
        of_preset = parse_toml(presets().lookup(preset), source=f"preset {preset}")
    values = {} if file is None else _with_paths_beside(read_toml(file), file)
    values = over(values, assigned({}, assignments))
    given = {key: value for key, value in (overrides or {}).items() if value is not None}
    values = over(values, given)
    try:
        settings = Settings.from_dict(over(_fitting(of_preset, values), values))
        settings = settings.replace(**(changes or {}))
    except SettingsError as error:
        if file is None:
            raise
        raise _with_file(error, file) from None
    if file is not None and not allow_custom:
        own = _own_words(assigned({}, assignments), given, changes or {})
        require_word(trusted_words(settings), own=own, where=str(file))
    return settings


def _fitting(of_preset: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a preset, changed where they do not go with what the user set."""
    tasks = values.get("tasks")
    several: list[Any] = cast("list[Any]", tasks) if isinstance(tasks, list) else []
    task = several[0] if len(several) == 1 else values.get("task")
    asked = {"start": values.get("start"), "tasks": len(several) > 1}
    dropped = {name for key, names in _GIVING_WAY.items() if asked[key] for name in names}
    population = values.get("population")
    if isinstance(population, int) and population > of_preset.get("screened", population):
        dropped.add("screened")
    if isinstance(task, str) and not has_bounds(task):
        dropped |= {"racing", "brood"}
    if values.get("algorithm") == "random":
        dropped.add("brood")
    fitting = {name: value for name, value in of_preset.items() if name not in dropped}
    named = [each for each in several or [task] if isinstance(each, str)]
    trades_off = values.get("algorithm", of_preset.get("algorithm")) == "nsga2"
    if trades_off and not all(map(has_bounds, named)):
        fitting["objectives"] = list(_OBJECTIVES_OFF_X)
    return fitting


def _own_words(*values: Mapping[str, Any]) -> tuple[str, ...]:
    """What the user named beside the file."""
    words: list[str] = []
    for each in values:
        for name, value in each.items():
            # Settings that are wrong without the file's do not matter here.
            with suppress(SettingsError):
                words += trusted_words(Settings.from_dict({name: value}))
    return tuple(words)


def _with_paths_beside(values: dict[str, Any], file: Path) -> dict[str, Any]:
    """The values of a campaign file, whose folder ``start`` and scenes are sought beside it."""
    found = dict(values)
    if isinstance(values.get("start"), str):
        found["start"] = str(file.parent / values["start"])
    for name in ("task", "tasks", "objectives"):
        value: Any = values.get(name)
        if isinstance(value, list):
            found[name] = [_scene_beside(name, each, file) for each in cast("list[Any]", value)]
        elif value is not None:
            found[name] = _scene_beside(name, value, file)
    return found


def _scene_beside(setting: str, value: Any, file: Path) -> Any:
    """A value with the path of a scene, which may stand behind an objective; others as they are."""
    if not (isinstance(value, str) and value.lower().endswith(".xml")):
        return value
    objective, at, scene = value.partition("@") if setting == "objectives" else ("", "", value)
    return f"{objective}{at}{file.parent / scene}"


def _with_file(error: SettingsError, file: Path) -> SettingsError:
    """The error, with the name of the file before every problem that the file alone has, too."""
    try:
        Settings.from_dict(read_toml(file))
    except SettingsError as own:
        return SettingsError(
            *(
                SettingProblem(str(file), str(problem)) if problem in own.problems else problem
                for problem in error.problems
            )
        )
    return error


def read_toml(file: Path) -> dict[str, Any]:
    """Values of a TOML file.

    Raises:
        UsageError: The file cannot be read, or is larger than 0.2 MB.
        UsageError: The file is not valid TOML.
    """
    return parse_toml(read_text(file, largest=_LARGEST_TOML, error=UsageError), source=str(file))


def parse_toml(text: str, *, source: str) -> dict[str, Any]:
    """Values of a TOML text.

    Args:
        text: The text.
        source: Name of the text's origin, for the error message.

    Raises:
        UsageError: The text is not valid TOML, or a line has hundreds of dots.

    Examples:
        >>> parse_toml("seed = 3", source="example")
        {'seed': 3}
    """
    for number, line in enumerate(text.split("\n"), start=1):
        if line.count(".") > _MOST_DOTS:
            raise UsageError(
                f"{source}: expected at most {_MOST_DOTS} dots in a line, got {line.count('.')} in "
                f"line {number}"
            )
    try:
        return tomllib.loads(text)
    except ValueError as error:  # also of an integer with thousands of digits
        raise UsageError(f"{source} is not valid TOML: {cut(one_line(error), most=200)}") from None
    except RecursionError:
        raise UsageError(f"{source} is not valid TOML: nested too deeply") from None


def to_toml(settings: Settings) -> str:
    """The settings as TOML, which :func:`parse_toml` and ``Settings.from_dict`` read back.

    Examples:
        >>> to_toml(Settings(population=16)).splitlines()[-1].startswith("ood")
        True
    """
    return tomli_w.dumps(_without_none(settings.to_dict()))


def cluster_at(address: str) -> ClusterSettings | None:
    """The cluster with a scheduler address; None for "none".

    Raises:
        SettingsError: The text is not a scheduler address.

    Examples:
        >>> cluster_at("tcp://10.0.0.1:8786").scheduler
        'tcp://10.0.0.1:8786'
    """
    return None if address == "none" else ClusterSettings(scheduler=address)


def _without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    """Nested values without those that are None, which TOML cannot express."""
    return {
        name: _without_none(cast("Mapping[str, Any]", value))
        if isinstance(value, Mapping)
        else value
        for name, value in values.items()
        if value is not None
    }
