"""The tab "Design": which node is selected, its values, and limbs that come and go."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import networkx as nx
from viser import Icon

from codesign.studio.browser import explain, in_row
from codesign.studio.controls import Edit, NodeControls, when_changed
from codesign.studio.editing import remove_limb
from codesign.studio.growing import add_limb
from codesign.studio.spaces import GRID, SPACES
from codesign.studio.words import titles
from morph_ops.graph import own_nodes, root

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
        self._titles: dict[str, str] = {}
        gui, help_on = session.client.gui, partial(explain, session.client)
        self._undo = gui.add_button("Undo", icon=Icon.ARROW_BACK_UP, disabled=True)
        self._redo = gui.add_button("Redo", icon=Icon.ARROW_FORWARD_UP, disabled=True)
        self._reset = gui.add_button("Reset", icon=Icon.RESTORE, disabled=True)
        self._undo.on_click(lambda _: session.post(session.undo))
        self._redo.on_click(lambda _: session.post(session.redo))
        self._reset.on_click(lambda _: session.post(session.reset))
        in_row(session.client, self._undo, self._redo, self._reset)
        help_on(self._undo, "The design before the last change. Ctrl+Z.")
        help_on(self._redo, "The change that was undone last. Ctrl+Y.")
        help_on(self._reset, "The design as it was opened; undo brings the changes back.")
        first: list[str] = ["torso"]
        self._node = gui.add_dropdown("Selected", first)
        when_changed(self._node, lambda title: session.post(lambda: self._select(title)))
        help_on(self._node, "Click the torso or a limb of the robot, or press N for the next one.")
        self._folder = gui.add_folder("torso")
        self._controls = NodeControls(session.client, self._edit)
        self._where = gui.add_dropdown("New limb at", ("end", "middle"))
        help_on(self._where, "The place on the selected limb where a new one hangs.")
        self._add = gui.add_button("Add a limb here", icon=Icon.PLUS)
        self._add.on_click(lambda _: self.add())
        help_on(
            self._add, f"On what is selected; a body has at most {GRID.max_limbs} limbs. Key A."
        )
        self._remove = gui.add_button("Remove this limb", icon=Icon.TRASH, color="red")
        self._remove.on_click(lambda _: self.remove())
        help_on(self._remove, "With all that hangs on it. Key X.")
        self._mirror = gui.add_checkbox("Mirror left and right", initial_value=True)
        when_changed(self._mirror, lambda _: session.post(self.refresh))
        help_on(self._mirror, "Limbs come, go and change in pairs, left and right alike.")
        self._space = gui.add_dropdown("Steps", tuple(SPACES))
        when_changed(self._space, lambda _: session.post(self.refresh))
        help_on(
            self._space,
            "The values that the sliders offer: those of the UNIMAL grid, on which controllers are "
            "trained, or finer steps and wider limits.",
        )
        session.refresh.append(self.refresh)

    def refresh(self) -> None:
        """Show the design as it is."""
        design = self._session.design
        self._undo.disabled, self._redo.disabled = not design.past, not design.future
        self._reset.disabled = not design.can_reset
        self._titles = titles(design.graph)
        options = tuple(self._titles.values())
        if self._node.options != options:
            self._node.options = options
        self._node.value = self._titles[design.selected]
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
        """Add a limb to the selected node."""
        self._session.post(self._add_limb)

    def remove(self) -> None:
        """Remove the selected limb."""
        self._session.post(self._remove_limb)

    def _select(self, title: str) -> None:
        names = {text: name for name, text in self._titles.items()}
        self._session.select(names.get(title, ""))

    def _edit(self, what: str, edit: Edit) -> None:
        # Of a slider that is dragged, only the newest value counts.
        self._session.post(lambda: self._session.edit(what, edit), key=what)

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
