"""Commands that end well."""

import csv
import json
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest
from formula_pool import CutOffError, FormulaPool

from codesign import campaign as campaign_module
from codesign import config
from codesign.cli import main
from codesign.interrupts import deferred_interrupts
from codesign.exporting import variants_of
from codesign.exporting.run_design import simulate
from codesign.store import Event, RunFolder


@pytest.fixture
def run(capsys):
    def call(*arguments):
        with pytest.raises(SystemExit, match=r"\d") as ended:
            main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert ended.value.code == 0, err
        return out

    return call


@pytest.fixture(scope="module")
def bodies(tmp_path_factory):
    out = tmp_path_factory.mktemp("sampled") / "bodies"
    with pytest.raises(SystemExit, match="0"):
        main(["sample", "-n", "3", "--seed", "4", "--out", str(out)])
    return out


@pytest.fixture(scope="module")
def campaign(tmp_path_factory, tiny_controller):
    out = tmp_path_factory.mktemp("runs") / "small"
    with pytest.raises(SystemExit, match="0"):
        main(
            [
                *("evolve", "--preset", "tiny", "--set", "episodes=1", "--workers", "1"),
                *("--set", f"controller={tiny_controller}", "--out", str(out)),
            ]
        )
    return out


def test_samples_depend_on_the_seed_alone(run, bodies, tmp_path):
    run("sample", "-n", 3, "--seed", 4, "--out", tmp_path / "same")
    run("sample", "-n", 3, "--seed", 5, "--out", tmp_path / "other")
    names = sorted(path.name for path in bodies.iterdir())
    assert names == ["body-0000.json", "body-0001.json", "body-0002.json"]
    texts = [(bodies / name).read_text() for name in names]
    assert [(tmp_path / "same" / name).read_text() for name in names] == texts
    assert [(tmp_path / "other" / name).read_text() for name in names] != texts


def test_convert_there_and_back(run, bodies, tmp_path):
    source = bodies / "body-0001.json"
    run("convert", source, tmp_path / "it.xml")
    run("convert", tmp_path / "it.xml", tmp_path / "it.json")
    assert (tmp_path / "it.json").read_text() == source.read_text()


def test_inspect_draws_every_body_and_joint(run, bodies):
    body = json.loads((bodies / "body-0001.json").read_text())
    out = run("inspect", bodies / "body-0001.json")
    for part in body["bodies"]:
        assert part["name"] in out
    assert f"{len(body['bodies'])} bodies" in out
    assert "a valid UNIMAL body" in out


def test_score_json_is_all_that_stdout_holds(run, bodies, tiny_controller, tmp_path):
    files = [bodies / "body-0002.json", bodies / "body-0000.json"]
    options = ["--controller", tiny_controller, "--episodes", 2, "--seed", 9, "--workers", 1]
    records = json.loads(run("score", *files, *options, "--json", "-"))
    assert [record["robot"] for record in records] == [str(file) for file in files]
    for record in records:
        assert (record["episodes"], record["seed"], record["status"]) == (2, 9, "ok")
        assert len(record["returns"]) == 2
    assert "body-0002" in run("score", *files, *options, "--json", tmp_path / "scores.json")
    again = json.loads((tmp_path / "scores.json").read_text())
    assert [r["returns"] for r in again] == [r["returns"] for r in records]


def test_the_best_robots_of_a_folder(run, bodies, tiny_controller):
    files = sorted(bodies.iterdir())
    options = ["--controller", tiny_controller, "--episodes", 2, "--workers", 1, "--top", 1]
    records = json.loads(run("score", *files, *options, "--json", "-"))
    assert [record["robot"] for record in records] == [str(file) for file in files]
    table = run("score", bodies, *options)
    pruned = sum(record["status"] == "pruned" for record in records)
    assert f"{pruned} of {len(files)} robots were given up early" in table
    best = max((r for r in records if r["status"] == "ok"), key=lambda record: record["score"])
    shown = [file.name for file in files if file.name in table]
    assert shown == [Path(best["robot"]).name]


