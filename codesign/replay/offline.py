"""A viser scene without a server: no port, no thread, only the text of a page."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import viser
from viser import _messages as messages
from viser import infra
from viser._viser import InitialCameraConfig
from viser.infra._async_message_buffer import AsyncMessageBuffer


class _Unstarted(viser.ViserServer):
    """What a scene needs of a server; nothing listens.

    ``ViserServer`` opens its port when it is made, so its ``__init__`` is not called. The names
    with an underscore are those of the viser that pyproject.toml pins.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, executor: ThreadPoolExecutor) -> None:
        server = infra.WebsockServer(
            host="127.0.0.1", port=0, message_class=messages.Message, verbose=False
        )
        server._broadcast_buffer = AsyncMessageBuffer(  # pyright: ignore[reportPrivateUsage]
            loop, persistent_messages=True
        )
        self._websock_server = self._connection = server
        self._initial_camera = InitialCameraConfig(broadcast=server.queue_message)
        self._connected_clients = {}
        self._scene_lifecycle_lock = threading.RLock()
        self.scene = viser.SceneApi(self, thread_executor=executor, event_loop=loop)
        self.scene.set_up_direction("+z")


@contextmanager
def offline_server() -> Generator[viser.ViserServer]:
    """A server that never starts, to fill its ``scene`` and serialize it.

    Yields:
        The server; only ``scene``, ``initial_camera`` and ``get_scene_serializer`` work.

    Examples:
        >>> with offline_server() as server:
        ...     _ = server.scene.add_box("/box")
        ...     "<html" in server.get_scene_serializer().as_html()
        True
    """
    loop = asyncio.new_event_loop()
    try:
        with ThreadPoolExecutor(max_workers=1) as executor:
            yield _Unstarted(loop, executor)
    finally:
        loop.close()
