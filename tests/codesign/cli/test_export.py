"""``codesign export`` and ``finetune``."""

from __future__ import annotations

import csv
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest

from codesign import campaign, config
from codesign.cli import main
from codesign.exporting import variants_of
from codesign.exporting.run_standalone import simulate
from codesign.store import RunFolder
from tests.codesign.exporting.conftest import HOPPING
from tests.helpers.formula_pool import FormulaPool


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "designs.csv").open() as file:
        return list(csv.DictReader(file))


def test_a_run_exports_its_best(run, small_run, tmp_path):
    run("export", small_run, "--top", 1, "--format", "json", "--out", tmp_path / "out")
    with closing(sqlite3.connect(small_run / "run.sqlite")) as database:
        [graph] = database.execute(
            "SELECT graph FROM candidates WHERE duplicate_of IS NULL ORDER BY score DESC LIMIT 1"
        ).fetchone()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "design-01",
        "designs.csv",
    ]
    design = tmp_path / "out" / "design-01"
    assert sorted(path.name for path in design.iterdir()) == [
        "README.md", "design-01.json", "design-01.record.json", "design-01.svg",
    ]  # fmt: skip
    [row] = table(tmp_path / "out")
    with RunFolder(small_run).database(read_only=True) as database:
        [best] = database.best(1)
    assert (row["design"], row["candidate"]) == ("design-01", str(best.number))
    assert best.reevaluation is not None
    assert float(row["score"]) == best.reevaluation.score
    assert json.loads((design / "design-01.json").read_text()) == json.loads(graph)
    record = json.loads((design / "design-01.record.json").read_text())
    assert record["candidate"]["number"] == best.number
    assert record["score"] == best.reevaluation.to_dict()
    assert record["settings"]["population"] == config.load(preset="tiny").population
    parents = record["candidate"]["parents"]
    assert set(parents) <= {ancestor["number"] for ancestor in record["ancestors"]}
    with np.load(small_run / "designs" / "design-01" / "design-01.npz") as net:
        assert len(net["qpos"]) == config.load(preset="tiny").reevaluation_episodes


def test_a_robot_exports_scene_body_and_network(run, bodies, tiny_controller, tmp_path):
    robot = bodies / "body-0000.json"
    run("export", robot, "--controller", tiny_controller, "--out", tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out" / "body-0000").iterdir()) == [
        "README.md", "body-0000.bare.xml", "body-0000.json", "body-0000.npz",
        "body-0000.record.json", "body-0000.svg", "body-0000.xml", "run_standalone.py",
    ]  # fmt: skip


def test_a_task_whose_rewards_the_script_does_not_know_is_named(
    bodies, tiny_controller, tmp_path, capsys
):
    robot, out = bodies / "body-0000.json", tmp_path / "out"
    options = ("--controller", tiny_controller, "--format", "mjcf,npz", "--task", HOPPING)
    with pytest.raises(SystemExit, match="0"):
        main(["export", str(robot), *map(str, options), "--out", str(out)])
    line = "run_standalone.py leaves out this task, as its rewards are code of its own"
    assert capsys.readouterr().err == f"{out / 'body-0000' / 'body-0000.world.xml'}: {line}\n"


BODY = """<body name="{0}" pos="0 0 0.5"><freejoint/><geom type="sphere" size="0.1"/>
<body name="{0}-leg"><joint name="{0}-hip" axis="0 1 0" range="-60 60"/>
<geom type="capsule" fromto="0 0 0 0 0 -0.3" size="0.04"/></body></body>"""
MOTOR = '<motor joint="{0}-hip" ctrlrange="-1 1" gear="100"/>'


def test_one_robot_of_several_in_a_file(run, refused, small_run, tmp_path):
    file, names = tmp_path / "two.xml", ("first", "second")
    bodies, motors = ("".join(map(text.format, names)) for text in (BODY, MOTOR))
    file.write_text(
        f"<mujoco><worldbody>{bodies}</worldbody><actuator>{motors}</actuator></mujoco>"
    )
    assert "--root" in refused("export", file, "--format", "json", "--out", tmp_path / "none")
    options = ("--format", "json", "--out", tmp_path / "one")
    run("export", file, "--root", "second", *options)
    written = json.loads((tmp_path / "one" / "two" / "two.json").read_text())
    assert "second-leg" in json.dumps(written)
    assert "first-leg" not in json.dumps(written)
    assert "root: applies to a file" in refused("export", small_run, "--root", "second", *options)


def test_format_all_is_every_format(run, small_run, bodies, tmp_path):
    pytest.importorskip("pyarrow", reason="parquet needs codesign[tables]")
    pytest.importorskip("onnx", reason="onnx needs codesign[onnx]")
    pytest.importorskip("manifold3d", reason="print needs codesign[print]")
    run("export", small_run, "--top", 1, "--format", "all", "--out", tmp_path / "run")
    endings = {path.suffix for path in (tmp_path / "run").rglob("*")}
    assert {".xml", ".json", ".npz", ".csv", ".parquet"} <= endings
    assert (tmp_path / "run" / "phylogeny.csv").exists()
    run("export", bodies / "body-0001.json", "--format", "all", "--out", tmp_path / "robot")
    assert {path.suffix for path in (tmp_path / "robot" / "body-0001").iterdir()} == {
        ".xml", ".json", ".graphml", ".npz", ".onnx", ".h", ".urdf", ".py", ".svg", ".md", ".csv",
        ".html", "",
    }  # fmt: skip
    assert (tmp_path / "robot" / "body-0001" / "body-0001-print" / "body-0001.3mf").is_file()


