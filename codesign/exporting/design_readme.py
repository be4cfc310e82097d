"""``README.md`` of a design: a picture, its numbers, and what its files are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from codesign.exporting.design_record import RECORD
from codesign.exporting.network_notes import network_notes
from codesign.exporting.world_file import WORLD_NPZ, WORLD_XML
from codesign.scoring.record import unlikeness_text
from codesign.scoring.several_tasks import NORMALIZED
from morph_ops import graph as body_graph

if TYPE_CHECKING:
    import mujoco
    import networkx as nx

README = "README.md"
#: Endings of the names of files that hold a network.
_NETWORKS = frozenset({".npz", ".onnx", ".h"})
#: What the files are, by the ends of their names; the first that fits counts.
_FILES = (
    ("-print", "parts to print: STL of each, and one 3MF of all"),
    ("-printed.json", "the body with its hinges where the printed parts have them"),
    ("-assembly.html", "the assembly sheet: lengths, masses, torques, motors"),
    ("-assembly.csv", "the numbers of the assembly sheet"),
    (RECORD, "score, ancestors, settings, versions and hashes"),
    (WORLD_XML, "the robot on the ground of its first episode{task}; any MuJoCo loads it"),
    (WORLD_NPZ, "states, goals and ground of the episodes that fit, for run_standalone.py"),
    (".hfield", "a height field of that ground, in MuJoCo's format"),
    (".bare.xml", "the robot alone as MJCF, for scenes of your own"),
    (".xml", "the robot as MJCF with floor, light and camera; any MuJoCo loads it"),
    (".urdf", "the robot for tool chains that know no MJCF"),
    (".usdc", "the robot as OpenUSD, with its physics"),
    (".json", "the body in the format of codesign, exact"),
    (".graphml", "the body as a graph, for NetworkX, Gephi and others"),
    (".npz", "the controller as plain arrays"),
    (".onnx", "the controller for other runtimes"),
    (".h", "the controller as a C99 header"),
    (".svg", "the picture above"),
    (".py", "simulates the design; needs {needed}, not codesign"),
)


def design_readme(
    record: Mapping[str, Any],
    graph: nx.DiGraph[str],
    model: mujoco.MjModel,
    files: Collection[str],
) -> str:
    """The text of the README.

    Args:
        record: The record of the design, from
            :func:`~codesign.exporting.design_record.design_record`.
        graph: The body.
        model: The model of the body.
        files: Names of the files of the design.
    """
    name, names = record["design"], sorted(files)
    parts = [f"# {_text(name)}\n"]
    if f"{name}.svg" in names:
        parts.append(f"![The robot at rest]({name.replace(' ', '%20')}.svg)\n")
    parts.append(_table(("", ""), _facts(record, graph, model)))
    warnings = record.get("score", {}).get("warnings", [])
    if warnings:
        parts.append("Before you trust the score:\n")
        parts.append("\n".join(f"- {_text(warning)}" for warning in warnings) + "\n")
    if "controller" in record and not _NETWORKS.isdisjoint(Path(file).suffix for file in names):
        parts += ["## What the network takes\n", network_notes(record, names)]
    parts.append("## Files\n")
    parts.append(
        _table(("file", "what it is"), [(f"`{file}`", what_file(file, names)) for file in names])
    )
    commands = _commands(name, set(names))
    if commands:
        parts.append("## Try it\n")
        parts.append("\n".join(["```console", *commands, "```"]) + "\n")
    return "\n".join(parts)


def _facts(
    record: Mapping[str, Any], graph: nx.DiGraph[str], model: mujoco.MjModel
) -> list[tuple[str, str]]:
    joints = sum(1 for _ in body_graph.joints(graph))
    facts = [
        ("nodes", str(len(graph))),
        ("joints with a motor", str(joints)),
        ("mass", f"{model.body_mass.sum():.2f} kg"),
    ]
    facts += _score_facts(record)
    if "controller" in record:
        controller = f"{record['controller']}, variant {record['variant']}"
        facts.append(("controller", f"{controller} (hash {record['controller_hash']})"))
    if "candidate" in record:
        made, ancestors = record["candidate"], len(record["ancestors"])
        facts.append(
            (
                "origin",
                f"candidate {made['number']} of its run, made by {made['operator']} in generation "
                f"{made['generation']}; {ancestors} ancestors",
            )
        )
    return [(what, _text(value)) for what, value in facts]


def _score_facts(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    facts: list[tuple[str, str]] = []
    score = record.get("score")
    if score is not None:
        low, high = score["ci95"]
        facts += [
            (
                "score",
                f"{score['score']:,.1f}, 95% interval {low:,.1f} to {high:,.1f}, "
                f"{score['episodes']} episodes of {_tasks(score)}",
            ),
            ("speed", f"{score['speed']:.2f} m/s"),
            ("falls", f"{sum(score['fell'])} of {len(score['fell'])} episodes"),
        ]
        unlikeness = unlikeness_text(score.get("metrics", {}))
        if unlikeness is not None:
            facts.append(("unlikeness", unlikeness))
        facts += [_on_task(task, part) for task, part in score.get("by_task", {}).items()]
    if "finetuned_score" in record:
        facts.append(
            (
                "fine-tuning",
                f"from {record['zero_shot_score']:,.1f} to {record['finetuned_score']:,.1f}"
                f"{_where(record)}, over other episodes; the controller in the files is the "
                "fine-tuned one",
            )
        )
    return facts


def _where(record: Mapping[str, Any]) -> str:
    """Task and length of a fine-tuning, where they are known."""
    if "finetune_task" not in record:
        return ""
    return f" on the task {record['finetune_task']} in {record['finetune_steps']:,} control steps"


def _tasks(score: Mapping[str, Any]) -> str:
    several = score.get("by_task")
    return f"each of the tasks {', '.join(several)}" if several else f"the task {score['task']}"


def _on_task(task: str, part: Mapping[str, Any]) -> tuple[str, str]:
    """The score on one of several tasks."""
    low, high = part["ci95"]
    normalized = part["metrics"].get(NORMALIZED)
    scale = "" if normalized is None else f"; {normalized:.0f} where reference bodies get 100"
    return (
        f"score on {task}",
        f"{part['score']:,.1f}, 95% interval {low:,.1f} to {high:,.1f}, {part['speed']:.2f} m/s"
        f"{scale}",
    )


def what_file(file: str, files: Collection[str]) -> str:
    """What a file of a design is, in a few words; empty for other files.

    Args:
        file: Its name.
        files: Names of all files of the design.

    Examples:
        >>> what_file("run_standalone.py", ["a.xml", "a.onnx", "a.world.npz"])
        'simulates the design; needs MuJoCo, NumPy and onnxruntime, not codesign'
    """
    what = next((what for end, what in _FILES if file.endswith(end)), "")
    plain = any(each.endswith(".npz") and not each.endswith(WORLD_NPZ) for each in files)
    name = next((each.removesuffix(RECORD) for each in files if each.endswith(RECORD)), "")
    task = file.removeprefix(name).removesuffix(WORLD_XML)[1:]
    return what.format(
        needed="MuJoCo and NumPy" if plain else "MuJoCo, NumPy and onnxruntime",
        task=f" of {task}" if name and task else "",
    )


def _commands(name: str, files: set[str]) -> list[str]:
    """Commands to run in the folder of the design."""
    worlds = sorted(file for file in files if file.endswith(WORLD_XML))
    commands: list[str] = []
    # The worlds of the scores come first; DESIGN.xml is flat ground.
    for file in (*worlds, f"{name}.xml"):
        if file not in files:
            continue
        quoted = quote(file)
        commands.append(f"python -m mujoco.viewer --mjcf={quoted}")
        simulated = file not in worlds or file.replace(WORLD_XML, WORLD_NPZ) in files
        if "run_standalone.py" in files and simulated:
            commands.append(f"python run_standalone.py {quoted}")
    return commands


def _table(head: tuple[str, str], rows: Iterable[tuple[str, str]]) -> str:
    lines = [f"| {head[0]} | {head[1]} |", "| --- | --- |"]
    return "\n".join(lines + [f"| {a} | {b} |" for a, b in rows]) + "\n"


def _text(text: str) -> str:
    """A text that is nothing but text in a table of Markdown."""
    line = " ".join(text.split())
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>|#" else letter for letter in line)
