"""A design: a body on its way out of the project, with the controller that moves it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import networkx as nx

if TYPE_CHECKING:
    from hyperdistill_core.nets.mlp import BodyMLP

#: Formats of a design that are written unless others are chosen.
USUAL_FORMATS = ("mjcf", "json", "npz")
#: Formats of a design.
DESIGN_FORMATS = (*USUAL_FORMATS, "onnx", "c", "urdf", "usd", "graphml", "print", "assembly")
#: Formats that hold the network that moves a design.
NETWORK_FORMATS = frozenset({"npz", "onnx", "c"})
#: Formats that need the controller of a design.
CONTROLLER_FORMATS = NETWORK_FORMATS | {"assembly"}
#: The task whose world is a floor alone, as in the scene of every design.
SCENE_TASK = "flat"


@dataclass(frozen=True, kw_only=True, eq=False)
class Design:
    """A body to be written.

    Attributes:
        name: Name of its folder, and stem of the names of its files.
        graph: The body.
        variant: Number of the controller variant that moves it.
        network: The fine-tuned network that moves it; None for the one that the controller
            generates.
        scores: The score of the generated and of the fine-tuned network; None without
            fine-tuning. The two are mean returns over different initial states.
        tuned: Task and control steps of the fine-tuning; None without.
        left_out: Why formats that were asked for could not be written, by format.
        origin: What its record says beside names, versions and the controller, in JSON's types:
            ``score``, and of a run ``candidate``, ``ancestors`` and ``settings``.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> design = Design(name="walker", graph=sample_body(np.random.default_rng(0)), variant=3)
        >>> design.name, design.scores
        ('walker', None)
    """

    name: str
    graph: nx.DiGraph[str]
    variant: int = 0
    network: BodyMLP | None = None
    scores: tuple[float, float] | None = None
    tuned: tuple[str, int] | None = None
    left_out: Mapping[str, str] = field(default_factory=dict[str, str])
    origin: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, kw_only=True)
class DesignRollout:
    """The controller and the episodes that an exported design comes with.

    Attributes:
        controller: Name of a shipped controller, or path of a controller file.
        task: Name of the task.
        tasks: Names of all tasks of a run on several; the world of each comes with the design,
            under its name. Empty for one task.
        blind: Whether networks with height samples get flat ground folded in, so that they take
            none any more.
        seed: Seed of the initial states of the episodes, and of their worlds.
        episodes: Number of episodes that ``run_standalone.py`` simulates.

    Examples:
        >>> DesignRollout(controller="flat-v2", episodes=8).seed
        0
    """

    controller: str | Path
    task: str = SCENE_TASK
    tasks: tuple[str, ...] = ()
    blind: bool = False
    seed: int = 0
    episodes: int = 1
