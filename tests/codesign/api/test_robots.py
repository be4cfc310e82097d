"""Finding and reading robots: one that cannot be used does not hide the others."""

from __future__ import annotations

import numpy as np
import pytest

from codesign.api import robots as robots_module
from codesign.api.robots import find_robots, read_robots
from codesign.errors import UsageError
from morph_ops.io import write_body
from morph_ops.sampling import sample_body


def test_a_robot_that_breaks_the_reader_is_listed(tmp_path, monkeypatch):
    for name in ("ant", "bee"):
        write_body(sample_body(np.random.default_rng(0)), tmp_path / f"{name}.json")
    read = robots_module.read_body

    def broken(path, **options):
        if path.stem == "ant":
            raise RecursionError("too deep")
        return read(path, **options)

    monkeypatch.setattr(robots_module, "read_body", broken)
    graphs, wrong = read_robots(
        find_robots([tmp_path / "ant.json", tmp_path / "bee.json"], controller="flat-v3")
    )
    assert len(graphs) == 1
    assert wrong[0].endswith("ant.json: unexpected RecursionError: too deep; please report it")


def test_a_name_that_no_file_can_have_is_refused():
    with pytest.raises(UsageError, match=r"no such file or folder|File name too long"):
        read_robots(find_robots("9" * 5000, controller="flat-v3"))


def test_the_root_of_a_robot_that_was_found_stays(tmp_path):
    names = [f'name="{name}" pos="{x} 0 1"' for name, x in (("one", 0), ("two", 3))]
    bodies = "".join(
        f'<body {name}><freejoint/><geom size="0.1"/><body><joint name="hip {name[6:9]}" '
        'axis="0 1 0"/><geom type="capsule" fromto="0 0 0 0 0 -0.4" size="0.05"/></body></body>'
        for name in names
    )
    motors = '<motor joint="hip one"/><motor joint="hip two"/>'
    (tmp_path / "both.xml").write_text(
        f"<mujoco><worldbody>{bodies}</worldbody><actuator>{motors}</actuator></mujoco>"
    )
    found = find_robots(tmp_path / "both.xml", controller="flat-v3", root="two")
    [graph], wrong = read_robots(find_robots(found, controller="flat-v3"))
    assert (next(iter(graph)), wrong) == ("two", {})
    each = [*found, *find_robots(tmp_path / "both.xml", controller="flat-v3", root="one")]
    graphs, _ = read_robots(find_robots(each, controller="flat-v3"))
    assert [next(iter(graph)) for graph in graphs] == ["two", "one"]
