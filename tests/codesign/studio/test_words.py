"""Words for nodes, hinges and operators."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from codesign.studio.growing import add_limb
from codesign.studio.words import in_words, made_by, titles
from morph_ops.graph import node_names
from morph_ops.operators import OPERATORS
from morph_ops.sampling import sample_body


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("limb/3 would lie inside limb/12", "limb 3 would lie inside limb 12"),
        ("hinge 'limbx/4'", "hinge 'x of limb 4'"),
        ("torso/0, limb-2", "torso, limb 2"),
        ("climb/3 and limb/x stay", "climb/3 and limb/x stay"),
    ],
)
def test_names_become_words(text, words):
    assert in_words(text) == words


@pytest.mark.parametrize("seed", range(5))
def test_every_node_has_a_title_of_its_own(seed):
    body = sample_body(np.random.default_rng(seed))
    found = titles(body)
    assert list(found) == node_names(body)
    assert len(set(found.values())) == len(body)
    assert not any("/" in title for title in found.values())


def test_nodes_whose_words_are_alike_keep_their_names(body):
    more, new = add_limb(body, "torso/0", mirrored=False)
    assert titles(more)[new] == "limb 3 (middle)"
    alike = titles(nx.relabel_nodes(more, {new: "limb-0"}))
    assert (alike["limb/0"], alike["limb-0"]) == ("limb/0", "limb-0")


def test_every_operator_has_words():
    assert all("_" not in made_by([name]) for name in OPERATORS)
    assert made_by(["my_plugin", "gear"]) == "my plugin, other motors"
