"""Work on parts of many rows in several threads, whose results come in the order of the parts."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any, TypeVar

T = TypeVar("T")

_MOST_THREADS = 4


def in_threads(work: Callable[..., T], parts: Iterable[tuple[Any, ...]]) -> Iterator[T]:
    """Yield what the work makes of each part, in their order; few are in memory at a time.

    Parts are made one after the other, in the calling thread: random numbers are those that one
    thread would have drawn.
    """
    parts = iter(parts)
    begun = list(islice(parts, 2))
    threads = min(_MOST_THREADS, _processors())
    if threads == 1 or len(begun) < 2:
        begun.reverse()
        while begun:
            yield work(*begun.pop())
        for part in parts:
            yield work(*part)
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[T]] = deque(pool.submit(work, *part) for part in begun)
        del begun
        for part in parts:
            if len(waiting) > threads:
                yield waiting.popleft().result()
            waiting.append(pool.submit(work, *part))
        while waiting:
            yield waiting.popleft().result()


def _processors() -> int:
    """Count the processors that this process may use, at most ``OMP_NUM_THREADS``."""
    bound = os.environ.get("OMP_NUM_THREADS", "")
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(there or 1, int(bound) if bound.isdigit() and int(bound) else _MOST_THREADS)
