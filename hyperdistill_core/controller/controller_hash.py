"""The hash that identifies a controller, wherever its file lies and whatever its name is.

Score records, run folders and model cards cite this hash. It must therefore stay the same when
the file format or an identifier of the code changes. The scheme below is fixed: its version and
its key names are those of the first published controllers and are independent of the file's.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.nets.hypernet_config import HypernetConfig
from hyperdistill_core.nets.mlp import Normalization
from hyperdistill_core.nets.numpy_hypernetwork import NumpyHypernetwork

#: Version of the scheme, which is part of what is hashed. It is not the version of the file format.
_SCHEME = 2
_DIGITS = 16


def controller_hash(
    network: NumpyHypernetwork,
    normalization: Normalization,
    variants: NDArray[np.float32] | None,
    *,
    task: str,
    context: str,
) -> str:
    """Hash of everything that decides a controller's controls.

    Args:
        network: The hypernetwork. Its weights count as float32.
        normalization: Mean, variance and clip of the states.
        variants: (R, D) context factors, or None for a controller without further variants.
        task: Name of the task.
        context: Name of the context layout.

    Returns:
        16 hexadecimal digits.

    Examples:
        >>> from hyperdistill_core.controller import Controller
        >>> flat = Controller.load("flat-v2")
        >>> controller_hash(
        ...     flat.network, flat.normalization, flat.variants, task="flat", context=flat.context
        ... )
        'd427f76fb6f137b9'
    """
    settings = {
        "version": _SCHEME,
        "network": _network_settings(network.config),
        "task": task,
        "context": context,
        "clip": normalization.clip,
    }
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for name, array in sorted(network.arrays.items()):
        digest.update(f"{name}{list(array.shape)}".encode())
        digest.update(array.astype("<f4", copy=False).tobytes())
    for array in (normalization.mean, normalization.var):
        digest.update(np.asarray(array, dtype="<f8").tobytes())
    if variants is not None:
        digest.update(variants.astype("<f4", copy=False).tobytes())
    return digest.hexdigest()[:_DIGITS]


def _network_settings(config: HypernetConfig) -> dict[str, Any]:
    """The network's settings under the scheme's own key names.

    A setting that came later counts only where it is used, so that older hashes stay valid.
    """
    settings: dict[str, Any] = {
        "context_dim": config.context_dim,
        "state_dim": config.state_dim,
        "hidden": config.hidden,
        "hidden_layers": config.hidden_layers,
        "embed": config.embed,
        "heads": config.heads,
        "feedforward": config.feedforward,
        "dropout": config.dropout,
        "aggregation": config.aggregation,
        "typical_bodies": config.typical_nodes,
    }
    if config.terrain_dim:
        settings |= {"terrain_dim": config.terrain_dim, "terrain_embed": config.terrain_embed}
    if config.clock_harmonics:
        settings["clock"] = config.clock_harmonics
    return settings
