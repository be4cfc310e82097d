"""``codesign.score``: wrong numbers, and records in a console."""

import json
from typing import Any

import numpy as np
import pytest

import codesign
from codesign.errors import UsageError
from morph_ops.graph import Torso, new_body
from morph_ops.io import write_body
from morph_ops.sampling import sample_body


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("episodes", 0, "episodes: expected at least 1, got 0"),
        ("seed", -1, "seed: expected at least 0, got -1"),
        ("finetune", -5, "finetune: expected at least 0, got -5"),
        ("workers", -1, "workers: expected at least 0, got -1"),
    ],
)
def test_numbers_out_of_range(option, value, message):
    body = new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, mass=1.0))
    with pytest.raises(UsageError, match=message):
        codesign.score(body, **{option: value})


def test_a_record_is_short_in_a_console():
    record = codesign.ScoreRecord(
        robot="ant",
        hash="0",
        task="flat",
        controller="flat-v0",
        controller_hash="1",
        episodes=1,
        seed=0,
        score=3.0,
        ci95=(3.0, 3.0),
        returns=(3.0,),
        lengths=(10,),
        fell=(False,),
        terms={"forward": 3.0},
        speed=1.0,
        distance=2.0,
        metrics={"height": 1.0},
        duty_factors=(0.5,),
        warnings=(),
        status="ok",
        steps=10,
        seconds=0.1,
    )
    assert "score=3.0" in repr(record)
    assert "duty_factors" not in repr(record)


def test_a_robot_that_cannot_be_read_does_not_keep_others_from_their_scores(tmp_path):
    for name in ("b", "d"):
        write_body(sample_body(np.random.default_rng(1)), tmp_path / f"{name}.json")
    (tmp_path / "a.xml").write_text("<mujoco>")
    write_body(new_body(Torso(pos=(0.0, 0.0, 0.3), radius=0.1, mass=1.0)), tmp_path / "c.json")
    records = codesign.score(tmp_path, episodes=1, best_of=1)
    assert [record.status for record in records] == ["failed", "ok", "failed", "ok"]
    # A record names its robot once, in a field of its own.
    assert records[0].warnings[0].startswith("broken XML")
    assert records[2].warnings[0] == "expected a robot with at least one joint, got a torso alone"
    assert [record.robot.split("/")[-1] for record in records] == [
        "a.xml",
        "b.json",
        "c.json",
        "d.json",
    ]
    assert records[1].returns == records[3].returns
    assert records[0].controller_hash == records[1].controller_hash


def test_integers_of_numpy_are_integers():
    body = sample_body(np.random.default_rng(1))
    numbers: dict[str, Any] = {"episodes": np.int64(1), "seed": np.int32(2), "best_of": 1}
    own = codesign.score(body, controller="flat-v0", **numbers)
    plain = codesign.score(body, controller="flat-v0", episodes=1, seed=2, best_of=1)
    assert own.returns == plain.returns
    assert codesign.ScoreRecord.from_dict(json.loads(json.dumps(own.to_dict()))) == own
