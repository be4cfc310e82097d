"""An assembly sheet as one HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from codesign.exporting.assembly.drawing import drawings
from codesign.exporting.assembly.loads import EPISODES
from codesign.exporting.assembly.motors import CONTINUOUS_SHARE, MOTOR_CLASSES, NO_CLASS
from codesign.exporting.assembly.sheet import Row, Sheet

_STYLE = """\
:root { color-scheme: light dark; --ink: #1c2330; --soft: #5d6778; --paper: #ffffff;
  --line: #d5dae2; --limb: #9db7d9; --torso: #e0b184; --edge: #33415c; --dot: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --soft: #9aa5b8; --paper: #14181f;
  --line: #343c4a; --limb: #45618a; --torso: #8a6238; --edge: #b9c6dc; --dot: #ff8a80; } }
@media print { :root { color-scheme: light; --ink: #000; --soft: #444; --paper: #fff;
  --line: #bbb; --limb: #c9d8ec; --torso: #f0d3b5; --edge: #333; --dot: #b3261e; }
  table { font-size: 8pt; } figure, tr { break-inside: avoid; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 1180px; margin: 2em auto; padding: 0 1em; }
.figures { display: flex; flex-wrap: wrap; gap: 1em; }
figure { flex: 1 1 320px; margin: 0; text-align: center; color: var(--soft); }
svg { width: 100%; height: auto; }
svg line { stroke-linecap: round; } .edge { stroke: var(--edge); } .limb { stroke: var(--limb); }
.torso { stroke: var(--torso); } svg circle { fill: var(--dot); }
svg text { font: 11px system-ui, sans-serif; text-anchor: middle; fill: var(--ink);
  stroke: var(--paper); stroke-width: 3px; paint-order: stroke; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--line); padding: .3em .5em; text-align: right; }
th { color: var(--soft); font-weight: 600; vertical-align: bottom; }
.text { text-align: left; }
"""
_NODES = (
    ("node", "name", ""), ("parent", "parent", ""), ("length (m)", "length_m", ".3f"),
    ("radius (m)", "radius_m", ".3f"), ("mass (kg)", "mass_kg", ".3f"),
    ("length in print (mm)", "print_length_mm", ".1f"),
    ("radius in print (mm)", "print_radius_mm", ".1f"),
    ("mass in print (kg)", "print_mass_kg", ".4f"), ("parts", "parts", ""), ("mark", "mark", ""),
    ("note", "note", ""),
)  # fmt: skip
_JOINTS = (
    ("joint", "name", ""), ("node", "node", ""), ("axis", "axis", ""),
    ("range (deg)", "range", ""), ("peak torque (N m)", "peak_torque_nm", ".3g"),
    ("RMS torque (N m)", "rms_torque_nm", ".3g"), ("peak speed (rad/s)", "peak_speed_rad_s", ".3g"),
    ("range in print (deg)", "print_range", ""),
    ("peak torque in print (N m)", "print_peak_torque_nm", ".3g"),
    ("RMS torque in print (N m)", "print_rms_torque_nm", ".3g"),
    ("peak speed in print (rad/s)", "print_peak_speed_rad_s", ".3g"),
    ("motor class", "motor_class", ""), ("pivot shift (mm)", "pivot_shift_mm", ".1f"),
    ("note", "note", ""),
)  # fmt: skip


def write_page(sheet: Sheet, path: Path) -> None:
    """Write a sheet with a picture of the body as HTML.

    Args:
        sheet: The sheet.
        path: File to write.
    """
    nodes = [row for row in sheet.rows if row["kind"] == "node"]
    joints = [_joined(row) for row in sheet.rows if row["kind"] == "joint"]
    title = f"Assembly of {escape(sheet.name)}"
    total = sum(row["mass_kg"] for row in nodes)
    summary = f"{len(nodes)} nodes, {len(joints)} joints, {total:.2f} kg."
    if sheet.scale != 1.0:
        mass = sheet.scale**3 * total
        summary += (
            f" The print has {sheet.scale:g} of the size and, at equal density, {mass:.3f} kg."
        )
    notes = "".join(f"<p>{escape(note)}</p>\n" for note in sheet.notes)
    path.write_text(
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{_STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
        f'<p>{summary}</p>\n{notes}<div class="figures">\n{drawings(sheet.graph)}\n</div>\n'
        f"<p>Dots are the hinges of the design.</p>\n<h2>Nodes</h2>\n{_table(_NODES, nodes)}\n"
        f"<h2>Joints</h2>\n{_table(_JOINTS, joints)}\n{_explanation()}</body>\n</html>\n",
        "utf-8",
    )


def _joined(row: Row) -> Row:
    """A joint's row with an axis and ranges in one cell each."""
    axis = ", ".join(f"{row[name]:.3g}" for name in ("axis_x", "axis_y", "axis_z"))
    joined = {**row, "axis": axis, "range": f"{row['low_deg']:.0f} .. {row['high_deg']:.0f}"}
    if "print_low_deg" in row:
        joined["print_range"] = f"{row['print_low_deg']:.0f} .. {row['print_high_deg']:.0f}"
    return joined


def _table(columns: Sequence[tuple[str, str, str]], rows: Sequence[Row]) -> str:
    """A table without the columns that no row fills."""
    used = [each for each in columns if any(row.get(each[1], "") != "" for row in rows)]
    kinds = {name: "" if form else ' class="text"' for _, name, form in used}
    head = "".join(f"<th{kinds[name]}>{escape(title)}</th>" for title, name, _ in used)
    body = "\n".join(
        "<tr>"
        + "".join(
            f"<td{kinds[name]}>{_cell(row.get(name, ''), form)}</td>" for _, name, form in used
        )
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="wide"><table>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody>\n</table></div>"
    )


def _cell(value: object, form: str) -> str:
    return escape(f"{value:{form}}" if isinstance(value, float) else str(value))


def _explanation() -> str:
    """What the torques are, and the classes of motors."""
    rows = "\n".join(
        f'<tr><td class="text">{escape(one.name)}</td><td>{one.torque_nm:g}</td>'
        f"<td>{one.speed_rad_s:g}</td></tr>"
        for one in MOTOR_CLASSES
    )
    return (
        f"<p>Torques and speeds are those of the motors over all physics steps of {EPISODES} "
        "episodes under the design's own network. A print of equal density has the fourth power "
        "of the scale of the torques, and one over the root of the scale of the speeds.</p>\n"
        "<h2>Motor classes</h2>\n<p>A joint gets the first class that has its peak torque and "
        f"speed in print, and {1.0 / CONTINUOUS_SHARE:.0f} times its RMS torque: motors give "
        f"about a third of their peak without end. Beyond the last it is: {NO_CLASS}.</p>\n"
        '<div class="wide"><table>\n<thead><tr><th class="text">class</th><th>peak torque up to '
        f"(N m)</th><th>speed up to (rad/s)</th></tr></thead>\n<tbody>\n{rows}\n</tbody>\n"
        "</table></div>\n"
    )
