"""Every format keeps every digit, name, and order of any body."""

from __future__ import annotations

import networkx as nx
from hypothesis import given, settings

from morph_ops.identity import is_same
from morph_ops.io import from_graphml, from_json, mjcf, to_graphml, to_json
from tests.morph_ops.bodies import any_bodies, foreign_bodies, sampled_bodies

quick = settings(derandomize=True, deadline=None, max_examples=30)


@quick
@given(any_bodies() | foreign_bodies())
def test_json_is_exact(graph: nx.DiGraph) -> None:
    assert is_same(from_json(to_json(graph)), graph)


@quick
@given(any_bodies() | foreign_bodies())
def test_graphml_is_exact(graph: nx.DiGraph) -> None:
    assert is_same(from_graphml(to_graphml(graph)), graph)


@quick
@given(any_bodies() | foreign_bodies() | sampled_bodies())
def test_mjcf_is_exact(graph: nx.DiGraph) -> None:
    assert is_same(mjcf.from_xml(mjcf.to_xml(graph)), graph)
    assert is_same(mjcf.from_xml(mjcf.to_xml(graph, scene=True)), graph)
