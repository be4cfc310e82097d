"""A Dask cluster's workers, behind the same few methods as worker processes."""

from __future__ import annotations

import queue
import shutil
import signal
import uuid
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import CancelledError
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any, Generic

import distributed
from distributed import Client, Future, KilledWorker

from codesign.cluster import dask_worker
from codesign.cluster.cluster_settings import KINDS, LOCAL, ClusterSettings
from codesign.errors import RunError, UsageError
from hyperdistill_core.parallel.backend import Item, Outcome, Result
from hyperdistill_core.parallel.processes import worker_surroundings
from morph_ops._messages import one_line

#: Items on the way for each thread of the workers: one is worked on, the next is there already.
AHEAD = 2
CONNECT_S = 10
#: An item that the scheduler drops so often, though it is there, ends the work.
MOST_CANCELLED = 3


class DaskPool(Generic[Item, Result]):
    """The workers of a Dask cluster.

    Every item is worked on in a child process of the Dask worker that takes it, so that one
    that crashes or hangs is tried once more and then given up, as in
    :class:`~hyperdistill_core.parallel.WorkerPool`. A Dask worker that dies itself gives its items back:
    Dask hands each to another worker, until as many have died with it as the scheduler's
    setting ``distributed.scheduler.allowed-failures`` (3) lets pass; then it is given up.
    Workers may come and go at any time.

    Args:
        setup: as of :class:`~hyperdistill_core.parallel.WorkerPool`.
        cluster: which.
        time_limit: as of :class:`~hyperdistill_core.parallel.WorkerPool`; what waits for a worker is
            not counted.
        fingerprint: what workers must have in common with this process, by name.

    Raises:
        Exception: what ``setup`` raised on a worker.
        UsageError: no scheduler answers, the cluster cannot be started as the settings say,
            or a worker has other software or files than this process.
        RunError: no worker came in time.
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
        self._job = dask_worker.Job(
            uuid.uuid4().hex[:12], setup, time_limit, fingerprint, dict(fingerprint())
        )
        self._number = 0
        self._threads = 0
        self._pending: dict[str, tuple[Hashable, Future, Item, int]] = {}
        self._done: queue.SimpleQueue[Future] = queue.SimpleQueue()
        self._stack = ExitStack()
        try:
            self._client = self._connect()
            self._stack.callback(self._leave)
            self._await_workers()
            self._check_workers()
        except BaseException:
            self.close()
            raise

    @property
    def idle(self) -> int:
        """How many items can be submitted now: a few for each thread of the workers."""
        return max(0, max(1, AHEAD * self._threads) - len(self._pending))

    @property
    def busy(self) -> bool:
        """Whether any item is being worked on."""
        return bool(self._pending)

    @property
    def parallelism(self) -> int:
        """Threads of the workers now."""
        return self._threads

    @property
    def location(self) -> str:
        """Where the work is done, for people."""
        return f"{self._threads} threads of {self._cluster.name}"

    def submit(self, key: Hashable, item: Item) -> None:
        """Send an item to the cluster.

        Raises:
            RuntimeError: there is no room.
        """
        if not self.idle:
            raise RuntimeError("every worker is busy: collect before submitting more")
        self._send(key, item)

    def _send(self, key: Hashable, item: Item, *, cancelled: int = 0) -> None:
        self._number += 1
        name = f"codesign-{self._job.token}-{self._number}"
        future = self._client.submit(dask_worker.work, self._job, key, item, key=name, pure=False)
        self._pending[name] = key, future, item, cancelled
        future.add_done_callback(self._done.put)

    def collect(self) -> list[Outcome[Result]]:
        """Wait until at least one item is done; the outcomes of all that are.

        Raises:
            UsageError: a worker that came later has other software than this process.
            RunError: the scheduler is gone.
        """
        if not self._pending:
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
        """Take back what is being worked on, and end what was started for it."""
        self._stack.close()

    def _outcome(self, future: Future) -> Outcome[Result] | None:
        """What became of an item; None where it was sent again."""
        key, _, item, cancelled = self._pending.pop(str(future.key))
        try:
            if future.status == "lost":
                raise CancelledError
            # Also of what is finished this may raise: where the worker died before its result was
            # fetched, another worker does it again, and the error is the other one's.
            return future.result()
        except KilledWorker as error:
            died = f"Dask workers that died with it: {error.allowed_failures + 1}"
            return Outcome(key, error=died)
        except CancelledError:
            # Seen under load: the scheduler drops what was sent when a worker has just died.
            if self._client.status == "running" and cancelled < MOST_CANCELLED:
                self._send(key, item, cancelled=cancelled + 1)
                return None
            raise self._gone() from None
        except Exception as error:
            if self._client.status != "running":
                raise self._gone() from None
            raise self._explained(error) from None

    def _gone(self) -> RunError:
        return RunError(f"the Dask scheduler of {self._cluster.name} is gone")

    def _connect(self) -> Client:
        # Threads and processes that Dask starts in here inherit the surroundings of workers.
        with worker_surroundings():
            target = self._cluster.scheduler or self._stack.enter_context(_started(self._cluster))
            try:
                return self._stack.enter_context(
                    Client(target, timeout=CONNECT_S, set_as_default=False, name="codesign")
                )
            except (OSError, ValueError, RuntimeError) as error:
                raise UsageError(
                    f"cluster: no Dask scheduler answers at {target}: {one_line(error)}"
                ) from None

    def _await_workers(self) -> None:
        wanted = self._cluster.workers or 1
        try:
            self._client.wait_for_workers(wanted, timeout=self._cluster.wait)
        except TimeoutError:
            nthreads: Any = self._client.nthreads()
            raise RunError(
                f"cluster: expected {wanted} or more workers at {self._cluster.name} within "
                f"{self._cluster.wait:g} s, got {len(nthreads)}: start some, or "
                "set cluster.wait to wait longer"
            ) from None
        self._count_threads()

    def _check_workers(self) -> None:
        try:
            self._client.run(self._job.check)
            self._client.submit(dask_worker.prepare, self._job, pure=False).result()
        except Exception as error:
            raise self._explained(error) from None

    def _explained(self, error: Exception) -> Exception:
        if isinstance(error, dask_worker.OtherVersionError):
            return UsageError(
                f"a worker of {self._cluster.name} is not like this process: {error}: install "
                "the same there, and see that files are where they are here"
            )
        if isinstance(error, ImportError):
            return UsageError(
                f"a worker of {self._cluster.name} cannot import what it needs: "
                f"{one_line(error)}: install the same version of codesign there"
            )
        return error

    def _count_threads(self) -> None:
        # None of the workers in detail, the total alone.
        self._threads = self._client.scheduler_info(n_workers=0)["total_threads"]

    def _leave(self) -> None:
        """Drop what is waiting and let the workers end their children."""
        futures = [future for _, future, *_ in self._pending.values()]
        self._pending.clear()
        with suppress(Exception):  # whatever is gone needs no tidying
            if self._client.status == "running":
                self._client.cancel(futures)
                self._client.run(partial(dask_worker.end, self._job.token), on_error="ignore")


def _started(cluster: ClusterSettings) -> Any:
    """A cluster that was started now, a context manager."""
    try:
        if cluster.kind == LOCAL:
            # Any free port: the usual one may be another cluster's, which Dask warns of.
            defaults = {"threads_per_worker": 1, "dashboard_address": "127.0.0.1:0"}
            defaults["n_workers"] = cluster.workers
            return distributed.LocalCluster(**{**defaults, **cluster.options})
        return _queued(cluster)
    except (OSError, TypeError, ValueError, RuntimeError) as error:
        raise UsageError(f"cluster: cannot start {cluster.name}: {one_line(error)}") from None


def _queued(cluster: ClusterSettings) -> Any:
    before = signal.getsignal(signal.SIGINT)
    try:
        import dask_jobqueue
    except ImportError as error:
        raise UsageError(
            f"{cluster.name} needs dask-jobqueue ({one_line(error)}): "
            "pip install 'codesign[cluster]'"
        ) from None
    finally:
        signal.signal(signal.SIGINT, before)  # its import makes Ctrl-C end the process at once
    kind = getattr(dask_jobqueue, KINDS[cluster.kind or ""])
    command = kind.job_cls.submit_command.split()[0]
    if shutil.which(command) is None:
        raise UsageError(
            f"cluster: {cluster.name} needs the command {command}, which this machine does not "
            "have: start the campaign where jobs are submitted"
        )
    started = kind(**cluster.options)
    # Not scale(): a job that reached its time limit is to be replaced.
    started.adapt(minimum_jobs=cluster.jobs or 1, maximum_jobs=cluster.jobs or 1)
    return started
