"""Readers of files of strangers: any change of a file is read, or refused in one line.

``make soak`` runs 10,000 examples of each; CODESIGN_FUZZ sets the number. From a thousand on, each
example may take two seconds of processor time. ``kept/`` holds files that broke a reader: each of
them is read in every run.
"""

from __future__ import annotations

import gc
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from codesign.api.inspection import inspected
from codesign.config import Settings, load, to_toml
from codesign.errors import WRONG_INPUT
from codesign.exporting.history import table
from codesign.exporting.lineage import phylogeny, to_csv
from codesign.store import Database, Event, RunFolder
from codesign.store.candidate import AdaptationResult
from codesign.store.schema import TABLES
from hyperdistill_core.controller import Controller
from hyperdistill_core.controller.familiarity import Familiarity
from hyperdistill_core.controller.reference_scores import ReferenceScores
from hyperdistill_core.controller.training_distribution import TrainingDistribution
from hyperdistill_core.features import BodyLayout
from hyperdistill_core.tasks import get_task
from morph_ops.graph import add_limb, limb, limbs, physics, with_excludes, with_physics
from morph_ops.io import to_graphml, to_json
from morph_ops.io.files import read_body
from morph_ops.io.mjcf import to_xml
from morph_ops.sampling import sample_body
from morph_ops.space import Space
from tests.helpers.formula_pool import BLANK
from tests.helpers.small_run import fill_run

