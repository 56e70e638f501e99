"""Runs stages as tasks of Ray: of a cluster, or of one that is started for the command."""

from __future__ import annotations

import importlib.util
import logging
import os
import signal
import socket
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

from crosscal.exceptions import CrosscalError, Interrupted, MissingExtra, SettingsError, StageFailed
from crosscal.study.config.execution import Execution, RayCluster
from crosscal.study.execution.executors.elsewhere import check_outcome
from crosscal.study.execution.gpus import GPU_VARIABLE, usable_gpus
from crosscal.study.execution.run_stage import stage_outcome
from crosscal.study.execution.stages import Stage
from crosscal.study.execution.store import Store

# How soon an interrupt is heard; a result that comes does not wait for it.
_POLL_SECONDS = 0.2
_STOP_SECONDS = 5.0
_ANSWER_SECONDS = 5.0
# What travels through Ray is small: results lie in the store.
_OBJECT_BYTES = 100_000_000
# Read when Ray is imported: it sends nothing about its use, does not ship this folder to workers,
# and prints none of its messages between those of the command.
_RAY_VARIABLES = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".*",
}


def ray_address(settings: RayCluster) -> str | None:
    """Address of the Ray to connect to; None if one is started for the command."""
    return settings.address or os.environ.get("RAY_ADDRESS") or None


class RayExecutor:
    """Runs each stage as a task that asks for what the study says; a thread waits for each.

    A task whose worker or machine died is run again by Ray, and goes on from what it left.
    """

    def __init__(
        self, store: Store, settings: RayCluster, execution: Execution, workers: int
    ) -> None:
        if importlib.util.find_spec("ray") is None:
            raise MissingExtra(
                "tasks of Ray need the package 'ray', which is not installed",
                where="execution.executor",
                remedy="Run: pip install 'crosscal[ray]'",
            )
        self.workers = workers
        self._store = Store(store.root.absolute())
        self._settings = settings
        self._execution = execution
        self._cores = execution.threads * execution.devices_per_stage  # of a stage
        self._started = False  # the Ray, by this executor
        self._over = threading.Event()
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="ray")

    def submit(self, stage: Stage) -> Future[bool]:
        """Run a stage in a task; see `Executor`."""
        return self._threads.submit(self._run, stage)

    def __enter__(self) -> Self:
        try:
            self._connect()
            self._share = self._gpu_share()
            self._check_resources()
        except BaseException:
            self._disconnect()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            self._over.set()
        try:
            self._threads.shutdown(cancel_futures=error is not None)
        finally:
            self._disconnect()

    def _connect(self) -> None:
        for name, value in _RAY_VARIABLES.items():
            os.environ.setdefault(name, value)
        import ray

        if ray.is_initialized():  # by whoever calls this in Python
            return
        address = ray_address(self._settings)
        options: dict[str, Any] = {"address": address}
        if address is not None:
            _check_head(address)
        else:
            gpus = len(usable_gpus(self._execution))
            options = {
                "address": "local",
                "num_cpus": self.workers * self._cores,
                "num_gpus": gpus,
                "include_dashboard": False,
                "object_store_memory": _OBJECT_BYTES,
            }
        ending = signal.getsignal(signal.SIGTERM)
        try:
            self._started = True
            ray.init(**options, log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, RuntimeError, ValueError, OSError, ray.exceptions.RayError) as e:
            first = (str(e).strip() or type(e).__name__).splitlines()[0].rstrip(".")
            raise SettingsError(
                f"no Ray could be {'started' if address is None else 'connected to'}: {first}",
                where="ray.address",
                remedy="Look whether it runs (ray status), with the same versions of Ray and "
                "Python; one that wants a token also needs RAY_AUTH_MODE=token here",
            ) from e
        finally:
            # Ray would end the process at once; the command wants to cancel its tasks first.
            if ending is not None and threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGTERM, ending)

    def _disconnect(self) -> None:
        if self._started:
            import ray

            self._started = False
            ray.shutdown()

    def _gpu_share(self) -> float:
        """GPUs of a stage that uses one, where the Ray has any or the study asks for them."""
        import ray

        if self._execution.gpus == 0:
            return 0.0
        there = ray.cluster_resources().get("GPU", 0)
        if not there and not self._execution.gpus:
            return 0.0
        devices = self._execution.devices_per_stage
        return float(devices) if devices > 1 else 1 / self._execution.stages_per_gpu

    def _check_resources(self) -> None:
        """Refuse what no machine has: Ray would wait for it for ever."""
        import ray

        demand = {"CPU": float(self._cores), "GPU": self._share}
        demand["memory"] = (self._settings.memory_gb or 0) * 1e9
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        if any(all(node.get(name, 0) >= need for name, need in demand.items()) for node in nodes):
            return
        words = f"{self._cores} processors"
        words += f", {self._share:g} GPUs" if self._share else ""
        words += f", {self._settings.memory_gb:g} GB" if self._settings.memory_gb else ""
        raise SettingsError(
            f"no machine of the Ray has what a stage asks for: {words}",
            where="execution.executor",
            remedy="Lower execution.threads, execution.gpus or ray.memory_gb, or start a machine "
            "that has them",
        )

    def _run(self, stage: Stage) -> bool:
        import ray

        share = self._share if stage.on_gpu else 0.0
        # A process keeps the GPU that it first used, whichever Ray names to its next task.
        task = (ray.remote(max_calls=1) if share else ray.remote)(_run_task).options(
            name=stage.title,
            num_cpus=self._cores,
            num_gpus=share,
            memory=int((self._settings.memory_gb or 0) * 1e9) or None,
            max_retries=self._settings.retries,
        )
        running = task.remote(stage, self._store, share > 0)
        while not ray.wait([running], timeout=_POLL_SECONDS)[0]:
            if self._over.is_set():
                ray.cancel(running, force=True)
                ray.wait([running], timeout=_STOP_SECONDS)
                raise Interrupted("cancelled", where=stage.title)
        try:
            outcome = ray.get(running)
        except ray.exceptions.RayTaskError as error:
            raise error.cause from error
        except ray.exceptions.RayError as error:
            raise StageFailed(
                f"its task ended without a result ({_ending(error)})",
                where=stage.title,
                remedy=f"Ray ran it again {self._settings.retries} times at most (ray.retries). "
                "The same command goes on where this one stopped; Ray's logs lie in "
                "/tmp/ray/session_latest/logs of that machine",
            ) from error
        return check_outcome(outcome, stage, self._store, ran_by="its task")


