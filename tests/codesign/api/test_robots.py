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
    with pytest.raises(UsageError, match=r"no body format has the extension|File name too long"):
        read_robots(find_robots("9" * 5000, controller="flat-v3"))
