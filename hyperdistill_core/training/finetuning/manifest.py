"""The manifest of a fine-tuning's folder: which bodies, controller and budget it belongs to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import networkx as nx

from hyperdistill_core.checkpoint_file import CheckpointError, require_same
from hyperdistill_core.controller.checkpoints import find
from hyperdistill_core.controller.controller import Controller
from hyperdistill_core.training.finetuning.finetune_settings import FineTuneSettings
from hyperdistill_core.training.training_sets.training_set import TrainingSet
from morph_ops._messages import one_line
from morph_ops._text_file import write_text

#: Name of the file in the folder.
MANIFEST = "manifest.json"
#: Settings that may change between two calls: finished training can be scored again.
_CHANGEABLE = ("n_workers", "episodes")


def ensure_manifest(
    folder: Path,
    graphs: Sequence[nx.DiGraph[str]],
    controller: str | Path,
    settings: FineTuneSettings,
    **more: Any,
) -> None:
    """Write the manifest of a new folder, or check that of an existing one.

    Args:
        folder: Folder of the fine-tuning; it is created if it does not exist.
        graphs: Bodies that are fine-tuned.
        controller: Name or file of the controller.
        settings: Settings of the fine-tuning.
        **more: Other values that must be the same in every call, in JSON's types.

    Raises:
        ControllerError: The controller does not exist.
        CheckpointError: The folder belongs to another fine-tuning.

    Examples:
        >>> import tempfile
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(0))
        >>> folder = Path(tempfile.mkdtemp())
        >>> ensure_manifest(folder, [body], "flat-v0", FineTuneSettings())
        >>> (folder / MANIFEST).exists()
        True
    """
    training_set = TrainingSet(tuple(graphs), ("robot",) * len(graphs))
    changeable = {*_CHANGEABLE}
    if settings.rounds > 1:
        changeable -= {"episodes"}  # they decide which bodies go on
    else:
        changeable |= {"rounds"}  # as folders of earlier versions
    now = {
        **{name: v for name, v in settings.to_dict().items() if name not in changeable},
        "controller": Controller.load(find(controller)).hash,
        "bodies": training_set.hash,
        **more,
    }
    file = folder / MANIFEST
    if file.exists() or (folder / "teacher.safetensors").exists():
        before = _read(file) if file.exists() else None
        require_same(folder, before, now, what="budget, seed, controller or bodies")
        return
    folder.mkdir(parents=True, exist_ok=True)
    write_text(file, json.dumps(now, indent=2) + "\n")


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise CheckpointError(
            f"{file} is damaged ({one_line(error)}): remove the folder to begin anew"
        ) from None
