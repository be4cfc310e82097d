"""The tab "Design": which part is selected, its values, and limbs that come and go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import networkx as nx
from viser import Icon

from codesign.studio.controls import Edit, NodeControls, when_changed
from codesign.studio.editing import remove_limb
from codesign.studio.growing import add_limb
from codesign.studio.spaces import SPACES
from morph_ops.graph import node_names, own_nodes, root

if TYPE_CHECKING:
    from codesign.studio.session import Session

__all__ = ["DesignTab"]


class DesignTab:
    """The controls of the body.

    Args:
        session: The work of the tab.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        gui = session.client.gui
        self._history = gui.add_button_group("History", ("Undo", "Redo"), hint="Ctrl+Z, Ctrl+Y")
        self._history.on_click(lambda event: self._step(event.target.value))
        first: list[str] = [root(session.design.graph)] if session.document else ["torso"]
        self._part = gui.add_dropdown(
            "Part", first, hint="Click a part of the robot, or press N for the next one."
        )
        when_changed(self._part, lambda name: session.post(lambda: session.select(name)))
        self._folder = gui.add_folder("torso/0")
        self._controls = NodeControls(gui, self._edit)
        self._where = gui.add_dropdown(
            "New limb at", ("end", "middle"), hint="The place on the selected limb."
        )
        self._add = gui.add_button("Add a limb here", icon=Icon.PLUS, hint="Press A")
        self._add.on_click(lambda _: self.add())
        self._remove = gui.add_button(
            "Remove this limb",
            icon=Icon.TRASH,
            color="red",
            hint="With all that hangs on it. Press X",
        )
        self._remove.on_click(lambda _: self.remove())
        self._mirror = gui.add_checkbox(
            "Mirror left and right", initial_value=True, hint="Limbs come, go and change in pairs."
        )
        when_changed(self._mirror, lambda _: session.post(self.refresh))
        self._space = gui.add_dropdown(
            "Steps",
            tuple(SPACES),
            hint="Controllers are trained on the UNIMAL grid. Fine steps go beyond it.",
        )
        when_changed(self._space, lambda _: session.post(self.refresh))
        session.refresh.append(self.refresh)

    def refresh(self) -> None:
        """Show the design as it is."""
        design = self._session.design
        names = tuple(node_names(design.graph))
        if self._part.options != names:
            self._part.options = names
        self._part.value = design.selected
        is_torso = design.selected == root(design.graph)
        self._where.visible = not is_torso
        self._remove.visible = not is_torso and design.selected not in own_nodes(design.graph)
        self._controls.show(
            design.graph,
            design.selected,
            space=SPACES[self._space.value],
            mirrored=self._mirror.value,
            container=self._folder,
        )

    def add(self) -> None:
        """Add a limb to the selected part."""
        self._session.post(self._add_limb)

    def remove(self) -> None:
        """Remove the selected limb."""
        self._session.post(self._remove_limb)

    def _edit(self, what: str, edit: Edit) -> None:
        # Of a slider that is dragged, only the newest value counts.
        self._session.post(lambda: self._session.edit(what, edit), key=what)

    def _step(self, what: str) -> None:
        self._session.post(self._session.undo if what == "Undo" else self._session.redo)

    def _add_limb(self) -> None:
        new: list[str] = []

        def grow(graph: nx.DiGraph[str]) -> nx.DiGraph[str]:
            child, name = add_limb(
                graph,
                self._session.design.selected,
                where=self._where.value,
                mirrored=self._mirror.value,
                space=SPACES[self._space.value],
            )
            new.append(name)
            return child

        self._session.edit("new limb", grow, selected=lambda: new[-1])

    def _remove_limb(self) -> None:
        name = self._session.design.selected
        mirrored, space = self._mirror.value, SPACES[self._space.value]
        self._session.edit(
            f"without {name}",
            lambda graph: remove_limb(graph, name, mirrored=mirrored, space=space),
        )
