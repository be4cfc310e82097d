"""The charts of a page, as figures of Plotly's JSON format.

Colors are names in braces, such as ``{accent}``: the script of the page puts those of the light or
the dark theme in their place.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from codesign.drawing import PALETTE
from codesign.report.history import Fitness, OperatorSuccess
from hyperdistill_core.evaluation.statistics import t_quantile

Figure: TypeAlias = dict[str, Any]
#: Opacity of a band between two curves.
BAND = 0.18
ROW_PX, LEAST_PX = 26, 150
#: Fewest runs whose interval means anything.
LEAST_RUNS = 3
#: Quantiles between which the points of a chart fill it; a few outliers would hide the others.
MOST_OF_THEM = (0.02, 0.9)
#: Most room of a chart beyond the points that stand out, in multiples of their largest value.
BEYOND = 1.5


def figure(
    traces: Sequence[Mapping[str, Any]], *, x: str, y: str, height: int = 320, **layout: Any
) -> Figure:
    """A figure in the style of the page.

    Args:
        traces: Traces of Plotly.
        x: Title of the x axis.
        y: Title of the y axis.
        height: Height (px).
        layout: More of Plotly's layout.
    """
    axis = {"gridcolor": "{line}", "zerolinecolor": "{line}", "linecolor": "{line}"}
    return {
        "data": [dict(trace) for trace in traces],
        "layout": {
            "height": height,
            "margin": {"l": 62, "r": 16, "t": 48, "b": 48},
            "xaxis": {**axis, "title": {"text": x}, **layout.pop("xaxis", {})},
            "yaxis": {**axis, "title": {"text": y}, **layout.pop("yaxis", {})},
            "legend": {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
            "hovermode": "x unified",
            **layout,
        },
    }


def fitness_chart(
    curve: Fitness, again: Sequence[tuple[int, float]], *, axis: str = "score"
) -> Figure:
    """Fitness over candidates: quartiles, the best so far, and re-evaluated finalists.

    Where the search went on with an adapted controller, there is a vertical line, and the best so
    far starts anew.

    Args:
        curve: The fitness of a run.
        again: Number and score of each finalist on fresh episodes.
        axis: Title of the axis of scores, with their unit.
    """
    x = curve.candidates.tolist()
    low, middle, high = (_numbers(curve.quartiles[:, index]) for index in range(3))
    traces: list[dict[str, Any]] = [
        _line(x, low, "lower quartile", width=0, showlegend=False, hoverinfo="skip"),
        {
            **_line(x, high, "middle half of the candidates", width=0, hoverinfo="skip"),
            "fill": "tonexty",
            "fillcolor": "{band}",
        },
        _line(x, middle, "median", color="{soft}", dash="dot"),
        _line(*_interrupted(curve), "best so far", color="{accent}", width=2.5),
    ]
    if curve.adapted:
        traces.append(_verticals(curve, again))
    if again:
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": "finalists on fresh episodes",
                "x": [number for number, _ in again],
                "y": [score for _, score in again],
                "customdata": [number for number, _ in again],
                "hovertemplate": "candidate %{customdata}: %{y:,.0f}<extra></extra>",
                "marker": {"symbol": "diamond", "size": 9, "color": PALETTE[1]},
            }
        )
    return figure(traces, x="candidates", y=axis)


def _interrupted(curve: Fitness) -> tuple[list[float], list[float | None]]:
    """The best scores over candidates, with a gap where the controller changed."""
    x: list[float] = []
    y: list[float | None] = []
    again = dict(curve.adapted)
    for candidates, best in zip(curve.candidates.tolist(), _numbers(curve.best), strict=True):
        x.append(candidates)
        y.append(best)
        if candidates in again:
            x += [candidates, candidates]
            y += [None, *_numbers(np.array([again[candidates]]))]
    return x, y


def _verticals(curve: Fitness, again: Sequence[tuple[int, float]]) -> dict[str, Any]:
    """Vertical lines where the controller changed, over the height of what the chart shows."""
    shown = [*curve.best.tolist(), *curve.quartiles.ravel().tolist(), *(s for _, s in again)]
    known = [value for value in shown if math.isfinite(value)] or [0.0]
    ends = [min(known), max(known), None]
    x = [candidates for candidates, _ in curve.adapted for _ in ends]
    name = "an adapted controller from here on"
    y = ends * len(curve.adapted)
    return _line(x, y, name, color="{ink}", width=1.2, dash="dash", hoverinfo="skip")


def diversity_chart(
    generations: Sequence[int], distances: Sequence[float | None], founders: Sequence[float]
) -> Figure:
    """Diversity over generations.

    Args:
        generations: Numbers of generations.
        distances: Mean distance between the kept bodies of each.
        founders: Share of the kept bodies that descend from one starting body, of each.
    """
    traces = [
        _line(generations, list(distances), "mean distance between kept bodies", color="{accent}"),
        _line(
            generations,
            list(founders),
            "share of kept bodies from one starting body",
            color=PALETTE[3],
            dash="dash",
        ),
    ]
    return figure(traces, x="generation", y="", yaxis={"range": [0, 1.08]}, height=280)


def operators_chart(operators: Sequence[OperatorSuccess]) -> Figure:
    """How often each operator made a better body.

    Args:
        operators: The operators, the most successful first.
    """
    rows = list(operators)[::-1]
    shares = {
        "type": "bar",
        "orientation": "h",
        "y": [one.name for one in rows],
        "x": [one.share for one in rows],
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [one.high - one.share for one in rows],
            "arrayminus": [one.share - one.low for one in rows],
            "color": "{ink}",
            "thickness": 1.4,
        },
        "customdata": [[one.better, one.children] for one in rows],
        "hovertemplate": "%{customdata[0]} of %{customdata[1]} children<extra></extra>",
        "marker": {"color": "{band}", "line": {"color": "{accent}", "width": 1.5}},
    }
    return figure(
        [shares],
        x="children that beat their first parent",
        y="",
        height=max(LEAST_PX, 70 + ROW_PX * len(rows)),
        xaxis={"tickformat": ".0%", "rangemode": "tozero"},
        yaxis={"automargin": True},
        hovermode="closest",
    )


def scatter_chart(
    points: Sequence[tuple[int, float, float, float]],
    kept: Sequence[tuple[int, float, float, float]],
    *,
    x: str,
    y: str,
    about: str,
) -> Figure:
    """Candidates by two metrics, colored by score.

    Args:
        points: Number, two metrics and score of candidates.
        kept: The same of those that stand out.
        x: Name of the first metric.
        y: Name of the second one.
        about: What stands out.
    """
    marker = {
        "size": 7,
        "color": [point[3] for point in points],
        "colorscale": "Viridis",
        "showscale": True,
        "colorbar": {"title": {"text": "score"}, "thickness": 12},
        "opacity": 0.75,
    }
    traces = [
        _dots(points, "candidates", marker),
        _dots(
            kept,
            about,
            {"size": 12, "symbol": "circle-open", "color": "{ink}", "line": {"width": 2}},
        ),
    ]
    ranges = [
        _range([point[axis] for point in points], [point[axis] for point in kept])
        for axis in (1, 2)
    ]
    return figure(
        traces,
        x=x,
        y=y,
        height=380,
        hovermode="closest",
        xaxis={"range": ranges[0]},
        yaxis={"range": ranges[1]},
    )


def comparison_chart(
    groups: Mapping[str, tuple[NDArray[np.intp], NDArray[np.float64]]],
) -> Figure:
    """The best score so far of groups of runs, with the interval over their seeds.

    Args:
        groups: By name of the group, (p,) numbers of candidates and (r, p) best scores of its r
            runs until then; NaN where a run has ended or no body simulates.
    """
    traces: list[dict[str, Any]] = []
    for index, (name, (x, runs)) in enumerate(groups.items()):
        color = PALETTE[index % len(PALETTE)]
        middle, half = mean_interval(runs)
        if len(runs) >= LEAST_RUNS:
            low, high = _numbers(middle - half), _numbers(middle + half)
            traces.append(_line(x.tolist(), low, name, width=0, showlegend=False, hoverinfo="skip"))
            traces.append(
                {
                    **_line(x.tolist(), high, name, width=0, showlegend=False, hoverinfo="skip"),
                    "fill": "tonexty",
                    "fillcolor": _faint(color),
                }
            )
        label = name if len(runs) == 1 else f"{name} (mean of {len(runs)} seeds)"
        dash = ("solid", "dash", "dot", "dashdot")[index % 4]
        traces.append(_line(x.tolist(), _numbers(middle), label, color=color, width=2.5, dash=dash))
    return figure(traces, x="candidates", y="best score so far", height=380)


def mean_interval(
    runs: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean over runs, and half of its 95% interval by Student's t.

    Args:
        runs: (r, p) values of r runs.

    Returns:
        (p,) means, NaN where a run has no value, and (p,) halves; 0 for fewer than three runs,
        which say too little about the spread.

    Examples:
        >>> middle, half = mean_interval(np.array([[1.0], [2.0], [3.0]]))
        >>> middle.tolist(), half.round(2).tolist()
        ([2.0], [2.48])
    """
    middle = runs.mean(axis=0)
    if len(runs) < LEAST_RUNS:
        return middle, np.zeros_like(middle)
    return middle, t_quantile(len(runs) - 1) * runs.std(axis=0, ddof=1) / math.sqrt(len(runs))


