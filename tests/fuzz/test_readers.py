"""Readers of files of strangers: any change of a file is read, or refused in one line.

``make soak`` runs 10,000 examples of each; CODESIGN_FUZZ sets the number.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codesign.config import Settings, load, to_toml
from codesign.errors import WRONG_INPUT
from codesign.store import Database, RunFolder
from hyperdistill_core.controller import Controller
from morph_ops.io import to_graphml, to_json
from morph_ops.io.files import read_body
from morph_ops.io.mjcf import to_xml
from morph_ops.sampling import sample_body
from morph_ops.space import Space
from tests.helpers.small_run import fill_run

EXAMPLES = int(os.environ.get("CODESIGN_FUZZ", "200"))
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
    try:
        reader()
    except WRONG_INPUT as error:
        message = str(error)
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


@fuzz
@given(data=st.data())
def test_controllers(data: st.DataObject, tiny_controller: Path) -> None:
    content = tiny_controller.read_bytes()
    header = 8 + int.from_bytes(content[:8], "little")
    changed = data.draw(changed_bytes(content[:header])) + content[header:]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "controller.safetensors"
        file.write_bytes(changed)
        read(lambda: Controller.load(file))


@pytest.fixture(scope="module")
def run_database(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Content of the database of a small run."""
    folder = RunFolder.create(tmp_path_factory.mktemp("runs") / "run", Settings(population=2))
    fill_run(folder)
    return (folder.path / "run.sqlite").read_bytes()


def _read_all(file: Path) -> None:
    with Database(file, read_only=True) as database:
        database.candidates()
        database.events()
        database.initial_provenance()
        database.early_stop()


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
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "run.sqlite"
        file.write_bytes(run_database)
        connection = sqlite3.connect(file)
        column = data.draw(
            st.sampled_from(["graph", "record", "parents", "diff", "operator", "number"])
        )
        [old] = connection.execute(f"SELECT {column} FROM candidates WHERE number = 1").fetchone()
        new = data.draw(changed_texts(str(old))).encode("utf-8", "replace").decode()
        with suppress(sqlite3.Error):  # a value that the column does not take
            connection.execute(f"UPDATE candidates SET {column} = ? WHERE number = 1", (new,))
        connection.commit()
        connection.close()
        read(lambda: _read_all(file))
