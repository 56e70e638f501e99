"""What a stage costs is measured, and what earlier attempts took is counted."""

import json
import sys
import time

import numpy as np
import pytest

from crosscal.study.execution.metering import hardware, metered
from crosscal.study.execution.store import Store


def test_time_and_memory_are_those_of_what_was_done():
    facts = {}
    with metered(facts, before=10.0):
        block = np.ones(30_000_000)  # 240 MB
        deadline = time.process_time() + 0.2
        while time.process_time() < deadline:
            pass
        del block
    assert 10.2 <= facts["seconds"] < 12
    assert facts["processor_seconds"] >= 0.2
    assert facts["hardware"]
    assert "energy" not in facts
    if sys.platform == "linux":
        small = {}
        with metered(small):
            pass
        assert facts["memory"] - small["memory"] > 200_000_000  # the peak counts anew


def test_a_failure_leaves_no_facts():
    facts = {}
    with pytest.raises(ValueError, match="x"), metered(facts):
        raise ValueError("x")
    assert facts == {}


def test_the_hardware_has_a_name():
    pytest.importorskip("torch")
    assert hardware().strip()


def test_interrupted_attempts_are_counted(tmp_path, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    store, node = Store(tmp_path), ("train", "0" * 64)
    assert store.seconds_spent(*node) == 0.0
    write = store.progress_writer(*node)
    clock[0] += 7
    write(1, 9)
    write = store.progress_writer(*node)  # killed, and begun anew
    clock[0] += 5
    write(2, 9)
    assert store.seconds_spent(*node) == 12.0
    store.progress_file(*node).write_text(json.dumps({"done": 1, "total": 9}))
    assert store.seconds_spent(*node) == 0.0
    store.progress_file(*node).write_text("{")
    assert store.seconds_spent(*node) == 0.0
