"""The studio's server: a page for every tab, and a session behind it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import socket
import threading
import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import partial
from io import StringIO
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np

from codesign.api import Run
from codesign.errors import UsageError
from codesign.studio.browser import element_id, hide, limit_uploads, start_page
from codesign.studio.cards import message
from codesign.studio.design_tab import DesignTab
from codesign.studio.evolution_panel import EvolutionPanel
from codesign.studio.file_tab import FileTab
from codesign.studio.gallery_tab import GalleryTab
from codesign.studio.improving import Evolution
from codesign.studio.memory import Memories, Memory
from codesign.studio.session import Opened, Session
from codesign.studio.training_panel import TrainingPanel
from codesign.studio.uploads import LARGEST_ARCHIVE
from codesign.studio.view_tab import ViewTab
from codesign.studio.walking import News, Setting, Walker
from morph_ops._messages import reason
from morph_ops.sampling import sample_body

if TYPE_CHECKING:
    import viser

__all__ = ["Source", "Studio"]

#: Most tabs at once; each has a process of its own.
MOST_TABS = 16
#: Where the camera is at first (m); it points to the origin, which the design stays above.
_CAMERA = (1.6, -3.0, 1.3)
#: Angle of view from top to bottom (rad).
_ANGLE = 0.75
#: Names of this machine for itself.
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """What tabs begin with.

    Attributes:
        opened: The body; None for a random one.
        run: The run to browse; None without.
        title: What it was opened from, in words.
        own: Whether bodies of the run walk under the controllers of their scores.
    """

    opened: Opened | None = None
    run: Run | None = None
    title: str = ""
    own: bool = True


class Studio:
    """A server for tabs that design robots.

    Args:
        source: What tabs begin with.
        setting: What bodies walk under.
        evolution: How long and how wide "Improve" searches; None for the usual.
        host: Address to listen on.
        port: Port; 0 for any that is free.

    Raises:
        UsageError: The address cannot be listened on.

    Examples:
        >>> studio = Studio(Source(), port=0)  # doctest: +SKIP
        >>> studio.address  # doctest: +SKIP
        'http://127.0.0.1:40123'
    """

    def __init__(
        self,
        source: Source,
        *,
        setting: Setting | None = None,
        evolution: Evolution | None = None,
        host: str = "127.0.0.1",
        port: int = 8080,
    ) -> None:
        self._source, self._setting = source, setting or Setting()
        self._evolution = evolution or Evolution()
        self._host = host
        self._lock = threading.Lock()
        self._sessions: dict[int, Session] = {}
        self._memories = Memories()
        self._spare: _Waiting | None = None
        self._closed = False
        # Tabs that were opened before a restart with the same source keep their designs.
        self._key = "codesign-studio-" + hashlib.sha256(source.title.encode()).hexdigest()[:16]
        self._server = _listen(host, port)
        self._prepare()
        self._server.on_client_connect(self._connected)
        self._server.on_client_disconnect(self._disconnected)

    @property
    def port(self) -> int:
        """Port that the studio listens on."""
        return self._server.get_port()

    @property
    def address(self) -> str:
        """Address to open in a browser."""
        host = "127.0.0.1" if self._host in ("0.0.0.0", "::") else self._host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def sessions(self) -> int:
        """Number of open tabs."""
        return len(self._sessions)

    def close(self) -> None:
        """End all tabs' work, and listen no more."""
        with self._lock:
            self._closed = True
            sessions, self._sessions = list(self._sessions.values()), {}
            spare, self._spare = self._spare, None
        for session in sessions:
            session.close()
        if spare is not None:
            spare.walker.close()
        with _silence():
            self._server.stop()

    def _prepare(self) -> None:
        """Start the process of the next tab before it comes."""
        with self._lock:
            if self._spare is None and not self._closed:
                self._spare = _Waiting(self._setting)

    def _connected(self, client: viser.ClientHandle) -> None:
        if not self._is_own_page(client):
            return
        with self._lock:
            full = len(self._sessions) >= MOST_TABS
            waiting, self._spare = (self._spare, None) if not full else (None, self._spare)
        if full:
            client.gui.add_html(message(f"{MOST_TABS} tabs are open: close one, then reload."))
            return
        waiting = waiting or _Waiting(self._setting)
        session = Session(client, waiting.walker, key=self._key)
        waiting.give_to(session)
        with self._lock:
            gone = self._closed or client.client_id not in self._server.get_clients()
            if not gone:
                self._sessions[client.client_id] = session
        if gone:
            session.close()
            return
        session.post(partial(self._furnish, session))
        self._prepare()

    def _disconnected(self, client: viser.ClientHandle) -> None:
        with self._lock:
            session = self._sessions.pop(client.client_id, None)
            memory = None if session is None else session.memory()
            if session is not None and memory is not None:
                self._memories.add(session.secret, memory)
        if session is not None:
            session.close()

    def _find(self, secret: str) -> Memory | None:
        """What a tab worked on that is gone, or that goes only after its reload has come."""
        with self._lock:
            for session in self._sessions.values():
                if session.secret == secret:
                    return session.memory()
            return self._memories.find(secret)

    def _is_own_page(self, client: viser.ClientHandle) -> bool:
        """Whether a connection comes from the studio's own page; another one is closed.

        Any page of the web that the user visits may try to connect to this machine.
        """
        infra: Any = self._server._websock_server  # pyright: ignore[reportPrivateUsage]
        connection: Any = infra._live_connections.get(client.client_id)
        if connection is None:
            return False
        headers = connection.request.headers
        if is_own_page(headers.get("Origin"), headers.get("Host"), listens_on=self._host):
            return True
        asyncio.run_coroutine_threadsafe(connection.close(), self._server.get_event_loop())
        return False

    def _furnish(self, session: Session) -> None:
        """Build the page of a tab."""
        client, gui = session.client, session.client.gui
        limit_uploads(client, largest=LARGEST_ARCHIVE)
        gui.set_panel_label("codesign studio")
        gui.main_panel.dock_right()
        tabs = gui.add_tab_group()
        with tabs.add_tab("Design"):
            design = DesignTab(session)
        with tabs.add_tab("Improve"):
            EvolutionPanel(session, self._evolution)
            gui.add_divider()
            TrainingPanel(session)
        if self._source.run is not None:
            with tabs.add_tab("Gallery"):
                GalleryTab(session, self._source.run, own=self._source.own)
        with tabs.add_tab("File"):
            file = FileTab(session)
        with tabs.add_tab("View"):
            view = ViewTab(session, self._source.run)
        view.set_theme(dark=False)
        _commands(session, design, file, view)
        start = gui.add_button("start")
        restore, drop = gui.add_upload_button("restore"), gui.add_upload_button("drop")
        light, dark = gui.add_button("light"), gui.add_button("dark")
        start.on_click(lambda _: session.post(partial(self._begin, session)))
        restore.on_upload(
            lambda event: session.post(partial(self._restore, session, file, event.target.value))
        )
        drop.on_upload(lambda event: file.open(event.target.value))
        light.on_click(lambda _: session.post(lambda: view.set_theme(dark=False)))
        dark.on_click(lambda _: session.post(lambda: view.set_theme(dark=True)))
        buttons = {"start": start, "restore": restore, "drop": drop, "light": light, "dark": dark}
        hide(client, *buttons.values())
        ids = {name: element_id(button) for name, button in buttons.items()}
        start_page(client, key=self._key, **ids)

    def _begin(self, session: Session) -> None:
        """Open what the studio was started with, unless the tab has a design already."""
        if session.document is not None:
            return
        opened = self._source.opened
        if opened is None:
            graph = sample_body(np.random.default_rng())
            opened = Opened(graph=graph, name="random")
        session.open(opened)

    def _restore(self, session: Session, file: FileTab, upload: Any) -> None:
        """Open what the tab had before a reload, with its history where that is still there."""
        try:
            kept: Any = json.loads(upload.content)
            secret, name, text = (str(kept[key]) for key in ("secret", "name", "text"))
        except (ValueError, TypeError, KeyError):
            secret = name = text = ""
        memory = self._find(secret)
        if memory is not None:
            session.resume(memory)
        elif text:
            begin = partial(self._begin, session)
            file.read(f"{name}.json", text.encode(), what="Restored", otherwise=begin)
        else:
            self._begin(session)


