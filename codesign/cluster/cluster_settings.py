"""The Dask cluster of a campaign, as its settings describe it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Annotated, Any, cast

from pydantic import Field, field_validator, model_validator

from hyperdistill_core.settings import FrozenSettings, Unit
from morph_ops._registry import Registry

#: The kind that starts its workers on this machine.
LOCAL = "local"
#: The class that starts each kind of cluster: of ``distributed`` for the local kind, of
#: ``dask_jobqueue`` for all others.
KINDS = Registry(
    "kind of cluster",
    {
        LOCAL: "LocalCluster",
        "htcondor": "HTCondorCluster",
        "lsf": "LSFCluster",
        "moab": "MoabCluster",
        "oar": "OARCluster",
        "pbs": "PBSCluster",
        "sge": "SGECluster",
        "slurm": "SLURMCluster",
    },
)
#: Options of the local kind: none of them runs code.
_LOCAL_OPTIONS = (
    "dashboard_address",
    "host",
    "memory_limit",
    "n_workers",
    "processes",
    "scheduler_port",
    "silence_logs",
    "threads_per_worker",
)
_LOOPBACK = re.compile(r"(127\.[0-9.]+|localhost|\[::1\]|::1)(:[0-9]+)?")
_ADDRESS = re.compile(r"(tcp|tls)://[^\s/:]+:\d+|(tcp|tls)://\[[0-9a-fA-F:]+\]:\d+")
_NAME = re.compile(r"[A-Za-z0-9_-]+")
# Settings that apply to a cluster of a kind; None stands for a cluster that already runs.
_APPLY_TO: dict[str | None, tuple[str, ...]] = {LOCAL: ("workers", "options"), None: ()}
_APPLY_TO_QUEUES = ("jobs", "options")


class ClusterSettings(FrozenSettings):
    """A Dask cluster: the address of one that runs, or the kind of one to start.

    Examples:
        >>> ClusterSettings(kind="slurm", jobs=4).name
        'the slurm cluster'
        >>> ClusterSettings(scheduler="tcp://10.0.0.1:8786").name
        'tcp://10.0.0.1:8786'
    """

    scheduler: str | None = Field(
        default=None, description="Address of a scheduler that runs already, as tcp://host:port."
    )
    kind: str | None = Field(
        default=None,
        description='Kind of cluster to start: "local" for Dask workers on this machine, or a '
        f"queueing system that runs jobs: {', '.join(kind for kind in KINDS if kind != LOCAL)}.",
    )
    workers: int | None = Field(
        default=None,
        ge=1,
        le=4096,
        description='Number of Dask workers to start, for the kind "local".',
    )
    jobs: int | None = Field(
        default=None,
        ge=1,
        le=100_000,
        description="Number of jobs to keep in the queueing system. A job that ends at its time "
        "limit is replaced.",
    )
    options: dict[str, Any] = Field(
        default_factory=dict,
        description="Arguments of the class that starts the cluster, such as cores, memory and "
        f"walltime (see dask-jobqueue). The local kind takes {', '.join(_LOCAL_OPTIONS)}.",
    )
    wait: Annotated[float, Unit("s")] = Field(
        default=300.0,
        gt=0.0,
        le=1_000_000.0,
        description="Time to wait for the first worker. A queue may take long.",
    )

    @field_validator("scheduler")
    @classmethod
    def _is_address(cls, scheduler: str | None) -> str | None:
        if scheduler is not None and not _ADDRESS.fullmatch(scheduler):
            raise ValueError(f"expected an address such as tcp://host:8786, got {scheduler!r}")
        return scheduler

    @field_validator("kind")
    @classmethod
    def _is_known(cls, kind: str | None) -> str | None:
        if kind is not None:
            KINDS.require(kind)
        return kind

    @field_validator("options")
    @classmethod
    def _is_toml(cls, options: dict[str, Any]) -> dict[str, Any]:
        _require_toml(options)
        return options

    @model_validator(mode="after")
    def _fits_together(self) -> ClusterSettings:
        if (self.scheduler is None) == (self.kind is None):
            got = "neither" if self.kind is None else "both"
            raise ValueError(f"expected either a scheduler's address or a kind, got {got}")
        applicable = _APPLY_TO.get(self.kind, _APPLY_TO_QUEUES)
        for name in ("workers", "jobs", "options"):
            if name not in applicable and getattr(self, name):
                raise ValueError(
                    f"{name} does not apply to {self.kind or 'a scheduler that runs already'}: "
                    "remove it"
                )
        unknown = [name for name in self.options if name not in _LOCAL_OPTIONS]
        if self.kind == LOCAL and unknown:
            raise ValueError(
                f"options: the local kind takes {', '.join(_LOCAL_OPTIONS)}; got {unknown[0]!r}"
            )
        return self

    @property
    def needs_trust(self) -> bool:
        """Whether the cluster runs commands of its options, or listens or talks to the network."""
        if self.kind not in (None, LOCAL):
            return True
        listens = [self.options.get(name, "127.0.0.1") for name in ("host", "dashboard_address")]
        addresses = [(self.scheduler or "").partition("://")[2] or "127.0.0.1", *map(str, listens)]
        return not all(map(_LOOPBACK.fullmatch, addresses))

    @property
    def name(self) -> str:
        """Name of the cluster in messages."""
        return self.scheduler or f"the {self.kind} cluster"


def _require_toml(value: Any, where: str = "") -> None:
    """Refuse names and values that TOML cannot hold, since runs store their settings in TOML."""
    if isinstance(value, Mapping):
        for name, inner in cast("Mapping[str, Any]", value).items():
            if not _NAME.fullmatch(name):
                raise ValueError(f"expected names of letters, digits, _ and -, got {name!r}")
            _require_toml(inner, where=f"{where}{name}: ")
        return
    for item in cast("list[Any]", value) if isinstance(value, list) else [value]:
        infinite = isinstance(item, float) and not math.isfinite(item)
        if infinite or not isinstance(item, str | int | float):
            raise ValueError(f"{where}expected text, a finite number or a list, got {item!r}")