def test_settings_of_a_print(run, refused, bodies, tmp_path):
    pytest.importorskip("manifold3d", reason="print needs codesign[print]")
    command = ("export", bodies / "body-0000.json", "--out", tmp_path / "out")
    run(*command, "--format", "print", "--print", "scale=0.4", "--print", "text=false")
    assert (tmp_path / "out" / "body-0000" / "body-0000-print" / "torso-0.stl").is_file()
    for wrong, message in (
        ("scale=-1", "scale: expected a number above 0, got -1"),
        ("size=2", "no setting 'size'"),
        ("scale", "--print: expected key=value"),
    ):
        err = refused(*command[:-1], tmp_path / "no", "--format", "print", "--print", wrong)
        assert message in err
    err = refused(*command[:-1], tmp_path / "no", "--print", "scale=1")
    assert "applies to the formats print and assembly" in err
    err = refused(*command[:-1], tmp_path / "no", "--format", "print", "--print", "scale=0.01")
    assert "does not fit" in err
    assert not (tmp_path / "no").exists()


def test_a_run_on_a_task_of_own_code_exports_no_network(run, refused, tmp_path):
    """Nothing of that code is run."""
    settings = config.Settings(population=4, generations=0, task="no.such.module:task")
    folder = RunFolder.create(tmp_path / "other", settings)
    with folder.database() as database:
        campaign.run(settings, database=database, pool=FormulaPool())
    err = refused("export", folder.path, "--format", "npz", "--out", tmp_path / "out")
    assert "and the run's task is code: no.such.module:task" in err
    err = refused("finetune", folder.path, "--out", tmp_path / "out")
    assert "which is code: name it to say that you trust it" in err
    err = refused("export", folder.path, "--task", "csr", "--out", tmp_path / "out")
    assert "task: applies to fine-tuning; a run has its own task" in err
    listed = run("export", folder.path, "--out", tmp_path / "out")
    assert ".xml" in listed
    assert ".npz" not in listed


@pytest.mark.slow
@pytest.mark.parametrize("command", [["export", "--finetune", 2000], ["finetune", "--steps", 2000]])
def test_designs_are_finetuned_before_they_are_written(run, small_run, tmp_path, command):
    name, *steps = command
    shown = run(name, small_run, *steps, "--workers", 1, "--out", tmp_path / "out")
    rows = table(tmp_path / "out")
    with RunFolder(small_run).database(read_only=True) as database:
        scores = [body.reevaluation.score for body in database.best(len(rows)) if body.reevaluation]
    assert [float(row["score"]) for row in rows] == scores
    for row, before in zip(rows, scores, strict=True):
        after = float(row["finetuned_score"])
        line = (
            f"{row['design']}: score on flat {before:.1f}, after fine-tuning {after:.1f} from other"
        )
        assert line in shown
        distance = simulate(tmp_path / "out" / row["design"] / f"{row['design']}.xml")[0]
        assert distance.mean() / 0.02 == pytest.approx(after, rel=1e-6)


@pytest.mark.slow
def test_robots_are_finetuned_together(run, bodies, tiny_controller, tmp_path):
    robots = [bodies / "body-0000.json", bodies / "body-0001.json"]
    options = ["--controller", tiny_controller, "--episodes", 1, "--workers", 1]
    shown = run("finetune", *robots, "--steps", 1000, *options, "--out", tmp_path / "out")
    assert [row["design"] for row in table(tmp_path / "out")] == ["body-0000", "body-0001"]
    assert "body-0001: score " in shown


def test_a_folder_with_other_files_is_not_a_training(refused, small_run, tmp_path):
    (tmp_path / "out.finetuning").mkdir()
    (tmp_path / "out.finetuning" / "notes.txt").write_text("mine")
    err = refused("export", small_run, "--finetune", "9", "--out", tmp_path / "out")
    assert "out.finetuning is not the fine-tuning of these designs" in err
    assert (tmp_path / "out.finetuning" / "notes.txt").read_text() == "mine"


def test_an_interrupted_finetuning_says_how_to_continue(capsys, small_run, tmp_path, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("codesign.api.run.export_run", interrupt)
    with pytest.raises(SystemExit, match="130"):
        main(["export", str(small_run), "--finetune", "9", "--out", str(tmp_path / "out")])
    assert "interrupted; the same command continues the training" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="130"):
        main(["export", str(small_run), "--out", str(tmp_path / "out")])
    assert "interrupted; the same command writes the export from the" in capsys.readouterr().err


def test_a_run_without_designs_has_nothing_to_finetune(refused, tmp_path):
    folder = RunFolder.create(tmp_path / "run", config.Settings())
    err = refused("export", folder.path, "--finetune", "9", "--out", tmp_path / "out")
    assert "expected at least one design" in err


def test_designs_keep_the_variants_of_their_scores(small_run, tmp_path):
    rows = table(small_run / "designs")
    assert variants_of(small_run / "designs", "elsewhere/flat-v1.safetensors") == {}
    changed = tmp_path / "changed"
    copytree(small_run, changed)
    text = (changed / "designs" / "designs.csv").read_text()
    first, *rest = text.splitlines()
    column = first.split(",").index("variant")
    cells = [line.split(",") for line in rest]
    cells[0][column] = "3"
    lines = [first, *(",".join(line) for line in cells)]
    (changed / "designs" / "designs.csv").write_text("\n".join(lines))
    found = variants_of(changed / "designs", rows[0]["controller"])
    assert found == {row["design"]: 0 for row in rows} | {rows[0]["design"]: 3}
