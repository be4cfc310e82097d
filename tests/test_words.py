"""One word for one thing: the old words of the glossary appear nowhere.

Searched are identifiers, strings, docstrings and comments of all Python files, the help texts of
all commands, and the text of documentation, settings and SQL. ``docs/research/`` and the change
log report what was, and ``docs/glossary.md`` may name old words.
"""

from __future__ import annotations

import io
import re
import subprocess
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import click
import pytest

from codesign.cli import cli

ROOT = Path(__file__).parents[1]
EXEMPT = ("docs/research/*", "docs/glossary.md", "CHANGELOG.md", "tests/test_words.py")
TEXT = {".md", ".toml", ".sql", ".yml", ".yaml", ".cff"}


SEARCH = ("codesign/*", "tests/codesign/*")
LEARNING = ("hyperdistill_core/training/*", "tests/hyperdistill_core/training/*")
AMERICAN = "American spelling"


@dataclass(frozen=True)
class Rule:
    """An old word, and what to say instead.

    Attributes:
        old: Regular expression of the old word; letter case does not count.
        new: What to say instead.
        unless: Regular expression of contexts in which the word is honest, within a line.
        only: Patterns of the files that the rule is about.
        honest: Patterns of files in which the word is honest.
    """

    old: str
    new: str
    unless: str = ""
    only: tuple[str, ...] = ("*",)
    honest: tuple[str, ...] = ()

    def applies(self, path: str) -> bool:
        """Whether the rule is about a file."""
        return matches(path, self.only) and not matches(path, self.honest)

    def breaks(self, line: str) -> bool:
        """Whether a line has the old word in another than an honest context."""
        rest = re.sub(self.unless, " ", line, flags=re.IGNORECASE) if self.unless else line
        return re.search(rf"\b(?:{self.old})\b", rest, flags=re.IGNORECASE) is not None


def matches(path: str, patterns: tuple[str, ...]) -> bool:
    """Whether a path matches one of several patterns."""
    return any(fnmatch(path, pattern) for pattern in patterns)


#: Old words of prose: strings, comments, docstrings, help texts, documentation.
PROSE = (
    Rule(
        "readings?",
        "controller variant",
        unless=r"\b(for|while|without|by|of|after|on|before|when|and) reading\b"
        r"|\breading (and|or|a|an|the|it|them|from|back|old|files?|robots?|is|writing)\b"
        r"|\b(JSON|MJCF|file|TOML) reading\b|^\W*reading\b",
        honest=("morph_ops/io/*", "tests/morph_ops/io/*"),
    ),
    Rule("trials?", "selection", honest=("examples/optuna_plugin.py",)),
    Rule("heats?", "rung"),
    Rule("(a|the|by|first|short|each|one|after) looks?", "screening"),
    Rule(r"(the|many|number of|more|fewer|its|some|\d+|first|all) tries", "best-of-N, attempts"),
    Rule(
        "pools?",
        "training set of bodies, worker pool of processes",
        unless=r"\b(worker|scoring|process|thread|Dask)s?[ -]pools?\b|(?-i:\w+Pool)\b"
        r"|`\w+_pool\w*`",
        only=("hyperdistill_core/training/*", "codesign/cli/*", "*.md", "*.toml"),
    ),
    Rule(
        "bars?",
        "threshold",
        unless=r"(progress|error) bars?|\bbars? (on|of|for|that|in|appears?|before|where)\b"
        r"|bar charts?|vertical bars?|bar-itzhack",
        honest=(
            "codesign/cli/progress.py",
            "codesign/report/charts.py",
            "tests/codesign/cli/test_progress.py",
        ),
    ),
    Rule("twins?", "duplicate", unless="mirror|limb.*", only=SEARCH),
    Rule("traits?", "metrics"),
    Rule(r"duty(?![ _-]factor|[ _-]?\d)", "duty factor"),
    Rule("judged", "metrics", only=SEARCH),
    Rule("finals", "re-evaluation"),
    Rule("nobody beats", "Pareto front, non-dominated"),
    Rule("two winners|two by crowding", "tournament, crowded tournament"),
    Rule("breeders?|breeds?|bred|breeding", "variation, offspring"),
    Rule("free energy", "implausible energy"),
    Rule("unlike the training", "out of distribution"),
    Rule("feeble", "failure rate"),
    Rule("fleets?", "vector env"),
    Rule("crowds?", "body batch"),
    Rule("senses|hears?|heard", "observation encoder, clock phase input"),
    # An algorithm that asks and tells has candidates that were told.
    Rule("told", "say what it is", unless="told apart", honest=("*campaign*", "*extending.md")),
    Rule("longest step", "max_lr"),
    Rule("tapes?|tally|tallies|the books", "recorder, episode statistics"),
    Rule("noise memory", "action-noise correlation"),
    Rule("stalls?|stalled|stalling", "no-progress termination"),
    Rule("claims?", "manifest", unless=r"claims? (that|to|of|are)\b"),
    Rule("limp", "passively stable"),
    Rule("(makes?|made|making|gets?) no way|no way at all|some way", "progress, distance"),
    Rule(
        "(parts?|one|task|operator)s? of (your|the user's|users'|its) own|the user's own"
        "|own parts?",
        "custom component, plugin",
    ),
    Rule("doubts?", "confidence margin", unless="no doubt|in doubt"),
    Rule("training ranges?", "training distribution"),
    Rule("falls? short|given up early", "pruned"),
    Rule(r"--(tries|reading|train|pool|start-from)(?![\w-])", "--best-of, --variant, --finetune"),
    Rule("controller (pool|readings)", "controller training-set, controller add-variants"),
    Rule(r"distil(?!l)\w*", AMERICAN),
    Rule(r"\w*(behaviour|colour|neighbour|favour|honour)\w*", AMERICAN),
    Rule(r"centres?|centred|\w*metres?|grey|artefacts?|catalogue|whilst", AMERICAN),
    Rule(r"\w*(label|model|travel)l(ed|ing)", AMERICAN),
    Rule(
        r"\w*(normal|general|standard|special|initial|serial|visual|regular|optim|minim|maxim|organ"
        r"|recogn|summar|vector|discret|parametr|random|util|equal|final|stabil|linear|penal"
        r"|priorit|synchron|categor|capital)is(e|es|ed|er|ers|ing|ation|ations)",
        AMERICAN,
    ),
)

