"""The content of a report: all that its page says about one run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codesign.config import Settings, to_toml
from codesign.report import archive, charts, words
from codesign.report.charts import Figure
from codesign.report.designs import Card, cards
from codesign.report.differences import differences
from codesign.report.episodes import designs_everywhere, recordings_of
from codesign.report.history import (
    Fitness,
    OperatorSuccess,
    diversity,
    fitness,
    operator_success,
)
from codesign.report.phylogeny import Ancestor, ancestry
from codesign.report.pictures import MOST_MOTION, Pictures
from codesign.store import RunFolder

if TYPE_CHECKING:
    import networkx as nx

    from codesign.store import Database, Event, Summary

#: Most winners whose ancestors the page shows, and rows of the table of fitness.
MOST_WINNERS, TABLE_ROWS = 5, 12
#: Characters of the other pictures of an episode of a design, which its page has in place of motion
#: so that it stays below 10 MB, and of the motion that it has always.
DESIGN_SIZE, LEAST_MOTION = 50_000, 400_000


@dataclass(frozen=True, kw_only=True)
class Relative:
    """A body of the phylogeny on the page.

    Attributes:
        place: Where the drawing has it.
        score: Its score in the search.
        status: Status of its score record.
        operator: The operator that made it.
        other: Number of a second parent; None for none.
        gain: Score against the parent that the drawing shows; None without.
        picture: The body, small.
        before: The shown parent, with what changed in color; empty without.
        after: The body, with what changed in color.
        words: What changed, a line each.
    """

    place: Ancestor
    score: float
    status: str
    operator: str
    other: int | None
    gain: float | None
    picture: str
    before: str
    after: str
    words: Sequence[str]


@dataclass(frozen=True, kw_only=True, eq=False)
class Content:
    """What a report says about a run.

    Attributes:
        name: Name of the run folder.
        asked: What the run was asked, in a sentence.
        found: What it found, in a sentence.
        progress: How far the run is; empty if it has ended.
        notes: What else to know before reading on, in sentences.
        going: Whether the run still goes on.
        heroes: Poses of the best design in motion on each task, as SVG; empty without.
        cards: Its best designs.
        motion: Why some pictures of motion are missing; None if none is.
        figures: Charts by name.
        fitness: Rows of the table of fitness: candidates, best and median score.
        adapted: Whether the search went on with an adapted controller.
        operators: How often each operator made a better body.
        spread: What became of the diversity, in a sentence.
        adaptations: Lines about what the controller learned during the search.
        alarms: Lines about what looked wrong.
        meanings: What the words of the page mean.
        relatives: The phylogeny of the winners.
        front: Its Pareto front, if it has one.
        map: Its archive, if it has one.
        changed: Settings that differ from the defaults, and their values.
        settings: All settings as TOML.
        versions: What the run worked with: names and values.
        pictures: What drew the pictures; it has the sprite of the page.
    """

    name: str
    asked: str
    found: str
    progress: str
    notes: str
    going: bool
    heroes: Sequence[str]
    cards: Sequence[Card]
    motion: str | None
    figures: Mapping[str, Figure]
    fitness: Sequence[tuple[int, float, float]]
    adapted: bool
    operators: Sequence[OperatorSuccess]
    spread: str
    adaptations: Sequence[str]
    alarms: Sequence[str]
    meanings: Sequence[tuple[str, str]]
    relatives: Sequence[Relative]
    front: archive.Front | None
    map: archive.Map | None
    changed: Sequence[tuple[str, str]]
    settings: str
    versions: Sequence[tuple[str, str]]
    pictures: Pictures


def content_of(
    database: Database,
    settings: Settings,
    *,
    run: Path,
    page: Path,
    designs: Path,
    state: str,
    top: int,
    finetuned: Mapping[int, tuple[float, float]],
) -> Content:
    """Gather what a report says about a run.

    Args:
        database: Database of the run, opened for reading.
        settings: Settings of the run.
        run: Run folder.
        page: File of the page.
        designs: The run's folder of designs.
        state: How far the run is, as :attr:`codesign.api.RunStatus.state` says.
        top: Number of best designs.
        finetuned: Scores before and after fine-tuning, by number of the candidate.
    """
    summaries, best, going = database.summaries(), database.best(top), state == "running"
    by_number = {one.number: one for one in summaries}
    everywhere = designs_everywhere(len(settings.task_names))
    recordings, at_rest = recordings_of(best, RunFolder(run), everywhere=everywhere)
    more = max(len(best), sum(map(len, recordings.values()))) - MOST_WINNERS
    pictures = Pictures(most_motion=max(LEAST_MOTION, MOST_MOTION - DESIGN_SIZE * max(0, more)))
    made = cards(
        best,
        by_number,
        recordings,
        pictures,
        designs=designs,
        page=page,
        finetuned=finetuned,
        task=settings.task,
        # The cores of this machine may be those of the search.
        most_moving=1 if going else len(best),
    )
    curve = fitness(summaries, database.best_rescores())
    operators = operator_success(summaries)
    generations = database.events("generation")
    winners = [candidate.number for candidate in best[:MOST_WINNERS]]
    return Content(
        name=run.resolve().name,
        asked=words.asked(settings),
        found=words.found(made, summaries, settings),
        progress=words.progress(state, scored=len(summaries), total=database.total(settings)),
        notes=words.notes(settings, learned=any(card.learned for card in made)),
        going=going,
        heroes=[pictures.strobe(one) for one in recordings.get(best[0].number, {}).values()]
        if best
        else [],
        cards=made,
        motion=at_rest,
        figures=_figures(database, settings, curve, operators, generations),
        fitness=_rows(curve),
        adapted=bool(curve.adapted),
        operators=operators,
        spread=words.spread(*diversity(generations)),
        adaptations=words.adaptations(database.events("adaptation")),
        alarms=words.alarms(database.events("alarm", "warning")),
        meanings=words.meanings(settings),
        relatives=_relatives(database, summaries, winners, pictures),
        front=archive.front_of(database, settings, pictures),
        map=archive.map_of(database, settings, pictures),
        changed=changed_settings(settings),
        settings=to_toml(settings),
        versions=_versions(database.initial_provenance()),
        pictures=pictures,
    )


def changed_settings(settings: Settings) -> list[tuple[str, str]]:
    """Settings that differ from the defaults, with their values.

    Args:
        settings: The settings.

    Examples:
        >>> changed_settings(Settings(population=16, seed=3))
        [('seed', '3'), ('population', '16')]
    """
    usual = flat(json.loads(Settings().model_dump_json()))
    own = flat(json.loads(settings.model_dump_json()))
    return [(name, value) for name, value in own.items() if usual.get(name) != value]


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested settings as names with dots and values as text.

    Args:
        values: The settings, in JSON's types.
        prefix: Start of the names.

    Examples:
        >>> flat({"seed": 1, "rates": {"crossover": 0.25}})
        {'seed': '1', 'rates.crossover': '0.25'}
    """
    found: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{prefix}{name}.")  # pyright: ignore[reportUnknownArgumentType]
        else:
            found[prefix + name] = value if isinstance(value, str) else json.dumps(value)
    return found


