"""The rows of an assembly sheet, and the files that hold them."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import networkx as nx
import numpy as np

from codesign.exporting.assembly.loads import JointLoad
from codesign.exporting.assembly.motors import motor_class, scaled
from morph_ops import graph as body_graph
from morph_ops.geometry import canonical_frames, mass, rest_frames

if TYPE_CHECKING:
    from codesign.exporting.printing.parts import PrintedDesign

#: The values of a node or a joint by column.
Row: TypeAlias = dict[str, Any]

#: Columns of the CSV file; what does not apply to a row is empty.
COLUMNS: tuple[str, ...] = (
    "kind", "name", "node", "parent", "length_m", "radius_m", "mass_kg", "axis_x", "axis_y",
    "axis_z", "low_deg", "high_deg", "peak_torque_nm", "rms_torque_nm", "peak_speed_rad_s",
    "print_length_mm", "print_radius_mm", "print_mass_kg", "print_low_deg", "print_high_deg",
    "print_peak_torque_nm", "print_rms_torque_nm", "print_peak_speed_rad_s", "motor_class",
    "pivot_shift_mm", "parts", "mark", "note",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class Sheet:
    """What to build, and which motors it takes.

    Attributes:
        name: Name of the design.
        graph: The body.
        scale: Size of the print as a share of the design's.
        rows: A row for each node, and one for each of its joints below it.
        notes: Remarks on the whole design.
    """

    name: str
    graph: nx.DiGraph[str]
    scale: float
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()


def assembly_sheet(
    name: str,
    graph: nx.DiGraph[str],
    *,
    scale: float,
    loads: Mapping[str, JointLoad],
    printed: PrintedDesign | None = None,
    notes: tuple[str, ...] = (),
) -> Sheet:
    """The assembly sheet of a design.

    Args:
        name: Name of the design.
        graph: The body.
        scale: Size of the print as a share of the design's.
        loads: Loads of the joints of the design; joints without one have no motor class.
        printed: Its printable parts; None leaves their columns empty.
        notes: Remarks on the whole design.

    Examples:
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(11))
        >>> load = JointLoad(peak_nm=160.0, rms_nm=40.0, speed_rad_s=3.0)
        >>> sheet = assembly_sheet("walker", body, scale=0.25, loads={"limbx/0": load})
        >>> [(row["kind"], row["name"]) for row in sheet.rows][:3]
        [('node', 'torso/0'), ('node', 'limb/0'), ('joint', 'limbx/0')]
        >>> sheet.rows[2]["print_peak_torque_nm"], sheet.rows[2]["motor_class"]
        (0.625, 'standard servo')
    """
    graph = canonical_frames(graph)
    frames = rest_frames(graph)
    rows: list[Row] = []
    for index, node in enumerate(frames.names):
        length = float(np.linalg.norm(frames.end[index] - frames.start[index]))
        radius, kilograms = float(frames.radius[index]), mass(body_graph.node(graph, node))
        rows.append(
            {
                "kind": "node",
                "name": node,
                "node": node,
                "parent": body_graph.parent(graph, node) or "",
                "length_m": length,
                "radius_m": radius,
                "mass_kg": kilograms,
                "print_length_mm": 1000.0 * scale * length,
                "print_radius_mm": 1000.0 * scale * radius,
                "print_mass_kg": scale**3 * kilograms,
                **_node_print(node, printed),
            }
        )
        record = body_graph.node(graph, node)
        if isinstance(record, body_graph.Limb):
            for joint in record.joints:
                load = loads.get(joint.name)
                rows.append(_joint_row(node, rows[-1]["parent"], joint, load, scale, printed))
    return Sheet(name=name, graph=graph, scale=scale, rows=tuple(rows), notes=notes)


def _joint_row(
    node: str,
    parent: str,
    joint: body_graph.Joint,
    load: JointLoad | None,
    scale: float,
    printed: PrintedDesign | None,
) -> Row:
    axis = np.asarray(joint.axis) / np.linalg.norm(joint.axis)
    row: Row = {"kind": "joint", "name": joint.name, "node": node, "parent": parent}
    row |= dict(zip(("axis_x", "axis_y", "axis_z"), (axis + 0.0).tolist(), strict=True))
    row["low_deg"], row["high_deg"] = joint.range_deg
    if load is not None:
        small = scaled(load, scale)
        for prefix, each in (("", load), ("print_", small)):
            row[f"{prefix}peak_torque_nm"] = each.peak_nm
            row[f"{prefix}rms_torque_nm"] = each.rms_nm
            row[f"{prefix}peak_speed_rad_s"] = each.speed_rad_s
        row["motor_class"] = motor_class(small)
    if printed is not None:
        hinge = next(each for each in printed.layout.hinges if each.joint == joint.name)
        row["print_low_deg"], row["print_high_deg"] = hinge.range_deg
        row["pivot_shift_mm"] = hinge.shift
        row["note"] = printed.notes.get(joint.name, "")
    return row


def _node_print(node: str, printed: PrintedDesign | None) -> Row:
    if printed is None:
        return {}
    parts = [part for part in printed.parts if part.node == node]
    return {
        "parts": " + ".join(part.file_name for part in parts),
        "mark": parts[-1].mark or "",
        "note": printed.notes.get(node, ""),
    }


def write_sheet(sheet: Sheet, path: Path) -> None:
    """Write a sheet as CSV.

    Args:
        sheet: The sheet.
        path: File to write.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        for row in sheet.rows:
            writer.writerow({name: _text(value) for name, value in row.items()})


def _text(value: object) -> object:
    return f"{value:.6g}" if isinstance(value, float) else value
