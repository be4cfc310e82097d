"""What a replay shows: robots, designs of runs, ancestors, and the same body before and after."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import codesign
from codesign.config import Settings
from codesign.errors import RunError, UsageError
from codesign.exporting import export_robot
from codesign.scoring import BodyScorer
from codesign.store import Candidate, RunFolder
from morph_ops.io.files import write_body
from morph_ops.sampling import sample_body

FILM = codesign.FilmSettings(size=(60, 60), stills=2)


def body_of(seed):
    return sample_body(np.random.default_rng(seed))


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out.svg"


@pytest.fixture(scope="module")
def lineage(tmp_path_factory, variant_controller):
    """A run in which each of 16 candidates is a child of the one before."""
    settings = Settings(population=2, controller=str(variant_controller), best_of=1)
    folder = RunFolder.create(tmp_path_factory.mktemp("runs") / "line", settings)
    score = BodyScorer(controller=variant_controller, episodes=1, seed=9)
    with folder.database() as database:
        for number in range(16):
            unscored = Candidate.unscored(
                body_of(number),
                number=number,
                generation=number,
                operator="grow_limb" if number else "sample",
                parents=(number - 1,) if number else (),
            )
            record = replace(score(unscored.graph, variant=number % 4), score=float(number))
            database.add(unscored.scored(record))
    return folder.path


def names(made):
    return [each.name for each in made.recordings]


def test_a_robot_moves_as_its_score_says(out, variant_controller, tmp_path):
    write_body(body_of(0), tmp_path / "robot.json")
    options: dict[str, Any] = {"controller": variant_controller, "seed": 3, "best_of": 2}
    made = codesign.write_replay(tmp_path / "robot.json", out, **options, film=FILM)
    [record] = codesign.score(tmp_path / "robot.json", episodes=1, **options)
    assert made.path == out
    assert made.recordings[0].name == "robot"
    assert made.recordings[0].score == pytest.approx(record.returns[0], rel=1e-9)


def test_a_variant_is_the_one_asked_for(out, variant_controller):
    scores = {
        variant: codesign.write_replay(
            body_of(1), out, controller=variant_controller, variant=variant, film=FILM
        ).recordings[0].score
        for variant in (0, 2)
    }  # fmt: skip
    assert scores[0] != scores[2]
    with pytest.raises(UsageError, match=r"variant: expected 0 .. 3, because the controller"):
        codesign.write_replay(body_of(1), out, controller=variant_controller, variant=4)


def test_an_exported_robot_moves_by_its_own_network(out, tmp_path, variant_controller):
    write_body(body_of(2), tmp_path / "robot.json")
    export_robot(
        tmp_path / "robot.json", tmp_path / "out", formats=["json", "npz"],
        controller=variant_controller, best_of=4,
    )  # fmt: skip
    file = tmp_path / "out" / "robot" / "robot.json"
    own = codesign.write_replay(file, out, film=FILM)
    assert own.recordings[0].note == "moves by the network in its .npz file"
    other = codesign.write_replay(file, out, controller=variant_controller, best_of=4, film=FILM)
    assert other.recordings[0].note == ""
    assert own.recordings[0].score == pytest.approx(other.recordings[0].score, rel=1e-3)


def test_a_run_shows_its_best_designs_with_their_variants(lineage, out):
    made = codesign.write_replay(lineage, out, film=FILM)
    assert names(made) == [f"design-{rank:02d}" for rank in range(1, 6)], "as reports show"
    assert made.recordings[0].note == "candidate 15, generation 15, by grow limb"
    run = codesign.load_run(lineage)
    first = run.candidate(15)
    again = BodyScorer(controller=run.settings.controller, episodes=1, seed=9)(
        first.graph, variant=first.variant
    )
    assert made.recordings[0].score == pytest.approx(again.score, rel=1e-9)
    assert len(codesign.write_replay(run, out, top=2, film=FILM).recordings) == 2


def test_several_runs_share_the_room(lineage, out):
    made = codesign.write_replay([lineage] * 3, out, film=FILM)
    assert names(made) == 3 * [f"line/design-{rank:02d}" for rank in range(1, 5)]


def test_ancestors_come_before_the_candidate_oldest_first(lineage, out):
    made = codesign.write_replay(lineage, out, candidate=3, ancestors=True, film=FILM)
    assert names(made) == [f"candidate {number}" for number in range(4)]
    assert made.recordings[0].note == "generation 0, a starting body"


def test_a_long_line_of_ancestors_is_thinned(lineage, out):
    made = codesign.write_replay(lineage, out, ancestors=True, film=FILM)
    assert len(made.recordings) == 12
    assert (names(made)[0], names(made)[-1]) == ("candidate 0", "candidate 15")


def test_one_candidate(lineage, out):
    assert names(codesign.write_replay(lineage, out, candidate=7, film=FILM)) == ["candidate 7"]


@pytest.mark.slow
def test_fine_tuning_shows_the_body_before_and_after(out, tiny_controller):
    made = codesign.write_replay(
        body_of(0), out, controller=tiny_controller, finetune=200, workers=1, film=FILM
    )
    assert names(made) == ["robot 0, before", "robot 0, fine-tuned"]
    assert made.recordings[1].note.startswith("mean score ")


def test_an_unstable_robot_is_left_out(out, tiny_controller, monkeypatch):
    from codesign.api import replays

    real = replays.record

    def unstable_first(graph, policy, *, name, **options):
        if name == "robot 0":
            raise RunError(f"{name}: no replay: its simulation is unstable")
        return real(graph, policy, name=name, **options)

    monkeypatch.setattr(replays, "record", unstable_first)
    bodies = [body_of(0), body_of(1)]
    made = codesign.write_replay(bodies, out, controller=tiny_controller, best_of=1, film=FILM)
    assert names(made) == ["robot 1"]
    assert "unstable" in made.left_out["robot 0"]
    with pytest.raises(RunError, match="robot 0: no replay"):
        codesign.write_replay(bodies[:1], out, controller=tiny_controller, best_of=1)


def test_a_robot_that_cannot_be_read_is_left_out(out, tmp_path, tiny_controller):
    write_body(body_of(0), tmp_path / "good.json")
    (tmp_path / "bad.json").write_text("{}")
    made = codesign.write_replay(tmp_path, out, controller=tiny_controller, best_of=1, film=FILM)
    assert names(made) == ["good"]
    assert list(made.left_out) == [str(tmp_path / "bad.json")]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"top": 13}, "a replay shows at most 12 robots, got 13: name fewer"),
        ({"top": 2, "ancestors": True}, "top: shows the best designs: leave out"),
        ({"candidate": 99}, "99"),
        ({"controller": "flat-v0"}, "controller, best_of, variant, root: apply to robots"),
        ({"seconds": (5.0, 2.0)}, "seconds: expected a beginning before the end"),
        ({"seconds": (900.0, 901.0)}, "seconds: expected a part of the"),
        ({"top": 0}, "top: expected at least 1"),
    ],
)
def test_options_that_do_not_fit_a_run_are_refused(lineage, out, options, message):
    with pytest.raises(UsageError, match=message):
        codesign.write_replay(lineage, out, **options)
    assert not out.exists()


def test_options_that_do_not_fit_robots_are_refused(out, lineage, tiny_controller):
    with pytest.raises(UsageError, match="top: applies to a run"):
        codesign.write_replay(body_of(0), out, top=3)
    with pytest.raises(UsageError, match="ancestors: applies to a single run, got 2 sources"):
        codesign.write_replay([lineage, body_of(0)], out, ancestors=True)
    with pytest.raises(UsageError, match="at least one robot or run"):
        codesign.write_replay([], out)
    with pytest.raises(UsageError, match="at most 12 robots, got 13"):
        codesign.write_replay([body_of(seed) for seed in range(13)], out)
    with pytest.raises(UsageError, match="at most 6 robots before and after, got 7"):
        codesign.write_replay(
            [body_of(seed) for seed in range(7)], out, finetune=100, best_of=1,
            controller=tiny_controller,
        )  # fmt: skip


def test_a_robot_is_not_overwritten(tmp_path):
    write_body(body_of(0), tmp_path / "robot.json")
    with pytest.raises(UsageError, match="expected a file that ends with"):
        codesign.write_replay(tmp_path / "robot.json", tmp_path / "robot.json")


def test_the_usual_file_of_a_run_is_in_its_folder(lineage):
    pytest.importorskip("viser", reason="needs codesign[studio]")
    made = codesign.write_replay(lineage, candidate=0)
    assert made.path == lineage / "replay.html"
    made.path.unlink()


def test_the_task_of_a_strangers_run_is_not_executed(lineage, out, tmp_path):
    import shutil

    stranger = tmp_path / "run"
    shutil.copytree(lineage, stranger)
    settings = (stranger / "settings.toml").read_text("utf-8")
    (stranger / "settings.toml").write_text(
        settings.replace('task = "flat"', 'task = "no_such_package.tasks:RUN"'), "utf-8"
    )
    with pytest.raises(UsageError, match="--allow-custom"):
        codesign.write_replay(stranger, out)
