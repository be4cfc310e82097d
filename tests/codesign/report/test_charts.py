"""Charts are figures that Plotly accepts."""

from __future__ import annotations

import json
import re

import numpy as np
import plotly.graph_objects as go
import pytest

from codesign.pages import stylesheet
from codesign.report import charts
from codesign.report.history import Fitness, OperatorSuccess

CURVE = Fitness(
    candidates=np.array([2, 4]),
    best=np.array([np.nan, 3.0]),
    quartiles=np.array([[np.nan] * 3, [1.0, 2.0, 3.0]]),
)
ADAPTED = Fitness(
    candidates=np.array([2, 4, 6]),
    best=np.array([1.0, 5.0, 3.0]),
    quartiles=np.array([[0.5, 1.0, 2.0]] * 3),
    adapted=((4, 2.5),),
)
POINTS = [(0, 1.0, 2.0, 3.0), (1, 2.0, 1.0, 5.0), (2, 1.5, 1e9, 1.0)]
FIGURES = {
    "fitness": charts.fitness_chart(CURVE, [(3, 2.5)]),
    "adapted": charts.fitness_chart(ADAPTED, [(3, 7.5)]),
    "diversity": charts.diversity_chart([0, 1], [0.5, None], [0.1, 0.2]),
    "operators": charts.operators_chart([OperatorSuccess("gear", 10, 5, 0.2, 0.8)]),
    "front": charts.scatter_chart(POINTS, POINTS[:1], x="speed", y="mass", about="front"),
    "comparison": charts.comparison_chart(
        {
            "three": (np.array([1, 2]), np.array([[1.0, 2.0], [2.0, 3.0], [0.0, np.nan]])),
            "one": (np.array([1, 2]), np.array([[1.0, 2.0]])),
        }
    ),
}


def plain(value):
    """A figure in one theme, as the script of the page makes it."""
    if isinstance(value, str):
        return re.sub(r"^\{[a-z-]+\}$", "#123456", value)
    if isinstance(value, list):
        return [plain(one) for one in value]
    return {key: plain(one) for key, one in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize("name", FIGURES)
def test_plotly_accepts_the_figure(name):
    figure = plain(FIGURES[name])
    go.Figure(figure)
    json.dumps(figure, allow_nan=False)


@pytest.mark.parametrize("name", FIGURES)
def test_colors_of_the_theme_exist(name):
    names = set(re.findall(r'"\{([a-z-]+)\}"', json.dumps(FIGURES[name]))) - {"band"}
    assert names
    assert all(f"--{one}:" in stylesheet() for one in names)


def test_the_best_so_far_has_a_gap_and_a_line_where_the_controller_changed():
    traces = {trace["name"]: trace for trace in FIGURES["adapted"]["data"]}
    best, line = traces["best so far"], traces["an adapted controller from here on"]
    assert (best["x"], best["y"]) == ([2, 4, 4, 4, 6], [1.0, 5.0, None, 2.5, 3.0])
    assert (line["x"], line["y"]) == ([4, 4, 4], [0.5, 7.5, None])
    plain = [trace["name"] for trace in FIGURES["fitness"]["data"]]
    assert "an adapted controller from here on" not in plain


def test_an_outlier_does_not_hide_the_others():
    low, high = FIGURES["front"]["layout"]["yaxis"]["range"]
    assert low < 1.0
    assert high < 1e9


def test_two_runs_have_no_interval():
    middle, half = charts.mean_interval(np.array([[1.0], [3.0]]))
    assert (middle.tolist(), half.tolist()) == ([2.0], [0.0])
