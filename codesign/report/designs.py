"""The best designs of a run, as cards of a page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from codesign.defaults import BEST_OF
from codesign.exporting.design_readme import what_file
from codesign.report.episodes import Episode, episodes_of, score_on
from codesign.report.phylogeny import line
from codesign.report.pictures import Pictures
from codesign.scoring import ScoreRecord
from codesign.scoring.several_tasks import SCORE_ON
from codesign.scoring.task_words import task_words
from morph_ops import graph as body_graph
from morph_ops.geometry import mass, total_mass

if TYPE_CHECKING:
    import networkx as nx

    from codesign.replay import Recording
    from codesign.store import Candidate, Summary

#: Share of the torque of a motor from which it gives all it can.
FULL = 0.99
#: Most operators that a card names.
MOST_OPERATORS = 8
#: Metrics that a card shows: name, label, format and unit.
METRICS = (
    ("raw_cost_of_transport", "cost of transport", ".2f", ""),
    ("height", "torso height", ".2f", " m"),
    ("period", "gait period", ".2f", " s"),
    ("contact", "time with ground contact", ".0%", ""),
    ("symmetry", "left-right symmetry", ".2f", ""),
    ("unlikeness", "unlikeness", ".0f", "%"),
    ("robustness", "robustness", ",.0f", ""),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Node:
    """A node of a body in words, with its children."""

    name: str
    words: str
    children: list[Node] = field(default_factory=list["Node"])


@dataclass(frozen=True, kw_only=True, eq=False)
class Card:
    """A design on a page.

    Attributes:
        rank: Place among the designs, from 1.
        candidate: The candidate that it is.
        record: The score record that the rank follows.
        search_score: Score in the search, where a re-evaluation replaced it; None otherwise.
        finetuned: Scores before and after fine-tuning; None without.
        picture: The body at rest, as SVG.
        thumbnail: The same, small.
        episodes: Pictures of its motion, on each task of the run; empty without.
        tree: The body in words.
        size: Number of nodes, number of joints, and mass (kg).
        depth: Number of ancestors in its line of first parents.
        operators: What made it: the last operators of its line, the oldest first.
        metrics: Labels and values of its metrics.
        files: Links to its files and what they are, where the page lies beside them.
    """

    rank: int
    candidate: Candidate
    record: ScoreRecord
    search_score: float | None
    finetuned: tuple[float, float] | None
    picture: str
    thumbnail: str
    episodes: Sequence[Episode]
    tree: Node
    size: tuple[int, int, float]
    depth: int
    operators: Sequence[str]
    metrics: Sequence[tuple[str, str]]
    files: Sequence[tuple[str, str]]

    @property
    def learned(self) -> bool:
        """Whether the rank follows the score after the fine-tuning of the run itself."""
        return self.record is self.candidate.finetuned

    @property
    def moving(self) -> str:
        """The body in motion on the first task, as SVG; empty without."""
        return self.episodes[0].moving if self.episodes else ""

    @property
    def name(self) -> str:
        """Name of the design, which is that of its folder."""
        return f"design-{self.rank:02d}"


def cards(
    best: Sequence[Candidate],
    summaries: Mapping[int, Summary],
    recordings: Mapping[int, Mapping[str, Recording]],
    pictures: Pictures,
    *,
    designs: Path,
    page: Path,
    finetuned: Mapping[int, tuple[float, float]],
    task: str,
    most_moving: int,
) -> list[Card]:
    """The cards of the best designs.

    Args:
        best: The designs, best first.
        summaries: All candidates by number.
        recordings: Episodes of designs by number of the candidate and task.
        pictures: What draws the pictures of the page.
        designs: The run's folder of designs.
        page: The file of the page, which links are relative to.
        finetuned: Scores before and after fine-tuning by number of the candidate.
        task: Task of the run, or the first one.
        most_moving: Most designs with a moving picture.
    """
    made: list[Card] = []
    for rank, candidate in enumerate(best, start=1):
        number, graph = candidate.number, candidate.graph
        record_ = candidate.final
        shown = recordings.get(number, {})
        ancestors = line(summaries, number)
        made.append(
            Card(
                rank=rank,
                candidate=candidate,
                record=record_,
                search_score=candidate.score if record_ is not candidate.result else None,
                finetuned=finetuned.get(number) or _learned(record_),
                picture=pictures.at_rest(graph, title=f"candidate {number} at rest"),
                thumbnail=pictures.thumbnail(graph),
                episodes=episodes_of(record_, shown, pictures, animated=rank <= most_moving),
                tree=in_words(graph),
                size=(len(graph), sum(1 for _ in body_graph.joints(graph)), total_mass(graph)),
                depth=len(ancestors) - 1,
                operators=[summaries[one].operator for one in ancestors[-MOST_OPERATORS:]],
                metrics=[
                    *(_tasks(record_) if record_.by_task else _motion(task, record_)),
                    *_metrics(record_),
                    *_learning(record_),
                    *_of_motion(shown, several=bool(record_.by_task)),
                ],
                files=_files(designs / f"design-{rank:02d}", page.parent),
            )
        )
    return made


def _learned(record_: ScoreRecord) -> tuple[float, float] | None:
    """Scores before and after the fine-tuning of a run's own finalist; None without."""
    before = record_.metrics.get("zero_shot_score")
    return None if before is None else (before, record_.score)


