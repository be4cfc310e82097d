"""Robots that nobody here wrote: which of the files in public packages are read and scored.

    python benchmarks/foreign_robots.py FOLDER... [--controller NAME] [--episodes 2] [--markdown]

Every MJCF file with a body and every URDF file in the folders, and in the folders below them, is
read and scored in a process of its own. The table counts what became of them, by package and by
reason. FOLDER is the unpacked wheel of a package, such as ``pip download gymnasium --no-deps`` and
``unzip`` leave it. ``--markdown`` prints the page docs/reference/foreign-robots.md.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from hyperdistill_core.parallel import map_in_workers
from morph_ops._messages import cut, shortened

#: Folders of environments and repositories, which hold no robots.
SKIPPED = frozenset({".idea", ".git", "node_modules"})
#: Reasons that name something of one robot; the table counts them together.
_NAMES = re.compile(r"'[^']*'|\"[^\"]*\"|[\d.]+")


@dataclass(frozen=True)
class Outcome:
    """What became of one file.

    Attributes:
        package: Name and version of the package that it lies in.
        file: Path below that folder.
        score: Its score; None for a file that was refused.
        falls: Share of episodes that ended with a fall.
        nodes: Number of nodes; 0 for a file that was refused.
        plain: Whether it is a sphere and capsules, number for number.
        status: Status of its record; "refused" for a file that has none.
        message: Why it was refused or is unstable, or how it was read.
        unlikeness: How unusual it is for the controller (percent); None where that is unknown.
    """

    package: str
    file: str
    score: float | None
    falls: float = 0.0
    nodes: int = 0
    plain: bool = False
    status: str = "refused"
    message: str = ""
    unlikeness: float | None = None

    @property
    def word(self) -> str:
        """Its score, or what became of it in a word."""
        stable = self.status == "ok" and self.score is not None
        return f"{self.score:.0f}" if stable else self.status


class Scorer:
    """The work of one process: reads and scores a file."""

    def __init__(self, controller: str, episodes: int) -> None:
        from codesign.scoring import BodyScorer

        self._scorer = BodyScorer(controller=controller, episodes=episodes, best_of=1)

    def __call__(self, item: tuple[str, Path, Path]) -> Outcome:
        """Read and score a file.

        Args:
            item: Name of its package, the folder of the package, and its path.
        """
        from morph_ops.errors import BodyError
        from morph_ops.graph import physics
        from morph_ops.io import read_body

        package, folder, path = item
        name = str(path.relative_to(folder))
        try:
            graph = read_body(path)
        except BodyError as error:
            return Outcome(package, name, None, message=str(error).removeprefix(f"{path}: "))
        record, own = self._scorer(graph), physics(graph)
        if record.status == "failed":
            return Outcome(package, name, None, message="; ".join(record.warnings))
        falls = sum(record.fell) / max(len(record.fell), 1)
        notes = () if own is None else own.notes
        if record.status != "ok":
            notes = (record.warnings[-1], *notes)  # the last one says what is wrong
        return Outcome(
            package,
            name,
            record.score,
            falls,
            len(graph),
            own is None,
            record.status,
            "; ".join(map(shortened, notes)),
            record.metrics.get("unlikeness"),
        )


def robot_files(folder: Path) -> Iterator[Path]:
    """URDF files, and MJCF files with a body, or with an include that may hold one."""
    for path in sorted([*folder.rglob("*.xml"), *folder.rglob("*.urdf")]):
        if SKIPPED.intersection(path.parts):
            continue
        text = path.read_text("utf-8", errors="replace")
        mjcf = "<mujoco" in text and ("<body" in text or "<include" in text)
        if mjcf or (path.suffix == ".urdf" and "<robot" in text):
            yield path


def package_name(folder: Path) -> str:
    """Name of a folder, and version of the package in it where it says one."""
    for file in sorted([*folder.glob("*.dist-info/METADATA"), *folder.glob("PKG-INFO")]):
        found = re.search(r"^Version: (\S+)", file.read_text("utf-8"), re.MULTILINE)
        if found:
            return f"{folder.name} {found[1]}"
    return folder.name


def main() -> None:
    """Read and score all files, and print the tables."""
    options = _parser().parse_args()
    items = [
        (package_name(folder), folder, path)
        for folder in options.folders
        for path in robot_files(folder)
    ]
    setup = partial(Scorer, options.controller, options.episodes)
    outcomes = list(map_in_workers(setup, items))
    if options.markdown:
        print(_markdown(outcomes, options))
        return
    console = Console(width=130)
    console.print(_counts(outcomes))
    console.print(_reasons(outcomes))
    console.print(_scores(outcomes))


def _counts(outcomes: list[Outcome]) -> Table:
    table = Table("package", "files", "scored", "of these UNIMAL-like", "unstable", "refused")
    for package in dict.fromkeys(each.package for each in outcomes):
        own = [each for each in outcomes if each.package == package]
        scored = [each for each in own if each.status == "ok"]
        read = [each for each in own if each.score is not None]
        plain = sum(each.plain for each in scored)
        counts = (len(own), len(scored), plain, len(read) - len(scored), len(own) - len(read))
        table.add_row(package, *map(str, counts))
    return table


def _reasons(outcomes: list[Outcome]) -> Table:
    refused = [each.message for each in outcomes if each.score is None]
    kinds = Counter(_NAMES.sub("…", message)[:90] for message in refused)
    table = Table("refused because", "files")
    for kind, count in kinds.most_common():
        table.add_row(kind, str(count))
    return table


def _scores(outcomes: list[Outcome]) -> Table:
    table = Table("robot", "nodes", "score", "falls", "read as")
    for each in outcomes:
        if each.score is not None:
            table.add_row(
                f"{each.package}/{each.file}",
                str(each.nodes),
                each.word,
                f"{each.falls:.0%}",
                each.message,
            )
    return table


def _markdown(outcomes: list[Outcome], options: argparse.Namespace) -> str:
    head = (
        "# Robots of public packages\n\nEvery MJCF and URDF file in the wheels of some packages, "
        "as codesign reads it.\n\n"
        f"{_summary(outcomes)} Files are refused for the reason in the last column; the simulation "
        "of an unstable robot runs out of bounds, so its score means nothing. A score is the mean "
        f"return of {options.episodes} episodes under `{options.controller}` without fine-tuning: "
        "it knows UNIMAL robots, so it says that a robot can be simulated, and not how well it "
        "could walk. Unlikeness is the share of the controller's training bodies that lie nearer "
        "to others than the robot does. A line of notes has the first four names of each kind; "
        "`codesign inspect ROBOT` has all. For each package, with `tar xzf` where it comes without "
        "a wheel:\n\n"
        "```console\npip download PACKAGE --no-deps\nunzip PACKAGE-VERSION.whl -d PACKAGE\n"
        "python benchmarks/foreign_robots.py PACKAGE... --markdown\n```\n"
    )
    parts = [head]
    for package in dict.fromkeys(each.package for each in outcomes):
        own = [each for each in outcomes if each.package == package]
        lines = ["| robot | nodes | score | falls | unlikeness | notes |", "|" + " --- |" * 6]
        lines += [_line(each) for each in own]
        parts.append(f"## {package}\n\n{_summary(own)}\n\n" + "\n".join(lines) + "\n")
    return "\n".join(parts)


def _summary(outcomes: list[Outcome]) -> str:
    """How many files are scored, and what became of the others."""
    counts = Counter(each.status for each in outcomes)
    scored = counts.pop("ok", 0)
    others = "".join(f", {count} {status}" for status, count in sorted(counts.items()))
    return f"{scored} of {len(outcomes)} files are scored{others}."


def _line(outcome: Outcome) -> str:
    """The row of one file in the page."""
    falls = f"{outcome.falls:.0%}" if outcome.status == "ok" else ""
    message = "".join(f"\\{c}" if c in "|<>*_`[]" else c for c in cut(outcome.message, most=240))
    unlikeness = "" if outcome.unlikeness is None else f"{outcome.unlikeness:.0f}"
    cells = (f"`{outcome.file}`", outcome.nodes or "", outcome.word, falls, unlikeness, message)
    return f"| {' | '.join(map(str, cells))} |"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Read and score the robots of public packages.")
    parser.add_argument("folders", type=Path, nargs="+", help="unpacked packages")
    parser.add_argument("--controller", default="flat-v3", help="name or file of a controller")
    parser.add_argument("--episodes", type=int, default=2, help="episodes of a score (default 2)")
    parser.add_argument("--markdown", action="store_true", help="print the page of the docs")
    return parser


if __name__ == "__main__":
    main()
