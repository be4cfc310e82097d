"""A controller: a hypernetwork with everything that is needed to control a body with it.

A controller may have several variants. A variant multiplies the body's context by constant
factors, so that the hypernetwork generates another network for the same body. One variant may
move a body that another variant does not move
(:mod:`hyperdistill_core.controller.halving` selects one).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.controller.checkpoints import ControllerError, find
from hyperdistill_core.controller.controller_file import (
    ControllerParts,
    damaged,
    read_parts,
    write_parts,
)
from hyperdistill_core.controller.controller_hash import controller_hash
from hyperdistill_core.controller.familiarity import Familiarity
from hyperdistill_core.controller.reference_scores import ReferenceScores
from hyperdistill_core.controller.training_distribution import TrainingDistribution
from hyperdistill_core.features import (
    STATE_DIM,
    BodyLayout,
    ContextKind,
    context_dim,
    context_features,
)
from hyperdistill_core.nets.mlp import BodyMLP, Normalization
from hyperdistill_core.nets.numpy_hypernetwork import NumpyHypernetwork

if TYPE_CHECKING:
    import mujoco
    import networkx as nx

    from hyperdistill_core.tasks import Task


@dataclass(frozen=True, eq=False, kw_only=True)
class Controller:
    """A hypernetwork with everything that is needed to control a body with it.

    Attributes:
        name: Name of the controller, which is the stem of its file.
        network: The hypernetwork.
        normalization: Mean and variance of each state feature.
        task: Name of the task that the controller was trained on.
        context: Name of the context layout that the network takes.
        training_distribution: Limits of the bodies that the controller was trained on.
        provenance: How the controller was made, as values that JSON can hold.
        familiarity: How far bodies lie from the training bodies; None where it is not known.
        reference_scores: Scores of reference bodies; None where there are none.
        variants: (R, D) float32 factors on the entries of a context. The first row is ones,
            which leaves the context unchanged. None means this row alone.

    Raises:
        ValueError: The network's context is not as wide as the layout ``context``.
        ValueError: The network's state is not as wide as the state features.
        ValueError: The variants are not as wide as the context, or do not begin with ones.

    Examples:
        >>> from hyperdistill_core.tasks import get_task
        >>> from morph_ops.sampling import sample_body
        >>> controller = Controller.load("flat-v2")
        >>> controller.hash, controller.n_variants
        ('d427f76fb6f137b9', 32)
        >>> graph, task = sample_body(np.random.default_rng(0)), get_task("flat")
        >>> policy = controller.for_body(graph, task.model(graph))
        >>> states = np.zeros((5, len(graph), 17))  # 5 episodes
        >>> policy.act(states, time=0.0).shape == (5, policy.n_controls)
        True
    """

    name: str
    network: NumpyHypernetwork
    normalization: Normalization
    task: str
    context: ContextKind
    training_distribution: TrainingDistribution = field(
        default_factory=lambda: TrainingDistribution({})
    )
    familiarity: Familiarity | None = None
    reference_scores: ReferenceScores | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict[str, Any])
    variants: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        width, expected = self.network.config.context_dim, context_dim(self.context)
        if width != expected:
            raise ValueError(
                f"context: the {self.context!r} layout has {expected} features,"
                f" the network takes {width}"
            )
        if self.network.config.state_dim != STATE_DIM:
            raise ValueError(
                f"state: a node has {STATE_DIM} state features, the network takes"
                f" {self.network.config.state_dim}"
            )
        if self.variants is not None:
            _require_factors(self.variants, width)

    @property
    def n_variants(self) -> int:
        """Number of variants, at least 1."""
        return 1 if self.variants is None else len(self.variants)

    def require_variants(self, wanted: int, *, what: str = "best_of") -> None:
        """Refuse a number of variants that the controller does not have.

        Args:
            wanted: Number of variants that a setting asks for.
            what: Name of the setting, for the message.

        Raises:
            ControllerError: ``wanted`` is below 1 or above :attr:`n_variants`.
        """
        if not 1 <= wanted <= self.n_variants:
            raise ControllerError(
                f"{what}: expected 1 .. {self.n_variants}, because controller {self.name} has"
                f" {self.n_variants} variant{'s' * (self.n_variants > 1)}, got {wanted}"
            )

    def with_context(self, context: ContextKind) -> Controller:
        """A controller that acts the same and takes another context layout.

        Args:
            context: Name of the layout: that of the controller, or one that extends it.

        Raises:
            ControllerError: The layout does not extend that of the controller.

        Examples:
            >>> Controller.load("flat-v2").with_context("extended").network.config.context_dim
            32
        """
        if context == self.context:
            return self
        if (self.context, context) != ("continuous", "extended"):
            raise ControllerError(
                f"controller {self.name}: expected one with the context {context!r}"
                f"{' or continuous' * (context == 'extended')}, got {self.context!r}"
            )
        width, variants = context_dim(context), self.variants
        if variants is not None:
            more = width - variants.shape[1]
            variants = np.pad(variants, ((0, 0), (0, more)), constant_values=1.0)
        network = self.network.with_context_dim(width)
        return replace(self, network=network, context=context, variants=variants)

    @classmethod
    def load(cls, name_or_path: str | Path) -> Controller:
        """Load a shipped controller by its name, or any controller from its file.

        Args:
            name_or_path: One of :func:`hyperdistill_core.controller.available`, or a path.

        Raises:
            ControllerError: There is no such file and no shipped controller of that name.
            ControllerError: The file is not a controller's, is damaged, or has another version.
        """
        path = find(name_or_path)
        parts = read_parts(path)
        try:
            return cls(name=path.stem, **parts._asdict())
        except ValueError as error:
            raise damaged(path, error) from None

    def save(self, path: str | Path, *, half: bool = False) -> None:
        """Write the controller's file.

        Args:
            path: Path of the file. An existing file is replaced.
            half: Whether to round the weights to float16, which halves the file. Rounding
                changes the hash: score, publish and compare the loaded controller instead.
        """
        parts = {name: getattr(self, name) for name in ControllerParts._fields}
        write_parts(Path(path), ControllerParts(**parts), half=half)

    @cached_property
    def hash(self) -> str:
        """Hash of weights, normalization, settings and variants: 16 hexadecimal digits."""
        return controller_hash(
            self.network, self.normalization, self.variants, task=self.task, context=self.context
        )

    def body_mlp(self, context: NDArray[np.floating], actions: NDArray[np.integer]) -> BodyMLP:
        """Generate a body's network from its context.

        Args:
            context: (n, D) context features of the n nodes in the layout :attr:`context`.
            actions: (nu,) flat index of each control into the (n, 2) joint slots, as in
                ``BodyLayout.actions``.

        Returns:
            The body's network.
        """
        return BodyMLP.from_layers(
            self.network.layers(context),
            normalization=self.normalization,
            actions=actions,
            terrain=self.network.terrain_layers,
            clock_harmonics=self.network.config.clock_harmonics,
        )

    def for_body(
        self, graph: nx.DiGraph[str], model: mujoco.MjModel, *, variant: int = 0
    ) -> BodyMLP:
        """Generate the network of a body.

        Args:
            graph: The body.
            model: The body's model, as the task builds it. Its motors order the controls.
            variant: Number of the variant. The default 0 leaves the context unchanged.

        Returns:
            The body's network, a policy for rollouts.

        Raises:
            IndexError: The controller has no variant of that number.
        """
        if not 0 <= variant < self.n_variants:
            raise IndexError(f"variant: expected 0 .. {self.n_variants - 1}, got {variant}")
        context = context_features(graph, model, kind=self.context)
        if variant and self.variants is not None:
            context = context * self.variants[variant]
        return self.body_mlp(context, BodyLayout.from_graph(graph, model).actions)

    def embedding(self, graph: nx.DiGraph[str], model: mujoco.MjModel) -> NDArray[np.float32]:
        """Embedding (E,) of a body, from which the hidden weights of its network come.

        Args:
            graph: The body.
            model: The body's model, as the task builds it.
        """
        context = context_features(graph, model, kind=self.context)
        return self.network.embedding(context).astype(np.float32)

    def unlikeness(self, graph: nx.DiGraph[str], model: mujoco.MjModel) -> float | None:
        """Percentile of a body's distance to the training bodies (0..100), if that is known.

        90 means that nine of ten training bodies lie nearer to another training body.

        Args:
            graph: The body.
            model: The body's model, as the task builds it.
        """
        if self.familiarity is None:
            return None
        return self.familiarity.percentile(self.embedding(graph, model))

    def warnings(self, graph: nx.DiGraph[str]) -> list[str]:
        """One line for each quantity of a body that lies outside the training distribution."""
        return self.training_distribution.warnings(graph)

    def floor_warnings(self, task: Task) -> list[str]:
        """One line where the floor of a task lies at another height than in the training.

        States hold the height of the torso, which then says nothing.

        Args:
            task: The task of a rollout.

        Examples:
            >>> from hyperdistill_core.tasks import get_task
            >>> Controller.load("flat-v3").floor_warnings(get_task("flat-reference"))
            ['flat-reference has its floor at z = 1 m, flat-v3 learned with it at 0 m: take flat']
        """
        from hyperdistill_core.tasks import TASKS, get_task

        with suppress(ValueError):  # (the scene of a training need not exist here)
            learned = get_task(self.task).state_floor_m
            if learned != task.state_floor_m:
                name = task.name.removesuffix("-reference")
                forms = [form for form in (name, f"{name}-reference") if form in TASKS]
                fits = [form for form in forms if get_task(form).state_floor_m == learned]
                return [
                    f"{task.name} has its floor at z = {task.state_floor_m:g} m, {self.name} "
                    f"learned with it at {learned:g} m" + "".join(f": take {form}" for form in fits)
                ]
        return []


def _require_factors(variants: NDArray[np.float32], width: int) -> None:
    shape = variants.shape
    if len(shape) != 2 or shape[1] != width or not len(variants) or not (variants[0] == 1.0).all():
        raise ValueError(
            f"variants: expected rows of {width} factors, the first of them ones, got an array of"
            f" shape {shape}"
        )
