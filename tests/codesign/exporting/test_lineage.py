"""The family tree of a run, as a graph and as a table."""

from __future__ import annotations

import csv
import json
import sqlite3
from contextlib import closing
from typing import Any

import networkx as nx

from codesign.config import Settings
from codesign.exporting import phylogeny
from codesign.store import RunFolder
from codesign.store.folder import DATABASE
from tests.helpers.commands import call
from tests.helpers.small_run import fill_run


def test_the_family_tree_has_an_edge_from_each_parent(small_run):
    tree = phylogeny(small_run.path)
    assert sorted(tree.edges) == [(0, 2), (0, 4), (1, 3), (2, 3), (3, 4), (3, 5)]
    assert list(tree.predecessors(3)) == [2, 1]
    assert tree.nodes[3]["score"] == 3.1
    assert tree.nodes[3]["taxon_label"] == "candidate-00003"
    # 0 and 1 are kept at first, 3 and 4 never, 2 and 5 to the last.
    ends = {number: known["destruction_time"] for number, known in tree.nodes.items()}
    assert ends == {0: 2, 1: 1, 2: None, 3: 1, 4: 2, 5: None}
    assert [known["origin_time"] for _, known in tree.nodes.items()] == [0, 0, 1, 1, 2, 2]


def test_without_membership_no_end_is_known(tmp_path):
    folder = RunFolder.create(tmp_path / "run", Settings())
    fill_run(folder)
    with closing(sqlite3.connect(folder.path / DATABASE)) as plain, plain:
        plain.execute("DELETE FROM membership")
    ends = nx.get_node_attributes(phylogeny(folder.path), "destruction_time")
    assert set(ends.values()) == {None}


def test_the_phylogeny_file_is_the_family_tree(small_run, capsys, tmp_path):
    out = tmp_path / "out"
    assert call(capsys, "export", small_run.path, "--format", "phylogeny", "--out", out)[0] == 0
    tree = nx.DiGraph()
    numbers = {"origin_time", "destruction_time", "generation", "duplicate_of", "variant"}
    with (out / "phylogeny.csv").open() as file:
        for row in csv.DictReader(file):
            number, ancestors = int(row.pop("id")), row.pop("ancestor_list")
            known: dict[str, Any] = {
                name: (int(text) if name in numbers else text) if text else None
                for name, text in row.items()
            }
            known["score"] = float(known["score"])
            tree.add_node(number, number=number, **known)
            parents = [] if ancestors == "[none]" else json.loads(ancestors)
            tree.add_edges_from((parent, number) for parent in parents)
    expected = phylogeny(small_run.path)
    assert dict(tree.nodes) == dict(expected.nodes)
    assert list(tree.edges) == list(expected.edges)
