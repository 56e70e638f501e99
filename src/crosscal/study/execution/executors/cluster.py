"""Runs stages as jobs of Slurm, or of this machine in its place, through submitit."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import threading
import time
from concurrent.futures import Future
from contextlib import nullcontext, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from crosscal.artifacts import disk_errors, write_aside
from crosscal.exceptions import (
    ArtifactError,
    CrosscalError,
    MissingExtra,
    SettingsError,
    StageFailed,
)
from crosscal.study.config.execution import Cluster, Execution
from crosscal.study.execution.executors.elsewhere import check_outcome
from crosscal.study.execution.run_stage import stage_outcome
from crosscal.study.execution.stages import Stage
from crosscal.study.execution.store import Store

if TYPE_CHECKING:
    import submitit

_POLL_SECONDS = 1.0
# Stages that are submitted within such a time of each other become one array.
_TOGETHER_SECONDS = 0.05
# submitit asks Slurm ever more seldom; a job that vanished should be told of sooner.
_ASK_SECONDS = 60.0
_STOP_SECONDS = 10.0
_LAST_LINES = 10
_COMMANDS = ("sbatch", "srun", "sacct", "scancel", "scontrol")


class StageJob:
    """What a job does. After a time limit or a preemption it is queued again, and goes on."""

    def __call__(self, stage: Stage, store: Store) -> bool | CrosscalError:
        """Run a stage; an error comes back whole, which submitit would make text of."""
        return stage_outcome(stage, store)

    def checkpoint(self, stage: Stage, store: Store) -> submitit.helpers.DelayedSubmission:
        """Return what to run next time: the same, since the store has its last state."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self, stage, store)


def open_jobs(folder: Path, cluster: Cluster, execution: Execution) -> submitit.Executor:
    """Where jobs go that ask for what a study says; their files and logs lie in a folder."""
    if importlib.util.find_spec("submitit") is None:
        raise MissingExtra(
            "jobs of a cluster need the package 'submitit', which is not installed",
            where="execution.executor",
            remedy="Run: pip install 'crosscal[slurm]'",
        )
    absent = next(filter(lambda command: shutil.which(command) is None, _COMMANDS), None)
    if cluster.scheduler == "slurm" and absent is not None:
        raise SettingsError(
            f"there is no Slurm here: the command '{absent}' is not found",
            where="execution.executor",
            remedy="Run it where jobs are submitted, or try it with --set cluster.scheduler=local",
        )
    if 0 < cluster.gpus < execution.devices_per_stage:
        raise SettingsError(
            f"a job asks for {cluster.gpus} GPU(s), but {execution.devices_per_stage} processes "
            "with one each share a stage",
            where="cluster.gpus",
            remedy="Ask for as many, or lower execution.devices_per_stage",
        )
    import submitit

    _make_private(folder)
    options = {name: value for name, value in cluster.sbatch.items() if value is not False}
    jobs = submitit.AutoExecutor(
        folder,
        cluster=cluster.scheduler,
        **{f"{cluster.scheduler}_max_num_timeout": cluster.requeues},
    )
    jobs.update_parameters(
        name="crosscal",
        timeout_min=cluster.minutes,
        mem_gb=cluster.memory_gb,
        cpus_per_task=cluster.cpus or execution.threads * execution.devices_per_stage,
        gpus_per_node=cluster.gpus or None,
        slurm_partition=cluster.partition,
        slurm_account=cluster.account,
        slurm_qos=cluster.qos,
        slurm_array_parallelism=cluster.array_parallelism,
        slurm_additional_parameters={"requeue": True, **options},
        **{f"{cluster.scheduler}_setup": list(cluster.setup) or None},
    )
    return jobs


