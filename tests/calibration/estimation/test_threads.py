"""Threads change neither the order of results, nor what is drawn, nor how much is held."""

import threading
import time

import numpy as np
import pytest

import crosscal
from crosscal.calibration.estimation import threads, views
from crosscal.calibration.estimation.threads import in_threads


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("parts", [0, 1, 2, 3, 50])
def test_results_come_in_the_order_of_the_parts(monkeypatch, count, parts):
    monkeypatch.setattr(threads, "_processors", lambda: count)
    made, held, most = set(), 0, 0

    def numbers():
        nonlocal held, most
        for part in range(parts):
            made.add(threading.current_thread())
            held += 1
            most = max(most, held)
            yield (part,)

    def work(part):
        time.sleep(0.003 if part % 3 == 0 else 0)
        return part**2

    found = []
    for result in in_threads(work, numbers()):
        found.append(result)
        held -= 1
    assert found == [part**2 for part in range(parts)]
    assert made <= {threading.current_thread()}
    assert most <= max(2, count + 2)


def test_an_error_in_a_part_ends_the_work():
    def work(part):
        if part == 5:
            raise KeyError(part)
        return part

    with pytest.raises(KeyError, match="5"):
        list(in_threads(work, ((part,) for part in range(100))))


@pytest.mark.parametrize("classes", [3, 20])
def test_no_number_depends_on_the_threads(monkeypatch, classes):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(600, classes))
    table = {f"logit_{i}": values[:, i] for i in range(classes)}
    table["label"] = rng.integers(0, classes, 600)
    monkeypatch.setattr(views, "_NUMBERS", 10_000)  # many parts
    found = []
    for count in (1, 3):
        monkeypatch.setattr(threads, "_processors", lambda count=count: count)
        found.append(crosscal.calibrate(table, replicates=100).to_json())
    assert found[0] == found[1]
