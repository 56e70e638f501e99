"""A stage that several processes share, each with a device of its own.

Either the process that runs a stage starts the others, which end with it, or torchrun has started
all of them: the first one then runs the plan, and the others take part where it tells them to.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from crosscal.exceptions import CrosscalError, StageFailed
from crosscal.study.execution.stages.stage import Stage
from crosscal.study.execution.store import Store
from crosscal.training.reporting import ReportProgress

_READY = "ready"
# How long this process may take to see that another is gone, before it is ended too.
_GRACE_SECONDS = 10.0
_AGAIN = "Run the same command again: it goes on where this one stopped"


def run_on_devices(
    stage: Stage, folder: Path, inputs: Mapping[str, Path], progress: ReportProgress
) -> dict[str, Any]:
    """Run a stage as `Stage.run` does, on as many devices as it asks for."""
    if stage.devices == 1:
        return stage.run(folder, inputs, progress)
    from crosscal.training.parallel.ranks import current_ranks

    if current_ranks().size > 1:
        current_ranks().first_says(list(bytes.fromhex(stage.key)))
        return stage.run(folder, inputs, progress)
    with _helped(stage, folder, inputs):
        return stage.run(folder, inputs, progress)


@contextmanager
def leading(size: int) -> Iterator[None]:
    """Be the first of so many processes of torchrun; the others `follow`."""
    if size == 1:
        yield
        return
    from crosscal.training.parallel.ranks import Ranks, current_ranks, joined

    # No handler of Python's would run while this process waits for the others' devices.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with joined(Ranks(0, size), rendezvous=None, local_rank=int(os.environ["LOCAL_RANK"])):
        yield
        current_ranks().first_says([])


@contextmanager
def following(rank: int, size: int) -> Iterator[None]:
    """Be another of the processes of torchrun: begins when the first one leads."""
    from crosscal.training.parallel.ranks import PeerLost, Ranks, joined

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first one ends all, in words
    try:
        with joined(Ranks(rank, size), rendezvous=None, local_rank=int(os.environ["LOCAL_RANK"])):
            yield
    except PeerLost as error:  # it says itself why
        raise SystemExit(PeerLost.exit_code) from error


def follow(stages: Sequence[Stage], store: Store) -> None:
    """Take part in every stage that the first process names, until it is done."""
    from crosscal.training.parallel.ranks import current_ranks

    known = {stage.key: stage for stage in stages}
    while key := bytes(current_ranks().first_says([])).hex():
        if key not in known:
            raise StageFailed(
                "the first process runs a stage that this one does not know",
                where=f"process {current_ranks().rank}",
                remedy="All must read the same study, data, encoder and version of crosscal",
            )
        stage = known[key]
        folder = store.folder(*stage.node)
        inputs = {role: store.folder(*node) for role, node in stage.inputs.items()}
        stage.run(folder.with_name(folder.name + ".partial"), inputs, _silent)


@contextmanager
def _helped(stage: Stage, folder: Path, inputs: Mapping[str, Path]) -> Iterator[None]:
    """Start the other processes of a stage, which do the same as this one; end them after it."""
    from crosscal.training.parallel.ranks import PeerLost, Ranks, joined

    if "lo" in (name for _, name in socket.if_nameindex()):
        # All are on this machine, whatever it calls itself in its network.
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    context = multiprocessing.get_context("spawn")
    helpers: list[tuple[BaseProcess, Connection]] = []
    over = threading.Event()
    with tempfile.TemporaryDirectory(prefix="crosscal-") as name:
        rendezvous = Path(name, "rendezvous")
        try:
            for rank in range(1, stage.devices):
                ours, theirs = context.Pipe(duplex=False)
                arguments = (theirs, os.getpid(), rank, rendezvous, stage, folder, dict(inputs))
                started = context.Process(target=_help, args=arguments, daemon=True)
                started.start()
                theirs.close()
                helpers.append((started, ours))
            for helper in helpers:
                _await(helper, stage)
            threading.Thread(target=_watch, args=(helpers, over, stage), daemon=True).start()
            with joined(Ranks(0, stage.devices), rendezvous=rendezvous):
                yield
            over.set()
            for process, _ in helpers:
                process.join(_GRACE_SECONDS)
        except PeerLost:
            raise _cause(helpers, stage) from None
        finally:
            over.set()
            for process, ours in helpers:
                process.kill()
                process.join()
                ours.close()


def _help(
    leader: Connection,
    parent: int,
    rank: int,
    rendezvous: Path,
    stage: Stage,
    folder: Path,
    inputs: dict[str, Path],
) -> None:
    """Do what the process that started this one does, and tell it what goes wrong."""
    end_with_parent(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends this one
    try:
        from crosscal.training.parallel.ranks import PeerLost, Ranks, joined

        leader.send(_READY)
        with suppress(PeerLost), joined(Ranks(rank, stage.devices), rendezvous=rendezvous):
            stage.run(folder, inputs, _silent)
    except Exception as error:
        if not isinstance(error, CrosscalError):
            error = StageFailed(
                f"{type(error).__name__}: {error}".strip(),
                where=f"{stage.title}, process {rank} of {stage.devices}",
                remedy=_AGAIN,
            )
        with suppress(OSError):
            leader.send(error)
        sys.exit(StageFailed.exit_code)


def _await(helper: tuple[BaseProcess, Connection], stage: Stage) -> None:
    """Wait until a process has started."""
    process, ours = helper
    wait([ours, process.sentinel])
    try:
        message = ours.recv() if ours.poll() else None
    except EOFError:
        message = None
    if message != _READY:
        process.join(_GRACE_SECONDS)
        raise message if isinstance(message, CrosscalError) else _cause([helper], stage)


def _cause(helpers: Sequence[tuple[BaseProcess, Connection]], stage: Stage) -> CrosscalError:
    """Return what ended the process that this one missed."""
    deadline = time.monotonic() + _GRACE_SECONDS
    while time.monotonic() < deadline:
        for _, ours in helpers:
            with suppress(EOFError, OSError):
                if ours.poll() and isinstance(error := ours.recv(), CrosscalError):
                    return error
        ended = [process.exitcode for process, _ in helpers if process.exitcode]
        if ended:
            how = f"by signal {-ended[0]}" if ended[0] < 0 else f"with exit code {ended[0]}"
            break
        time.sleep(0.05)
    else:
        how = "and none says why"
    return StageFailed(
        f"one of the {stage.devices} processes that share the stage ended {how} "
        "(killed, or out of memory?)",
        where=stage.title,
        remedy=_AGAIN,
    )


def _watch(
    helpers: Sequence[tuple[BaseProcess, Connection]], over: threading.Event, stage: Stage
) -> None:
    """End this process if another of its stage is gone and it waits for its device for ever."""
    while not over.wait(0.2):
        if any(process.exitcode for process, _ in helpers):
            if not over.wait(_GRACE_SECONDS):
                print(f"crosscal: {_cause(helpers, stage)}", file=sys.stderr, flush=True)
                os._exit(StageFailed.exit_code)
            return


def end_with_parent(parent: int) -> None:
    """End this process when its parent is gone, however that died."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _silent(done: int, total: int, note: str = "", /) -> None:
    """Report nothing: the first process does."""
