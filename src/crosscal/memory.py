"""Memory: kept from step to step; and where it is short, libraries say so in many ways."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from crosscal.exceptions import CrosscalError, NotEnoughMemory

# Parameters of glibc's mallopt: what is free at the end of the heap is given back beyond this many
# bytes; what is larger than so many is mapped by itself.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
# How libraries say that it is short, in errors of other kinds: torch and its kernels, the loader,
# C++, threads.
_SAYINGS = (
    "out of memory",
    "not enough memory",
    "can't allocate memory",
    "cannot allocate memory",
    "could not create a primitive",
    "failed to map segment",
    "std::bad_alloc",
    "can't start new thread",
    "failed to launch worker thread",
)
_ON_DEVICE = ("cuda", "hip", "mps", "xpu")
_LOWER = (
    "training.micro_batch_tokens (the step stays what it is), "
    "or set training.gradient_checkpointing; the same command goes on"
)
_IN_MACHINE = f"end other programs, lower execution.workers or {_LOWER}"


def memory_was_short(error: BaseException) -> bool:
    """Whether an error, or what caused it, means that memory could not be had."""
    if isinstance(error, MemoryError):
        return True
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return True
    # Errors of the system, not those that speak of data.
    if not isinstance(error, CrosscalError | ValueError | LookupError | TypeError):
        text = str(error).lower()
        if any(saying in text for saying in _SAYINGS):
            return True
    return error.__cause__ is not None and memory_was_short(error.__cause__)


@contextmanager
def memory_errors(where: str | None = None) -> Iterator[None]:
    """Say in words that memory was short for what is done inside.

    Raises
    ------
    NotEnoughMemory
        In the place of an error that means it.
    CrosscalError
        What crosscal made of such an error (a file that seems damaged, since that can ask for any
        amount of memory), with both things to do.
    """
    try:
        yield
    except NotEnoughMemory:
        raise
    except CrosscalError as error:
        if not memory_was_short(error) or _IN_MACHINE in (error.remedy or ""):
            raise
        also = f"If it is whole, memory was short: {_IN_MACHINE}"
        remedy = f"{error.remedy}. {also}" if error.remedy else also
        raise type(error)(error.what, where=error.where, remedy=remedy) from error
    except Exception as error:
        if not memory_was_short(error):
            raise
        raise _not_enough(error, where) from error


def _not_enough(error: Exception, where: str | None) -> NotEnoughMemory:
    said = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
    on_device = any(f"{name} out of memory" in said.lower() for name in _ON_DEVICE)
    return NotEnoughMemory(
        f"the {'device' if on_device else 'machine'} has not enough memory ({said})",
        where=where,
        remedy=f"Lower execution.stages_per_gpu or {_LOWER}"
        if on_device
        else _IN_MACHINE[0].upper() + _IN_MACHINE[1:],
    )


@contextmanager
def freed_memory_kept() -> Iterator[None]:
    """Have the C library keep what is freed, so that no step waits for pages to be cleared."""
    # A step on a processor frees and asks for the same gigabytes again.
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    known = hasattr(library, "mallopt") and hasattr(library, "malloc_trim")
    chosen = any(name.startswith("MALLOC_") for name in os.environ)  # by the user
    # Older versions take no more than 32 MiB, and are left alone if they do not take that.
    if (
        library is None
        or not known
        or chosen
        or not any(library.mallopt(_MMAP_THRESHOLD, size) for size in (1 << 30, 1 << 25))
    ):
        yield
        return
    library.mallopt(_TRIM_THRESHOLD, 2**31 - 1)
    try:
        yield
    finally:
        # To the most that they become by themselves: once set, they no longer adapt.
        library.mallopt(_MMAP_THRESHOLD, 1 << 25)
        library.mallopt(_TRIM_THRESHOLD, 1 << 26)
        library.malloc_trim(0)
