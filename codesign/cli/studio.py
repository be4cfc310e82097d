"""``codesign studio``: design a robot by hand, with its gait and its score at once."""

from __future__ import annotations

import signal
import threading
from dataclasses import replace
from pathlib import Path

import click

from codesign import defaults
from codesign.cli.options import INTERRUPTED, PATH, IntRange, best_of_option, root_option
from codesign.cli.text import echo


@click.command()
@click.argument("source", required=False, type=PATH, metavar="[ROBOT|RUN]")
@click.option(
    "--port",
    default=8080,
    show_default=True,
    type=IntRange(0, 65535),
    help="Port of the page; 0 takes any that is free.",
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on. Anybody who can connect to it can use the studio: leave it as it "
    "is unless your network is trusted.",
)
@click.option(
    "--controller",
    metavar="NAME|FILE",
    help="A controller that ships (see 'codesign controller list'), or a controller file.  "
    f"[default: that of the RUN, or {defaults.CONTROLLER}]",
)
@click.option(
    "--task",
    metavar="NAME|SCENE.xml",
    help=f"Task to score on.  [default: that of the RUN, or {defaults.TASK}]",
)
@click.option(
    "--candidate",
    type=IntRange(min=0),
    metavar="N",
    help="Begin with the candidate N of a RUN.  [default: the best]",
)
@best_of_option(f"{defaults.BEST_OF}, or all that the controller has")
@root_option
@click.option(
    "--browser/--no-browser",
    default=True,
    show_default=True,
    help="Whether to open the page in the browser.",
)
def studio(
    source: Path | None,
    port: int,
    host: str,
    controller: str | None,
    task: str | None,
    candidate: int | None,
    best_of: int | None,
    root: str | None,
    browser: bool,
) -> None:
    """Design a robot by hand, with its gait and its score at once.

    Opens a page in the browser: click a limb, change it, and see the robot walk under its network
    while the score comes in. Start from a robot file, from the bodies of a run, or from a random
    body. Stop with Ctrl-C; what the page did not save is then lost.
    """
    from codesign.interrupts import deferred_interrupts

    with deferred_interrupts():
        from codesign.studio.opening import checked, find_source, require_viser

        require_viser()
        from codesign.studio.app import Studio

    found, setting = find_source(
        source, root=root, candidate=candidate, controller=controller, task=task
    )
    running = Studio(
        found, setting=checked(replace(setting, best_of=best_of)), host=host, port=port
    )
    # From here on Ctrl-C is no error, however often it comes and until the process has ended.
    stopped = threading.Event()
    signal.signal(signal.SIGINT, lambda number, frame: stopped.set())
    echo(f"the studio is at {running.address} (stop it with Ctrl-C)")
    if browser:
        import webbrowser

        webbrowser.open(running.address)
    while not stopped.wait(3600.0):
        pass
    # Python drops its own handlers before the process ends.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    running.close()
    echo("the studio is closed")
    raise SystemExit(INTERRUPTED)
