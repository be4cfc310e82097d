"""Wrong input: one line that helps, exit code 2, nothing left behind."""

import json
import re
import subprocess
import sys

import pytest

from codesign import config
from codesign.cli import main
from codesign.store import RunFolder

TORSO = '<geom name="t" type="sphere" size="0.1"/>'
BALL = '<geom type="sphere" size="0.1"/>'
LEG = '<joint name="j" type="hinge" range="-30 30"/>'


def mjcf_file(body: str, rest: str = "") -> str:
    return f'<mujoco><compiler angle="degree"/><worldbody>{body}</worldbody>{rest}</mujoco>'


FILES = {
    "broken.xml": "<mujoco><worldbody>",
    "no_root.xml": mjcf_file(f'<body name="torso">{TORSO}</body>'),
    "torso.xml": mjcf_file(f'<body name="torso"><freejoint/>{TORSO}</body>'),
    "two_roots.xml": mjcf_file(
        f'<body name="a"><freejoint/>{TORSO}</body><body name="b"><freejoint/>{BALL}</body>'
    ),
    "bare_limb.xml": mjcf_file(
        f'<body name="torso"><freejoint/>{TORSO}<body name="limb">{LEG}</body></body>',
        '<actuator><motor name="j" joint="j" ctrlrange="-1 1"/></actuator>',
    ),
    "future.json": json.dumps({"format": "codesign-body", "version": 999}),
    "broken.json": "{",
    "list.json": "[]",
    "nan.json": '{"format": NaN}',
    "endless.json": '{"format": ' + "9" * 5000 + "}",
    "robot.stl": "solid",
    "bad.toml": "population = = 3",
    "negative.toml": "population = -3",
    "unknown.toml": "populaton = 3",
    "rates.toml": "rates = 3",
}


@pytest.fixture
def inputs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thing").touch()
    (tmp_path / "empty").mkdir()
    return tmp_path


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit, match=r"\d|None") as ended:
        main(list(arguments))
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("inspect none.xml", "none.xml: no such file"),
        ("inspect broken.xml", "broken.xml: broken XML"),
        ("inspect no_root.xml", "a world in which nothing moves"),
        ("inspect two_roots.xml", "expected one robot, got 2: a, b; .*--root NAME"),
        ("inspect bare_limb.xml", "mass and inertia of moving bodies .* 'limb'"),
        ("inspect future.json", "future.json: expected version 1 .*999"),
        ("inspect broken.json", "broken.json"),
        ("inspect list.json", "list.json"),
        ("inspect nan.json", "nan.json: expected finite numbers, got NaN"),
        ("inspect endless.json", "endless.json: broken JSON: .*4300 digits"),
        ("inspect robot.stl", "no body format has the extension '.stl'"),
        ("score none.xml", "none.xml: no such file"),
        ("score broken.xml --json -", "broken.xml: broken XML"),
        ("score none.xml --episodes 0", "episodes"),
        ("score none.xml --json empty", "empty: cannot be written .*folder"),
        ("score none.xml --json none/out.json", "none/out.json: cannot be written .*no folder"),
        (
            "score broken.xml torso.xml",
            "2 of 2 robots cannot be scored: .* broken XML.*; torso.xml: expected",
        ),
        ("score empty", "empty: no robots .* in this folder"),
        ("convert two_roots.xml out.json", "expected one robot, got 2"),
        ("evolve --preset quickstrat", "did you mean 'quickstart'"),
        ("evolve bad.toml", "bad.toml is not valid TOML"),
        ("evolve negative.toml", "negative.toml: population: .*got -3"),
        (
            "evolve negative.toml --set episodes=0",
            "negative.toml: population: .*; episodes: .*got 0",
        ),
        ("evolve unknown.toml", "unknown.toml: no setting .*did you mean 'population'"),
        ("evolve none.toml", "none.toml: no such file"),
        (
            "evolve --set start=none",
            "start: expected a robot, a folder of robots, or a run, got .*none",
        ),
        ("evolve --set start=empty", "empty: no robots .* in this folder"),
        ("evolve --set locked=['limb/0']", "locked: expected the robots with these limbs in start"),
        ("evolve --set limits.mas=3", "no setting '.*mas': did you mean '.*mass'"),
        ("evolve --set limits.mass=-3", "limits.mass: .*got -3"),
        ("evolve --set stop.minuts=3", "did you mean 'minutes'"),
        (
            "evolve --set algorithm=nothing:Here",
            "cannot import nothing",
        ),
        ("evolve --set limits.mass=0.1 --workers 1", "limits: none of 5 sampled bodies"),
        ("evolve --resume empty --dry-run", "--resume continues with the settings of the run"),
        ("evolve rates.toml", "rates: expected a table.*, got 3"),
        ("evolve --set population=-3", "population: .*got -3"),
        ("evolve --set populaton=3", "did you mean 'population'"),
        ("evolve --set task=falt", "no task 'falt': did you mean 'flat'"),
        ("evolve --set workers=1 --set controller=none-v9", "none-v9"),
        ("controller info none-v9", "no controller 'none-v9'"),
        ("controller evaluate none-v9 --split sampled=1", "no controller 'none-v9'"),
        (
            "score none.xml --controller flat-v0 --variant 3",
            r"variant: expected 0 \.\. 0,.*got 3",
        ),
        (
            "controller evaluate flat-v0 --split sampled=1 --best-of 2",
            r"best_of: expected 1 \.\. 1,",
        ),
        ("evolve --set controller=flat-v0 --set workers=1 --set best_of=2", r"expected 1 \.\. 1,"),
        ("evolve --seed -1", "seed: .*got -1"),
        ("evolve --workers -1", "workers: .*got -1"),
        ("evolve --out full", "full exists and is not empty"),
        ("evolve --out broken.xml", "broken.xml is a file"),
        ("evolve --resume empty", "empty is not a run folder"),
        ("evolve --resume full --seed 3", "--resume continues with the settings of the run"),
        ("status none", "none is not a run folder"),
        ("status full", "full is not a run folder"),
        ("export full --out new", "full is not a run folder"),
        ("export broken.xml --out new", "broken XML"),
        ("export full --best-of 2 --out new", "best_of: applies to a robot"),
        ("export none.xml --out new", "none.xml: no such run or robot"),
        ("export list.json --top 2 --out new", "top: applies to a run"),
        ("export empty --controller flat-v0 --out new", "controller: applies to a robot"),
        ("export list.json --finetune 9 --format mjcf --out new", "finetune: trains networks"),
        ("export torso.xml --finetune 9 --out new", "torso.xml: expected a robot"),
        ("export list.json --workers 2 --out new", "workers: applies to fine-tuning"),
        ("runs --in none", "--in: expected a folder of runs, got none"),
        ("score list.json --json list.json", "list.json is a robot to score"),
        ("score torso.xml", "torso.xml: expected a robot"),
        ("convert list.json list.json", "list.json is the robot itself"),
        ("convert list.json torso.xml", "torso.xml exists: delete it or choose another file"),
        ("inspect empty", "empty: expected a robot file .*, got a folder"),
        (
            "controller training-set --robots none --out new.jsonl",
            "none: expected a folder of robots",
        ),
        ("export none.xml --format mjfc --out new", "no format 'mjfc': did you mean 'mjcf'"),
        ("sample -n 2", "--out"),
        ("sample -n 0 --out new", "0"),
        ("sample -n 2 --out full", "full exists and is not empty"),
        ("evlove", "evlove"),
        ("inspect", "ROBOT"),
    ],
)
def test_one_line_and_nothing_made(inputs, capsys, monkeypatch, command, message):
    monkeypatch.setattr("codesign.campaign.variation._ATTEMPTS", 5)
    before = sorted(inputs.rglob("*"))
    code, out, err = run(capsys, *command.split())
    assert code == 2
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    assert re.search(message, err)
    assert sorted(inputs.rglob("*")) == before


