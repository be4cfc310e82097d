"""A Dask cluster's workers behind the same protocol as local worker processes."""

from __future__ import annotations

import queue
import uuid
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import CancelledError
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, cast

from distributed import Client, Future, KilledWorker

from codesign.cluster import dask_worker
from codesign.cluster.cluster_settings import ClusterSettings
from codesign.cluster.start_cluster import start_cluster
from codesign.errors import RunError, UsageError
from codesign.machine import difference, machine
from hyperdistill_core.parallel.backend import Item, Outcome, Result
from hyperdistill_core.parallel.processes import launcher
from morph_ops._messages import one_line

#: Number of items sent to the cluster for each thread: one in work, and one that waits there, so
#: that the thread need not wait for the coordinator.
ITEMS_PER_THREAD = 2
CONNECT_S = 10
#: Number of times that the scheduler may drop an item, though it runs, before the pool gives up.
MAX_CANCELLED = 3


@dataclass(frozen=True)
class _Sent(Generic[Item]):
    """An item that was sent to the cluster."""

    key: Hashable
    item: Item
    future: Future[Any]
    n_cancelled: int


class DaskPool(Generic[Item, Result]):
    """The workers of a Dask cluster as a :class:`~hyperdistill_core.parallel.Backend`.

    Every item is worked on in a child process of a Dask worker. As in
    :class:`~hyperdistill_core.parallel.WorkerPool`, an item that crashes or hangs is tried once
    more, and then fails. A Dask worker that dies itself returns its items: Dask gives each to
    another worker, until as many workers have died with it as the scheduler's setting
    ``distributed.scheduler.allowed-failures`` (3) tolerates. Then the item fails. Workers may
    come and go at any time.

    Args:
        setup: Setup function, as of :class:`~hyperdistill_core.parallel.WorkerPool`.
        cluster: Cluster to connect to, or to start.
        time_limit: Longest time that an item may take (s), without its waiting for a worker;
            None for no limit.
        fingerprint: Picklable function that returns, by name, what workers must have in common
            with this process.

    Attributes:
        client: Connection to the cluster.
        job: What the Dask workers got.
        warnings: How the processors of the workers that were there at the start differ.

    Raises:
        Exception: The error that ``setup`` raised on a worker.
        UsageError: No scheduler answers.
        UsageError: The cluster cannot be started as the settings say.
        UsageError: A worker has other software or files than this process.
        RunError: No worker came in time.
    """

    def __init__(
        self,
        setup: Callable[[], Callable[[Item], Result]],
        *,
        cluster: ClusterSettings,
        time_limit: float | None,
        fingerprint: Callable[[], Mapping[str, str]],
    ) -> None:
        self._cluster = cluster
        self.job = dask_worker.Job(
            uuid.uuid4().hex[:12], setup, time_limit, fingerprint, dict(fingerprint())
        )
        self.warnings: tuple[str, ...] = ()
        self._n_sent = 0
        self._n_threads = 0
        self._sent: dict[str, _Sent[Item]] = {}
        self._done: queue.SimpleQueue[Future[Any]] = queue.SimpleQueue()
        self._stack = ExitStack()
        try:
            self.client: Any = self._connect()  # Any: Dask annotates its client in part
            self._stack.callback(self._leave)
            self._await_workers()
            self._check_workers()
        except BaseException:
            self.close()
            raise

    @property
    def idle(self) -> int:
        """Number of items that can be submitted now: a few for each thread of the workers."""
        return max(0, max(1, ITEMS_PER_THREAD * self._n_threads) - len(self._sent))

    @property
    def busy(self) -> bool:
        """Whether an item was submitted whose outcome was not collected."""
        return bool(self._sent)

    @property
    def parallelism(self) -> int:
        """Number of the workers' threads now."""
        return self._n_threads

    @property
    def location(self) -> str:
        """Where the work is done, for people."""
        plural = "" if self._n_threads == 1 else "s"
        return f"{self._n_threads} thread{plural} of {self._cluster.name}"

    def submit(self, key: Hashable, item: Item) -> None:
        """Send an item to the cluster.

        Args:
            key: Name of the item in its :class:`~hyperdistill_core.parallel.Outcome`.
            item: Picklable argument of the function that ``setup`` returned.

        Raises:
            RuntimeError: There is no room.
        """
        if not self.idle:
            raise RuntimeError("every worker is busy: collect before submitting more")
        self._send(key, item)

    def collect(self) -> list[Outcome[Result]]:
        """Wait until at least one item is done; return the outcomes of all that are.

        Raises:
            UsageError: A worker that joined later has other software than this process.
            RunError: The scheduler is gone.
        """
        if not self._sent:
            return []
        outcomes: list[Outcome[Result]] = []
        while not outcomes:
            done = [self._done.get()]
            while not self._done.empty():
                done.append(self._done.get())
            found = [self._outcome(future) for future in done]
            outcomes = [outcome for outcome in found if outcome is not None]
        self._count_threads()
        return outcomes

    def close(self) -> None:
        """Cancel the items in work, and end the cluster if this pool started it."""
        self._stack.close()

    def _send(self, key: Hashable, item: Item, *, n_cancelled: int = 0) -> None:
        self._n_sent += 1
        name = f"codesign-{self.job.token}-{self._n_sent}"
        future = self.client.submit(dask_worker.work, self.job, key, item, key=name, pure=False)
        self._sent[name] = _Sent(key, item, future, n_cancelled)
        future.add_done_callback(self._done.put)

    def _outcome(self, future: Future[Any]) -> Outcome[Result] | None:
        """Return the outcome of an item; None if the item was sent again."""
        sent = self._sent.pop(str(future.key))
        try:
            if future.status == "lost":
                raise CancelledError
            # This may raise although the item was done: if the worker died before its result was
            # fetched, another worker repeats the item, and the error is that worker's.
            result: Any = cast("Any", future).result()
        except KilledWorker as error:
            n_died = error.allowed_failures + 1
            return Outcome(sent.key, error=f"Dask workers that died with it: {n_died}")
        except CancelledError:
            # Under load the scheduler may drop an item just after a worker has died.
            if self.client.status == "running" and sent.n_cancelled < MAX_CANCELLED:
                self._send(sent.key, sent.item, n_cancelled=sent.n_cancelled + 1)
                return None
            raise self._scheduler_gone() from None
        except Exception as error:
            if self.client.status != "running":
                raise self._scheduler_gone() from None
            raise self._explained(error) from None
        return result

    def _scheduler_gone(self) -> RunError:
        return RunError(f"the Dask scheduler of {self._cluster.name} is gone")

    def _connect(self) -> Client:
        # Dask may start threads and processes here: they need what other workers need.
        with launcher().worker_environment():
            target: Any = self._cluster.scheduler
            if target is None:
                target = self._stack.enter_context(start_cluster(self._cluster))
            try:
                client: Any = Client
                return self._stack.enter_context(
                    client(target, timeout=CONNECT_S, set_as_default=False, name="codesign")
                )
            except (OSError, ValueError, RuntimeError) as error:
                raise UsageError(
                    f"cluster: no Dask scheduler answers at {target}: {one_line(error)}"
                ) from None

    def _await_workers(self) -> None:
        expected = self._cluster.workers or 1
        try:
            self.client.wait_for_workers(expected, timeout=self._cluster.wait)
        except TimeoutError:
            raise RunError(
                f"cluster: expected {expected} or more workers at {self._cluster.name} within "
                f"{self._cluster.wait:g} s, got {len(self.client.nthreads())}: start some, or "
                "set cluster.wait to wait longer"
            ) from None
        self._count_threads()

    def _check_workers(self) -> None:
        try:
            self.client.run(self.job.check)
            here = machine()
            found = {
                difference(here, there, whose=f"a worker of {self._cluster.name}")
                for there in self.client.run(machine).values()
            }
            self.warnings = tuple(sorted(warning for warning in found if warning))
            self.client.submit(dask_worker.prepare, self.job, pure=False).result()
        except Exception as error:
            raise self._explained(error) from None

    def _explained(self, error: Exception) -> Exception:
        if isinstance(error, dask_worker.OtherVersionError):
            return UsageError(
                f"a worker of {self._cluster.name} differs from this process: {error}: install "
                "the same versions there, and put files at the same paths"
            )
        if isinstance(error, ImportError):
            return UsageError(
                f"a worker of {self._cluster.name} cannot import what it needs: "
                f"{one_line(error)}: install the same version of codesign there"
            )
        return error

    def _count_threads(self) -> None:
        # Only the total: with no details of the workers the message stays short.
        self._n_threads = self.client.scheduler_info(n_workers=0)["total_threads"]

    def _leave(self) -> None:
        """Cancel what waits, and let the workers end their children."""
        futures = [sent.future for sent in self._sent.values()]
        self._sent.clear()
        with suppress(Exception):  # what is gone needs no cleaning up
            if self.client.status == "running":
                self.client.cancel(futures)
                self.client.run(partial(dask_worker.end, self.job.token), on_error="ignore")
