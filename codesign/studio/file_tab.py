"""The tab "File": robots in and out."""

from __future__ import annotations

import secrets
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from viser import Icon

from codesign.exporting import SCENE_TASK
from codesign.studio.cards import paragraph
from codesign.studio.controls import when_changed
from codesign.studio.files import (
    Bundle,
    as_json,
    as_mjcf,
    export_bundle,
    open_file,
    plain_name,
)
from codesign.studio.session import Opened
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
        gui = session.client.gui
        gui.add_html(
            paragraph(
                "Open MJCF (.xml), URDF, JSON or GraphML, or drop the file anywhere on this page.",
                dim=True,
            )
        )
        upload = gui.add_upload_button("Open a robot file", icon=Icon.FOLDER_OPEN)
        upload.on_upload(lambda event: self.open(event.target.value))
        self._fresh = gui.add_button("New random body", icon=Icon.DICE, hint="A UNIMAL body.")
        self._fresh.on_click(lambda _: session.post(self._sample))
        gui.add_divider()
        self._name = gui.add_text("Name", "robot")
        when_changed(self._name, lambda text: session.post(lambda: self._rename(text), key="name"))
        save_json = gui.add_button(
            "Save as JSON", icon=Icon.DEVICE_FLOPPY, hint="Keeps every digit. Press S"
        )
        save_json.on_click(lambda _: self.save("json"))
        save_mjcf = gui.add_button("Save as MJCF", icon=Icon.FILE_CODE, hint="For MuJoCo.")
        save_mjcf.on_click(lambda _: self.save("xml"))
        self._export = gui.add_button(
            "Export everything (.zip)",
            icon=Icon.PACKAGE_EXPORT,
            hint="MJCF, URDF, JSON, GraphML, the network, and a script that runs them.",
        )
        self._export.on_click(lambda _: session.post(self._bundle))
        session.refresh.append(self.refresh)

    def refresh(self) -> None:
        """Show the design as it is."""
        self._name.value = self._session.design.name

    def open(self, file: Any, *, what: str = "Opened") -> None:
        """Open a file that the tab uploaded.

        Args:
            file: The file, of viser.
            what: Title of the message that says so.
        """
        name, content = str(file.name), bytes(file.content)
        work = partial(open_file, name=name, content=content)

        def done(graph: Any) -> None:
            self._session.open(Opened(graph=graph, name=plain_name(name)))
            self._session.notify(what, plain_name(name))

        def end(error: str | None) -> None:
            if error is not None:
                self._session.notify("Not opened", error, bad=True)

        self._session.post(
            lambda: self._start(work, done, end) if content else end(f"{name}: the file is empty")
        )

    def save(self, extension: str) -> None:
        """Send the design to the tab as a file.

        Args:
            extension: "json" or "xml".
        """
        self._session.post(lambda: self._save(extension))

    def _start(self, work: Any, done: Any, end: Any) -> None:
        self._session.start_job(work, on_message=done, on_end=end)

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
        tuned = session.tuned
        bundle = Bundle(
            name=session.design.name,
            graph=session.design.graph,
            controller=session.setting.controller,
            variant=session.variant,
            network=tuned.network if tuned else None,
            scores=(tuned.before, tuned.after) if tuned else None,
            with_network=session.setting.task == SCENE_TASK,
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