class _Waiting:
    """A walker whose session is not there yet.

    Args:
        setting: What bodies walk under.
    """

    def __init__(self, setting: Setting) -> None:
        self._session: Session | None = None
        self.walker = Walker(setting, self._news)

    def give_to(self, session: Session) -> None:
        """Send the news to a session from now on.

        Args:
            session: The session.
        """
        self._session = session

    def _news(self, news: News) -> None:
        session = self._session
        if session is not None:
            session.post(lambda: session.on_news(news))


def is_own_page(origin: str | None, host: str | None, *, listens_on: str) -> bool:
    """Whether a connection comes from a page of the same server.

    Args:
        origin: Header "Origin" of the request; programs that are no browser send none.
        host: Header "Host".
        listens_on: Address that the server listens on. On loopback only names of this machine
            count, so that no other name can be made to point here.

    Examples:
        >>> is_own_page("http://localhost:8080", "localhost:8080", listens_on="127.0.0.1")
        True
        >>> is_own_page("https://example.org", "localhost:8080", listens_on="127.0.0.1")
        False
        >>> is_own_page("http://example.org", "example.org", listens_on="127.0.0.1")
        False
    """
    if host is None:
        return False
    name = urlsplit(f"//{host}").hostname
    if listens_on in _LOOPBACK and name not in _LOOPBACK:
        return False
    return origin is None or urlsplit(origin).netloc == host


