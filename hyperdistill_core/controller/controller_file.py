"""The file format of a controller: weights as safetensors, everything else as JSON in its header.

    ========================= ==========================================================
    tensor                    content
    ========================= ==========================================================
    ``state_mean``            (17,) float64 means of the state features
    ``state_var``             (17,) float64 variances of the state features
    ``variants``              (R, D) float32 context factors; absent without variants
    ``familiarity.*``         the arrays of ``Familiarity``; absent where it is not known
    all others                weights of the hypernetwork, float32 or float16
    ========================= ==========================================================

The header holds ``kind``, ``version``, ``network`` (the fields of ``HypernetConfig``), ``task``,
``context``, ``clip``, ``training_distribution``, ``provenance`` and perhaps ``reference_scores``.
Nothing in a file is executed.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, NamedTuple, cast, get_args

import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.checkpoint_file import LARGEST_CONTROLLER, load_checkpoint, save_checkpoint
from hyperdistill_core.controller.checkpoints import ControllerError
from hyperdistill_core.controller.familiarity import N_PERCENTILES, Familiarity
from hyperdistill_core.controller.reference_scores import ReferenceScores
from hyperdistill_core.controller.training_distribution import UNITS, TrainingDistribution
from hyperdistill_core.errors import CheckpointError
from hyperdistill_core.features import ContextKind
from hyperdistill_core.features.state import STATE_DIM
from hyperdistill_core.nets.hypernet_config import HypernetConfig
from hyperdistill_core.nets.mlp import Normalization
from hyperdistill_core.nets.numpy_hypernetwork import NumpyHypernetwork
from morph_ops._messages import cut, listed, one_line, shown

#: Kind of the checkpoint.
KIND = "controller"
#: Version of the file format; files of other versions are refused.
VERSION = 3
_MEAN, _VAR, _VARIANTS = "state_mean", "state_var", "variants"
_FAMILIARITY = "familiarity."
#: Largest size that a network of a file may have in any direction.
_LARGEST_SIZE = 65_536
#: Largest number of the arrays of a familiarity, whose products must be finite.
_LARGEST_FAMILIAR = 1e13
_REFERENCE_SCORES = "reference_scores"


class ControllerParts(NamedTuple):
    """What a file holds: the attributes of a ``Controller`` apart from its name."""

    network: NumpyHypernetwork
    normalization: Normalization
    task: str
    context: ContextKind
    training_distribution: TrainingDistribution
    familiarity: Familiarity | None
    reference_scores: ReferenceScores | None
    provenance: Mapping[str, Any]
    variants: NDArray[np.float32] | None


def read_parts(path: Path) -> ControllerParts:
    """Read a controller's file.

    Raises:
        ControllerError: The file does not exist or is not a controller's checkpoint.
        ControllerError: The file has another format version than this code reads.
        ControllerError: Tensors or settings are missing or do not fit together.
    """
    try:
        tensors, meta = load_checkpoint(path, kind=KIND, largest=LARGEST_CONTROLLER)
    except CheckpointError as error:
        raise ControllerError(str(error)) from None
    if meta.get("version") != VERSION:
        raise ControllerError(
            f"{path}: expected a controller file of version {VERSION}, got version"
            f" {shown(meta.get('version'))}; other versions cannot be read, so train or distill the"
            " controller again"
        )
    try:
        mean, var = (tensors.pop(key).astype(np.float64) for key in (_MEAN, _VAR))
        variants = tensors.pop(_VARIANTS, None)
        if variants is not None:
            _require_numbers(variants, _VARIANTS)
        known = {
            name.removeprefix(_FAMILIARITY): tensors.pop(name)
            for name in list(tensors)
            if name.startswith(_FAMILIARITY)
        }
        scores = meta.get(_REFERENCE_SCORES)
        config = HypernetConfig(**_small(meta["network"]))
        return ControllerParts(
            network=NumpyHypernetwork(
                config,
                {name: array.astype(np.float32) for name, array in tensors.items()},
            ),
            normalization=_normalization(mean, var, clip=meta["clip"]),
            task=_text(meta, "task"),
            context=_context(meta),
            training_distribution=_training_distribution(_object(meta, "training_distribution")),
            familiarity=_familiarity(known, embed=config.embed) if known else None,
            reference_scores=_reference_scores(scores) if scores else None,
            provenance=_object(meta, "provenance"),
            variants=variants,
        )
    except (ArithmeticError, AttributeError, LookupError, MemoryError, TypeError, ValueError,
            RuntimeError) as error:  # fmt: skip
        raise damaged(path, error) from None


def _normalization(
    mean: NDArray[np.float64], var: NDArray[np.float64], *, clip: object
) -> Normalization:
    """The normalization of a file, with numbers that can be divided by."""
    finite = np.isfinite(mean).all() and np.isfinite(var).all()
    if not finite or mean.shape != var.shape or mean.shape[-1:] != (STATE_DIM,):
        raise ValueError(f"normalization: expected {STATE_DIM} finite means and variances")
    if (var < 0.0).any():
        raise ValueError(f"normalization: expected variances of at least 0, got {var.min():g}")
    if not isinstance(clip, int | float) or not 0.0 < clip < math.inf:
        raise ValueError(f"clip: expected a number above 0, got {shown(clip)}")
    return Normalization(mean, var, clip=float(clip))


def _require_numbers(array: NDArray[Any], what: str, *, largest: float = math.inf) -> None:
    """Refuse an array of other numbers than finite floats."""
    if array.dtype.kind != "f":
        raise ValueError(f"{what}: expected floating-point numbers, got {array.dtype}")
    if not np.isfinite(array).all() or float(np.abs(array).max(initial=0.0)) > largest:
        limit = f" of at most {largest:g}" if largest < math.inf else ""
        raise ValueError(f"{what}: expected finite numbers{limit}, got other ones")


def _familiarity(arrays: Mapping[str, NDArray[Any]], *, embed: int) -> Familiarity:
    """The familiarity of a file, with which distances can be computed.

    Args:
        arrays: The arrays of the file, by the names of the fields.
        embed: Width of the embeddings of the network.
    """
    names = [field.name for field in fields(Familiarity)]
    if sorted(arrays) != sorted(names):
        raise ValueError(
            f"familiarity: expected the arrays {', '.join(names)}, got {listed(sorted(arrays))}"
        )
    for name, array in arrays.items():
        _require_numbers(array, f"familiarity.{name}", largest=_LARGEST_FAMILIAR)
    bodies, directions = arrays["references"].shape[:1], arrays["basis"].shape[-1:]
    shapes = {
        "mean": (embed,),
        "basis": (embed, *directions),
        "references": (*bodies, *directions),
        "distances": (N_PERCENTILES,),
    }
    for name, shape in shapes.items():
        found = arrays[name].shape
        if found != shape or not found[0]:
            raise ValueError(
                f"familiarity.{name}: expected an array of the shape {shape}, none of 0 rows, got "
                f"{found}"
            )
    if (np.diff(arrays["distances"]) < 0.0).any():
        raise ValueError("familiarity.distances: expected percentiles that do not fall")
    return Familiarity(**{name: array.astype(np.float32) for name, array in arrays.items()})


def _training_distribution(limits: Mapping[str, Any]) -> TrainingDistribution:
    """The training distribution of a file, with limits that numbers can be compared with."""
    known: dict[str, tuple[float, float]] = {}
    for name, ends in limits.items():
        if name not in UNITS:
            raise ValueError(
                f"training_distribution: unknown quantity {shown(name)}; quantities: "
                f"{', '.join(UNITS)}"
            )
        if not _are_limits(ends):
            raise ValueError(
                f"training_distribution: expected a smallest and a largest value of the {name}, "
                f"got {shown(ends)}"
            )
        known[name] = (float(ends[0]), float(ends[1]))
    return TrainingDistribution(known)


def _are_limits(ends: Any) -> bool:
    return _are_numbers(ends) and len(ends) == 2 and ends[0] <= ends[1]


def _are_numbers(values: Any) -> bool:
    """Whether a value of JSON is a list of finite numbers."""
    return isinstance(values, list) and all(
        # An integer may be too large for a float, and isfinite() would raise an error then.
        type(value) in (int, float) and abs(value) <= sys.float_info.max
        for value in cast("list[Any]", values)
    )


def _reference_scores(values: Any) -> ReferenceScores:
    """The scores of reference bodies in a file, with which other scores can be compared."""
    for best_of, scores in values["scores"].items():
        if not _are_numbers(scores) or scores != sorted(scores):
            raise ValueError(
                f"reference_scores: expected numbers that do not fall for best-of-{best_of}, got "
                f"{shown(scores)}"
            )
    return ReferenceScores.from_dict(values)


def _small(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Settings of a network whose sizes can be multiplied and counted."""
    for name, value in config.items():
        if isinstance(value, int | float) and not value <= _LARGEST_SIZE:
            raise ValueError(f"{name}: expected at most {_LARGEST_SIZE}, got {shown(value)}")
    return config


