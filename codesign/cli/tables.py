"""Tables for people."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import networkx as nx
from rich import box
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from codesign.cli.text import visible
from codesign.scoring import ScoreRecord
from codesign.scoring.several_tasks import NORMALIZED, SCORE_ON
from codesign.store import Candidate, Event
from morph_ops import graph as body_graph
from morph_ops.geometry import mass, total_mass
from morph_ops.graph import Limb, Torso

_MAX_WIDTH = 60
#: Adaptations of a run that are shown.
_ADAPTATIONS = 3
#: Options of all tables, and of columns of numbers.
PLAIN: dict[str, Any] = {"box": box.SIMPLE, "pad_edge": False, "padding": (0, 1, 0, 0)}
RIGHT: dict[str, Any] = {"justify": "right", "no_wrap": True}
#: A column of names, which fold where the terminal is narrow.
NAMES: dict[str, Any] = {"overflow": "fold"}


def designs_tables(best: Sequence[Candidate], *, depths: Mapping[int, int]) -> list[Table]:
    """The tables on the best designs of a run: :func:`designs_table`, and their tasks if several.

    Args:
        best: Scored candidates.
        depths: Generations of ancestors of each candidate, by number.
    """
    tables = [designs_table(best, depths=depths)]
    if any(candidate.result.by_task for candidate in best):
        tables.append(design_tasks_table(best))
    return tables


def design_tasks_table(best: Sequence[Candidate]) -> Table:
    """Scores of designs on each of several tasks, as they are and on the common scale.

    Args:
        best: Scored candidates of a run on several tasks.
    """
    table = Table(**PLAIN, title="\nBest designs on each task", title_justify="left")
    table.add_column("id", **RIGHT)
    records = [candidate.final for candidate in best]
    tasks = list(dict.fromkeys(task for record in records for task in record.by_task))
    for task in tasks:
        table.add_column(task, justify="right", overflow="fold")
    table.caption = "in brackets: on the scale on which the reference bodies get 100"
    table.caption_justify = "left"
    for candidate, record in zip(best, records, strict=True):
        cells = (on_task(record.by_task[task]) for task in tasks)
        table.add_row(str(candidate.number), *cells)
    return table


def on_task(part: ScoreRecord) -> str:
    """The score on one of several tasks, and where it is on the common scale.

    Args:
        part: The record of that task.
    """
    if part.status != "ok":
        return part.status
    return f"{with_interval(part)} ({part.metrics[NORMALIZED]:.0f})"


def designs_table(best: Sequence[Candidate], *, depths: Mapping[int, int]) -> Table:
    """The best designs of a run, with the scores of their re-evaluation where they have one.

    Args:
        best: Scored candidates.
        depths: Generations of ancestors of each candidate, by number.
    """
    table = Table(**PLAIN, title="Best designs", title_justify="left")
    table.add_column("id", **RIGHT)
    table.add_column("score ± 95%", **RIGHT)
    learned = any(candidate.finetuned for candidate in best)
    if learned:
        table.add_column("zero-shot", **RIGHT)
        table.add_column("best-of-N", **RIGHT)
    table.add_column("search", **RIGHT)
    for title in ("m/s", "m", "nodes", "joints", "kg", "depth"):
        table.add_column(title, **RIGHT)
    table.add_column("operator", **NAMES)
    # A column for each remark would make the table too wide.
    table.caption = "\n".join(_remarks(best)) or None
    table.caption_justify = "left"
    for candidate in best:
        record = candidate.final
        table.add_row(
            str(candidate.number),
            with_interval(record),
            *(before_learning(candidate) if learned else ()),
            f"{candidate.score:.1f}",
            f"{record.speed:.2f}",
            f"{record.distance:.1f}",
            *body_sizes(candidate.graph),
            str(depths[candidate.number]),
            candidate.operator,
        )
    return table


def before_learning(candidate: Candidate) -> tuple[str, str]:
    """Scores of a finalist before its network learned: of its own variant, and of the best.

    Args:
        candidate: The scored candidate.
    """
    if candidate.finetuned is None:
        return "", ""
    metrics = candidate.finetuned.metrics
    return f"{metrics['zero_shot_score']:.1f}", f"{metrics['best_of_score']:.1f}"


def _remarks(best: Sequence[Candidate]) -> list[str]:
    """Lines about all designs: variants, falls, and the metrics that the algorithm compares."""
    remarks: list[str] = []
    records = [candidate.final for candidate in best]
    kinds = list(dict.fromkeys(map(kind_of_score, best)))
    if kinds not in ([], ["zero-shot"]):
        remarks.append(f"scores are {'; '.join(kinds)}")
    if any(record.variant for record in records):
        variants = ", ".join(str(record.variant) for record in records)
        remarks.append(f"controller variants: {variants}")
    if any(any(record.fell) for record in records):
        falls = ", ".join(f"{sum(record.fell)} of {len(record.fell)}" for record in records)
        remarks.append(f"episodes that ended in a fall: {falls}")
    if any("unlikeness" in record.metrics for record in records):
        metrics = [record.metrics for record in records]
        shown = (f"{m['unlikeness']:.0f}" if "unlikeness" in m else "-" for m in metrics)
        remarks.append(f"unlikeness: {', '.join(shown)}")
    criteria = [record.criteria_values for record in records]
    own_table = {f"{SCORE_ON}{task}" for record in records for task in record.by_task}
    for name in dict.fromkeys(n for values in criteria for n in values if n not in own_table):
        shown = (f"{values[name]:.3g}" if name in values else "-" for values in criteria)
        remarks.append(f"{name}: {', '.join(shown)}")
    return remarks


def kind_of_score(candidate: Candidate) -> str:
    """What the score is that a design is ranked by: learning raises it, so kinds do not compare.

    Args:
        candidate: The scored candidate.

    Returns:
        "zero-shot" under the controller that the run was given, "adapted-003" under that of an
        adaptation, and "fine-tuned" where the network of the candidate learned on.
    """
    adaptation = max(candidate.adaptation, candidate.rescored_in)
    kinds = [_adapted(adaptation)] if adaptation else []
    kinds += ["fine-tuned"] if candidate.finetuned else []
    return ", ".join(kinds) or "zero-shot"


def _adapted(adaptation: int) -> str:
    """Name of an adapted controller, which is that of its file."""
    return f"adapted-{adaptation:03d}"


def runs_table(rows: Iterable[Sequence[str]]) -> Table:
    """Runs: name, state, candidates, best score, its kind and speed, task, controller."""
    table = Table(**PLAIN)
    for title in ("run", "state"):
        table.add_column(title, **NAMES)
    for title in ("candidates", "best"):
        table.add_column(title, **RIGHT)
    table.add_column("best is", no_wrap=True)
    table.add_column("m/s", **RIGHT)
    for title in ("task", "controller"):
        table.add_column(title, **NAMES)
    for row in rows:
        table.add_row(*row)
    return table


def with_interval(record: ScoreRecord) -> str:
    """The score and the half width of its interval; the score alone after one episode."""
    if record.status == "failed":
        return "-"
    half = (record.ci95[1] - record.ci95[0]) / 2
    return f"{record.score:.1f} ± {half:.1f}" if len(record.returns) > 1 else f"{record.score:.1f}"


def body_sizes(graph: nx.DiGraph[str]) -> tuple[str, str, str]:
    """Number of nodes and of joints, and mass (kg)."""
    joints = sum(1 for _ in body_graph.joints(graph))
    return str(len(graph)), str(joints), f"{total_mass(graph):.2f}"


def generations_table(rows: Sequence[tuple[int, int, float, float, int]]) -> Table:
    """Generations: number, simulated candidates, best and mean score, adapted controller."""
    table = Table(**PLAIN)
    for title in ("generation", "candidates", "best", "mean"):
        table.add_column(title, **RIGHT)
    adapted = any(adaptation for *_, adaptation in rows)
    if adapted:
        table.add_column("controller", **NAMES)
        table.caption = "scores under different controllers do not compare"
        table.caption_justify = "left"
    for generation, count, best, mean, adaptation in rows:
        controller = (_adapted(adaptation) if adaptation else "as given",) if adapted else ()
        table.add_row(str(generation), str(count), f"{best:.1f}", f"{mean:.1f}", *controller)
    return table


def alarm_lines(alarms: Sequence[Event]) -> list[str]:
    """The latest alarm of each name, with the number of generations that had one."""
    latest = {str(alarm.name): alarm for alarm in alarms}
    times = Counter(alarm.name for alarm in alarms)
    return [
        f"alarm in {times[name]} generation{'s, the last one' if times[name] > 1 else ''}: "
        f"{alarm.message}"
        for name, alarm in sorted(latest.items())
    ]


def adaptation_lines(events: Sequence[Event]) -> list[str]:
    """What the latest adaptations brought, and how many there were before.

    Args:
        events: The events "adaptation" of a run.
    """
    lines = [event.message for event in events[-_ADAPTATIONS:]]
    earlier = len(events) - len(lines)
    return [f"adaptations before: {earlier}", *lines] if earlier else lines


def rows_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """The result of a query; long values are cut off."""
    table = Table(**PLAIN)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(_cut("" if value is None else str(value)) for value in row))
    return table


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_WIDTH else text[: _MAX_WIDTH - 1] + "…"


def body_tree(graph: nx.DiGraph[str]) -> Tree:
    """A body as a tree, with one line for each node and one for each joint."""
    name = body_graph.root(graph)
    tree = Tree(_torso_line(name, body_graph.torso(graph)))
    _add_children(tree, graph, name)
    return tree


def _add_children(tree: Tree, graph: nx.DiGraph[str], name: str) -> None:
    for child in body_graph.children(graph, name):
        node = body_graph.limb(graph, child)
        branch = tree.add(_limb_line(child, node))
        for joint in node.joints:
            low, high = joint.range_deg
            details = f"{joint.slot}-hinge {low:g}..{high:g} deg, gear {joint.gear:g}"
            branch.add(_named(joint.name, details, style="cyan"))
        _add_children(branch, graph, child)


def _torso_line(name: str, torso: Torso) -> Text:
    return _named(name, f"sphere r {torso.radius:g} m, {mass(torso):.2f} kg, {torso.pos[2]:g} m up")


def _limb_line(name: str, limb: Limb) -> Text:
    length = math.dist(limb.start, limb.end)
    return _named(name, f"capsule r {limb.radius:g} m, length {length:.2f} m, {mass(limb):.2f} kg")


def _named(name: str, details: str, *, style: str = "bold") -> Text:
    return Text.assemble((visible(name), style), f"  {details}")
