"""Names in pictures: whole, apart from each other, beside what they name."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

from codesign.drawing import Label, Swept, colors_of, draw, node_labels, rest_state, solids_of
from codesign.drawing.labels import FONT_PX, LETTER
from morph_ops.sampling import sample_body

SVG = "{http://www.w3.org/2000/svg}"
SIZE = (320, 240)


def ball(x: float, z: float) -> Swept:
    return Swept(np.array([[x, 0.0, z]] * 2), 0.1)


def names_in(picture: str) -> dict[str, np.ndarray]:
    """(2, 2) corners of the box of each name."""
    found: dict[str, np.ndarray] = {}
    for text in ElementTree.fromstring(picture).iter(f"{SVG}text"):
        middle = np.array([float(text.get("x", 0)), float(text.get("y", 0)) - 0.35 * FONT_PX])
        half = np.array([LETTER * FONT_PX * len(text.text or ""), FONT_PX]) / 2.0
        found[text.text or ""] = np.stack([middle - half, middle + half])
    return found


@pytest.mark.parametrize("seed", range(4))
def test_names_of_a_body_are_whole_and_apart(seed):
    body = sample_body(np.random.default_rng(seed))
    model, data = rest_state(body)
    labels = node_labels(model, data, {name: name for name in colors_of(body)})
    solids = solids_of(model, data)
    assert len(labels) == len(body)
    boxes = list(names_in(draw(solids, size=SIZE, labels=labels)).values())
    assert len(boxes) == len(body)
    for place, one in enumerate(boxes):
        assert (one >= 0.0).all()
        assert (one <= SIZE).all()
        for other in boxes[:place]:
            assert not ((one[0] < other[1]) & (other[0] < one[1])).all()


def test_a_name_stands_beside_what_it_names():
    places = {"left": -0.5, "right": 0.5}
    solids = [ball(x, 0.5) for x in places.values()]
    labels = [Label(name, np.array([x, 0.0, 0.5])) for name, x in places.items()]
    found = names_in(draw(solids, size=SIZE, labels=labels))
    left, right = (found[name].mean(axis=0) for name in places)
    assert left[0] < SIZE[0] / 2 < right[0]


def test_a_name_without_room_is_left_out():
    labels = [Label(name, np.zeros(3)) for name in ("short", "far too long for this")]
    assert list(names_in(draw([ball(0.0, 0.1)], size=(90, 60), labels=labels))) == ["short"]


def test_names_are_text():
    label = Label("<b>&", np.zeros(3))
    assert "<b>&" in names_in(draw([ball(0.0, 0.1)], size=SIZE, labels=[label]))


def test_nodes_that_show_nothing_have_no_name():
    model, data = rest_state(sample_body(np.random.default_rng(0)))
    assert node_labels(model, data, {"nobody": "nobody"}) == []
