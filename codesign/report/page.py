"""The page of a report: one file that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, NamedTuple

from codesign.pages import embedded, environment
from codesign.report.charts import Figure
from codesign.report.comparison import Comparison, Group
from codesign.report.content import Content
from codesign.report.differences import ADDED, CHANGED, REMOVED, SAME
from codesign.report.phylogeny import Ancestor
from codesign.scoring.fingerprint import installed_version

PACKAGE = "codesign.report"
LEGEND = (
    (CHANGED, "changed"),
    (ADDED, "added (+)"),
    (REMOVED, "removed (\N{MINUS SIGN})"),
    (SAME, "the same"),
)
#: Size of a body in the phylogeny, and distances between them (px).
NODE_W, NODE_H, GAP_X, GAP_Y, MARGIN = 112, 108, 36, 16, 14


class Edge(NamedTuple):
    """A line from a body to its child.

    Attributes:
        path: The line, as SVG path data.
        skipped: Number of bodies between the two that the drawing leaves out.
        x: Place of that number (px).
        y: Place of that number (px).
    """

    path: str
    skipped: int
    x: float
    y: float


@dataclass(frozen=True)
class Family:
    """The drawing of a phylogeny.

    Attributes:
        places: Where the bodies are.
    """

    places: Sequence[Ancestor]

    @property
    def width(self) -> int:
        """Width of the drawing (px)."""
        return 2 * MARGIN - GAP_X + (1 + max(p.column for p in self.places)) * (NODE_W + GAP_X)

    @property
    def height(self) -> int:
        """Height of the drawing (px)."""
        return 2 * MARGIN - GAP_Y + (1 + max(p.lane for p in self.places)) * (NODE_H + GAP_Y)

    def left(self, place: Ancestor) -> int:
        """Left end of a body (px)."""
        return MARGIN + place.column * (NODE_W + GAP_X)

    def top(self, place: Ancestor) -> int:
        """Upper end of a body (px)."""
        return MARGIN + place.lane * (NODE_H + GAP_Y)

    @property
    def edges(self) -> list[Edge]:
        """The lines from parents to children."""
        by_number = {place.number: place for place in self.places}
        found: list[Edge] = []
        for place in self.places:
            if place.parent is None:
                continue
            parent = by_number[place.parent]
            x1, y1 = self.left(parent) + NODE_W, self.top(parent) + NODE_H / 2
            x2, y2 = self.left(place), self.top(place) + NODE_H / 2
            bend = x1 + GAP_X / 2
            path = f"M{x1} {y1}C{bend} {y1} {bend} {y2} {x1 + GAP_X} {y2}L{x2} {y2}"
            found.append(Edge(path, place.skipped, x2 - GAP_X / 2, y2 - 5))
        return found


def report_page(
    content: Content, *, shown_path: str, date: str, refresh_s: int | None, replay: str | None
) -> str:
    """The page about a run.

    Args:
        content: What it says.
        replay: Link to a replay of the run; None without.
        shown_path: Path of the run folder, for commands.
        date: When it was made.
        refresh_s: Seconds after which a browser reads it again; None for never.
    """
    figures = dict(content.figures)
    if content.front:
        figures["front"] = content.front.chart
    parts = [
        ("designs", "Best designs", bool(content.cards)),
        ("fitness", "Fitness", True),
        ("diversity", "Diversity", "diversity" in figures),
        ("operators", "Operators", "operators" in figures),
        ("alarms", "Alarms", True),
        ("front", "Pareto front", content.front is not None),
        ("map", "Archive", content.map is not None),
        ("phylogeny", "Phylogeny", bool(content.relatives)),
        ("settings", "Settings and versions", True),
    ]
    places = [one.place for one in content.relatives]
    return rendered(
        "report.html.jinja",
        figures,
        run=content,
        family=Family(places) if places else None,
        legend=LEGEND,
        replay=replay,
        sections=[(anchor, title) for anchor, title, there in parts if there],
        shown_path=shown_path,
        date=date,
        refresh_s=refresh_s,
    )


def comparison_page(comparison: Comparison, *, sprite: str, date: str) -> str:
    """The page about several runs.

    Args:
        comparison: What it says.
        sprite: What its small and its moving pictures show, from :meth:`Pictures.sprite`.
        date: When it was made.
    """
    groups = comparison.groups

    def best_of(group: Group) -> str:
        found = comparison.best_of(group)
        if found is None:
            return "none"
        name, record = found
        low, high = record.ci95
        return f"{name}: {record.score:,.0f} ({low:,.0f} to {high:,.0f})"

    return rendered(
        "comparison.html.jinja",
        {f"fitness-{n}": each for n, each in enumerate(comparison.figures.values(), start=1)},
        comparison=comparison,
        sprite=sprite,
        count=sum(len(group.runs) for group in groups),
        lead=_lead(comparison),
        best_of=best_of,
        adapted=any(one.adaptation for g in groups for run in g.runs for one in run.summaries),
        finetuned=any(run.finetuned for group in groups for run in group.runs),
        date=date,
    )


def _lead(comparison: Comparison) -> str:
    """Which groups have the best bodies among those that compare, and which scores say so."""
    scales = list(comparison.figures)
    ranked = [comparison.groups_on(scale) for scale in scales]
    sentences: list[str] = []
    if len(scales) > 1:
        sentences.append(
            "Scores on different tasks or scales do not compare, so the runs are ranked on each of "
            f"the {len(scales)} alone."
        )
    for scale, groups in zip(scales, ranked, strict=True):
        where = f"On {scale} the" if len(scales) > 1 else "The"
        sentences.append(f"{where} best bodies come from {_ranking(comparison, groups)}.")
    alone = all(len(group.runs) == 1 for group in comparison.groups)
    if alone and any(len(groups) > 1 for groups in ranked):
        sentences.append("With one seed each, luck may decide this order.")
    runs = [run for group in comparison.groups for run in group.runs]
    if not comparison.by_finetuned and any(run.finetuned for run in runs):
        sentences.append(
            "The ranks follow zero-shot scores, from before the fine-tuning: not all runs have "
            "fine-tuned their designs."
        )
    return " ".join(sentences)


def _ranking(comparison: Comparison, groups: Sequence[Group]) -> str:
    """The best of the groups that compare, with its score, and the next one."""
    best, *others = groups
    mean = comparison.ranked_by(best)
    text = best.name
    if mean is not None:
        after = " after fine-tuning" if comparison.by_finetuned else ""
        text += f": a {'' if after else 'zero-shot '}score of {mean.value:,.0f}{after}"
        if len(best.runs) > 1:
            spread = f" ± {mean.half:,.0f}" if mean.half else ""
            text += f"{spread} as the mean of {len(best.runs)} seeds"
    following = comparison.ranked_by(others[0]) if others else None
    if following is not None:
        text += f"; next is {others[0].name} with {following.value:,.0f}"
    return text


def rendered(template: str, figures: Mapping[str, Figure], **values: Any) -> str:
    """A page with charts.

    Args:
        template: Name of its template.
        figures: Its charts by name.
        values: Other values of the template.
    """
    from plotly.offline import get_plotlyjs  # pyright: ignore[reportMissingTypeStubs]

    folder = resources.files(PACKAGE)
    return (
        environment(PACKAGE)
        .get_template(template)
        .render(
            style=(folder / "report.css").read_text("utf-8"),
            script=(folder / "report.js").read_text("utf-8"),
            plotly=get_plotlyjs(),
            figures=embedded(figures),
            version=installed_version("codesign"),
            **values,
        )
    )
