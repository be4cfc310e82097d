"""The picture of a body in its rest pose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import mujoco

from codesign.drawing.camera import Camera
from codesign.drawing.palette import colors_of
from codesign.drawing.solids import solids_of
from codesign.drawing.svg import draw
from hyperdistill_core.tasks import get_task

if TYPE_CHECKING:
    import networkx as nx


def rest_state(graph: nx.DiGraph[str]) -> tuple[mujoco.MjModel, mujoco.MjData]:
    """The model of a body on flat ground, and its state at the beginning of an episode.

    Args:
        graph: The body.

    Raises:
        BodyError: The body cannot be simulated.
    """
    model = get_task("flat").model(graph)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    return model, data


def picture_of(
    graph: nx.DiGraph[str],
    *,
    camera: Camera | None = None,
    size: tuple[int, int] = (320, 240),
    title: str = "a robot",
    prefix: str = "s",
) -> str:
    """A body as it stands at the beginning of an episode.

    Args:
        graph: The body.
        camera: The camera; None for the usual one.
        size: Width and height (px).
        title: Text that screen readers say in place of the picture.
        prefix: Start of all ids, letters alone. Pictures in one page need different ones.

    Returns:
        The text of an SVG element, transparent where nothing is.

    Raises:
        BodyError: The body cannot be simulated.

    Examples:
        >>> import numpy as np
        >>> from morph_ops.sampling import sample_body
        >>> body = sample_body(np.random.default_rng(0))
        >>> "<title>walker</title>" in picture_of(body, title="walker")
        True
    """
    model, data = rest_state(graph)
    solids = solids_of(model, data, colors=colors_of(graph))
    return draw(solids, camera=camera, size=size, title=title, prefix=prefix)
