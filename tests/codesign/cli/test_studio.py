"""``codesign studio`` as a process, and what it refuses."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

pytest.importorskip("viser", reason="needs viser, of codesign[studio]")


def test_a_taken_port_ends_in_one_line(refused):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        message = refused("studio", "--port", port, "--no-browser", "--controller", "flat-v0")
    assert message.startswith("error: cannot listen on 127.0.0.1")
    assert message.count("\n") == 1


def test_a_robot_that_is_not_there_ends_in_one_line(refused):
    assert refused("studio", "no-such-robot.xml") == (
        "error: no-such-robot.xml: no such robot or run\n"
    )


def test_the_studio_serves_its_page_until_it_is_interrupted():
    command = [sys.executable, "-m", "codesign", "studio", "--port", "0", "--no-browser"]
    with subprocess.Popen(
        [*command, "--controller", "flat-v0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        address = line.split()[4]
        assert line == f"the studio is at {address} (stop it with Ctrl-C)\n"
        with urllib.request.urlopen(address, timeout=30.0) as page:
            assert b"<html" in page.read()
        process.send_signal(signal.SIGTERM)
        # Who presses Ctrl-C once more while it ends sees no error.
        for _ in range(20):
            time.sleep(0.01)
            process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=60.0)
    assert (process.returncode, out.strip(), error) == (130, "the studio is closed", "")
