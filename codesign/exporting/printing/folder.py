"""The folder of a design's parts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import networkx as nx
import numpy as np

from codesign.exporting.printing.layout import MM, Hinge
from codesign.exporting.printing.mesh import write_3mf, write_stl
from codesign.exporting.printing.parts import PrintedDesign, printed
from codesign.exporting.printing.settings import PrintSettings
from morph_ops.geometry import canonical_frames, rest_frames
from morph_ops.graph import Node, limb, limbs, with_nodes
from morph_ops.io import json_file


def write_parts(
    graph: nx.DiGraph[str], settings: PrintSettings, folder: Path, name: str
) -> PrintedDesign:
    """Write the parts of a design: an STL file each, one 3MF file, and the body that they are.

    Args:
        graph: The body.
        settings: Settings of the print.
        folder: Folder to make.
        name: Name of the design.

    Returns:
        The parts.

    Raises:
        BodyError: The body has no printable parts with these settings.
    """
    design = printed(graph, settings)
    folder.mkdir()
    for part in design.parts:
        write_stl(part.mesh, folder / part.file_name)
    write_3mf([(part.name, part.mesh) for part in design.parts], folder / f"{name}.3mf")
    body = with_printed_hinges(graph, design, settings)
    json_file.write_json(body, folder / f"{name}-printed.json")
    return design


def with_printed_hinges(
    graph: nx.DiGraph[str], design: PrintedDesign, settings: PrintSettings
) -> nx.DiGraph[str]:
    """The body with its hinges where the parts have them, at the size of the design.

    Args:
        graph: The body.
        design: Its parts.
        settings: Settings of the print.
    """
    scale = settings.scale_of(graph)
    graph = canonical_frames(graph)
    frames = rest_frames(graph)
    origins = dict(zip(frames.names, frames.pos, strict=True))
    hinges: dict[str, Hinge] = {hinge.joint: hinge for hinge in design.layout.hinges}
    nodes: list[tuple[str, Node]] = []
    for name in limbs(graph):
        record = limb(graph, name)
        joints = tuple(
            replace(
                joint,
                pos=np.asarray(hinges[joint.name].pivot / (MM * scale) - origins[name]),
                range_deg=hinges[joint.name].range_deg,
            )
            for joint in record.joints
        )
        nodes.append((name, replace(record, joints=joints)))
    return with_nodes(graph, nodes)
