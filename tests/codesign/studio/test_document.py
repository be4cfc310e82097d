"""The history of a design."""

from __future__ import annotations

import numpy as np
import pytest

from codesign.studio.document import MOST_STEPS, Document
from codesign.studio.editing import remove_limb, set_length
from morph_ops.graph import root
from morph_ops.sampling import sample_body


@pytest.fixture
def design():
    return Document.of(sample_body(np.random.default_rng(11)), name="walker")


def test_undo_and_redo_go_back_and_forth(design):
    longer = design.edited(set_length(design.graph, "limb/0", 0.2), what="length")
    assert longer.undone().graph is design.graph
    assert longer.undone().redone().graph is longer.graph
    assert design.undone() is design
    assert longer.redone() is longer


def test_an_edit_after_an_undo_ends_the_future(design):
    first = design.edited(set_length(design.graph, "limb/0", 0.2))
    other = first.undone().edited(set_length(design.graph, "limb/0", 0.4))
    assert other.future == ()
    assert other.undone().graph is design.graph


def test_a_drag_of_a_slider_is_one_step(design):
    dragged = design
    for length in (0.2, 0.3, 0.4):
        graph = set_length(dragged.graph, "limb/1", length)
        dragged = dragged.edited(graph, what="length of limb/1", merge=True)
    assert dragged.undone().graph is design.graph


def test_edits_of_other_things_are_steps_of_their_own(design):
    graph = set_length(design.graph, "limb/1", 0.4)
    first = design.edited(graph, what="length of limb/1", merge=True)
    second = first.edited(graph, what="gear of limb/1", merge=True)
    assert second.undone().graph is first.graph
    assert second.undone().undone().graph is design.graph


def test_reset_is_the_design_as_it_was_opened_and_can_be_undone(design):
    longer = design.edited(set_length(design.graph, "limb/0", 0.2))
    other = longer.saved_now().edited(set_length(design.graph, "limb/1", 0.4))
    again = other.reset()
    assert again.graph is design.graph
    assert again.undone().graph is other.graph
    assert other.can_reset
    assert not again.can_reset
    assert again.reset() is again


def test_opening_another_design_can_be_undone(design):
    mine = design.edited(set_length(design.graph, "limb/0", 0.2)).renamed("mine")
    other = mine.replaced(sample_body(np.random.default_rng(3)), name="other")
    assert (other.name, other.can_reset, other.is_changed) == ("other", False, False)
    back = other.undone()
    assert (back.name, back.graph, back.opened) == ("mine", mine.graph, design.graph)
    assert back.undone().name == "mine"
    assert (back.redone().name, back.redone().graph) == ("other", other.graph)


def test_a_selected_limb_that_goes_leaves_the_torso_selected(design):
    chosen = design.selecting("limb/1")
    gone = chosen.edited(remove_limb(chosen.graph, "limb/1"))
    assert gone.selected == root(gone.graph)
    assert design.selecting("no such limb").selected == "torso/0"


def test_neighbors_go_around_the_body(design):
    names = []
    for _ in range(5):
        names.append(design.selected)
        design = design.neighbor(1)
    assert names == ["torso/0", "limb/0", "limb/1", "limb/2", "torso/0"]
    assert design.neighbor(-1).selected == "torso/0"


def test_changed_means_another_body_than_the_saved_one(design):
    assert not design.is_changed
    changed = design.edited(set_length(design.graph, "limb/0", 0.2))
    assert changed.is_changed
    assert not changed.saved_now().is_changed
    assert not changed.undone().is_changed


def test_the_history_is_bounded(design):
    for index in range(MOST_STEPS + 5):
        design = design.edited(design.graph, what=str(index))
    assert len(design.past) == MOST_STEPS