def test_top_is_for_designs(inputs, capsys):
    RunFolder.create(inputs / "run", config.Settings())
    code, out, err = run(capsys, "export", "run", "--top", "2", "--format", "csv", "--out", "new")
    assert (code, out) == (2, "")
    assert "top: applies to designs, and the formats csv have none" in err


def test_an_unexpected_failure_is_one_line_as_well(capsys, monkeypatch, tmp_path):
    def explode(*_, **__):
        raise ZeroDivisionError("two\nlines")

    monkeypatch.setattr("morph_ops.sampling.sample_body", explode)
    code, _, err = run(capsys, "sample", "--out", str(tmp_path / "new"))
    assert code == 1
    assert err.startswith("error: unexpected ZeroDivisionError: two lines")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "statement", ["import codesign", "main(['--help'])", "main(['evolve', '-h'])"]
)
def test_help_imports_nothing_heavy(statement):
    program = f"""
import sys
from codesign.cli import main
try:
    {statement}
except SystemExit:
    pass
heavy = {{"torch", "mujoco", "deap", "networkx", "numpy", "pydantic", "rich"}} & set(sys.modules)
sys.exit(f"imported {{heavy}}" if heavy else 0)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (("score", "a.xml", "--episodes", "x"), "'x' is not a valid integer."),
        (("replay", "a.xml", "--fps", "x"), "'x' is not a valid number."),
    ],
)
def test_what_is_no_number_is_called_so(capsys, command, message):
    with pytest.raises(SystemExit, match="2"):
        main(list(command))
    assert capsys.readouterr().err.strip().endswith(message)


@pytest.mark.parametrize("command", [(), ("score",), ("replay",)])
def test_help_names_all_kinds_of_robots(capsys, command):
    with pytest.raises(SystemExit, match="0"):
        main([*command, "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert re.search(r"MJCF[^.]*(\(\.xml\))?, URDF", text)
