"""``codesign controller list`` and ``info``."""

from __future__ import annotations


def test_list_names_the_shipped_controllers(run):
    assert "flat-v2" in run("controller", "list").splitlines()


def test_info_shows_task_and_networks(run, tiny_controller):
    out = run("controller", "info", tiny_controller)
    assert "task flat, context continuous" in out
    assert "networks of 2 x 16" in out
