"""Options and types of arguments that several commands share."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from codesign import defaults
from codesign.cli.text import echo

CommandT = TypeVar("CommandT", bound=Callable[..., object])


class IntRange(click.IntRange):
    """A whole number in a range, which click calls an "integer range" in its errors."""

    name = "integer"


class FloatRange(click.FloatRange):
    """A number in a range, which click calls a "float range" in its errors."""

    name = "number"


PATH: click.ParamType[Path] = click.Path(path_type=Path)
FILE: click.ParamType[Path] = click.Path(path_type=Path, dir_okay=False)
FOLDER: click.ParamType[Path] = click.Path(path_type=Path, file_okay=False)

#: Other names of formats.
_ALSO_CALLED = {"stl": "print"}
#: Exit code after Ctrl-C.
INTERRUPTED = 130


def set_option(what: str, example: str) -> Callable[[CommandT], CommandT]:
    """The option ``--set``, which may come several times; the command gets ``assignments``.

    Args:
        what: What the settings are of, for the help text.
        example: An assignment, for the help text.
    """
    return click.option(
        "--set",
        "assignments",
        multiple=True,
        metavar="KEY=VALUE",
        help=f"Change a setting of the {what}, such as {example}. Repeat it for more. The "
        "documentation lists all settings.",
    )


def seed_option(what: str) -> Callable[[CommandT], CommandT]:
    """The option ``--seed``, 0 by default."""
    return click.option(
        "--seed", default=0, show_default=True, type=IntRange(min=0), help=f"Seed of {what}."
    )


def new_folder_option(command: CommandT) -> CommandT:
    """The option ``--out`` of commands that write a folder."""
    return click.option(
        "--out", required=True, type=PATH, help="Folder to write; it must be new or empty."
    )(command)


def formats_option(command: CommandT) -> CommandT:
    """The option ``--format``; the command gets ``formats`` for :func:`chosen_formats`."""
    return click.option(
        "--format",
        "formats",
        default="mjcf,json,npz",
        show_default=True,
        metavar="LIST",
        help="Formats, joined by commas; all for every format.",
    )(command)


def chosen_formats(formats: str, *, run: bool) -> tuple[str, ...]:
    """The formats of a list with commas; "all" is every format that can be written here.

    ``stl`` is another name of ``print``, whose parts are STL files.
    """
    from codesign.exporting import DESIGN_FORMATS, HISTORY_FORMATS
    from codesign.exporting.extras import missing

    words = (name.strip() for name in formats.split(","))
    names = tuple(_ALSO_CALLED.get(name, name) for name in words)
    if names == ("all",):
        every = (*DESIGN_FORMATS, *(HISTORY_FORMATS if run else ()))
        unavailable = missing(every)
        for name, need in unavailable.items():
            echo(f"left out: {name}, which needs {need.remedy}", err=True)
        return tuple(name for name in every if name not in unavailable)
    return names


def root_option(command: CommandT) -> CommandT:
    """The option ``--root``."""
    return click.option(
        "--root",
        metavar="NAME",
        help="Name of the first body of the robot, where an MJCF file holds several robots.",
    )(command)


def best_of_option(default: str) -> Callable[[CommandT], CommandT]:
    """The option ``--best-of``.

    Args:
        default: The default in words, for the help text.
    """
    return click.option(
        "--best-of",
        type=IntRange(min=1),
        metavar="N",
        help="Try N controller variants on each robot in short rollouts, and take the best.  "
        f"[default: {default}]",
    )


def threads_option(default: int | None) -> Callable[[CommandT], CommandT]:
    """The option ``--threads`` of commands that train in this process.

    Args:
        default: Default of the option; None for one thread a core.
    """
    return click.option(
        "--threads",
        default=os.cpu_count() if default is None else default,
        show_default="one per core" if default is None else True,
        type=IntRange(min=1),
        help="Number of PyTorch threads.",
    )


def new_controller_options(command: CommandT) -> CommandT:
    """The options ``--name`` and ``--out`` of commands that make a controller of others."""
    name = click.option(
        "--name",
        required=True,
        help="Name of the new controller, written as NAME.safetensors in --out.",
    )
    out = click.option("--out", required=True, type=FOLDER, help="Folder of the new controller.")
    return name(out(command))


controller_option = click.option(
    "--controller",
    default=defaults.CONTROLLER,
    show_default=True,
    metavar="NAME|FILE",
    help="A controller that ships (see 'codesign controller list'), or a controller file.",
)

preset_option = click.option(
    "--preset",
    default="cpu",
    show_default=True,
    metavar="NAME",
    help="Settings to start from: cpu, or paper for the published ones; for train-teacher also "
    "continue, for a controller that walks already.",
)

training_set_option = click.option(
    "--training-set",
    "training_set_file",
    required=True,
    type=FILE,
    help="File of the bodies, made by 'codesign controller training-set'.",
)

teacher_option = click.option(
    "--teacher",
    "teachers",
    required=True,
    multiple=True,
    metavar="NAME|FILE",
    help="Checkpoint of a teacher, or a controller, whose variants are then all teachers. Repeat "
    "it for more teachers, in the same order for every command.",
)
