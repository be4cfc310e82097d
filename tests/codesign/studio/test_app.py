"""The server: who may connect, and where it listens."""

from __future__ import annotations

import shutil
import socket

import pytest

from codesign.errors import UsageError
from codesign.studio.opening import checked, find_source, require_viser
from codesign.studio.walking import Setting
from morph_ops.errors import UnknownNameError
from morph_ops.identity import body_hash
from morph_ops.io.files import write_body

app = pytest.importorskip("codesign.studio.app", reason="needs viser, of codesign[studio]")


@pytest.mark.parametrize(
    ("origin", "host", "listens_on", "own"),
    [
        ("http://127.0.0.1:8080", "127.0.0.1:8080", "127.0.0.1", True),
        ("http://localhost:8080", "localhost:8080", "127.0.0.1", True),
        ("http://[::1]:8080", "[::1]:8080", "::1", True),
        (None, "localhost:8080", "127.0.0.1", True),
        ("http://localhost:3000", "localhost:8080", "127.0.0.1", False),
        ("https://example.org", "localhost:8080", "127.0.0.1", False),
        ("http://rebound.example.org:8080", "rebound.example.org:8080", "127.0.0.1", False),
        ("null", "localhost:8080", "127.0.0.1", False),
        ("http://lab-7:8080", "lab-7:8080", "0.0.0.0", True),
        ("https://example.org", "lab-7:8080", "0.0.0.0", False),
        ("http://localhost:8080", None, "127.0.0.1", False),
    ],
)
def test_only_the_studios_own_page_may_connect(origin, host, listens_on, own):
    assert app.is_own_page(origin, host, listens_on=listens_on) == own


def test_a_port_that_is_taken_is_refused_in_one_line():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"cannot listen on 127.0.0.1, port {port}"):
            app.Studio(app.Source(), port=port)


def test_an_address_of_another_machine_is_refused():
    with pytest.raises(UsageError, match=r"cannot listen on 203\.0\.113\.7"):
        app.Studio(app.Source(), host="203.0.113.7", port=0)


def test_a_studio_listens_and_ends_without_a_tab(capsys):
    studio = app.Studio(app.Source(), setting=Setting(controller="flat-v0"), port=0)
    assert studio.address == f"http://127.0.0.1:{studio.port}"
    with socket.create_connection(("127.0.0.1", studio.port), timeout=10.0) as client:
        client.sendall(b"GET /%2e%2e/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"404" in client.recv(4096)
    studio.close()
    assert capsys.readouterr().out == ""
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", studio.port), timeout=1.0)


def test_a_source_is_a_robot_or_the_best_body_of_a_run(tmp_path, body, small_run):
    write_body(body, tmp_path / "my walker.json")
    source, setting = find_source(tmp_path / "my walker.json")
    assert source.opened is not None
    assert (source.opened.name, source.run) == ("my-walker", None)
    assert body_hash(source.opened.graph) == body_hash(body)
    assert setting == Setting()
    source, setting = find_source(small_run.path, candidate=2, task="flat")
    assert source.run is not None
    assert source.opened is not None
    assert source.opened.name == "candidate-00002"
    assert setting.controller == source.run.settings.controller


def test_wrong_sources_say_what_is_wrong(tmp_path, body):
    write_body(body, tmp_path / "a.json")
    with pytest.raises(UsageError, match="no such robot or run"):
        find_source(tmp_path / "b.json")
    with pytest.raises(UsageError, match="got another folder"):
        find_source(tmp_path)
    with pytest.raises(UsageError, match="candidate: applies to a run"):
        find_source(tmp_path / "a.json", candidate=1)


def test_the_task_of_a_strangers_run_is_not_executed(small_run, tmp_path):
    stranger = tmp_path / "run"
    shutil.copytree(small_run.path, stranger)
    settings = (stranger / "settings.toml").read_text("utf-8")
    (stranger / "settings.toml").write_text(
        settings.replace('task = "flat"', 'task = "no_such_package.tasks:RUN"'), "utf-8"
    )
    with pytest.raises(UsageError, match=r"names code of its own: no_such_.* such as --task flat$"):
        find_source(stranger)
    _, setting = find_source(stranger, task="flat")
    assert setting.task == "flat"


def test_settings_are_checked_before_the_page_opens():
    with pytest.raises(UsageError, match="no controller 'nope'"):
        checked(Setting(controller="nope"))
    with pytest.raises(UnknownNameError, match="no task 'moon'"):
        checked(Setting(task="moon"))
    with pytest.raises(UsageError, match="best_of: expected"):
        checked(Setting(controller="flat-v0", best_of=9999))


def test_without_viser_the_remedy_is_named(monkeypatch):
    monkeypatch.setattr("codesign.studio.opening.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'codesign\[studio\]'"):
        require_viser()
