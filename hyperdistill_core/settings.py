"""Settings: frozen, checked once, from code, from TOML tables and from ``--set``.

Every settings class of the project derives from :class:`FrozenSettings` and describes its fields
in place. The command line changes settings with :func:`changed`, and the reference of all
settings is generated from :func:`describe_fields`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, Self, TypeVar, Union, cast, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, ErrorDetails, core_schema

from hyperdistill_core.errors import SettingProblem, SettingsError
from morph_ops._messages import cut, shown
from morph_ops._registry import Registry, UnknownNameError, require_name

__all__ = [
    "DefaultText",
    "FieldDescription",
    "FrozenSettings",
    "Names",
    "SettingProblem",
    "SettingsError",
    "Unit",
    "assigned",
    "changed",
    "describe_fields",
    "merged",
]

_TYPE_NAMES: dict[Any, str] = {
    bool: "true or false",
    int: "integer",
    float: "number",
    str: "text",
    list: "list",
    dict: "table",
}
#: What was expected, by the type of pydantic's error.
_EXPECTED = {
    "bool_type": "true or false",
    "dict_type": "a table",
    "finite_number": "a finite number",
    "float_type": "a number",
    "int_from_float": "an integer",
    "int_type": "an integer",
    "list_type": "a list",
    "mapping_type": "a table",
    "model_type": "a table",
    "string_type": "text",
}
#: Upper bounds from here on are above all sensible values.
_PROTECTING = 1000
_SHOWN_PROBLEMS = 10
_RANGE_ERRORS = ("greater_than", "greater_than_equal", "less_than", "less_than_equal")


class Unit(NamedTuple):
    """The unit of a setting, as ``Annotated[float, Unit("s")]``."""

    symbol: str


class DefaultText(NamedTuple):
    """Words for a default that depends on the machine, for :func:`describe_fields`."""

    text: str


class Names(NamedTuple):
    """Names that a setting takes, as ``Annotated[str, Names(TASKS)]``, or one of a list of names.

    Plugins are accepted if the registry takes them; they are not imported.

    Examples:
        >>> from typing import Annotated
        >>> from pydantic import TypeAdapter
        >>> gaits = Registry("gait", {"walk": 1, "trot": 2})
        >>> TypeAdapter(Annotated[str, Names(gaits)]).validate_python("trot")
        'trot'
    """

    registry: Registry[Any]

    def __get_pydantic_core_schema__(
        self, source: type[Any], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._known, handler(source))

    def _known(self, value: str | list[str]) -> str | list[str]:
        for name in [value] if isinstance(value, str) else value:
            self.registry.require(name)
        return value


class FieldDescription(NamedTuple):
    """One row of the settings reference.

    Attributes:
        name: Name of the setting; a dot separates a table from its keys.
        type: Type in TOML's words, such as "integer" or "number or none".
        default: Default as TOML writes it; "required" where there is none, and empty for a table.
        range: Allowed values, such as "at least 1" or names; empty where the type says everything.
        unit: Symbol of the unit; empty for a number without one.
        description: What the setting does.
    """

    name: str
    type: str
    default: str
    range: str
    unit: str
    description: str


class FrozenSettings(BaseModel):
    """Base of all settings: keyword-only, immutable, and strict about names and types.

    Fields are of TOML's types (text, integers, finite numbers, booleans, lists, tables) or other
    settings; every field has a description, and a :class:`Unit` where it has a unit. Numbers of
    numpy, tuples and arrays are taken for what they hold.

    Raises:
        SettingsError: A name is unknown, or a value has the wrong type or is out of range.

    Examples:
        >>> from pydantic import Field
        >>> class Walk(FrozenSettings):
        ...     speed: float = Field(0.5, gt=0.0, description="Speed over the ground.")
        >>> Walk(speed=2.0).to_dict()
        {'speed': 2.0}
        >>> Walk(speed=-1.0)
        Traceback (most recent call last):
        hyperdistill_core.errors.SettingsError: speed: expected a number above 0, got -1.0
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**{name: _builtin(value) for name, value in values.items()})
        except ValidationError as error:
            raise SettingsError(*_first_problems(type(self), error)) from None

    def to_dict(self) -> dict[str, Any]:
        """The settings as a nested dictionary that :meth:`from_dict` reads back."""
        return self.model_dump()

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Settings from a dictionary; names that are missing take their defaults.

        Raises:
            SettingsError: A name is unknown, or a value has the wrong type or is out of range.
        """
        return cls(**values)

    def replace(self, **changes: Any) -> Self:
        """A validated copy with other values.

        Raises:
            SettingsError: A name is unknown, or a value has the wrong type or is out of range.
        """
        return type(self)(**{**dict(self), **changes})


SettingsT = TypeVar("SettingsT", bound=FrozenSettings)


def _builtin(value: Any) -> Any:
    """A value as TOML has it: numbers of numpy become Python's, tuples and arrays become lists."""
    if hasattr(value, "dtype") and hasattr(value, "tolist"):  # (numpy is not imported for it)
        return value.tolist()
    if isinstance(value, list | tuple):
        return [_builtin(entry) for entry in cast("Sequence[Any]", value)]
    if isinstance(value, dict):
        return {name: _builtin(entry) for name, entry in cast("dict[Any, Any]", value).items()}
    return value


