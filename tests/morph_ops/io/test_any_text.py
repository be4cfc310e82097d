"""No text makes a reader fail with anything but a BodyError of one line."""

from __future__ import annotations

from collections.abc import Callable

import networkx as nx
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from morph_ops.errors import BodyError
from morph_ops.io import from_graphml, from_json, mjcf, to_graphml, to_json
from morph_ops.sampling import sample_body
from morph_ops.space import Space

Reader = Callable[[str], nx.DiGraph]

BODY = sample_body(np.random.default_rng(0), space=Space(start_limbs=(2, 2), max_limbs=2))
FORMATS: dict[str, tuple[Reader, str]] = {
    "json": (from_json, to_json(BODY)),
    "graphml": (from_graphml, to_graphml(BODY)),
    "mjcf": (mjcf.from_xml, mjcf.to_xml(BODY)),
}
NUMBERS = ("0", "-1", "1e999", "1e-320", "nan", "inf", "null", "true")
MARKUP = ("{}", "[]", "[[]]", '"', "<", ">", "</", "/>", "&amp;", "&x;", "<body/>", "<edge/>")
NAMES = ("", " ", "\0", "\ud800", "é", "torso/0", "limb/0", "world", "x y")
PIECES = st.sampled_from(NUMBERS + MARKUP + NAMES)
pytestmark = pytest.mark.filterwarnings("ignore:No key type:UserWarning")
quick = settings(derandomize=True, deadline=None, max_examples=60)


def read(reader: Reader, text: str) -> None:
    """Read a text; the reader may refuse it in one line, and nothing else."""
    message = ""
    try:
        reader(text)
    except BodyError as error:
        message = str(error)
    assert "\n" not in message


@pytest.mark.parametrize("name", FORMATS)
@quick
@given(text=st.text(max_size=40))
@example(text="\ud800")
def test_any_text_is_read_or_refused(name: str, text: str) -> None:
    read(FORMATS[name][0], text)


@pytest.mark.parametrize("name", FORMATS)
@quick
@given(data=st.data())
def test_any_change_of_a_file_is_read_or_refused(name: str, data: st.DataObject) -> None:
    reader, text = FORMATS[name]
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        length = data.draw(st.integers(0, 12))
        text = text[:start] + data.draw(PIECES) + text[start + length :]
    read(reader, text)


@pytest.mark.parametrize("name", FORMATS)
@quick
@given(data=st.data())
def test_any_change_of_a_value_is_read_or_refused(name: str, data: st.DataObject) -> None:
    reader, text = FORMATS[name]
    words = text.replace(",", " ").replace('"', " ").split()
    word = data.draw(st.sampled_from(words))
    read(reader, text.replace(word, data.draw(PIECES)))
