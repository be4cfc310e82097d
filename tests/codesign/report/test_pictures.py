"""Pictures of a page: ids are unique, motion and gaits are those of the episode."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
import resvg_py

from codesign.replay import record
from codesign.report.pictures import Pictures, gait_diagram
from codesign.scoring import load_controller
from hyperdistill_core.tasks import get_task
from morph_ops.sampling import sample_body

BODY = sample_body(np.random.default_rng(3))


@pytest.fixture(scope="module")
def recording():
    task = get_task("flat")
    policy = load_controller("flat-v0").for_body(BODY, task.model(BODY))
    return record(BODY, policy, task=task, name="walker <1>")


def test_no_two_pictures_share_an_id(recording):
    pictures = Pictures()
    shown = [
        pictures.at_rest(BODY, title="a"),
        pictures.colored(BODY, dict.fromkeys(BODY, "#808080"), title="b", names={}),
        pictures.strobe(recording),
    ]
    pictures.thumbnail(BODY)
    pictures.moving(recording, title="c")
    shown.append(pictures.sprite())
    ids = [name for one in shown for name in re.findall(r'id="([^"]+)"', one)]
    assert len(ids) == len(set(ids)) > 10


def test_a_thumbnail_is_drawn_once():
    pictures = Pictures()
    other = sample_body(np.random.default_rng(4))
    first, again, different = map(pictures.thumbnail, (BODY, BODY, other))
    assert first == again != different
    assert pictures.sprite().count("<symbol") == 2


def test_motion_is_a_picture_with_several_poses(recording):
    picture = Pictures().strobe(recording)
    assert "walker &lt;1&gt; in motion" in picture
    at_rest = Pictures().at_rest(BODY, title="rest")
    assert picture.count("<path") > at_rest.count("<path")
    assert bytes(resvg_py.svg_to_bytes(svg_string=picture)).startswith(b"\x89PNG")


def test_a_body_that_hardly_moves_has_a_picture_too(recording):
    still = replace(recording, torso=np.zeros_like(recording.torso))
    assert Pictures().strobe(still).startswith("<svg")


def test_a_gait_has_a_row_for_each_node_that_touches_the_ground(recording):
    contacts = np.zeros_like(recording.contacts)
    contacts[::2, 1] = True
    diagram = gait_diagram(replace(recording, contacts=contacts))
    assert diagram.count('class="track"') == 1
    assert recording.nodes[1] in diagram
    assert diagram.count("fill=") > 20
    nothing = gait_diagram(replace(recording, contacts=np.zeros_like(contacts)))
    assert "Share of time on the ground: none" in nothing
