"""Which bodies of a training set are active, and which replace them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hyperdistill_core.errors import TrainingError
from hyperdistill_core.training.ppo.ppo_settings import PPOSettings
from hyperdistill_core.training.training_sets.training_set import TrainingSet

#: Weight of a new episode in a body's running mean of episode lengths.
LENGTH_RATE = 0.1


class BodyScheduler:
    """Assigns bodies to the slots of a vector env, and replaces the ones that were there longest.

    A training set of any size passes through a fixed number of slots.

    Invariants:
        ``active`` holds ``n_active`` distinct bodies, one for each slot.
        Slots are replaced in turn, so the body that was active longest is replaced first.
        A body of weight zero never becomes active, unless all bodies are active all the time.
        All draws come from ``rng``, in the order of the calls.

    Args:
        training_set: Bodies to choose from.
        settings: Settings of the training.
        max_steps: Time limit of an episode in control steps, the first guess of all lengths.
        rng: Generator of the draws; the caller may share it.

    Attributes:
        active: Number of the body in each slot.
        lengths: (bodies,) running mean of each body's episode lengths, in control steps.

    Raises:
        TrainingError: The training set is smaller than the number of active bodies.
        TrainingError: Too few bodies have a weight above zero.

    Examples:
        >>> from morph_ops.sampling import sample_body
        >>> rng = np.random.default_rng(0)
        >>> bodies = TrainingSet(tuple(sample_body(rng) for _ in range(3)), ("sampled",) * 3)
        >>> settings = PPOSettings(n_active=2, replaced_per_update=1)
        >>> scheduler = BodyScheduler(bodies, settings, max_steps=1000, rng=rng)
        >>> [slot for slot, body in scheduler.replace()]
        [0]
    """

    def __init__(
        self,
        training_set: TrainingSet,
        settings: PPOSettings,
        *,
        max_steps: int,
        rng: np.random.Generator,
    ) -> None:
        self._settings, self._rng = settings, rng
        self._weights = training_set.weights(settings.robot_share)
        self._require_enough(len(training_set))
        self.lengths = np.full(len(training_set), float(max_steps))
        bodies = np.arange(len(training_set))
        all_active = settings.n_active == len(training_set)
        self.active = bodies.tolist() if all_active else self._draw(bodies, settings.n_active)
        self._next_slot = 0

    def replace(self) -> list[tuple[int, int]]:
        """Replace active bodies.

        Returns:
            The slots that changed and the numbers of their new bodies, in order.
        """
        inactive = np.setdiff1d(np.arange(len(self._weights)), self.active)
        number = min(self._settings.replaced_per_update, len(inactive))
        changed: list[tuple[int, int]] = []
        for body in self._draw(inactive, number):
            slot = self._next_slot
            self._next_slot = (slot + 1) % len(self.active)
            self.active[slot] = body
            changed.append((slot, body))
        return changed

    def record_length(self, slot: int, length: float) -> None:
        """Update the mean episode length of the body in a slot.

        Args:
            slot: The slot.
            length: Mean length of the episodes that just ended there, in control steps.
        """
        body = self.active[slot]
        self.lengths[body] += LENGTH_RATE * (length - self.lengths[body])

    def state_dict(self) -> dict[str, Any]:
        """State of the scheduler, without its generator."""
        return {"active": self.active, "next_slot": self._next_slot, "lengths": self.lengths}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state_dict` returned.

        Args:
            state: State of a scheduler of the same training set and settings.
        """
        self.active, self._next_slot = list(state["active"]), int(state["next_slot"])
        self.lengths[...] = state["lengths"]

    def _draw(self, candidates: NDArray[np.int64], number: int) -> list[int]:
        """Distinct bodies, drawn by weight."""
        weights = self._weights[candidates] / self.lengths[candidates] ** self._settings.favor_short
        share = weights / weights.sum() if weights.any() else None
        most = np.count_nonzero(weights)
        return self._rng.choice(candidates, size=min(number, most), replace=False, p=share).tolist()

    def _require_enough(self, n_bodies: int) -> None:
        n_active = self._settings.n_active
        if n_bodies < n_active:
            raise TrainingError(
                f"n_active: expected at most the {n_bodies} bodies of the training set, got "
                f"{n_active}"
            )
        drawable = np.count_nonzero(self._weights)
        if drawable < n_active:
            raise TrainingError(
                f"n_active: expected at most {drawable}, the bodies that can be drawn with "
                f"robot_share={self._settings.robot_share:g}, got {n_active}"
            )