#: Old words inside identifiers: ``readings`` and ``n_readings``, ``Fleet`` and ``FleetWorker``.
WORDS = (
    Rule("readings?", "variant", honest=("morph_ops/io/*", "tests/morph_ops/io/*")),
    Rule("tries", "best_of, attempts", honest=("tests/codesign/store/test_folder.py",)),
    Rule("trials?", "selection", honest=("examples/optuna_plugin.py",)),
    Rule("heats?", "rung"),
    # viser's cameras have a look_at.
    Rule("look", "screening", honest=("codesign/replay/*", "codesign/studio/*")),
    Rule("traits?", "metrics"),
    Rule("judged", "metrics", only=SEARCH),
    Rule("finals", "reevaluations"),
    Rule("breeder|breed|bred", "variation, offspring"),
    Rule("feeble", "failure_rate"),
    Rule("fleet", "vector_env"),
    Rule("crowd", "body_batch"),
    Rule("senses|heard", "observation_encoder, clock_phase"),
    Rule("told", "say what it is", honest=("*campaign*", "tests/*")),
    Rule("tape|tally", "recorder, episode_statistics"),
    Rule("stall|stalled", "no_progress"),
    Rule("claim", "manifest"),
    Rule("doubt", "confidence_margin"),
    Rule("unlike", "out_of_distribution"),
    Rule("improvement", "fine_tuning"),
    Rule("pace", "kl_adaptive_learning_rate"),
    Rule("distil|behaviour|normalisation|neighbours?|centre|colour|optimiser", AMERICAN),
)

#: Old identifiers as a whole.
NAMES = (
    # Plotly has charts of the type "bar".
    Rule(
        "bars?",
        "threshold",
        honest=("codesign/cli/*", "tests/codesign/cli/*", "codesign/report/charts.py"),
    ),
    Rule("reach|at_best", "upper_bound", only=SEARCH),
    Rule("likely", "preferred_variants"),
    Rule("measures", "metrics"),
    Rule("choose|choose_other", "lookup, draw"),
    Rule("with_parts|part_form", "with_nodes, node_form"),
    Rule("to_plain|from_plain", "to_dict, from_dict"),
    Rule("is_own", "is_plugin"),
    Rule("start_from", "initialize_from"),
    Rule("noise_memory", "noise_correlation"),
    Rule("rotate", "replaced_per_update", only=LEARNING),
    Rule("target_kl", "desired_kl"),
    Rule("final_episodes", "reevaluation_episodes"),
    Rule("twins?", "duplicate", only=SEARCH),
    Rule("moves", "diff", only=SEARCH),
    Rule("pool", "training_set", only=LEARNING),
    Rule("limb_view", "privileged_observation"),
)


