"""Settings of a campaign: frozen, checked once, from presets, TOML files and ``--set``.

Later sources win: defaults, preset, campaign file, ``--set``, then single options such
as ``--seed``. What comes out is written into the run folder, complete, so that a run
does not depend on defaults that may change.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from codesign.cluster import Cluster
from codesign.errors import UsageError, one_line
from hyperdistill_core.checkpoints import available
from morph_ops.choices import choose
from morph_ops.operators import OPERATORS
from morph_ops.textfile import read_text

DEFAULT_PRESET = "quickstart"
LEAST_ISLAND = 4
OBJECTIVES = ("score", "speed", "cost_of_transport", "mass", "actuators", "robustness")
DESCRIPTORS = ("size", "limbs", "mass", "actuators", "symmetry", "contact", "height")
DESCRIPTORS += ("duty_1", "duty_2", "duty_3", "duty_4")
ISLANDS = ("aging", "mu_plus_lambda")
#: Settings that are lists of names: what one is, which there are, and how many it takes.
_LISTS = {
    "objectives": ("objective", OBJECTIVES, 2, 4),
    "descriptors": ("descriptor", DESCRIPTORS, 1, 4),
    "islands": ("island", ISLANDS, 2, 64),
}


def usable_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Rates(_Frozen):
    """How a child is made.

    Attributes:
        crossover: probability that a child has two parents.
        mutation: probability that a child of two parents is mutated as well; a child of
            one parent always is.
        operators: weight of each mutation, relative to the others; those not named are 1.
    """

    crossover: float = Field(default=0.25, ge=0.0, le=1.0)
    mutation: float = Field(default=0.5, ge=0.0, le=1.0)
    operators: dict[str, float] = Field(default_factory=dict, validate_default=True)

    @field_validator("operators", mode="before")
    @classmethod
    def _complete(cls, weights: object) -> object:
        if not isinstance(weights, Mapping):
            raise ValueError("expected a table of weights, such as grow_limb = 2.0")
        for name, weight in weights.items():
            choose(OPERATORS, name, what="operator")
            if isinstance(weight, bool) or not isinstance(weight, int | float) or weight < 0:
                raise ValueError(f"{name}: expected a weight of at least 0, got {weight!r}")
        complete = {name: float(weights.get(name, 1.0)) for name in OPERATORS}
        if not any(complete.values()):
            raise ValueError("expected a weight above 0 for at least one operator")
        return complete


class Settings(_Frozen):
    """A campaign.

    Attributes:
        seed: root of every random number.
        task: what the bodies are scored on.
        controller: name of a shipped controller, or a path to one.
        algorithm: who may be a parent; docs/algorithms.md has a section on each.
        objectives: what "nsga2" weighs against each other.
        descriptors: what "map_elites" and "novelty" tell bodies apart by.
        bins: cells of "map_elites" along each descriptor.
        neighbours: bodies in the archive that "novelty" measures distances to.
        novelty_threshold: mean distance to them that lets a body into that archive, as a
            share of the descriptors' ranges.
        islands: algorithm of each island of "islands".
        migrate_every: candidates of an island between two migrations.
        migrants: bodies that each island sends then.
        population: bodies alive; as many start the search.
        generations: generations bred after the starting one, each of ``population``
            children.
        candidates: stop after so many bodies, inside the last generation; None for all.
        episodes: episodes a body.
        workers: worker processes, 0 to work in this process; no part of the result.
        cluster: where the work is done instead of that; no part of the result either.
        time_limit: the scoring of a body may take so long (s). One that hangs is tried once
            more and has failed then; whether a body does that depends on the machine, so the
            limit must be far above what bodies take.
        tournament: bodies that compete to be a parent.
        in_flight: candidates that are bred before the score of the first of them counts,
            at most half the population. It bounds how many workers are busy, and it is
            part of the result so that the number of workers need not be.
        finalists: bodies, the best of the search, that are scored again at the end; at least
            ``top``.
        final_episodes: episodes of each then, with starts that the search has never seen; 0
            takes the search's word.
        top: designs that are exported when the run ends.
        rates: how a child is made.
    """

    seed: int = Field(default=0, ge=0)
    task: str = "flat"
    controller: str = "flat-v1"
    algorithm: Literal[
        "random", "aging", "mu_plus_lambda", "nsga2", "map_elites", "novelty", "islands"
    ] = "aging"
    objectives: list[str] = Field(default=["speed", "cost_of_transport"])
    descriptors: list[str] = Field(default=["limbs", "height"])
    bins: int = Field(default=10, ge=2, le=1000)
    neighbours: int = Field(default=10, ge=1)
    novelty_threshold: float = Field(default=0.02, ge=0.0)
    islands: list[str] = Field(default=["aging"] * 4)
    migrate_every: int = Field(default=32, ge=1)
    migrants: int = Field(default=1, ge=1)
    population: int = Field(default=64, ge=2)
    generations: int = Field(default=8, ge=0)
    candidates: int | None = Field(default=None, ge=1)
    episodes: int = Field(default=4, ge=1)
    workers: int = Field(default_factory=usable_cores, ge=0)
    cluster: Cluster | None = None
    time_limit: float = Field(default=300.0, gt=0.0)
    tournament: int = Field(default=4, ge=1)
    in_flight: int = Field(default=16, ge=1)
    finalists: int = Field(default=20, ge=1)
    final_episodes: int = Field(default=16, ge=0)
    top: int = Field(default=5, ge=1)
    rates: Rates = Field(default_factory=Rates)

    @field_validator("controller")
    @classmethod
    def _absolute(cls, controller: str) -> str:
        # A run may be resumed from another folder. A shipped controller's name stays one.
        named = controller in available()
        path = Path(controller)
        return str(path.absolute()) if not named and path.is_file() else controller

    @field_validator("objectives", "descriptors", "islands")
    @classmethod
    def _known(cls, names: list[str], info: ValidationInfo) -> list[str]:
        what, known, least, most = _LISTS[info.field_name or ""]
        for name in names:
            choose(dict.fromkeys(known), name, what=what)
        if not least <= len(names) <= most:
            raise ValueError(f"expected {least} to {most} of them, got {len(names)}")
        if what != "island" and len(set(names)) < len(names):
            raise ValueError(f"expected different ones, got {', '.join(names)}")
        return names

    @model_validator(mode="after")
    def _room_on_islands(self) -> Settings:
        share = self.population // len(self.islands)
        if self.algorithm == "islands" and share < max(LEAST_ISLAND, self.migrants + 1):
            raise ValueError(
                f"population: expected at least {max(LEAST_ISLAND, self.migrants + 1)} bodies on "
                f"each of {len(self.islands)} islands, got {self.population} for all"
            )
        return self

    @model_validator(mode="after")
    def _budget(self) -> Settings:
        most = self.population * (self.generations + 1)
        if self.candidates is not None and self.candidates > most:
            raise ValueError(
                f"candidates: expected at most population x (generations + 1) = {most}, "
                f"got {self.candidates}"
            )
        return self

    @property
    def measures_robustness(self) -> bool:
        """Whether the search looks at the robustness of bodies."""
        return self.algorithm == "nsga2" and "robustness" in self.objectives

    @property
    def total(self) -> int:
        """Candidates of the whole run."""
        return self.candidates or self.population * (self.generations + 1)


def presets() -> dict[str, str]:
    """Names and TOML texts of the presets that ship, by name."""
    folder = resources.files("runs") / "presets"
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
        merged = parse(choose(presets(), preset, what="preset"), source=f"preset {preset}")
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
        choose(Settings.model_fields, key, what="setting")
    for table, model, what in (("rates", Rates, "rate"), ("cluster", Cluster, "cluster setting")):
        inner = values.get(table)
        for key in inner if isinstance(inner, Mapping) else ():
            choose(model.model_fields, key, what=what)
    try:
        return Settings(**values)
    except ValidationError as error:
        raise UsageError("; ".join(map(_complaint, error.errors()))) from None


def chosen_cluster(address: str) -> Cluster | None:
    """The cluster of an address; None for "none".

    Raises:
        UsageError: it is no address.
    """
    if address == "none":
        return None
    try:
        return Cluster(scheduler=address)
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
            lines.append(f"{key} = {_toml_value(value)}")
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
