"""Controllers by name, with errors for the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from codesign import defaults
from codesign.errors import UsageError
from morph_ops._messages import one_line

if TYPE_CHECKING:
    from hyperdistill_core.controller import Controller


def find_controller(name: str | Path) -> Path:
    """The file of a controller; it is not read.

    Args:
        name: Name of a shipped controller, or path of a controller file.

    Raises:
        UsageError: No controller has this name or path.

    Examples:
        >>> find_controller("flat-v2").name
        'flat-v2.safetensors'
    """
    from hyperdistill_core.controller.checkpoints import ControllerError, find

    try:
        return find(name)
    except ControllerError as error:
        raise UsageError(one_line(error)) from None


def load_controller(name: str | Path) -> Controller:
    """A controller from its file.

    Args:
        name: Name of a shipped controller, or path of a controller file.

    Raises:
        UsageError: No controller has this name or path.
        UsageError: The file cannot be read as a controller.

    Examples:
        >>> load_controller("flat-v2").n_variants >= 8
        True
    """
    # Imported late: a process that only drives workers needs no controller.
    from hyperdistill_core.controller import Controller, ControllerError

    try:
        return Controller.load(name)
    except ControllerError as error:
        raise UsageError(one_line(error)) from None


def load_scored_with(name: str | Path, expected: str, *, remedy: str) -> Controller:
    """The controller that scored a run.

    Args:
        name: Name of a shipped controller, or path of a controller file.
        expected: Hash of the controller in the score records of the run.
        remedy: What works without that controller, for the error message.

    Raises:
        UsageError: There is no such controller, or it is another one.
    """
    controller = load_controller(name)
    if controller.hash != expected:
        raise UsageError(
            f"the controller {name} is not the one that scored this run: expected hash {expected}, "
            f"got {controller.hash}; {remedy}"
        )
    return controller


def require_variants(controller: Controller, wanted: int, *, what: str = "best_of") -> None:
    """Refuse a setting that needs more variants than a controller has.

    Args:
        controller: The controller.
        wanted: Number of variants that the setting needs.
        what: Name of the setting, for the error message.

    Raises:
        UsageError: ``wanted`` is below 1, or the controller has fewer variants.
    """
    from hyperdistill_core.controller import ControllerError

    try:
        controller.require_variants(wanted, what=what)
    except ControllerError as error:
        raise UsageError(one_line(error)) from None


def resolve_best_of(controller: Controller, best_of: int | None) -> int:
    """The number of variants to try on a body.

    Args:
        controller: The controller.
        best_of: Number of variants. None means :data:`codesign.defaults.BEST_OF`, or all
            variants if the controller has fewer.

    Raises:
        UsageError: ``best_of`` is below 1, or the controller has fewer variants.

    Examples:
        >>> resolve_best_of(load_controller("flat-v2"), None)
        8
    """
    if best_of is None:
        return min(defaults.BEST_OF, controller.n_variants)
    require_variants(controller, best_of)
    return best_of
