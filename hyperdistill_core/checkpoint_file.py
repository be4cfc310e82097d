"""Tensors and settings in one file: safetensors, everything but tensors as JSON in its header."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from hyperdistill_core.errors import CheckpointError

_META = "codesign"


def save_checkpoint(
    path: Path, tensors: Mapping[str, torch.Tensor], meta: Mapping[str, Any]
) -> None:
    """Write a checkpoint in one step: the file is either the old or the new one, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".new")
    flat = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    # save_file would make a file that nobody else may read.
    temporary.write_bytes(save(flat, metadata={_META: json.dumps(meta)}))
    os.replace(temporary, path)


def load_checkpoint(path: Path, *, kind: str) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Tensors and metadata of a checkpoint.

    Raises:
        CheckpointError: no such file.
        CheckpointError: no safetensors file with our metadata.
        CheckpointError: a checkpoint of another kind.
    """
    with _opened(path) as file:
        meta = _meta(path, file)
        found = meta.get("kind")
        if found != kind:
            raise CheckpointError(f"{path}: expected a checkpoint of kind {kind!r}, got {found!r}")
        return {name: file.get_tensor(name) for name in file.keys()}, meta  # noqa: SIM118


def checkpoint_kind(path: Path) -> str | None:
    """The kind that a checkpoint's header names; None where it names none.

    Raises:
        CheckpointError: no such file, or no safetensors file with our metadata.
    """
    with _opened(path) as file:
        return _meta(path, file).get("kind")


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    if not path.is_file():
        raise CheckpointError(f"no checkpoint at {path}")
    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except SafetensorError as error:
        raise CheckpointError(f"{path}: not a safetensors file ({error})") from None


def _meta(path: Path, file: Any) -> dict[str, Any]:
    header = file.metadata() or {}
    try:
        meta = json.loads(header.get(_META, "{}"))
    except json.JSONDecodeError as error:
        raise CheckpointError(f"{path}: damaged header ({error})") from None
    return meta if isinstance(meta, dict) else {}


def require_same(path: Path, before: object, now: object, *, what: str) -> None:
    """Refuse to go on from a checkpoint that was made with something else.

    Raises:
        CheckpointError: ``before`` and ``now`` differ.
    """
    if before != now:
        raise CheckpointError(
            f"{path} was made with another {what}: "
            "give another folder, or the settings it was made with"
        )


def network_tensors(network: torch.nn.Module, *, prefix: str) -> dict[str, torch.Tensor]:
    """The network's parameters under ``prefix.name``, shared ones once."""
    return {f"{prefix}.{name}": parameter for name, parameter in network.named_parameters()}


def restore_network(
    network: torch.nn.Module, tensors: Mapping[str, torch.Tensor], *, prefix: str
) -> None:
    """Put back what :func:`network_tensors` took."""
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            parameter.copy_(tensors[f"{prefix}.{name}"])


def optimizer_tensors(optimizer: torch.optim.Optimizer, *, prefix: str) -> dict[str, torch.Tensor]:
    """The optimiser's tensors by parameter number and name, for :func:`save_checkpoint`."""
    return {
        f"{prefix}.{number}.{name}": torch.as_tensor(value)
        for number, state in optimizer.state_dict()["state"].items()
        for name, value in state.items()
    }


def restore_optimizer(
    optimizer: torch.optim.Optimizer, tensors: Mapping[str, torch.Tensor], *, prefix: str
) -> None:
    """Put back what :func:`optimizer_tensors` took."""
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, tensor in tensors.items():
        if key.startswith(prefix + "."):
            number, name = key[len(prefix) + 1 :].split(".")
            state.setdefault(int(number), {})[name] = tensor
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
