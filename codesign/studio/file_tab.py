"""The tab "File": robots in and out."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from viser import Icon

from codesign.studio.browser import explain, in_row
from codesign.studio.cards import paragraph
from codesign.studio.controls import when_changed
from codesign.studio.files import (
    Bundle,
    as_json,
    as_mjcf,
    export_bundle,
    plain_name,
)
from codesign.studio.session import Opened
from codesign.studio.uploads import open_file
from morph_ops.sampling import sample_body

if TYPE_CHECKING:
    from codesign.studio.session import Session

__all__ = ["FileTab"]


class FileTab:
    """Opening, saving and exporting.

    Args:
        session: The work of the tab.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        gui, help_on = session.client.gui, partial(explain, session.client)
        gui.add_html(paragraph("Open a robot, or drop its file anywhere on this page.", dim=True))
        upload = gui.add_upload_button("Open a robot file", icon=Icon.FOLDER_OPEN)
        upload.on_upload(lambda event: self.open(event.target.value))
        help_on(
            upload,
            "MJCF (.xml), URDF, JSON or GraphML of at most 10 MB. For a robot with meshes, a .zip "
            "of its folder, of at most 50 MB and 500 files.",
        )
        fresh = gui.add_button("New random body", icon=Icon.DICE)
        fresh.on_click(lambda _: session.post(self._sample))
        help_on(
            fresh, "A body of the UNIMAL space in place of this design; undo brings this one back."
        )
        gui.add_divider()
        self._name = gui.add_text("Name", "robot")
        when_changed(self._name, lambda text: session.post(lambda: self._rename(text), key="name"))
        help_on(self._name, "Name of the files: letters, digits, - and _, at most 60.")
        json = gui.add_button("Save as JSON", icon=Icon.DEVICE_FLOPPY)
        json.on_click(lambda _: self.save("json"))
        help_on(json, "The project's own format, which keeps every digit. Key S.")
        mjcf = gui.add_button("Save as MJCF", icon=Icon.FILE_CODE)
        mjcf.on_click(lambda _: self.save("xml"))
        help_on(mjcf, "The robot as MuJoCo reads it (.xml).")
        in_row(session.client, json, mjcf)
        self._export = gui.add_button("Export everything (.zip)", icon=Icon.PACKAGE_EXPORT)
        self._export.on_click(lambda _: session.post(self._bundle))
        help_on(
            self._export,
            "MJCF, URDF, JSON and GraphML, the network that moves it, its score, a picture, and a "
            "script that simulates it. Takes some seconds.",
        )
        session.refresh.append(self.refresh)

    def refresh(self) -> None:
        """Show the design as it is."""
        self._name.value = self._session.design.name

    def open(self, file: Any) -> None:
        """Open a file that the tab uploaded.

        Args:
            file: The file, of viser.
        """
        self.read(str(file.name), bytes(file.content), what="Opened")

    def read(
        self, name: str, content: bytes, *, what: str, otherwise: Callable[[], None] = lambda: None
    ) -> None:
        """Open the content of a file.

        Args:
            name: Name of the file.
            content: What is in it.
            what: Title of the message that says that it is open.
            otherwise: Called in the actor where it cannot be opened.
        """

        def done(graph: Any) -> None:
            self._session.open(Opened(graph=graph, name=plain_name(name)))
            self._session.notify(what, plain_name(name))

        def end(error: str | None) -> None:
            if error is not None:
                self._session.notify("Not opened", error, bad=True)
                otherwise()

        def start() -> None:
            if not content:
                end(f"{plain_name(name)}: the file is empty")
                return
            work = partial(open_file, name=name, content=content)
            self._session.start_job(work, on_message=done, on_end=end)

        self._session.post(start)

    def save(self, extension: str) -> None:
        """Send the design to the tab as a file.

        Args:
            extension: "json" or "xml".
        """
        self._session.post(lambda: self._save(extension))

    def _save(self, extension: str) -> None:
        design = self._session.design
        content = as_json(design.graph) if extension == "json" else as_mjcf(design.graph)
        self._download(f"{design.name}.{extension}", content)
        self._session.mark_saved()

    def _sample(self) -> None:
        seed = secrets.randbelow(100_000)
        graph = sample_body(np.random.default_rng(seed))
        self._session.open(Opened(graph=graph, name=f"random-{seed}"))

    def _rename(self, text: str) -> None:
        self._session.rename(plain_name(text))

    def _bundle(self) -> None:
        session = self._session
        tuned = session.tuned if session.use_tuned else None
        bundle = Bundle(
            name=session.design.name,
            graph=session.design.graph,
            controller=session.setting.controller,
            variant=session.variant,
            network=tuned.network if tuned else None,
            scores=(tuned.before, tuned.after) if tuned else None,
            task=session.setting.task,
        )
        self._export.disabled = True

        def done(content: Any) -> None:
            self._download(f"{bundle.name}.zip", content)

        def end(error: str | None) -> None:
            self._export.disabled = False
            if error is not None:
                session.notify("Not exported", error, bad=True)

        session.notify("Exporting", f"{bundle.name}.zip follows in some seconds.")
        session.start_job(partial(export_bundle, bundle=bundle), on_message=done, on_end=end)

    def _download(self, name: str, content: bytes) -> None:
        self._session.client.send_file_download(name, content, save_immediately=True)
