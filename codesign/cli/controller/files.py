"""Robots and controllers in folders, as the commands read and write them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from codesign.cli.text import echo

if TYPE_CHECKING:
    import networkx as nx

    from hyperdistill_core.controller import Controller


def robots_in(folder: Path) -> list[nx.DiGraph[str]]:
    """Bodies of all robots in a folder, ordered by file name.

    Raises:
        BodyError: There is none, or a file is no robot.
    """
    from morph_ops.io.files import read_body, robot_files

    return [read_body(path) for path in robot_files(folder)]


def is_half(controller: Controller) -> bool:
    """Whether half precision has all weights of a controller, so that it keeps the hash."""
    import numpy as np

    with np.errstate(over="ignore"):  # (a weight beyond half precision becomes infinite)
        return all(
            np.array_equal(weights, weights.astype(np.float16))
            for weights in controller.network.arrays.values()
        )


def write_controller(controller: Controller, folder: Path, *, half: bool = True) -> None:
    """Write a controller, and print its hash.

    Args:
        controller: The controller; its name is that of the file.
        folder: Where to write it.
        half: Whether the weights are rounded to half precision, which changes the hash.
    """
    path = folder / f"{controller.name}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    controller.save(path, half=half)
    echo(f"controller {type(controller).load(path).hash} in {path}")