def _figures(
    database: Database,
    settings: Settings,
    curve: Fitness,
    operators: Sequence[OperatorSuccess],
    generations: Sequence[Event],
) -> dict[str, Figure]:
    axis = words.score_axis("" if settings.tasks else settings.task)
    figures = {"fitness": charts.fitness_chart(curve, database.reevaluated(), axis=axis)}
    if generations:
        figures["diversity"] = charts.diversity_chart(*diversity(generations))
    if operators:
        figures["operators"] = charts.operators_chart(operators)
    return figures


def _rows(curve: Fitness) -> list[tuple[int, float, float]]:
    """Some rows of a curve, evenly spread, the last one among them."""
    count = len(curve.candidates)
    step = max(1, -(-count // TABLE_ROWS))
    kept = sorted(range(count - 1, -1, -step))
    return [
        (int(curve.candidates[n]), float(curve.best[n]), float(curve.quartiles[n, 1])) for n in kept
    ]


def _relatives(
    database: Database, summaries: Sequence[Summary], winners: Sequence[int], pictures: Pictures
) -> list[Relative]:
    by_number = {one.number: one for one in summaries}
    places = ancestry(summaries, winners)
    graphs = {one.number: database.candidate(one.number).graph for one in places}
    return [_relative(place, by_number, graphs, pictures) for place in places]


def _relative(
    place: Ancestor,
    summaries: Mapping[int, Summary],
    graphs: Mapping[int, nx.DiGraph[str]],
    pictures: Pictures,
) -> Relative:
    one, graph = summaries[place.number], graphs[place.number]
    others = [number for number in one.parents[1:] if number != one.parents[0]]
    title, parent = f"candidate {one.number}", place.parent
    gain, before, after = None, "", ""
    words: Sequence[str] = ("a starting body",)
    if parent is None:
        after = pictures.at_rest(graph, title=title)
    else:
        found = differences(graphs[parent], graph)
        words = found.words
        # Scores under different controllers do not compare.
        if one.adaptation == summaries[parent].adaptation:
            gain = one.score - summaries[parent].score
        before = pictures.colored(
            graphs[parent],
            found.before,
            title=f"candidate {parent}, the parent",
            names=found.before_names,
        )
        after = pictures.colored(
            graph, found.after, title=f"{title}, the child", names=found.after_names
        )
    return Relative(
        place=place,
        score=one.score,
        status=one.status,
        operator=one.operator,
        other=others[0] if others else None,
        gain=gain,
        picture=pictures.thumbnail(graph),
        before=before,
        after=after,
        words=words,
    )


def _versions(provenance: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(key, value) for key, value in sorted(provenance.items()) if key != "settings"]
