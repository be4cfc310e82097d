"""Files to build a design from: printable parts, and the assembly sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from codesign.errors import RunError
from codesign.exporting.assembly.loads import EPISODES, JointLoad, joint_loads
from codesign.exporting.assembly.page import write_page
from codesign.exporting.assembly.sheet import assembly_sheet, write_sheet
from codesign.exporting.design import Design, DesignRollout
from codesign.exporting.printing.settings import PrintSettings
from morph_ops import graph as body_graph
from morph_ops.errors import BodyError

if TYPE_CHECKING:
    from codesign.exporting.printing.parts import PrintedDesign
    from hyperdistill_core.controller import Controller


def with_build_files(
    design: Design,
    folder: Path,
    formats: Sequence[str],
    controller: Controller | None,
    rollout: DesignRollout | None,
    settings: PrintSettings,
) -> Design:
    """Write the parts and the sheet of a design, ``NAME-print/`` and ``NAME-assembly.*``.

    Args:
        design: The design.
        folder: The folder.
        formats: Formats; others than "print" and "assembly" are ignored.
        controller: The controller for the torques in the sheet; None for a sheet without.
        rollout: The episodes for the torques in the sheet; None for a sheet without.
        settings: Settings of the print.

    Returns:
        The design, which says why it has no parts if it has none.
    """
    printed: PrintedDesign | None = None
    if "print" in formats:
        from codesign.exporting.printing.folder import write_parts

        try:
            printed = write_parts(
                design.graph, settings, folder / f"{design.name}-print", design.name
            )
        except BodyError as error:
            design = replace(design, left_out={**design.left_out, "print": str(error)})
    if "assembly" in formats:
        loads, note = _loads(design, controller, rollout)
        notes = [note]
        if "print" in design.left_out:
            notes.append(f"No printable parts: {design.left_out['print']}.")
        sheet = assembly_sheet(
            design.name,
            design.graph,
            scale=settings.scale_of(design.graph),
            loads=loads,
            printed=printed,
            notes=tuple(notes),
        )
        write_sheet(sheet, folder / f"{design.name}-assembly.csv")
        write_page(sheet, folder / f"{design.name}-assembly.html")
    return design


def _loads(
    design: Design, controller: Controller | None, rollout: DesignRollout | None
) -> tuple[Mapping[str, JointLoad], str]:
    """The loads of a design's joints, and where they come from."""
    if not any(body_graph.joints(design.graph)):
        return {}, "It has no joints."
    if controller is None or rollout is None:
        return {}, "No torques: no controller comes with this design."
    try:
        loads = joint_loads(design, controller, rollout)
    except RunError as error:
        return {}, f"No torques: {error}."
    from hyperdistill_core.tasks import get_task

    task = get_task(rollout.task).name
    network = "fine-tuned from" if design.network is not None else "of"
    return loads, (
        f"Torques and speeds are from {EPISODES} episodes of the task {task} under its network "
        f"{network} {controller.name}, variant {design.variant}."
    )
