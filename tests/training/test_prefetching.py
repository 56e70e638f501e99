"""Work ahead: in order, no further than asked, and ended with its consumer."""

from __future__ import annotations

import threading
import time

import pytest

pytest.importorskip("torch")

from crosscal.training.prefetching import prefetch


@pytest.mark.parametrize("depth", [0, 1, 4, 50])
def test_all_in_order(depth):
    assert list(prefetch(lambda n: n * n, range(20), depth)) == [n * n for n in range(20)]
    assert list(prefetch(lambda n: n, range(0), depth)) == []


def test_so_far_ahead_and_no_further():
    made = []
    items = prefetch(lambda n: made.append(n) or n, range(100), 4)
    assert next(items) == 0
    time.sleep(0.2)
    assert made == [0, 1, 2, 3, 4]
    items.close()


def test_an_error_is_raised_where_its_item_was_due():
    items = prefetch(lambda n: 1 // (3 - n), range(10), 2)
    assert [next(items) for _ in range(3)] == [0, 0, 1]
    with pytest.raises(ZeroDivisionError):
        next(items)


def test_no_thread_stays_behind():
    before = threading.active_count()
    items = prefetch(lambda n: n, range(100), 3)
    next(items)
    assert threading.active_count() == before + 1
    items.close()
    assert threading.active_count() == before