def _learning(record_: ScoreRecord) -> list[tuple[str, str]]:
    """From what, and for how long, a run's own finalist learned; empty for others."""
    metrics = record_.metrics
    if "best_of_score" not in metrics:
        return []
    return [
        (f"best of {BEST_OF} variants, before it learned", f"{metrics['best_of_score']:,.0f}"),
        ("learned for", f"{metrics['finetune_steps']:,.0f} control steps"),
    ]


def in_words(graph: nx.DiGraph[str]) -> Node:
    """A body as a tree of lines.

    Args:
        graph: The body.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> in_words(sample_body(np.random.default_rng(0))).name
        'torso/0'
    """
    root = body_graph.root(graph)
    torso = body_graph.torso(graph)
    return Node(
        name=root,
        words=f"sphere of radius {torso.radius:g} m, {mass(torso):.2f} kg",
        children=[_limb(graph, child) for child in body_graph.children(graph, root)],
    )


def _limb(graph: nx.DiGraph[str], name: str) -> Node:
    limb = body_graph.limb(graph, name)
    words = [f"{math.dist(limb.start, limb.end):.2f} m, {mass(limb):.2f} kg"]
    for joint in limb.joints:
        low, high = joint.range_deg
        words.append(f"{joint.slot} hinge {low:g}° to {high:g}°, gear {joint.gear:g}")
    children = [_limb(graph, child) for child in body_graph.children(graph, name)]
    return Node(name=name, words="; ".join(words), children=children)


def _tasks(shown: ScoreRecord) -> list[tuple[str, str]]:
    """The scores on each of several tasks, and how a body moved there."""
    rows: list[tuple[str, str]] = []
    for task, part in shown.by_task.items():
        rows.append((f"score on {task}", score_on(part)))
        if part.status == "ok":
            rows += [(f"{label} on {task}", value) for label, value in _motion(task, part)]
    return rows


def _motion(task: str, shown: ScoreRecord) -> list[tuple[str, str]]:
    """How fast and how far a body went, and what else it did."""
    known = task_words(task)
    along = "" if known.forward else " along x"
    return [
        *[(each.label, each.value) for each in known.achievements(shown)],
        (f"speed{along}", f"{shown.speed:.2f} m/s"),
        (f"distance{along}", f"{shown.distance:.1f} m"),
    ]


def _metrics(shown: ScoreRecord) -> list[tuple[str, str]]:
    values: dict[str, Any] = {**shown.metrics}
    rows = [
        (label, f"{values[name]:{form}}{unit}")
        for name, label, form, unit in METRICS
        if values.get(name) is not None
    ]
    known = {name for name, *_ in METRICS} | {"speed", "cost_of_transport", "score"}
    known |= {f"{SCORE_ON}{task}" for task in shown.by_task}
    return rows + [(n, f"{v:.3g}") for n, v in shown.criteria_values.items() if n not in known]


def _of_motion(shown: Mapping[str, Recording], *, several: bool) -> list[tuple[str, str]]:
    """What only an episode itself tells: the first one, by task."""
    if not shown:
        return []
    task, recording = next(iter(shown.items()))
    on = f" on {task}" if several else ""
    driven = recording.efforts[:, recording.efforts.any(axis=0)]
    full = float((driven > FULL).mean()) if driven.size else 0.0
    drift = float(np.ptp(recording.torso[:, 1]))
    return [
        (f"motors at full torque{on}", f"{full:.0%}"),
        (f"sideways drift{on}", f"{drift:.1f} m"),
    ]


def _files(folder: Path, beside: Path) -> list[tuple[str, str]]:
    """Links to the files of a design and what they are; none where the page lies elsewhere."""
    if not folder.is_dir() or beside.resolve() != folder.parent.parent.resolve():
        return []
    names = sorted(file.name for file in folder.iterdir())
    return [
        (f"{folder.parent.name}/{folder.name}/{name}", what_file(name, names)) for name in names
    ]
