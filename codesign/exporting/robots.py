"""Export of robots that are not from a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from codesign.defaults import CONTROLLER
from codesign.errors import UsageError
from codesign.exporting.design import DESIGN_FORMATS, SCENE_TASK, Design, DesignRollout
from codesign.exporting.design_files import export_designs
from codesign.scoring import load_controller, resolve_best_of
from morph_ops import graph as body_graph
from morph_ops.io.files import read_body


def export_robot(
    robot: Path,
    folder: Path,
    *,
    formats: Sequence[str] = DESIGN_FORMATS,
    controller: str | Path = CONTROLLER,
    best_of: int | None = None,
) -> Design:
    """Write one robot for other programs.

    Args:
        robot: File of the robot.
        folder: The folder to make. It must not exist, or be empty.
        formats: Formats among :data:`~codesign.exporting.DESIGN_FORMATS`.
        controller: Name of a shipped controller, or path of a controller file, for ``"npz"``.
        best_of: Number of variants to try for ``"npz"``; the best is written. None for the
            usual number (:data:`~codesign.defaults.BEST_OF`), or all that the controller has.

    Returns:
        The design that the robot became.

    Raises:
        BodyError: The file is not a robot.
        UsageError: The folder is not empty or cannot be made.
        UsageError: There is no such controller, or it has fewer than ``best_of`` variants.
    """
    graph = read_body(robot)
    selects = "npz" in formats and any(body_graph.joints(graph))
    variant = select_variant_of([graph], controller, best_of)[0] if selects else 0
    design = Design(name=robot.stem, graph=graph, variant=variant)
    [written] = export_designs(
        [design], folder, formats=formats, rollout=DesignRollout(controller=controller)
    )
    return written
