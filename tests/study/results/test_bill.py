"""A bill adds up what its stages say, and leaves out what nobody measured."""

import json
from typing import ClassVar

import pytest

from crosscal.study.execution.executors import InlineExecutor
from crosscal.study.execution.scheduler import run_plan
from crosscal.study.execution.store import Store
from crosscal.study.results.bill import bill
from tests.study.execution.toy import Listener, toy_plan


class Told(Store):
    """A store whose stages say what the test wants."""

    facts: ClassVar[dict] = {}

    def details(self, kind, key):
        return self.facts.get(key, {})


def test_costs_are_added_up_by_kind(tmp_path):
    stages = toy_plan(tmp_path)[:3]
    store = Told(tmp_path)
    store.facts.update(
        {
            stages[0].key: {"seconds": 1.5, "memory": 10, "hardware": "x", "energy": 3.0},
            stages[1].key: {"seconds": 1.0, "memory": 30, "hardware": "y", "processor_seconds": 4}
            | {"processes": 2},
        }
    )
    made = bill(stages, store, {stages[1].key})
    assert made.run["total"] == made.run["word"]
    assert made.run["total"].seconds == 2.0
    assert made.run["total"].energy is None
    total = made.study["total"]
    assert (total.stages, total.seconds, total.memory, total.energy) == (3, 3.5, 30, 3.0)
    assert (total.processor_seconds, total.device_memory) == (4, None)
    assert total.hardware == ("x", "y")
    assert json.loads(json.dumps(made.to_dict()))["study"]["word"]["seconds"] == 3.5


def test_a_run_measures_its_stages(tmp_path):
    store = Store(tmp_path / "store")
    with InlineExecutor(store) as executor:
        run_plan(toy_plan(tmp_path), store, executor, Listener())
    total = bill(toy_plan(tmp_path), store, ()).study["total"]
    told = [store.details(*stage.node)["seconds"] for stage in toy_plan(tmp_path)]
    assert total.stages == 8
    assert total.seconds == pytest.approx(sum(told), abs=0.01)
    assert total.memory > 1e6
    assert bill(toy_plan(tmp_path), store, ()).run["total"].stages == 0