def test_names_of_robots_are_no_markup(run, bodies, tiny_controller, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    robot = Path("[b]ünï.json")
    robot.write_text((bodies / "body-0000.json").read_text())
    options = ["--controller", tiny_controller, "--episodes", 1, "--workers", 1]
    assert "[b]ünï.json" in run("score", robot, *options)


def test_a_campaign_can_be_looked_at(run, campaign):
    status = run("status", campaign)
    assert "12 of 12 candidates" in status
    assert "finished" in status
    assert "small" in run("runs", "--in", campaign.parent)
    options = ("--controller", "flat-v0", "--episodes", 1, "--workers", 0)
    assert "design-01.json" in run("score", campaign, *options)
    # A finished run resumes to the same tables without work.
    assert "Best designs" in run("evolve", "--resume", campaign)


def test_a_run_goes_on_with_the_settings_that_it_began_with(capsys, campaign, tmp_path):
    out = tmp_path / "edited"
    copytree(campaign, out)
    settings = (out / "settings.toml").read_text()
    (out / "settings.toml").write_text(settings.replace("generations = 2", "generations = 3"))
    with pytest.raises(SystemExit, match="2"):
        main(["evolve", "--resume", str(out)])
    assert "generations: expected 2, which the run began with, got 3" in capsys.readouterr().err
    (out / "settings.toml").write_text(settings.replace("top = 2", "top = 1"))
    with pytest.raises(SystemExit, match="0"):
        main(["evolve", "--resume", str(out), "--workers", "0"])
    assert not list(out.glob("designs/design-02*"))


def test_a_run_whose_finalists_wait_is_not_finished(run, tmp_path):
    settings = config.build({"population": 4, "generations": 1, "finalists": 3, "top": 1})
    folder = RunFolder.create(tmp_path / "runs" / "cut", settings)
    with folder.database() as database, pytest.raises(CutOffError):
        campaign_module.run(settings, database=database, pool=FormulaPool(answers=9))
    status = run("status", folder.path)
    assert "cut: interrupted" in status
    assert "8 of 8 candidates" in status
    assert "finalists to be scored again: 2" in status
    assert "interrupted" in run("runs", "--in", folder.path.parent)
    with folder.database() as database:
        campaign_module.run(settings, database=database, pool=FormulaPool())
    status = run("status", folder.path)
    assert "cut: finished" in status
    assert "finalists to be" not in status


def test_a_design_is_scored_under_its_variant(run, bodies, variant_controller):
    robot = bodies / "body-0000.json"
    options = ["--controller", variant_controller, "--episodes", 2, "--workers", 0, "--json", "-"]
    plain, *others = (
        json.loads(run("score", robot, *options, *more))[0]
        for more in (["--best-of", 1], ["--variant", 3], ["--variant", 0])
    )
    assert [record["variant"] for record in (plain, *others)] == [0, 3, 0]
    assert others[0]["returns"] != plain["returns"]
    assert others[1]["returns"] == plain["returns"]


def test_of_a_robot_all_variants_are_tried_unless_many_race(
    run, bodies, variant_controller, tmp_path
):
    robot, controller = bodies / "body-0002.json", ["--controller", variant_controller]
    options = [robot, *controller, "--episodes", 2, "--workers", 0, "--json", "-"]
    usual, all_four, alone, raced = (
        json.loads(run("score", *options, *more))[0]
        for more in ([], ["--best-of", 4], ["--best-of", 1], ["--top", 1])
    )
    assert usual["returns"] == all_four["returns"]
    assert usual["variant"] == all_four["variant"] > 0
    assert (raced["returns"], raced["variant"]) == (alone["returns"], 0)
    run("export", robot, *controller, "--out", tmp_path / "out")
    with np.load(tmp_path / "out" / "body-0002.npz") as net:
        assert net["variant"] == usual["variant"]


def test_export_of_a_run_is_its_best(run, campaign, tmp_path):
    run("export", campaign, "--top", 1, "--format", "json", "--out", tmp_path / "out")
    with closing(sqlite3.connect(campaign / "run.sqlite")) as database:
        [graph] = database.execute(
            "SELECT graph FROM candidates WHERE duplicate_of IS NULL ORDER BY score DESC LIMIT 1"
        ).fetchone()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "design-01.json",
        "designs.csv",
    ]
    with (tmp_path / "out" / "designs.csv").open() as file:
        [told] = csv.DictReader(file)
    with RunFolder(campaign).database(read_only=True) as database:
        [best] = database.best(1)
    assert (told["design"], told["candidate"]) == ("design-01", str(best.number))
    assert float(told["score"]) == best.reevaluation.score
    assert json.loads((tmp_path / "out" / "design-01.json").read_text()) == json.loads(graph)
    with np.load(campaign / "designs" / "design-01.npz") as net:
        assert len(net["qpos"]) == config.load(preset="tiny").reevaluation_episodes


@pytest.mark.slow
def test_designs_learn_on_before_they_are_written(run, campaign, tmp_path):
    said = run("export", campaign, "--train", 2000, "--workers", 1, "--out", tmp_path / "out")
    with (tmp_path / "out" / "designs.csv").open() as file:
        rows = list(csv.DictReader(file))
    with RunFolder(campaign).database(read_only=True) as database:
        finals = [body.reevaluation.score for body in database.best(len(rows))]
    assert [float(row["score"]) for row in rows] == finals
    for row, before in zip(rows, finals, strict=True):
        after = float(row["trained_score"])
        assert f"{row['design']}: score {before:.1f}, after training {after:.1f} from other" in said
        way = simulate(tmp_path / "out" / f"{row['design']}.xml")[0]
        assert way.mean() / 0.02 == pytest.approx(after, rel=1e-6)


def test_a_folder_that_is_no_training_is_left_alone(capsys, campaign, tmp_path):
    (tmp_path / "out.training").mkdir()
    (tmp_path / "out.training" / "notes.txt").write_text("mine")
    with pytest.raises(SystemExit, match="2"):
        main(["export", str(campaign), "--train", "9", "--out", str(tmp_path / "out")])
    assert "out.training is not the training of these designs" in capsys.readouterr().err
    assert (tmp_path / "out.training" / "notes.txt").read_text() == "mine"


