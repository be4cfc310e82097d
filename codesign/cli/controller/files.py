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


def write_controller(controller: Controller, folder: Path) -> None:
    """Write a controller with weights in half precision, and print its hash."""
    path = folder / f"{controller.name}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    controller.save(path, half=True)
    echo(f"controller {type(controller).load(path).hash} in {path}")