def files() -> list[str]:
    """Paths of all files under version control that the test is about."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return [
        path
        for path in listed.splitlines()
        if (ROOT / path).is_file()
        and (Path(path).suffix in TEXT | {".py"} or path == "Makefile")
        and not any(fnmatch(path, pattern) for pattern in EXEMPT)
    ]


@cache
def rules_of(path: str) -> tuple[tuple[Rule, ...], ...]:
    """The rules of prose, of words inside identifiers, and of identifiers that apply to a file."""
    kinds = (PROSE, WORDS, NAMES)
    return tuple(tuple(rule for rule in rules if rule.applies(path)) for rules in kinds)


@cache
def any_old_word(prose: tuple[Rule, ...]) -> re.Pattern[str]:
    """One pattern for the old words of all rules: most lines have none of them."""
    return re.compile(rf"\b(?:{'|'.join(rule.old for rule in prose)})\b", flags=re.IGNORECASE)


def old_prose(path: str, line: str) -> Iterator[str]:
    """Complaints about the prose of a line."""
    prose, _, _ = rules_of(path)
    if not any_old_word(prose).search(line):
        return
    for rule in prose:
        if rule.breaks(line):
            yield f"'{line.strip()[:90]}': say {rule.new}"


def old_identifiers(path: str, names: Iterable[str]) -> Iterator[str]:
    """Complaints about identifiers."""
    for name in names:
        yield from old_identifier(path, name)


@cache
def old_identifier(path: str, name: str) -> tuple[str, ...]:
    """Complaints about an identifier, which a file has many times."""
    _, in_words, whole = rules_of(path)
    words = [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]
    rules = [rule for rule in in_words if any(re.fullmatch(rule.old, word) for word in words)]
    rules += [rule for rule in whole if re.fullmatch(rule.old, name)]
    return tuple(f"{name}: say {rule.new}" for rule in rules)


def complaints_of_python(path: str, text: str) -> Iterator[str]:
    """Complaints about a Python file, each with its line number."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        first = token.start[0]
        if token.type == tokenize.NAME:
            for complaint in old_identifiers(path, [token.string]):
                yield f"{path}:{first}: {complaint}"
        elif token.type in (tokenize.STRING, tokenize.COMMENT):
            for number, line in enumerate(token.string.splitlines()):
                # Keys and columns in strings are identifiers, too.
                words = re.findall(r"\b\w+_\w+\b|(?<=[\"'`])\w+(?=[\"'`])", line)
                for complaint in (*old_prose(path, line), *old_identifiers(path, words)):
                    yield f"{path}:{first + number}: {complaint}"


def complaints_of_text(path: str, text: str) -> Iterator[str]:
    """Complaints about a file of prose or settings, each with its line number."""
    for number, line in enumerate(text.splitlines(), start=1):
        names = re.findall(r"\b\w+_\w+\b|(?<=`)\w+(?=`)|^\w+(?= *=)", line)
        for complaint in (*old_prose(path, line), *old_identifiers(path, names)):
            yield f"{path}:{number}: {complaint}"


def help_texts(command: click.Command, name: str) -> Iterator[tuple[str, str]]:
    """The help text of a command and of all commands below it."""
    yield name, command.get_help(click.Context(command, info_name=name))
    if isinstance(command, click.Group):
        for below, other in command.commands.items():
            yield from help_texts(other, f"{name} {below}")


def all_complaints() -> list[str]:
    """Every old word of every file."""
    found: list[str] = []
    for path in files():
        text = (ROOT / path).read_text("utf-8")
        read = complaints_of_python if path.endswith(".py") else complaints_of_text
        found += read(path, text)
    return list(dict.fromkeys(found))


def test_no_file_has_old_words():
    found = all_complaints()
    shown = "\n".join(found[:200])
    assert not found, f"{len(found)} old words (docs/glossary.md has the new ones):\n{shown}"


@pytest.mark.parametrize(("name", "text"), list(help_texts(cli, "codesign")))
def test_no_help_text_has_old_words(name, text):
    found = [c for line in text.splitlines() for c in old_prose("codesign/cli/help", line)]
    assert not found, f"{name} --help: {found}"


@pytest.mark.parametrize(
    ("path", "line", "breaks"),
    [
        ("codesign/a.py", "the reading of a body", True),
        ("codesign/a.py", "a mode for reading", False),
        ("codesign/a.py", "A progress bar for candidates", False),
        ("codesign/a.py", "a body that cannot come up to the bar", True),
        ("hyperdistill_core/training/a.py", "bodies of the pool", True),
        ("hyperdistill_core/training/a.py", "one worker pool", False),
        ("codesign/a.py", "the twin has its score", True),
        ("morph_ops/a.py", "the twin of a limb", False),
        ("codesign/a.py", "generalised to all bodies", True),
        ("codesign/a.py", "a generalist and its specialists", False),
    ],
)
def test_context_decides_about_words_with_two_meanings(path, line, breaks):
    assert bool(list(old_prose(path, line))) == breaks


def test_old_words_inside_identifiers_are_found():
    for name in ("best_readings", "withTraits", "FleetWorker", "LOOK", "moves"):
        assert list(old_identifiers("codesign/a.py", [name]))
    for name in ("lookup", "crowding_distance", "readable", "variants", "move"):
        assert not list(old_identifiers("codesign/a.py", [name]))