def _context(meta: dict[str, Any]) -> ContextKind:
    name, kinds = _text(meta, "context"), get_args(ContextKind)
    if name not in kinds:
        raise ValueError(f"context: expected one of {', '.join(kinds)}, got {shown(name)}")
    return cast("ContextKind", name)


def _object(meta: dict[str, Any], name: str) -> dict[str, Any]:
    value = meta[name]
    if not isinstance(value, dict):
        raise TypeError(f"{name}: expected an object, got {shown(value)}")
    return cast("dict[str, Any]", value)


def _text(meta: dict[str, Any], name: str) -> str:
    value = meta[name]
    if not isinstance(value, str):
        raise TypeError(f"{name}: expected text, got {shown(value)}")
    return value


def write_parts(path: Path, parts: ControllerParts, *, half: bool) -> None:
    """Write a controller's file in one atomic step.

    Args:
        path: Path of the file. An existing file is replaced.
        parts: What the file is to hold.
        half: Whether the weights are rounded to float16.
    """
    dtype = np.float16 if half else np.float32
    tensors: dict[str, NDArray[Any]] = {
        name: array.astype(dtype) for name, array in parts.network.arrays.items()
    }
    tensors[_MEAN] = np.asarray(parts.normalization.mean, dtype=np.float64)
    tensors[_VAR] = np.asarray(parts.normalization.var, dtype=np.float64)
    if parts.variants is not None:
        tensors[_VARIANTS] = parts.variants.astype(np.float32)
    if parts.familiarity is not None:
        for name, array in vars(parts.familiarity).items():
            tensors[_FAMILIARITY + name] = array.astype(np.float32)
    meta: dict[str, Any] = {
        "kind": KIND,
        "version": VERSION,
        "network": asdict(parts.network.config),
        "task": parts.task,
        "context": parts.context,
        "clip": parts.normalization.clip,
        "training_distribution": dict(parts.training_distribution.limits),
        "provenance": dict(parts.provenance),
    }
    if parts.reference_scores is not None:
        meta[_REFERENCE_SCORES] = parts.reference_scores.to_dict()
    save_checkpoint(path, tensors, meta)


def damaged(path: Path, error: Exception) -> ControllerError:
    """The one-line error of a file whose content does not make a controller."""
    return ControllerError(f"{path}: damaged controller ({cut(one_line(error), most=500)})")
