"""``NAME.record.json``: what a design is, where it comes from, and what it scored."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codesign.exporting.design import Design
from codesign.exporting.world_file import WORLD_XML
from codesign.scoring.fingerprint import installed_version
from morph_ops.identity import body_hash

if TYPE_CHECKING:
    import networkx as nx

    from codesign.config import Settings
    from codesign.exporting.standalone import StandaloneDesign
    from codesign.store import Candidate

#: Ending of the name of the file.
RECORD = ".record.json"
#: Packages whose versions can change what a design does.
PACKAGES = ("codesign", "mjbatch", "mujoco", "numpy", "torch")


def design_record(design: Design, made: StandaloneDesign | None) -> dict[str, Any]:
    """Everything that is known about a design, in JSON's types.

    Args:
        design: The design.
        made: The design with its network; None for a body alone.

    Returns:
        ``design``, ``hash`` of the body, ``versions`` of packages; with a network its
        ``controller``, ``controller_hash`` and ``variant``, the ``task`` and ``seed`` of the
        episodes that the files come with, ``height_samples``, the ``target`` that the network
        sees, ``folded_sight``, the number of numbers that it saw before flat ground was folded in,
        and the ``goals`` of the first episode (m); of a run on several tasks ``worlds``: ``file``
        and ``goals`` of the first episode on each task but ``"flat"``; after fine-tuning
        ``zero_shot_score`` (of ``variant``, from which it learned) and ``finetuned_score``, both on
        the task ``finetune_task``, and ``finetune_steps``; and what
        :attr:`~codesign.exporting.Design.origin` says.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(0))
        >>> list(design_record(Design(name="walker", graph=body), None))
        ['design', 'hash', 'versions']
    """
    record: dict[str, Any] = {
        "design": design.name,
        "hash": body_hash(design.graph),
        "versions": {name: installed_version(name) for name in PACKAGES},
    }
    if made is not None:
        record |= {
            "controller": made.controller,
            "controller_hash": made.controller_hash,
            "variant": design.variant,
            "task": made.task,
            "seed": made.seed,
            "height_samples": len(made.samples),
            "target": made.target,
            "folded_sight": made.folded,
            "goals": [list(goal) for goal in made.goals],
        }
        if made.worlds:
            record["worlds"] = {
                task: {"file": f"{stem}{WORLD_XML}", "goals": [list(goal) for goal in goals]}
                for task, (stem, goals) in made.worlds.items()
            }
    record |= finetuning_values(design)
    return record | dict(design.origin)


def finetuning_values(design: Design) -> dict[str, Any]:
    """What fine-tuning did to a design, for records and tables; empty without.

    Args:
        design: The design.
    """
    values: dict[str, Any] = {}
    if design.scores is not None:
        values = {"zero_shot_score": design.scores[0], "finetuned_score": design.scores[1]}
    if design.tuned is not None:
        values |= {"finetune_task": design.tuned[0], "finetune_steps": design.tuned[1]}
    return values


def candidate_origin(
    candidate: Candidate, family: nx.DiGraph[int], settings: Settings
) -> Mapping[str, Any]:
    """Where a design of a run comes from, in JSON's types.

    Args:
        candidate: The candidate that the design was.
        family: The family tree of the run, from :func:`~codesign.exporting.phylogeny`.
        settings: The settings of the run.

    Returns:
        ``candidate``: its number, generation, operator, parents, and changes against the first
        parent. ``ancestors``: number, generation, operator, parents, score and hash of each, the
        oldest first. ``score``: the score record that the design is ranked by; ``search_score``:
        that of the search, where a re-evaluation replaced it. ``settings``: those of the run.
    """
    record = candidate.final
    origin: dict[str, Any] = {
        "candidate": {
            "number": candidate.number,
            "generation": candidate.generation,
            "operator": candidate.operator,
            "parents": list(candidate.parents),
            "changes": candidate.diff,
        },
        "ancestors": _ancestors(candidate.number, family),
        "score": record.to_dict(),
    }
    if candidate.reevaluation is not None:
        origin["search_score"] = candidate.result.to_dict()
    return origin | {"settings": json.loads(settings.model_dump_json())}


def write_design_record(record: Mapping[str, Any], path: Path) -> None:
    """Write a record.

    Args:
        record: The record.
        path: The file.
    """
    path.write_text(json.dumps(record, indent=1) + "\n", "utf-8")


def _ancestors(number: int, family: nx.DiGraph[int]) -> list[dict[str, Any]]:
    """The ancestors of a candidate, the oldest first; parents are older than their children."""
    names = ("number", "generation", "operator", "score", "hash")
    found: set[int] = set()
    waiting = list(family.predecessors(number))
    while waiting:
        ancestor = waiting.pop()
        if ancestor not in found:
            found.add(ancestor)
            waiting += family.predecessors(ancestor)
    return [
        {name: family.nodes[ancestor][name] for name in names}
        | {"parents": list(family.predecessors(ancestor))}
        for ancestor in sorted(found)
    ]
