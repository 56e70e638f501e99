"""Where stages run and who is told; no result changes.

The tables `[execution]`, `[cluster]`, `[ray]` and `[tracking]`.
"""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator

from crosscal.study.config.section import Section

# Options of sbatch that have a key of their own, and those that are not the user's.
_SBATCH_KEYS = {
    "partition": "partition",
    "account": "account",
    "qos": "qos",
    "time": "minutes",
    "mem": "memory_gb",
    "cpus-per-task": "cpus",
    "gpus-per-node": "gpus",
}
_SBATCH_TAKEN = {"array", "output", "error", "open-mode", "chdir", "nodes", "ntasks", "wrap"}


class Execution(Section):
    """Where stages run. Results depend on `devices_per_stage` and, in the last bits, `threads`."""

    executor: Literal["in-process", "processes", "slurm", "ray"] = Field(
        default="processes",
        description="in this process, in local worker processes, as jobs of a cluster, or as "
        "tasks of Ray",
    )
    workers: int | None = Field(
        default=None,
        gt=0,
        le=1024,
        description="stages at once: worker processes, or jobs that wait or run; none: one for "
        "each GPU, without any cores / threads, of jobs 100",
    )
    gpus: int | None = Field(
        default=None,
        ge=0,
        le=1024,
        description="GPUs of this machine that `processes` and `ray` share out, one to a stage; "
        "none: all that are visible, 0: none is used",
    )
    stages_per_gpu: int = Field(
        default=1, gt=0, le=64, description="stages that run on one GPU at once: small ones can"
    )
    threads: int = Field(
        default=1, gt=0, le=1024, description="of every stage, whichever executor runs it"
    )
    checkpoints: Literal["keep", "discard"] = Field(
        default="keep",
        description="weights and vectors that every stage has read: keep them, or discard them to "
        "free the disk",
    )
    devices_per_stage: int = Field(
        default=1,
        gt=0,
        le=1024,
        description="processes, each with a GPU or `threads` of its own, that share each training "
        "step and each prediction",
    )
    checkpoint_seconds: float = Field(
        default=60.0, gt=0, description="how often a training stage saves the state it resumes from"
    )


class Tracking(Section):
    """Which experiment trackers are told of trainings and results. It changes no result."""

    trackers: tuple[Literal["tensorboard", "mlflow", "wandb", "trackio"], ...] = Field(
        default=(), description="trackers that show how trainings go"
    )
    network: bool = Field(
        default=False,
        description="allow them to send it elsewhere; otherwise they keep it on this machine",
    )


class Cluster(Section):
    """What each job of the executor `slurm` asks for. It cannot change results."""

    scheduler: Literal["slurm", "local"] = Field(
        default="slurm",
        description="who runs the jobs; local: processes of this machine, to try the rest",
    )
    partition: str | None = Field(default=None, description="none: the cluster's default")
    account: str | None = Field(default=None, description="whom the jobs are charged to")
    qos: str | None = Field(default=None, description="quality of service")
    minutes: int = Field(
        default=60, gt=0, description="time limit of a job: what is not done then is queued again"
    )
    memory_gb: float | None = Field(default=None, gt=0, description="none: the cluster's default")
    cpus: int | None = Field(default=None, gt=0, description="none: `threads` of [execution]")
    gpus: int = Field(default=0, ge=0, description="of each job")
    array_parallelism: int | None = Field(
        default=None, gt=0, description="jobs of one array that run at once; none: all"
    )
    requeues: int = Field(
        default=10, ge=0, description="how often a job that ran out of time is queued again"
    )
    setup: tuple[str, ...] = Field(
        default=(), description="shell commands before a job, as 'module load cuda'"
    )
    sbatch: dict[str, str | int | bool] = Field(
        default_factory=dict, description="further options of sbatch, by their long names"
    )

    @field_validator("sbatch")
    @classmethod
    def _further(cls, options: dict[str, str | int | bool]) -> dict[str, str | int | bool]:
        for name, value in options.items():
            if not re.fullmatch(r"[a-z][a-z-]*", name) or "\n" in str(value):
                raise ValueError(
                    f"{name!r} is not a long option of sbatch with a value of one line"
                )
            if name in _SBATCH_KEYS:
                raise ValueError(f"'{name}' has a key of its own: '{_SBATCH_KEYS[name]}'")
            if name in _SBATCH_TAKEN:
                raise ValueError(
                    f"'{name}' is crosscal's: a job is one task on one machine, found by its files"
                )
        return options


class RayCluster(Section):
    """Where the executor `ray` finds its Ray, and what a stage asks for. It changes no result."""

    address: str | None = Field(
        default=None,
        description="of the head, as `10.0.0.1:6379`; auto: the Ray that runs on this machine; "
        "none: RAY_ADDRESS, or one that is started for the command and ends with it",
    )
    memory_gb: float | None = Field(
        default=None, gt=0, description="that a stage is given; none: not counted"
    )
    retries: int = Field(
        default=3, ge=0, description="how often a stage whose worker or machine died runs again"
    )

    @field_validator("address")
    @classmethod
    def _known(cls, address: str | None) -> str | None:
        if address not in (None, "auto") and not re.fullmatch(r"[^\s/:]+:\d+|\[.+\]:\d+", address):
            raise ValueError(
                f"{address!r} is neither 'auto' nor HOST:PORT of a Ray's head; the command runs on "
                "a machine of that Ray, so that it sees the same files"
            )
        return address
