"""Checkpoint files: tensors as safetensors, everything else as JSON in the header.

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

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from hyperdistill_core.errors import CheckpointError

_META = "codesign"


def save_checkpoint(
    path: Path, tensors: Mapping[str, torch.Tensor], meta: Mapping[str, Any]
) -> None:
    """Write a checkpoint in one atomic step.

    Args:
        path: Path of the file. An existing file is replaced; its folder is created if necessary.
        tensors: Tensors by name.
        meta: Content of the header, as values that JSON can hold.

    Examples:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "zeros.safetensors"
        ...     save_checkpoint(path, {"weight": torch.zeros(2)}, {"kind": "example"})
        ...     tensors, meta = load_checkpoint(path, kind="example")
        >>> tensors["weight"].tolist(), meta
        ([0.0, 0.0], {'kind': 'example'})
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".new")
    flat = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    # safetensors' own save_file makes a file that other users may not read.
    temporary.write_bytes(save(flat, metadata={_META: json.dumps(meta)}))
    os.replace(temporary, path)


def load_checkpoint(path: Path, *, kind: str) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Read the tensors and the header of a checkpoint.

    Args:
        path: Path of the file.
        kind: Kind that the header must name.

    Returns:
        The tensors by name, and the content of the header.

    Raises:
        CheckpointError: The file does not exist.
        CheckpointError: The file is not a safetensors file, or its header is damaged.
        CheckpointError: The checkpoint is of another kind.

    Examples:
        >>> load_checkpoint(Path("missing.safetensors"), kind="teacher")
        Traceback (most recent call last):
        hyperdistill_core.errors.CheckpointError: no checkpoint at missing.safetensors
    """
    with _opened(path) as file:
        meta = _meta(path, file)
        found = meta.get("kind")
        if found != kind:
            raise CheckpointError(f"{path}: expected a checkpoint of kind {kind!r}, got {found!r}")
        return {name: file.get_tensor(name) for name in file.keys()}, meta  # noqa: SIM118


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
    with _opened(path) as file:
        return _meta(path, file).get("kind")


@contextmanager
def _opened(path: Path) -> Generator[Any]:
    if not path.is_file():
        raise CheckpointError(f"no checkpoint at {path}")
    try:
        handle: Any = safe_open(path, framework="pt")
        with handle as file:
            yield file
    except SafetensorError as error:
        raise CheckpointError(f"{path}: not a safetensors file ({error})") from None


def _meta(path: Path, file: Any) -> dict[str, Any]:
    header: dict[str, str] = file.metadata() or {}
    try:
        meta: Any = json.loads(header.get(_META, "{}"))
    except json.JSONDecodeError as error:
        raise CheckpointError(f"{path}: damaged header ({error})") from None
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


def network_tensors(network: torch.nn.Module, *, prefix: str) -> dict[str, torch.Tensor]:
    """Parameters of a network by ``prefix.name``. A shared parameter occurs once.

    Args:
        network: The network.
        prefix: First part of each name.

    Examples:
        >>> list(network_tensors(torch.nn.Linear(2, 1), prefix="network"))
        ['network.weight', 'network.bias']
    """
    return {f"{prefix}.{name}": parameter for name, parameter in network.named_parameters()}


def restore_network(
    network: torch.nn.Module, tensors: Mapping[str, torch.Tensor], *, prefix: str
) -> None:
    """Restore the parameters that :func:`network_tensors` returned.

    Args:
        network: Network of the same shape.
        tensors: Tensors of a checkpoint.
        prefix: First part of the names.

    Examples:
        >>> old, new = torch.nn.Linear(2, 1), torch.nn.Linear(2, 1)
        >>> restore_network(new, network_tensors(old, prefix="network"), prefix="network")
        >>> bool((new.weight == old.weight).all())
        True
    """
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            parameter.copy_(tensors[f"{prefix}.{name}"])


def optimizer_tensors(optimizer: torch.optim.Optimizer, *, prefix: str) -> dict[str, torch.Tensor]:
    """State of an optimizer by ``prefix.number.name``, with the number of the parameter.

    Args:
        optimizer: The optimizer.
        prefix: First part of each name.
    """
    return {
        f"{prefix}.{number}.{name}": torch.as_tensor(value)
        for number, state in optimizer.state_dict()["state"].items()
        for name, value in state.items()
    }


def restore_optimizer(
    optimizer: torch.optim.Optimizer, tensors: Mapping[str, torch.Tensor], *, prefix: str
) -> None:
    """Restore the state that :func:`optimizer_tensors` returned.

    Args:
        optimizer: Optimizer of the same parameters.
        tensors: Tensors of a checkpoint.
        prefix: First part of the names.
    """
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, tensor in tensors.items():
        if key.startswith(prefix + "."):
            number, name = key[len(prefix) + 1 :].split(".")
            state.setdefault(int(number), {})[name] = tensor
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
