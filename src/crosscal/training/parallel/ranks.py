"""The processes that share a stage, each with a device of its own, and what they tell each other.

Only tensors go between them. Every one of them holds the whole model and makes the same steps; the
first one (rank 0) alone writes files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor

from crosscal.exceptions import SettingsError, StageFailed

_DROPOUT = 0x64726F70
_BUCKET = 1 << 24  # numbers that are summed in one call
# Not how long a step may take, but how long the first process may be busy with other stages: that
# a process died shows in its connections.
_TIMEOUT = timedelta(days=7)


class PeerLost(StageFailed):
    """Another process that shares the stage is gone."""


@dataclass(frozen=True)
class Ranks:
    """So many processes, and which one this is; of one alone all methods do nothing."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process is the one that writes files."""
        return self.rank == 0

    def add_up(self, tensors: Sequence[Tensor]) -> None:
        """Put the sum over all processes into each tensor: the same bits everywhere."""
        if self.size > 1:
            for bucket in _buckets(tensors):
                flat = torch.cat([tensor.reshape(-1) for tensor in bucket])
                with _told():
                    dist.all_reduce(flat)
                parts = torch.split(flat, [tensor.numel() for tensor in bucket])
                for tensor, part in zip(bucket, parts, strict=True):
                    tensor.copy_(part.view_as(tensor))

    def copy_first(self, tensors: Sequence[Tensor]) -> None:
        """Put what the first process has into each tensor."""
        if self.size > 1:
            for tensor in tensors:
                with _told():
                    dist.broadcast(tensor, 0)

    def largest(self, number: int) -> int:
        """Return the largest of all processes' numbers."""
        if self.size == 1:
            return number
        tensor = torch.tensor([number])
        with _told():
            dist.all_reduce(tensor, op=dist.ReduceOp.MAX)
        return int(tensor)

    def first_says(self, numbers: Sequence[int]) -> list[int]:
        """Return the numbers that the first process has, whatever the others have."""
        if self.size == 1:
            return list(numbers)
        length = torch.tensor([len(numbers)])
        self.copy_first([length])
        tensor = torch.tensor(numbers if self.leads else [0] * int(length), dtype=torch.int64)
        self.copy_first([tensor])
        return [int(number) for number in tensor]

    def seed_dropout(self, seed: int, step: int) -> None:
        """Give this process a dropout noise of its own, by seed, rank and step alone."""
        if self.size > 1:
            # What a resumed training needs to know of it is the number of the step.
            words = np.random.SeedSequence([seed, _DROPOUT, self.rank, step]).generate_state(2)
            torch.manual_seed(int(words[0]) << 31 ^ int(words[1]))


ALONE = Ranks()
_current = ContextVar("ranks", default=ALONE)


def current_ranks() -> Ranks:
    """Return the processes that share what this one does; `ALONE` outside of `joined`."""
    return _current.get()


@contextmanager
def joined(
    ranks: Ranks, *, rendezvous: Path | None, local_rank: int | None = None
) -> Iterator[None]:
    """Be one of several processes; all of them must come.

    Parameters
    ----------
    rendezvous : Path or None
        A file that all see and that is not there yet, by which they find each other; none: the
        environment says how (``MASTER_ADDR`` and ``MASTER_PORT``, as torchrun sets them).
    local_rank : int, optional
        Which GPU of the machine this process has; the rank unless given.
    """
    number = ranks.rank if local_rank is None else local_rank
    if torch.cuda.is_available():
        found = torch.cuda.device_count()
        if number >= found:
            raise SettingsError(
                f"process {ranks.rank} of {ranks.size} has no GPU: there are {found} here",
                where="execution.devices_per_stage",
                remedy=f"Have no more than {found} processes on this machine share a stage",
            )
        torch.cuda.set_device(number)
    store = (
        None if rendezvous is None else dist.FileStore(str(rendezvous), ranks.size)  # type: ignore[attr-defined]
    )
    with _told():
        dist.init_process_group(
            "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo",
            store=store,
            rank=ranks.rank,
            world_size=ranks.size,
            timeout=_TIMEOUT,
        )
    token = _current.set(ranks)
    try:
        yield
    finally:
        _current.reset(token)
        dist.destroy_process_group()


@contextmanager
def _told() -> Iterator[None]:
    """Say in words that another process is gone."""
    try:
        yield
    except RuntimeError as error:  # connections that break raise this
        said = str(error).partition("\n")[0]
        raise PeerLost(
            f"another of the processes that share this stage is gone ({said})",
            remedy="It says why itself, or was killed; the same command goes on from here",
        ) from error


def _buckets(tensors: Sequence[Tensor]) -> Iterator[list[Tensor]]:
    """Cut tensors into neighbours of one kind that are summed in one call."""
    bucket: list[Tensor] = []
    length = 0
    for tensor in tensors:
        if bucket and (length + tensor.numel() > _BUCKET or tensor.dtype != bucket[0].dtype):
            yield bucket
            bucket, length = [], 0
        bucket.append(tensor)
        length += tensor.numel()
    if bucket:
        yield bucket
