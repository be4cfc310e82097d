"""``codesign replay``: robots that move, as a page, a film, or a strip of stills."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from codesign import defaults
from codesign.cli.options import FILE, PATH, FloatRange, IntRange, best_of_option, root_option
from codesign.cli.text import echo

if TYPE_CHECKING:
    from collections.abc import Callable

    from codesign.replay import Recording


class _Size(click.ParamType[tuple[int, int]]):
    """Width and height, such as 480x360."""

    name = "WxH"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """See :meth:`click.ParamType.convert`."""
        width, _, height = str(value).lower().partition("x")
        if not (width.isdecimal() and height.isdecimal()):
            self.fail(f"expected width and height such as 480x360, got {value!r}", param, ctx)
        return int(width), int(height)


class _Seconds(click.ParamType[tuple[float, float]]):
    """A part of an episode, such as 5 for its first five seconds, or 2:7."""

    name = "S|FROM:TO"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, float]:
        """See :meth:`click.ParamType.convert`."""
        first, colon, last = str(value).partition(":")
        try:
            return (float(first), float(last)) if colon else (0.0, float(first))
        except ValueError:
            self.fail(f"expected seconds such as 5, or 2:7, got {value!r}", param, ctx)


@click.command()
@click.argument("sources", nargs=-1, required=True, type=PATH, metavar="ROBOT|FOLDER|RUN...")
@click.option(
    "--out",
    type=FILE,
    help="File to write, which ends with .html, .gif, .mp4, .png or .svg; it is replaced if it "
    "exists.  [default: replay.html, in the folder of a RUN or here]",
)
@click.option(
    "--top",
    type=IntRange(min=1),
    metavar="K",
    help="Number of designs of a RUN, best first.  [default: the run's setting top, or fewer where "
    "these are too many]",
)
@click.option(
    "--candidate",
    type=IntRange(min=0),
    metavar="N",
    help="Show the candidate N of a RUN.",
)
@click.option(
    "--ancestors",
    is_flag=True,
    help="Show the best candidate of a RUN, or --candidate, after its line of first parents.",
)
@click.option(
    "--finetune",
    type=IntRange(min=1),
    metavar="STEPS",
    help="Train each robot's own network for STEPS control steps, such as 500000, and show the "
    "robot before and after.",
)
@click.option(
    "--task",
    metavar="NAME|SCENE.xml",
    help=f"Task of ROBOTs; a RUN has its own. Of a RUN on several tasks show this one; "
    f"--finetune needs it.  [default: {defaults.TASK}; of a RUN all its tasks]",
)
@click.option(
    "--controller",
    metavar="NAME|FILE",
    help=f"Controller of ROBOTs; a RUN has its own.  [default: {defaults.CONTROLLER}]",
)
@click.option(
    "--seed",
    type=IntRange(min=0),
    help="Seed of the episode's initial state.  [default: 0; of a RUN that of its scores]",
)
@best_of_option(f"{defaults.BEST_OF} for a ROBOT; a RUN has the variants of its scores")
@click.option(
    "--variant",
    type=IntRange(min=0),
    metavar="N",
    help="Move every ROBOT by the controller variant N, counted from 0.",
)
@root_option
@click.option(
    "--seconds",
    type=_Seconds(),
    help="Part of the episode: its first S seconds, or a part such as 2:7.  [default: all; 5 for "
    ".gif]",
)
@click.option(
    "--size",
    type=_Size(),
    help="Width and height of a film, or of a still, in pixels.  [default: 480x360; 960x720 for "
    ".mp4, 360x300 for a still]",
)
@click.option(
    "--fps",
    default=20.0,
    show_default=True,
    type=FloatRange(min=1.0, max=60.0),
    help="Frames a second of a film.",
)
@click.option(
    "--stills",
    default=5,
    show_default=True,
    type=IntRange(min=1, max=50),
    help="Number of stills of .png and .svg.",
)
@click.option(
    "--workers",
    type=IntRange(min=1),
    help="Number of worker processes of --finetune.  [default: one per core]",
)
@click.option(
    "--allow-custom",
    is_flag=True,
    help="Run the code of a custom task that the RUN of somebody else names.",
)
def replay(
    sources: tuple[Path, ...],
    out: Path | None,
    top: int | None,
    candidate: int | None,
    ancestors: bool,
    finetune: int | None,
    task: str | None,
    controller: str | None,
    seed: int | None,
    best_of: int | None,
    variant: int | None,
    root: str | None,
    seconds: tuple[float, float] | None,
    size: tuple[int, int] | None,
    fps: float,
    stills: int,
    workers: int | None,
    allow_custom: bool,
) -> None:
    """Show robots in motion: in 3D in the browser, as a film, or as stills.

    A ROBOT is an MJCF, URDF, JSON or GraphML file, a FOLDER stands for all robots in it, and a RUN
    for its best designs. Each robot moves for one episode, as 'codesign score' moves it; an
    exported design moves by the network in the .npz file beside it. Up to 12 robots move side by
    side. Designs of a RUN on several tasks move on each of them, and their names say on which.

    The page needs no server and no network: it opens from disk, and can be sent to others.

    \b
    codesign replay runs/NAME                            the best designs, as a page
    codesign replay runs/NAME --task csr                 the same, on one of the run's tasks
    codesign replay runs/NAME --ancestors                the best one, and what it came from
    codesign replay my_robot.xml --out robot.gif         a film of its first five seconds
    codesign replay my_robot.xml --finetune 500000       before and after fine-tuning
    codesign replay a.xml b.xml --out stills.png         a row of stills for each
    """
    from codesign import api
    from codesign.cli.console import new_console
    from codesign.cli.progress import finetuning_bar, frames_bar, trained_task
    from codesign.replay.settings import FilmSettings

    with ExitStack() as stack:
        console = new_console()
        options: dict[str, Callable[[int, int, float], None]] = {}
        film = FilmSettings(size=size, fps=fps, stills=stills)
        # A terminal shows one progress bar at a time.
        if finetune:
            bar = finetuning_bar(console, trained_task(sources, task))
            options["on_steps"] = stack.enter_context(bar)
        else:
            film = replace(film, on_frame=stack.enter_context(frames_bar(console)))
        written = api.write_replay(
            sources,
            out,
            top=top,
            candidate=candidate,
            ancestors=ancestors,
            finetune=finetune or 0,
            task=task,
            controller=controller,
            seed=seed,
            best_of=best_of,
            variant=variant,
            root=root,
            seconds=seconds,
            film=film,
            workers=workers,
            allow_custom=allow_custom,
            **options,
        )
    for recording in written.recordings:
        echo(_line(recording))
    for name, reason in written.left_out.items():
        echo(f"left out: {name}: {reason}", err=True)
    echo(str(written.path))
    if written.path.suffix.lower() == ".html":
        echo("open it in a browser")


def _line(recording: Recording) -> str:
    return (
        f"{recording.name}: score {recording.score:.0f}, {recording.distance:.1f} m at "
        f"{recording.speed:.2f} m/s, {recording.ending}"
    )