def _listen(host: str, port: int) -> viser.ViserServer:
    """A server at an address, and at no other.

    viser takes the next port where one is taken, and waits for ever for an address that no network
    card has; so the address is tried first.
    """
    import viser
    from viser import _messages as messages

    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind((host, port))
    except OSError as error:
        raise UsageError(
            f"cannot listen on {host}, port {port} ({reason(error)}): choose another one with "
            "--port or --host"
        ) from None
    # The last frame of a tab that was just closed is no matter.
    warnings.filterwarnings("ignore", message="Queued a .* on a closed connection")
    with _silence():
        server = viser.ViserServer(host=host, port=port, verbose=False)
    if port and server.get_port() != port:
        server.stop()
        raise UsageError(f"port {port} is taken: choose another one with --port")
    # viser can show a page to the whole internet by way of a server of its makers. Not this one.
    infra: Any = server._websock_server  # pyright: ignore[reportPrivateUsage]
    infra.unregister_handler(messages.ShareUrlRequest)
    infra.unregister_handler(messages.ShareUrlDisconnect)
    server.initial_camera.position = _CAMERA
    server.initial_camera.fov = _ANGLE
    server.scene.world_axes.visible = False
    server.scene.configure_default_lights(cast_shadow=True)
    return server


@contextmanager
def _silence() -> Generator[None]:
    """Keep viser's greetings off the terminal."""
    with redirect_stdout(StringIO()):
        yield


def _commands(session: Session, design: DesignTab, file: FileTab, view: ViewTab) -> None:
    """Keys, which work wherever the focus is but in a field of text."""
    add = session.client.gui.add_command

    def command(
        label: str, action: Callable[[], None], hotkey: Any = None, modifier: Any = None
    ) -> None:
        handle = add(label, hotkey=hotkey, modifier=modifier)
        handle.on_trigger(lambda _: action())

    command("Undo", lambda: session.post(session.undo), "Z", "cmd/ctrl")
    command("Reset to the body as it was opened", lambda: session.post(session.reset))
    command("Redo", lambda: session.post(session.redo), "Y", "cmd/ctrl")
    command("Redo (as on a Mac)", lambda: session.post(session.redo), "Z", "cmd/ctrl+shift")
    command("Select the next limb", lambda: session.post(lambda: session.select_next(1)), "N")
    command("Select the limb before", lambda: session.post(lambda: session.select_next(-1)), "B")
    command("Add a limb here", design.add, "A")
    command("Remove this limb", design.remove, "X")
    command("Save as JSON", lambda: file.save("json"), "S")
    command("Pause or play", lambda: session.post(view.play), "P")
    command("Show the next episode", lambda: session.post(session.show_next_episode), "E")
    command("Start the gait again", lambda: session.post(view.restart), "R")
