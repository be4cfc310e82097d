"""Which cluster, as a campaign's settings name it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from pydantic import Field, field_validator, model_validator

from hyperdistill_core.settings import FrozenSettings
from morph_ops._registry import lookup

LOCAL = "local"
#: Kinds of clusters, and the class that starts each: of dask-jobqueue, but for the local one.
KINDS = {
    LOCAL: "LocalCluster",
    "htcondor": "HTCondorCluster",
    "lsf": "LSFCluster",
    "moab": "MoabCluster",
    "oar": "OARCluster",
    "pbs": "PBSCluster",
    "sge": "SGECluster",
    "slurm": "SLURMCluster",
}
_ADDRESS = re.compile(r"(tcp|tls)://[^\s/:]+:\d+|(tcp|tls)://\[[0-9a-fA-F:]+\]:\d+")
_NAME = re.compile(r"[A-Za-z0-9_-]+")


class ClusterSettings(FrozenSettings):
    """A Dask cluster: one that runs, by its scheduler's address, or one to start, by its kind.

    Attributes:
        scheduler: address of a scheduler that runs already, as tcp://host:port.
        kind: what to start: "local" for Dask workers on this machine, or a queueing system
            that takes jobs, such as "slurm".
        workers: Dask workers to start, for "local".
        jobs: jobs to keep in the queueing system, for all others.
        options: of the class that starts the cluster, passed on as they are.
        wait: time to wait for the first worker (s); queues may take long.
    """

    scheduler: str | None = None
    kind: str | None = None
    workers: int | None = Field(default=None, ge=1)
    jobs: int | None = Field(default=None, ge=1)
    options: dict[str, Any] = Field(default_factory=dict)
    wait: float = Field(default=300.0, gt=0.0)

    @field_validator("scheduler")
    @classmethod
    def _an_address(cls, scheduler: str | None) -> str | None:
        if scheduler is not None and not _ADDRESS.fullmatch(scheduler):
            raise ValueError(f"expected an address such as tcp://host:8786, got {scheduler!r}")
        return scheduler

    @field_validator("kind")
    @classmethod
    def _known(cls, kind: str | None) -> str | None:
        if kind is not None:
            lookup(KINDS, kind, what="kind of cluster")
        return kind

    @field_validator("options")
    @classmethod
    def _plain(cls, options: dict[str, Any]) -> dict[str, Any]:
        _check_plain(options)
        return options

    @model_validator(mode="after")
    def _one_of_both(self) -> ClusterSettings:
        if (self.scheduler is None) == (self.kind is None):
            got = "neither" if self.kind is None else "both"
            raise ValueError(f"expected either a scheduler's address or a kind, got {got}")
        fitting = {LOCAL: ("workers", "options"), None: ()}.get(self.kind, ("jobs", "options"))
        for name in ("workers", "jobs", "options"):
            if name not in fitting and getattr(self, name):
                raise ValueError(f"{name} does not fit {self.kind or 'a scheduler that runs'}")
        return self

    @property
    def name(self) -> str:
        """What the cluster is called in messages."""
        return self.scheduler or f"the {self.kind} cluster"


def _check_plain(value: Any, where: str = "") -> None:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if not _NAME.fullmatch(name):
                raise ValueError(f"expected names of letters, digits, _ and -, got {name!r}")
            _check_plain(inner, where=f"{where}{name}: ")
        return
    for part in value if isinstance(value, list) else [value]:
        infinite = isinstance(part, float) and not math.isfinite(part)
        if infinite or not isinstance(part, str | int | float):
            raise ValueError(f"{where}expected text, a finite number or a list, got {part!r}")