def _make_private(folder: Path) -> None:
    """Make a folder that nobody else may write into: what lies there is unpickled."""
    with disk_errors(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
    if found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise ArtifactError(
            "others may write into the folder of your jobs, and have them run what they like",
            where=str(folder),
            remedy=f"Remove it if no job is left, or run: chmod 700 {folder}",
        )


class ClusterExecutor:
    """Runs each stage as a job; stages that are ready together are one array.

    A thread submits and looks after the jobs, since a cluster does not call back. Jobs outlive
    this process if it is killed: each stage's number is kept beside the jobs' files, and the next
    executor waits for those that are still there.
    """

    def __init__(self, store: Store, jobs: submitit.Executor, workers: int) -> None:
        self.workers = workers
        self._store = Store(store.root.absolute())
        self._jobs = jobs
        self._asked: SimpleQueue[tuple[Stage, Future[bool]] | None] = SimpleQueue()
        self._running: dict[Future[bool], tuple[Stage, submitit.Job[Any]]] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def submit(self, stage: Stage) -> Future[bool]:
        """Run a stage in a job; see `Executor`."""
        future: Future[bool] = Future()
        self._asked.put((stage, future))
        return future

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        self._asked.put(None)
        self._thread.join(_STOP_SECONDS)
        _cancel([job for _, job in self._running.values()])
        for stage, _ in self._running.values():
            self._note(stage).unlink(missing_ok=True)

    def _serve(self) -> None:
        asked_slurm = time.monotonic()
        while not self._over.is_set():
            self._begin(self._gathered())
            if self._running and time.monotonic() - asked_slurm > _ASK_SECONDS:
                with suppress(Exception):  # what it cannot tell now is asked for again
                    next(iter(self._running.values()))[1].get_info(mode="force")  # of all at once
                asked_slurm = time.monotonic()
            for future, (stage, job) in list(self._running.items()):
                if self._over.is_set():
                    return
                try:
                    if not job.done():
                        continue
                    result = self._result(stage, job)
                except Exception as error:
                    future.set_exception(error)
                else:
                    future.set_result(result)
                del self._running[future]
                self._note(stage).unlink(missing_ok=True)

    def _gathered(self) -> list[tuple[Stage, Future[bool]]]:
        """Stages submitted by now, and those that follow at once."""
        found: list[tuple[Stage, Future[bool]]] = []
        try:
            while each := self._asked.get(timeout=_TOGETHER_SECONDS if found else _POLL_SECONDS):
                found.append(each)
        except Empty:
            pass
        return found

    def _begin(self, asked: list[tuple[Stage, Future[bool]]]) -> None:
        from submitit import SlurmJob
        from submitit.helpers import clean_env

        # Within a job: what it asked for is not what these ask for.
        outside = clean_env if "SLURM_JOB_ID" in os.environ else nullcontext
        try:
            left = [self._left(stage) for stage, _ in asked]  # known before any is asked for
            new = []
            for (stage, future), job in zip(asked, left, strict=True):
                if job is None or job.done() or job.state == "UNKNOWN":
                    new.append((stage, future))
                else:
                    self._running[future] = (stage, job)
            if not new:
                return
            stages = [stage for stage, _ in new]
            with outside():
                jobs = self._jobs.map_array(StageJob(), stages, [self._store] * len(new))
            for (stage, future), job in zip(new, jobs, strict=True):
                self._running[future] = (stage, job)
            for stage, job in zip(stages, jobs, strict=True):
                if isinstance(job, SlurmJob):
                    write_aside(self._note(stage), json.dumps({"job": job.job_id}).encode())
        except Exception as error:
            refused = StageFailed(
                f"the jobs were not taken: {str(error) or type(error).__name__}",
                where="cluster",
                remedy="See [cluster] of the study; the same command goes on from here",
            )
            refused.__cause__ = error
            for _, future in asked:
                if future not in self._running:
                    future.set_exception(refused)

    def _note(self, stage: Stage) -> Path:
        return Path(self._jobs.folder, f"{self._store.folder(*stage.node).name}.job")

    def _left(self, stage: Stage) -> submitit.Job[Any] | None:
        """Job of a stage that an executor which was killed has left in Slurm."""
        from submitit import SlurmJob

        try:
            number = str(json.loads(self._note(stage).read_bytes())["job"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if not number.replace("_", "").isdigit() or shutil.which("sacct") is None:
            return None
        return SlurmJob(self._jobs.folder, number)

    def _result(self, stage: Stage, job: submitit.Job[Any]) -> bool:
        from submitit.core.utils import UncompletedJobError

        log = job.paths.stderr
        try:
            outcome = job.result()
        except UncompletedJobError:
            raise StageFailed(
                f"job {job.job_id} ended without a result ({_ending(job)})",
                where=stage.title,
                remedy="Run the same command again: it goes on where this one stopped. "
                + _last_lines(log),
            ) from None
        return check_outcome(
            outcome,
            stage,
            self._store,
            ran_by=f"job {job.job_id}",
            hint=f"Log of job {job.job_id}: {log}",
        )


def _cancel(jobs: list[submitit.Job[Any]]) -> None:
    if not jobs:
        return
    from submitit import SlurmJob

    numbers = [job.job_id for job in jobs if isinstance(job, SlurmJob)]
    if numbers:  # in one call: there may be hundreds
        subprocess.run(["scancel", *numbers], check=False)
    for job in jobs:
        if job.job_id not in numbers:
            job.cancel(check=False)


def _ending(job: submitit.Job[Any]) -> str:
    """State of a job that ended, and its exit code (status and signal) where Slurm has it."""
    command = ["sacct", "-nXP", "-j", job.job_id, "-o", "State,ExitCode"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("|")
        return f"{said[0].strip()}, exit code {said[1].strip()}"
    except (OSError, subprocess.CalledProcessError, IndexError):
        return str(job.state)


def _last_lines(log: Path) -> str:
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, log.stat().st_size - 8192))
            lines = stream.read().decode(errors="replace").strip().splitlines()[-_LAST_LINES:]
    except OSError:
        return f"It left no log ({log}): do the machines of the cluster see this folder"
    shown = ["".join(filter(str.isprintable, line)) for line in lines]
    return "\n    ".join([f"The end of its log, {log}:", *shown, "(end)"])