EXAMPLES = int(os.environ.get("CODESIGN_FUZZ", "200"))
#: Longest time to read a file (s); a few examples on a busy machine are no measure.
LONGEST_S = 2.0 if EXAMPLES >= 1000 else float("inf")
KEPT = sorted((Path(__file__).parent / "kept").iterdir())
BODY = sample_body(np.random.default_rng(0), space=Space(start_limbs=(2, 2), max_limbs=2))
URDF = """<robot name="r"><link name="base"><inertial><mass value="1"/><inertia ixx="1" iyy="1"
izz="1" ixy="0" ixz="0" iyz="0"/></inertial><collision><geometry><sphere radius="0.1"/></geometry>
</collision></link><link name="leg"><inertial><origin xyz="0 0 -0.1"/><mass value="0.5"/><inertia
ixx="0.1" iyy="0.1" izz="0.1" ixy="0" ixz="0" iyz="0"/></inertial><collision><origin xyz="0 0 -0.1"
rpy="0 0 0"/><geometry><cylinder radius="0.05" length="0.2"/></geometry></collision></link><joint
name="hip" type="revolute"><parent link="base"/><child link="leg"/><axis xyz="0 1 0"/><limit
lower="-1" upper="1" effort="10" velocity="5"/></joint></robot>"""
FOREIGN = """<mujoco><option timestep="0.002"/><default><default class="a"><joint damping="1"/>
</default></default><worldbody><body name="trunk" pos="0 0 0.5"><freejoint/><geom type="box"
size="0.2 0.1 0.05"/><body name="leg" childclass="a"><joint name="hip" axis="0 1 0" range="-30 30"/>
<geom type="cylinder" size="0.03 0.1"/></body></body></worldbody><actuator><position name="m"
joint="hip" kp="20" ctrlrange="-1 1"/></actuator><keyframe><key name="home" qpos="0 0 0.5 1 0 0 0 0"
/></keyframe></mujoco>"""
#: Texts of each kind of file, by extension.
TEXTS = {
    "json": to_json(BODY),
    "graphml": to_graphml(BODY),
    "xml": to_xml(BODY),
    "urdf": URDF,
    "mjcf": FOREIGN,
    "toml": to_toml(Settings(population=4)),
}
PIECES = st.sampled_from(
    [
        *("0", "-1", "1e999", "1e-320", "nan", "inf", "null", "true", "9" * 400, "0x" + "f" * 5000),
        *(
            "{}",
            "[]",
            "[" * 2000,
            '"',
            "<",
            ">",
            "</",
            "/>",
            "&x;",
            "<body/>",
            "<edge/>",
            "<size/>",
        ),
        *("", " ", "\0", "\ud800", "é", "torso/0", "world", "x y", "%n", "a.b:c", "\n", "=", "1 2"),
    ]
)
pytestmark = pytest.mark.filterwarnings("ignore:No key type:UserWarning")
fuzz = settings(
    derandomize=True,
    deadline=None,
    max_examples=EXAMPLES,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@st.composite
def changed_texts(draw: st.DrawFn, text: str) -> str:
    """A text with some of its words and characters replaced."""
    for _ in range(draw(st.integers(1, 3))):
        if draw(st.booleans()):
            start = draw(st.integers(0, len(text)))
            end = start + draw(st.integers(0, 12))
            text = text[:start] + draw(PIECES) + text[end:]
        else:
            words = text.replace(",", " ").replace('"', " ").split()
            text = text.replace(draw(st.sampled_from(words or [""])), draw(PIECES), 1)
    return text


@st.composite
def changed_bytes(draw: st.DrawFn, content: bytes) -> bytes:
    """Content of a file with some of its bytes replaced, or its end cut off."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        new = draw(st.binary(max_size=8))
        content = content[:start] + new + content[start + draw(st.integers(0, 8)) :]
    return content[: draw(st.integers(0, len(content)))] if draw(st.booleans()) else content


def read(reader: Callable[[], object]) -> None:
    """Read a file; the reader may refuse it in one line of the project's errors, and no other."""
    message = ""
    gc.disable()  # it would look through all that hypothesis keeps
    begin = time.process_time()
    try:
        reader()
    except WRONG_INPUT as error:
        message = str(error)
    finally:
        taken = time.process_time() - begin
        gc.enable()
    assert taken < LONGEST_S
    assert "\n" not in message
    assert len(message) < 2000


@pytest.mark.parametrize("extension", TEXTS)
@fuzz
@given(data=st.data())
def test_texts(extension: str, data: st.DataObject) -> None:
    text = data.draw(changed_texts(TEXTS[extension]))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"file.{extension}"
        file.write_bytes(text.encode("utf-8", "surrogatepass"))
        read(lambda: load(file=file) if extension == "toml" else read_body(file))


NUMBERS = st.sampled_from(
    [*("0", "1", "-1", "0.1", "0.05", "1e-9", "1e-320", "1e6", "1e20", "1e200", "1e308"), "1 0 0",
     *("0 0 0.5", "0 0 1e300", "0 0 0", "1 0 0 0", "0 0 0 0", "0.1 0.1 0.1", "0 0 0 0 0 -0.2", "")]
)  # fmt: skip
NAMES = st.sampled_from(["a", "b", "root", "world", "joint1", "é", "x y", "torso/0"])
MJCF_TAGS = (
    *("body", "geom", "joint", "freejoint", "inertial", "site", "frame", "replicate", "motor"),
    *("position", "general", "velocity", "intvelocity", "mesh", "weld", "connect", "exclude"),
    *("pair", "key", "include", "default", "option", "flag", "fixed", "spatial", "worldbody"),
    *("actuator", "asset", "equality", "contact", "keyframe", "tendon", "custom", "numeric"),
)
URDF_TAGS = (
    *("link", "joint", "inertial", "inertia", "mass", "origin", "collision", "geometry", "sphere"),
    *("box", "cylinder", "mesh", "parent", "child", "axis", "limit", "dynamics", "mimic"),
)
#: Attributes with numbers, with names, and with words of few.
NUMBERED = (
    *("pos", "size", "fromto", "axis", "range", "quat", "euler", "mass", "density", "gear", "kp"),
    *("ctrlrange", "damping", "armature", "stiffness", "vertex", "anchor", "relpose", "qpos"),
    *("timestep", "count", "diaginertia", "fullinertia", "gainprm", "biasprm", "dynprm", "xyz"),
    *("rpy", "radius", "length", "lower", "upper", "effort", "value", "ixx", "iyy", "izz", "ixy"),
)
NAMED = ("name", "joint", "body1", "body2", "geom1", "geom2", "mesh", "class", "childclass", "link")
WORDS = {
    "type": [
        "free",
        "ball",
        "slide",
        "hinge",
        "sphere",
        "box",
        "mesh",
        "plane",
        "revolute",
        "fixed",
    ],
    "dyntype": ["integrator", "filter", "muscle", "user"],
    "integrator": ["RK4", "implicit"],
    "limited": ["true", "false", "auto"],
    "file": ["robot.xml", "/etc/passwd", "a.stl", "x" * 300],
    "filename": ["package://a/b.stl", "a.obj", "/etc/passwd"],
}


@st.composite
def elements(draw: st.DrawFn, tags: tuple[str, ...], depth: int = 0) -> str:
    """An element with attributes and elements that may make no sense together."""
    tag = draw(st.sampled_from(tags))
    numbers = draw(st.dictionaries(st.sampled_from(NUMBERED), NUMBERS, max_size=4))
    names = draw(st.dictionaries(st.sampled_from(NAMED), NAMES, max_size=2))
    words = {
        key: draw(st.sampled_from(WORDS[key]))
        for key in draw(st.lists(st.sampled_from(sorted(WORDS)), max_size=2, unique=True))
    }
    attributes = "".join(
        f' {key}="{value}"' for key, value in {**numbers, **names, **words}.items()
    )
    most = 3 if depth < 3 else 0
    inside = "".join(
        draw(elements(tags, depth + 1)) * draw(st.sampled_from([1, 1, 1, 2, 30]))
        for _ in range(draw(st.integers(0, most)))
    )
    times = draw(st.sampled_from([0, 0, 0, 1, 50, 500])) if inside else 0
    opened, closed = f"<{tag}>" * times, f"</{tag}>" * times
    return f"{opened}<{tag}{attributes}>{inside}</{tag}>{closed}"


@pytest.mark.parametrize(("extension", "tags"), [("mjcf", MJCF_TAGS), ("urdf", URDF_TAGS)])
@settings(fuzz, max_examples=EXAMPLES if EXAMPLES >= 1000 else EXAMPLES // 4)
@given(data=st.data())
def test_elements_anywhere(extension: str, tags: tuple[str, ...], data: st.DataObject) -> None:
    text = TEXTS[extension]
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from([n for n, c in enumerate(text) if c == "<" and n]))
        text = text[:place] + data.draw(elements(tags)) + text[place:]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"robot.{extension}"
        file.write_text(text, "utf-8")
        read(lambda: read_body(file))


@pytest.mark.parametrize("file", KEPT, ids=lambda file: file.name)
def test_files_that_broke_a_reader(file: Path) -> None:
    read(lambda: load(file=file) if file.suffix == ".toml" else read_body(file))


@pytest.fixture(scope="module")
def foreign_body(tmp_path_factory: pytest.TempPathFactory) -> nx.DiGraph[str]:
    """A robot from elsewhere, with its own physics, a grown limb and a contact exclude."""
    file = tmp_path_factory.mktemp("robots") / "robot.mjcf"
    file.write_text(FOREIGN)
    [name, *_] = limbs(BODY)
    grown = add_limb(read_body(file), "leg", name, limb(BODY, name))
    return with_excludes(grown, [("trunk", name)])


@pytest.mark.parametrize("extension", ["json", "graphml"])
@fuzz
@given(data=st.data())
def test_own_physics(
    extension: str, data: st.DataObject, foreign_body: nx.DiGraph[str], known_controller: Path
) -> None:
    """What is read of a robot with its own physics can be inspected, converted and simulated."""
    own = physics(foreign_body)
    assert own is not None
    kind = data.draw(st.sampled_from(["text", "mjcf", "names"]))
    if kind == "mjcf":
        own = replace(own, mjcf=data.draw(changed_texts(own.mjcf)))
    elif kind == "names":
        names = st.lists(st.sampled_from([*own.nodes, *own.drives, "limb/0", "m", "", "x"]))
        own = replace(own, nodes=tuple(data.draw(names)), drives=tuple(data.draw(names)))
    graph = with_physics(foreign_body, own)
    text = to_json(graph) if extension == "json" else to_graphml(graph)
    text = data.draw(changed_texts(text)) if kind == "text" else text
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"file.{extension}"
        file.write_bytes(text.encode("utf-8", "surrogatepass"))
        read(lambda: _use(read_body(file), known_controller))


def _use(graph: nx.DiGraph[str], controller: Path) -> None:
    """What inspect, convert and score call."""
    to_xml(graph, scene=True)
    inspected(graph, robot="robot", controller=controller)
    BodyLayout.from_graph(graph, get_task("flat").model(graph))


@pytest.fixture(scope="module")
def known_controller(tiny_controller: Path) -> Path:
    """A small controller with variants and all that a file may know of its training."""
    made = np.random.default_rng(0)
    controller = replace(
        Controller.load(tiny_controller),
        variants=np.ones((2, 25), np.float32),
        training_distribution=TrainingDistribution.over([BODY]),
        familiarity=Familiarity.over(made.normal(size=(20, 16))),
        reference_scores=ReferenceScores.over({1: [1.0, 2.0]}, task="flat", bodies="2 bodies"),
        provenance={"command": "none"},
    )
    path = tiny_controller.with_name("known.safetensors")
    controller.save(path)
    return path


def _use_controller(file: Path) -> None:
    """What inspect and score call."""
    controller = Controller.load(file)
    inspected(BODY, robot="robot", controller=file)
    controller.for_body(BODY, get_task("flat").model(BODY), variant=controller.n_variants - 1)


@fuzz
@given(data=st.data())
def test_controllers(data: st.DataObject, known_controller: Path) -> None:
    content = known_controller.read_bytes()
    header = 8 + int.from_bytes(content[:8], "little")
    changed = data.draw(changed_bytes(content[:header])) + content[header:]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "controller.safetensors"
        file.write_bytes(changed)
        read(lambda: _use_controller(file))


ARRAYS = st.builds(
    lambda shape, kind, value: np.full(shape, value).astype(kind),
    st.lists(st.sampled_from([0, 1, 2, 16, 25, 101]), max_size=3),
    st.sampled_from(["float16", "float32", "float64", "int32", "uint8", "bool"]),
    st.sampled_from([0.0, 1.0, -1.0, 1e4]) | st.sampled_from([float("nan"), float("inf")]),
)


@fuzz
@given(data=st.data())
@pytest.mark.filterwarnings("ignore:invalid value encountered in cast:RuntimeWarning")
def test_controllers_with_other_arrays_and_values(
    data: st.DataObject, known_controller: Path
) -> None:
    with safe_open(known_controller, framework="np") as opened:
        header = opened.metadata()["codesign"]
    arrays = load_file(known_controller)
    names = [name for name in sorted(arrays) if "." not in name or name.startswith("familiarity.")]
    if data.draw(st.booleans()):
        name = data.draw(st.sampled_from([*names, "familiarity.more", sorted(arrays)[-1]]))
        arrays[name] = data.draw(ARRAYS)
        arrays.pop(data.draw(st.sampled_from(["", *names])), None)
    else:
        header = data.draw(changed_texts(header))
        header = header.encode("utf-8", "replace").decode()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "controller.safetensors"
        save_file(arrays, file, metadata={"codesign": header})
        read(lambda: _use_controller(file))


@pytest.fixture(scope="module")
def run_database(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Content of the database of a small run, with rows in all its tables."""
    folder = RunFolder.create(tmp_path_factory.mktemp("runs") / "run", Settings(population=2))
    fill_run(folder)
    record = replace(BLANK, score=7.0, status="ok")
    learned = AdaptationResult(1, 6, True, 1.0, 2.0, "abc", 100)
    with folder.database() as database:
        event = Event(kind="adaptation", number=6, message="kept", details=learned._asdict())
        database.add_adaptation(learned, {2: record, 5: record}, event)
        database.add_reevaluation(5, record)
        database.add_finetunings({5: record})
        database.set_early_stop(6, "enough")
    return (folder.path / "run.sqlite").read_bytes()


def _read_all(file: Path) -> None:
    with Database(file, read_only=True) as database:
        for method in (
            *(database.candidates, database.summaries, database.depths, database.origins),
            *(database.events, database.generations, database.adaptations, database.counts),
            *(database.best_rescores, database.reevaluated, database.kept_until, database.numbers),
            *(database.initial_provenance, database.early_stop, database.distinct),
        ):
            method()
        for candidate in database.best(1):
            database.equal_bodies(candidate, adaptation=1)
        database.rescores(6)
        database.membership(1)
        database.metrics(["work"], most=10)
        database.require_tasks(["flat"])
        database.total(Settings())
        to_csv(phylogeny(database))
        for name in TABLES:
            table(database, name)


#: Values that change each other's meaning, beside those that are words of files.
ODD = st.sampled_from([None, -1, 0, 3, 99, 2**62, 1e300, float("inf"), -float("inf"), b"\xff"])


@fuzz
@given(data=st.data())
def test_databases_with_other_bytes(data: st.DataObject, run_database: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "run.sqlite"
        file.write_bytes(data.draw(changed_bytes(run_database)))
        read(lambda: _read_all(file))


@fuzz
@given(data=st.data())
def test_databases_with_other_values(data: st.DataObject, run_database: bytes) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(run_database)
        any_type = data.draw(st.booleans())
        if any_type:
            _replace_in_schema(connection, ") STRICT", ")  ")
        name = data.draw(st.sampled_from(TABLES))
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({name})")]
        column = data.draw(st.sampled_from(columns))
        values = [value for (value,) in connection.execute(f"SELECT {column} FROM {name}")]
        old = data.draw(st.sampled_from(values))
        new = data.draw(ODD | changed_texts(str(old)))
        if isinstance(new, str):
            new = new.encode("utf-8", "replace").decode()
        with suppress(sqlite3.Error):  # a value that the column does not take
            change = f"UPDATE {name} SET {column} = ? WHERE {column} IS ?"
            connection.execute(change, (new, old))
            connection.commit()
        if any_type:
            _replace_in_schema(connection, ")  ", ") STRICT")
        content = connection.serialize()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "run.sqlite"
        file.write_bytes(content)
        read(lambda: _read_all(file))


def _replace_in_schema(connection: sqlite3.Connection, old: str, new: str) -> None:
    """Change the definitions of all tables; those without STRICT take values of any type."""
    connection.execute("PRAGMA writable_schema = ON")
    change = "UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE type = 'table'"
    connection.execute(change, (old, new))
    connection.commit()
    connection.execute("PRAGMA writable_schema = RESET")