def test_a_training_that_is_interrupted_says_how_to_go_on(capsys, campaign, tmp_path, monkeypatch):
    def interrupt(*_, training, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("codesign.exporting.export_run", interrupt)
    with pytest.raises(SystemExit, match="130"):
        main(["export", str(campaign), "--train", "9", "--out", str(tmp_path / "out")])
    assert "interrupted; the same command goes on" in capsys.readouterr().err


def test_a_run_with_nothing_to_train_says_so(capsys, tmp_path):
    folder = RunFolder.create(tmp_path / "run", config.build({}))
    with pytest.raises(SystemExit, match="2"):
        main(["export", str(folder.path), "--train", "9", "--out", str(tmp_path / "out")])
    assert "expected a body with a network to train, got none" in capsys.readouterr().err


def test_a_list_of_designs_tells_their_variants(campaign, tmp_path):
    with (campaign / "designs" / "designs.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert variants_of(campaign / "designs", "elsewhere/flat-v1.safetensors") == {}
    changed = tmp_path / "changed"
    copytree(campaign, changed)
    text = (changed / "designs" / "designs.csv").read_text()
    first, *rest = text.splitlines()
    column = first.split(",").index("variant")
    cells = [line.split(",") for line in rest]
    cells[0][column] = "3"
    lines = [first, *(",".join(line) for line in cells)]
    (changed / "designs" / "designs.csv").write_text("\n".join(lines))
    found = variants_of(changed / "designs", rows[0]["controller"])
    assert found == {row["design"]: 0 for row in rows} | {rows[0]["design"]: 3}


def test_a_log_has_a_line_a_generation(run, tiny_controller, tmp_path):
    options = ["--preset", "tiny", "--set", f"controller={tiny_controller}", "--workers", 0]
    said = run("evolve", *options, "--set", "episodes=1", "--out", tmp_path / "run")
    told = [line.split(" ", 1)[1] for line in said.splitlines() if " generation " in line[:20]]
    with RunFolder(tmp_path / "run").database(read_only=True) as database:
        assert told == [event.message for event in database.events("generation")]


def test_designs_of_several_objectives_say_what_each_has(run, tmp_path):
    own = {"algorithm": "nsga2", "objectives": ["score", "mass"], "reevaluation_episodes": 0, "top": 3}
    settings = config.build({"population": 8, "generations": 1, **own})
    folder = RunFolder.create(tmp_path / "run", settings)
    with folder.database() as database:
        campaign_module.run(settings, database=database, pool=FormulaPool())
        masses = [body.result.metrics["mass"] for body in database.best(settings.top)]
    assert f"mass: {', '.join(f'{mass:.3g}' for mass in masses)}" in run("status", folder.path)
    run("export", folder.path, "--format", "json", "--out", tmp_path / "out")
    with (tmp_path / "out" / "designs.csv").open() as file:
        assert [float(row["trait_mass"]) for row in csv.DictReader(file)] == masses


def test_a_run_that_failed_says_so(run, campaign, tmp_path):
    out = tmp_path / "failed"
    copytree(campaign, out)
    with RunFolder(out).database() as database:
        database.add_event(Event(kind="failed", message="mine:toes gave nan"))
    with closing(sqlite3.connect(out / "run.sqlite")) as database, database:
        database.execute("DELETE FROM finals")
    assert "failed: failed: mine:toes gave nan" in run("status", out)
    assert "failed" in run("runs", "--in", tmp_path)
    with pytest.raises(SystemExit, match="0"):
        main(["evolve", "--resume", str(out), "--workers", "0"])
    assert "finished" in run("status", out)


def test_networks_are_of_runs_on_flat_ground(run, capsys, tmp_path):
    settings = config.build({"population": 4, "generations": 0, "task": "flat-reference"})
    folder = RunFolder.create(tmp_path / "other", settings)
    with folder.database() as database:
        campaign_module.run(settings, database=database, pool=FormulaPool())
    with pytest.raises(SystemExit, match="2"):
        main(["export", str(folder.path), "--format", "npz", "--out", str(tmp_path / "out")])
    assert "no npz: run_design.py runs on flat ground" in capsys.readouterr().err
    listed = run("export", folder.path, "--out", tmp_path / "out")
    assert ".xml" in listed
    assert ".npz" not in listed


def test_export_of_a_robot(run, bodies, tiny_controller, tmp_path):
    robot = bodies / "body-0000.json"
    run("export", robot, "--controller", tiny_controller, "--out", tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "body-0000.json", "body-0000.npz", "body-0000.xml", "run_design.py",
    ]  # fmt: skip


def test_controller_info(run, tiny_controller):
    out = run("controller", "info", tiny_controller)
    assert "task flat, context continuous" in out
    assert "networks of 2 x 16" in out


def test_ctrl_c_waits_for_what_must_not_be_cut():
    done = []

    def work():
        with deferred_interrupts():
            signal.raise_signal(signal.SIGINT)
            done.append(1)

    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        work()
    assert done == [1]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