def changed(settings: SettingsT, assignments: Iterable[str], *, option: str = "--set") -> SettingsT:
    """Settings with ``key=value`` assignments, as option ``--set`` takes them.

    Args:
        settings: Settings to start from; they stay as they are.
        assignments: Assignments in order; a later one wins. Dots reach into tables. A value is
            TOML, or plain text where it is no valid TOML.
        option: The option that they come from, for errors.

    Returns:
        New settings of the same class.

    Raises:
        SettingsError: An assignment is not of the form ``key=value``.
        SettingsError: A name is unknown, or a value has the wrong type or is out of range.

    Examples:
        >>> from pydantic import Field
        >>> class Walk(FrozenSettings):
        ...     steps: int = Field(100, ge=1, description="Control steps.")
        >>> changed(Walk(), ["steps=50"]).steps
        50
    """
    return type(settings).from_dict(assigned(settings.to_dict(), assignments, option=option))


def assigned(
    values: Mapping[str, Any], assignments: Iterable[str], *, option: str = "--set"
) -> dict[str, Any]:
    """Nested values with ``key=value`` assignments; nothing is checked yet.

    Raises:
        SettingsError: An assignment is not of the form ``key=value``.

    Examples:
        >>> assigned({"seed": 0}, ["seed=3", "rates.crossover=0.5", "task=flat"])
        {'seed': 3, 'rates': {'crossover': 0.5}, 'task': 'flat'}
    """
    result = dict(values)
    for assignment in assignments:
        result = merged(result, _parsed(assignment, option))
    return result


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Nested values of ``base``, replaced or completed by those of ``over``.

    Examples:
        >>> merged({"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"c": 4}})
        {'a': 1, 'b': {'c': 4, 'd': 3}}
    """
    result = dict(base)
    for key, value in over.items():
        below = result.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            value = merged(cast("Mapping[str, Any]", below), cast("Mapping[str, Any]", value))
        result[key] = value
    return result


def describe_fields(settings: type[FrozenSettings]) -> list[FieldDescription]:
    """Rows of the settings reference, in order of definition; tables before their keys.

    Examples:
        >>> from pydantic import Field
        >>> class Walk(FrozenSettings):
        ...     legs: int = Field(4, ge=1, le=8, description="Number of legs.")
        >>> describe_fields(Walk)[0][:4]
        ('legs', 'integer', '4', '1 .. 8')
    """
    return list(_rows(settings, ""))


def _rows(settings: type[FrozenSettings], prefix: str) -> Iterator[FieldDescription]:
    for name, field in settings.model_fields.items():
        table = _table_of(field.annotation)
        yield FieldDescription(
            name=prefix + name,
            type=_type_text(field.annotation),
            default=_default_text(field),
            range=_range_text(field),
            unit=next((m.symbol for m in field.metadata if isinstance(m, Unit)), ""),
            description=field.description or "",
        )
        if table is not None:
            yield from _rows(table, f"{prefix}{name}.")


def _table_of(annotation: Any) -> type[FrozenSettings] | None:
    for kind in get_args(annotation) or (annotation,):
        if isinstance(kind, type) and issubclass(kind, FrozenSettings):
            return kind
    return None


def _type_text(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation is NoneType:
        return "none"
    if origin in (Union, UnionType):
        return " or ".join(map(_type_text, arguments))
    if origin is Literal:
        return " or ".join(map(_toml_text, arguments))
    if origin in (list, dict) and arguments[-1] is not Any:
        return f"{_TYPE_NAMES[origin]} of {_plural(_type_text(arguments[-1]))}"
    if _table_of(annotation) is not None:
        return "table"
    return _TYPE_NAMES.get(origin or annotation, str(annotation))


def _plural(noun: str) -> str:
    return noun if noun == "text" else f"{noun}s"


def _default_text(field: FieldInfo) -> str:
    for entry in field.metadata:
        if isinstance(entry, DefaultText):
            return entry.text
    if field.is_required():
        return "required"
    return _toml_text(field.get_default(call_default_factory=True, validated_data={}))


def _toml_text(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list):
        return f"[{', '.join(map(_toml_text, cast('list[Any]', value)))}]"
    return "" if isinstance(value, FrozenSettings | dict) else str(value)


def _range_text(field: FieldInfo, *, kind: str | None = None) -> str:
    """Allowed values in words: "at least 1", "above 0", "0 .. 1", "gnn, transformer".

    An upper bound that only protects the machine is named where a value exceeds it.
    """
    bounds: dict[type, Any] = {}
    for entry in field.metadata:
        if isinstance(entry, Names):
            return ", ".join(entry.registry)
        for bound, name in ((Ge, "ge"), (Gt, "gt"), (Le, "le"), (Lt, "lt")):
            if isinstance(entry, bound):
                bounds[bound] = getattr(entry, name)
    if bounds.get(Le, 0) >= _PROTECTING:
        if kind == "less_than_equal":
            return f"at most {bounds[Le]}"
        if kind is not None:
            del bounds[Le]
    if set(bounds) == {Ge, Le}:
        return f"{_digits(bounds[Ge])} .. {_digits(bounds[Le])}"
    words = {Ge: "at least", Gt: "above", Le: "at most", Lt: "below"}
    return " and ".join(
        f"{words[each]} {_digits(bounds[each])}" for each in words if each in bounds
    )


def _digits(number: float) -> str:
    return str(number) if isinstance(number, int) else f"{number:g}"


def _parsed(assignment: str, option: str) -> dict[str, Any]:
    """The nested value of ``a.b=1``."""
    key, equals, text = assignment.partition("=")
    names = [name.strip() for name in key.split(".")]
    if not equals or not all(names):
        raise SettingsError.of(
            option, f"expected key=value, such as seed=3 or table.key=0.5, got {shown(assignment)}"
        )
    try:
        table = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):  # thousands of digits, or brackets in each other
        table = {}
    value: Any = table["value"] if set(table) == {"value"} else text.strip()
    for name in reversed(names):
        value = {name: value}
    return value


def _first_problems(settings: type[FrozenSettings], error: ValidationError) -> list[SettingProblem]:
    """The first problems of many: a file of a stranger may have a hundred thousand."""
    errors = error.errors()
    shown_ones = list(islice(_problems(settings, errors), _SHOWN_PROBLEMS))
    more = sum(map(_count, errors)) - len(shown_ones)
    words = "and 1 more problem" if more == 1 else f"and {more} more problems"
    return [*shown_ones, SettingProblem("", words)] if more else shown_ones


def _count(one: ErrorDetails) -> int:
    """Number of problems in an error of pydantic."""
    cause = one.get("ctx", {}).get("error")
    return len(cause.problems) if isinstance(cause, SettingsError) else 1


def _problems(
    settings: type[FrozenSettings], errors: Sequence[ErrorDetails]
) -> Iterator[SettingProblem]:
    """One problem for each error of pydantic, in the words of the settings.

    The first unknown name lists the choices, which are the same for all.
    """
    listed = False
    for one in errors:
        cause = one.get("ctx", {}).get("error")
        name = cut(".".join(map(str, one["loc"])))
        if isinstance(cause, SettingsError):
            yield from (inner.inside(name) for inner in cause.problems)
        elif cause is not None:
            yield SettingProblem(name, str(cause))
        elif one["type"] == "extra_forbidden":
            text = _unknown(settings, name)
            yield SettingProblem("", text.partition(" Choices: ")[0] if listed else text)
            listed = True
        elif one["type"] == "missing":
            yield SettingProblem(name, "expected a value, got none")
        else:
            yield SettingProblem(
                name, f"expected {_expected(settings, one)}, got {shown(one['input'])}"
            )


def _expected(settings: type[FrozenSettings], one: Any) -> str:
    kind, loc = one["type"], one["loc"]
    field = settings.model_fields.get(str(loc[0])) if len(loc) == 1 else None
    if field is not None and kind in _RANGE_ERRORS:
        bounds = _range_text(field, kind=kind)
        return f"a number {bounds}" if bounds == "above 0" else bounds
    return _EXPECTED.get(kind) or str(one["msg"]).removeprefix("Input should be ")


def _unknown(settings: type[FrozenSettings], name: str) -> str:
    try:
        require_name(settings.model_fields, name, what="setting")
    except UnknownNameError as error:
        return str(error)
    raise AssertionError(f"{name} is a setting")