def _check_head(address: str) -> None:
    """Refuse an address where nothing answers: Ray would try for ten minutes."""
    host, colon, port = address.rpartition(":")
    if not (colon and port.isdigit()):
        return  # as "auto": Ray looks for it
    try:
        socket.create_connection((host.strip("[]"), int(port)), _ANSWER_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise SettingsError(
            f"no Ray answers at {address} ({error})",
            where="ray.address",
            remedy="Start its head with: ray start --head, and look at the address that this says",
        ) from error


def _run_task(stage: Stage, store: Store, on_gpu: bool) -> bool | CrosscalError:
    """Run a stage in a worker of Ray, which has named the GPU if there is to be one."""
    if not on_gpu:
        os.environ[GPU_VARIABLE] = ""
    return stage_outcome(stage, store)


def _ending(error: Exception) -> str:
    """Say in a few words how Ray lost a task."""
    import ray

    for kind, words in (
        (ray.exceptions.OutOfMemoryError, "Ray killed it since the machine's memory was full"),
        (ray.exceptions.WorkerCrashedError, "its worker process died: killed, or out of memory?"),
        (ray.exceptions.NodeDiedError, "its machine was lost"),
    ):
        if isinstance(error, kind):
            return words
    first = (str(error).strip() or type(error).__name__).splitlines()[0]
    return "".join(filter(str.isprintable, first)).rstrip(".")
