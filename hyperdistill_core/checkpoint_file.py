"""Checkpoint files: arrays as safetensors, everything else as JSON in the header.

Controllers, teachers and unfinished trainings share this format. ``kind`` in the header tells them
apart. Nothing in a file is executed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from hyperdistill_core.errors import CheckpointError
from morph_ops._messages import cut, one_line, shown
from morph_ops._text_file import is_file

LARGEST_CHECKPOINT = 1_000_000_000
"""Largest file of a teacher, whose training may go on (bytes)."""

LARGEST_CONTROLLER = 100_000_000
"""Largest file of a controller, forty times the shipped ones (bytes)."""

_META = "codesign"


def save_checkpoint(
    path: Path, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]
) -> None:
    """Write a checkpoint in one atomic step.

    Args:
        path: Path of the file. An existing file is replaced; its folder is created if necessary.
        arrays: Arrays by name.
        meta: Content of the header, as values that JSON can hold.

    Examples:
        >>> import tempfile
        >>> import numpy as np
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "zeros.safetensors"
        ...     save_checkpoint(path, {"weight": np.zeros(2)}, {"kind": "example"})
        ...     arrays, meta = load_checkpoint(path, kind="example")
        >>> arrays["weight"].tolist(), meta
        ([0.0, 0.0], {'kind': 'example'})
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".new")
    flat = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    # safetensors' own save_file makes a file that other users may not read.
    temporary.write_bytes(save(flat, metadata={_META: json.dumps(meta)}))
    os.replace(temporary, path)


def load_checkpoint(
    path: Path, *, kind: str, largest: int = LARGEST_CHECKPOINT
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Read the arrays and the header of a checkpoint.

    Args:
        path: Path of the file.
        kind: Kind that the header must name.
        largest: Largest allowed size of the file, which is that of all its arrays (bytes).

    Returns:
        The arrays by name, and the content of the header.

    Raises:
        CheckpointError: The file does not exist.
        CheckpointError: The file is not a safetensors file, or its header is damaged.
        CheckpointError: The checkpoint is of another kind, or too large.

    Examples:
        >>> load_checkpoint(Path("missing.safetensors"), kind="teacher")
        Traceback (most recent call last):
        hyperdistill_core.errors.CheckpointError: no checkpoint at missing.safetensors
    """
    with _opened(path, largest=largest) as file:
        meta = _meta(path, file)
        found = meta.get("kind")
        if found != kind:
            raise CheckpointError(
                f"{path}: expected a checkpoint of kind {kind!r}, got {shown(found)}"
            )
        return {name: _tensor(path, file, name) for name in file.keys()}, meta  # noqa: SIM118


def checkpoint_kind(path: Path) -> str | None:
    """Kind that the header of a checkpoint names, or None.

    Args:
        path: Path of the file.

    Raises:
        CheckpointError: The file does not exist.
        CheckpointError: The file is not a safetensors file, or its header is damaged.

    Examples:
        >>> from hyperdistill_core.controller.checkpoints import find
        >>> checkpoint_kind(find("flat-v2"))
        'controller'
    """
    with _opened(path, largest=LARGEST_CHECKPOINT) as file:
        return _meta(path, file).get("kind")


@contextmanager
def _opened(path: Path, *, largest: int) -> Generator[Any]:
    if not is_file(path):
        raise CheckpointError(f"no checkpoint at {path}")
    try:
        # safetensors itself checks that the sizes of all arrays add up to that of the file.
        if os.path.getsize(path) > largest:
            raise CheckpointError(
                f"{path}: expected a checkpoint of at most {largest / 1e6:g} MB, got "
                f"{os.path.getsize(path) / 1e6:.0f} MB"
            )
        handle: Any = safe_open(path, framework="np")
        with handle as file:
            yield file
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{path}: not a safetensors file ({cut(one_line(error), most=300)})"
        ) from None
    except MemoryError:
        raise CheckpointError(f"{path}: larger than the free memory") from None


def _tensor(path: Path, file: Any, name: str) -> NDArray[Any]:
    try:
        return file.get_tensor(name)
    except (AttributeError, KeyError, TypeError):  # a type of numbers that numpy does not have
        raise CheckpointError(f"{path}: {cut(name)!r} is no array of numpy's types") from None


def _meta(path: Path, file: Any) -> dict[str, Any]:
    header: dict[str, str] = file.metadata() or {}
    try:
        meta: Any = json.loads(header.get(_META, "{}"))
    except ValueError as error:  # also of an integer with thousands of digits
        raise CheckpointError(
            f"{path}: damaged header ({cut(one_line(error), most=300)})"
        ) from None
    except RecursionError:
        raise CheckpointError(f"{path}: damaged header (nested too deeply)") from None
    return cast("dict[str, Any]", meta) if isinstance(meta, dict) else {}


def require_same(path: Path, before: object, now: object, *, what: str) -> None:
    """Refuse to continue from a checkpoint that was made with something else.

    Args:
        path: Path of the checkpoint or its folder, for the message.
        before: Value that the checkpoint was made with.
        now: Value that it must be equal to.
        what: Noun for the value, for the message.

    Raises:
        CheckpointError: ``before`` and ``now`` differ.

    Examples:
        >>> require_same(Path("run"), 1, 2, what="seed")
        Traceback (most recent call last):
        hyperdistill_core.errors.CheckpointError: run was made with another seed: \
choose another folder, or the settings that it was made with
    """
    if before != now:
        raise CheckpointError(
            f"{path} was made with another {what}: "
            "choose another folder, or the settings that it was made with"
        )


def require_same_settings(
    path: Path, before: Mapping[str, Any], now: Mapping[str, Any], *, changeable: Collection[str]
) -> None:
    """Refuse to continue from a checkpoint that was made with other settings.

    Args:
        path: Path of the checkpoint, for the message.
        before: Settings by name that the checkpoint was made with.
        now: Settings by name that they must be equal to.
        changeable: Names of the settings that may differ.

    Raises:
        CheckpointError: A setting that may not differ does.

    Examples:
        >>> stored, present = {"seed": 0, "steps": 10}, {"seed": 0, "steps": 20}
        >>> require_same_settings(Path("x"), stored, present, changeable=("steps",))
    """
    for name, value in now.items():
        if name not in changeable:
            stored = before.get(name)
            require_same(path, stored, value, what=f"{name} ({stored})")