def _line(
    x: Sequence[float],
    y: Sequence[float | None],
    name: str,
    *,
    color: str = "{soft}",
    width: float = 2.0,
    dash: str = "solid",
    **more: Any,
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": list(x),
        "y": list(y),
        "line": {"color": color, "width": width, "dash": dash},
        "hovertemplate": "%{y:,.4~g}",
        **more,
    }


def _dots(
    points: Sequence[tuple[int, float, float, float]], name: str, marker: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [point[1] for point in points],
        "y": [point[2] for point in points],
        "customdata": [[point[0], point[3]] for point in points],
        "hovertemplate": "candidate %{customdata[0]}: score %{customdata[1]:,.0f}<br>"
        "%{x:.3~g}, %{y:.3~g}<extra></extra>",
        "marker": dict(marker),
    }


def _range(values: Sequence[float], kept: Sequence[float]) -> list[float]:
    """The part of an axis that shows all kept values, and most of the others near them."""
    low, high = np.quantile(values or kept, MOST_OF_THEM).tolist()
    room = BEYOND * max(map(abs, kept))
    low, high = max(low, min(kept) - room), min(high, max(kept) + room)
    low, high = min(low, *kept), max(high, *kept)
    margin = 0.06 * (high - low) or 1.0
    return [low - margin, high + margin]


def _numbers(values: NDArray[np.float64]) -> list[float | None]:
    """Values with five digits, and None where JSON has no number."""
    return [float(f"{value:.5g}") if math.isfinite(value) else None for value in values.tolist()]


def _faint(color: str) -> str:
    red, green, blue = (int(color[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {BAND})"
