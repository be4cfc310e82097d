"""Tables for people."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import networkx as nx
from rich import box
from rich.markup import escape
from rich.table import Table
from rich.tree import Tree

from codesign.scoring import ScoreRecord
from codesign.store import Candidate, Event
from morph_ops import graph as bodies_graph
from morph_ops.geometry import mass, total_mass
from morph_ops.graph import Limb, Torso

_WIDEST = 60
_PLAIN: dict[str, Any] = {"box": box.SIMPLE, "pad_edge": False, "padding": (0, 1, 0, 0)}
_RIGHT: dict[str, Any] = {"justify": "right", "no_wrap": True}


def designs_table(best: Sequence[Candidate], *, depth: Mapping[int, int]) -> Table:
    """The best designs of a run: scores over fresh episodes where there are any.

    Args:
        best: scored candidates.
        depth: generations of ancestors of each candidate, by number.
    """
    table = Table(**_PLAIN, title="Best designs", title_justify="left")
    table.add_column("id", **_RIGHT)
    table.add_column("score ± 95%", **_RIGHT)
    table.add_column("search", **_RIGHT)
    for title in ("m/s", "m", "bodies", "joints", "kg", "depth"):
        table.add_column(title, **_RIGHT)
    table.add_column("made by", overflow="fold")
    table.caption = "\n".join(_remarks(best)) or None  # no columns: the table is wide enough
    table.caption_justify = "left"
    for candidate in best:
        record = candidate.reevaluation or candidate.result
        table.add_row(
            str(candidate.number),
            with_interval(record),
            f"{candidate.score:.1f}",
            f"{record.speed:.2f}",
            f"{record.distance:.1f}",
            *measures(candidate.graph),
            str(depth[candidate.number]),
            candidate.operator,
        )
    return table


def _remarks(best: Sequence[Candidate]) -> list[str]:
    """What is to be said of some designs alone."""
    remarks = []
    if any(candidate.variant for candidate in best):
        variants = ", ".join(str(candidate.variant) for candidate in best)
        remarks.append(f"the controller's variants of them: {variants}")
    fell = [(candidate.reevaluation or candidate.result).fell for candidate in best]
    if any(map(any, fell)):
        falls = ", ".join(f"{sum(episodes)} of {len(episodes)}" for episodes in fell)
        remarks.append(f"episodes that ended in a fall: {falls}")
    metrics = [(candidate.reevaluation or candidate.result).criteria_values for candidate in best]
    for name in dict.fromkeys(name for each in metrics for name in each):
        values = (f"{each[name]:.3g}" if name in each else "-" for each in metrics)
        remarks.append(f"{name}: {', '.join(values)}")
    return remarks


def scores_table(records: Sequence[ScoreRecord]) -> Table:
    """Score records, in the order given."""
    table = Table(**_PLAIN)
    table.add_column("robot", overflow="fold")
    table.add_column("score ± 95%", **_RIGHT)
    for title in ("m/s", "m", "fell", "status"):
        table.add_column(title, **_RIGHT)
    variants = any(record.variant for record in records)
    if variants:
        table.add_column("variant", **_RIGHT)
    for record in records:
        table.add_row(
            escape(record.robot),
            with_interval(record),
            f"{record.speed:.2f}",
            f"{record.distance:.1f}",
            f"{sum(record.fell)} of {len(record.fell)}",
            record.status,
            *([str(record.variant)] if variants else []),
        )
    return table


def runs_table(rows: Iterable[Sequence[str]]) -> Table:
    """Runs, one row each: name, state, candidates, best score, its speed, task, controller."""
    table = Table(**_PLAIN)
    for title in ("run", "state"):
        table.add_column(title, overflow="fold")
    for title in ("candidates", "best", "m/s"):
        table.add_column(title, **_RIGHT)
    for title in ("task", "controller"):
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    return table


def with_interval(record: ScoreRecord) -> str:
    """Score and half width of its interval; the score alone where there is no interval."""
    half = (record.ci95[1] - record.ci95[0]) / 2
    return f"{record.score:.1f} ± {half:.1f}" if len(record.returns) > 1 else f"{record.score:.1f}"


def measures(graph: nx.DiGraph[str]) -> tuple[str, str, str]:
    """Number of bodies and of joints, and mass (kg)."""
    joints = sum(1 for _ in bodies_graph.joints(graph))
    return str(len(graph)), str(joints), f"{total_mass(graph):.2f}"


def generations_table(rows: Sequence[tuple[int, int, float, float]]) -> Table:
    """Generation, candidates that simulate, best and mean score."""
    table = Table(**_PLAIN)
    for title in ("generation", "candidates", "best", "mean"):
        table.add_column(title, **_RIGHT)
    for generation, count, best, mean in rows:
        table.add_row(str(generation), str(count), f"{best:.1f}", f"{mean:.1f}")
    return table


def alarm_lines(alarms: Sequence[Event]) -> list[str]:
    """The latest alarm of each name, and how many generations had one."""
    latest = {str(alarm.name): alarm for alarm in alarms}
    times = Counter(alarm.name for alarm in alarms)
    return [
        f"alarm ({times[name]} generation{'s' if times[name] > 1 else ''}): {alarm.message}"
        for name, alarm in sorted(latest.items())
    ]


def rows_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """What a query found; long values are cut off."""
    table = Table(**_PLAIN)
    for column in columns:
        table.add_column(escape(column), overflow="fold")
    for row in rows:
        table.add_row(*(escape(_cut("" if value is None else str(value))) for value in row))
    return table


def _cut(text: str) -> str:
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"


def body_tree(graph: nx.DiGraph[str]) -> Tree:
    """A body as a tree, one line a body and one a joint."""
    name = bodies_graph.root(graph)
    tree = Tree(_torso_line(name, bodies_graph.torso(graph)))
    _add_children(tree, graph, name)
    return tree


def _add_children(tree: Tree, graph: nx.DiGraph[str], name: str) -> None:
    for child in bodies_graph.children(graph, name):
        record = bodies_graph.limb(graph, child)
        branch = tree.add(_limb_line(child, record))
        for joint in record.joints:
            low, high = joint.range_deg
            branch.add(
                f"[cyan]{escape(joint.name)}[/]  {joint.slot}-hinge {low:g}..{high:g} deg, "
                f"gear {joint.gear:g}"
            )
        _add_children(branch, graph, child)


def _torso_line(name: str, record: Torso) -> str:
    return (
        f"[bold]{escape(name)}[/]  sphere r {record.radius:g} m, {mass(record):.2f} kg, "
        f"{record.pos[2]:g} m up"
    )


def _limb_line(name: str, record: Limb) -> str:
    length = math.dist(record.start, record.end)
    return (
        f"[bold]{escape(name)}[/]  capsule r {record.radius:g} m, length {length:.2f} m, "
        f"{mass(record):.2f} kg"
    )
