"""Where work is done at the same time: worker processes."""

from codesign.cluster.pool import Outcome, ProcessPool, WorkerDiedError

__all__ = ["Outcome", "ProcessPool", "WorkerDiedError"]
