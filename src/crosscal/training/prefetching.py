"""Work done ahead in a thread of its own, while a GPU computes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def prefetch(make: Callable[[int], T], numbers: Iterable[int], depth: int) -> Generator[T]:
    """Yield ``make(n)`` of each number in turn, made up to `depth` ahead; 0: when asked for."""
    if not depth:
        yield from map(make, numbers)
        return
    pool = ThreadPoolExecutor(1, thread_name_prefix="prefetch")
    waiting: deque[Future[T]] = deque()
    try:
        for number in numbers:
            waiting.append(pool.submit(make, number))
            if len(waiting) > depth:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:  # the consumer may have stopped
        pool.shutdown(cancel_futures=True)
