"""Clearing a store keeps what studies need, and says what it removes."""

import os
import time

import pytest

from crosscal.artifacts import locked
from crosscal.exceptions import ArtifactError
from crosscal.study.execution.executors import InlineExecutor
from crosscal.study.execution.garbage import find_garbage
from crosscal.study.execution.scheduler import run_plan
from crosscal.study.execution.store import Store
from tests.study.execution.test_needs import LargeStage
from tests.study.execution.toy import GRAPH, Listener, toy_plan


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "store")
    with InlineExecutor(store) as executor:
        run_plan(toy_plan(tmp_path), store, executor, Listener())
    return store


def found(store, plans, *, checkpoints=False, days=0.0):
    return find_garbage(store, plans, checkpoints=checkpoints, days=days)


def test_what_a_study_needs_stays(store, tmp_path):
    plan = toy_plan(tmp_path)
    assert found(store, [plan]) == []
    some = [stage for stage in plan if stage.word in "abc"]
    garbage = found(store, [some])
    assert {each.what for each in garbage} == {"artifact"}
    assert all(each.remove(store) for each in garbage)
    left = {stage.word for stage in plan if store.has(*stage.node)}
    assert left == set("abc")
    assert found(store, [some]) == []
    assert not list(store.root.glob("*.removed"))


def test_two_studies_keep_what_either_needs(store, tmp_path):
    plan = toy_plan(tmp_path)
    both = [[s for s in plan if s.word in "ab"], [s for s in plan if s.word in "bf"]]
    assert len(found(store, both)) == len(GRAPH) - 3


def test_what_was_begun_stays_for_its_study_alone(store, tmp_path):
    plan = toy_plan(tmp_path)
    folder = store.folder(*plan[0].node)
    begun, other = (folder.with_name(n + ".partial") for n in (folder.name, "train-" + "0" * 20))
    for path in (begun, other):
        path.mkdir()
        (path / "state").write_bytes(b"12345")
        path.with_name(path.name.replace(".partial", ".progress")).write_text("{}")
    (store.root / "notes.txt").write_text("mine")
    (store.root / ("train-" + "1" * 20 + ".removed")).mkdir()
    garbage = found(store, [plan])
    assert [(e.path.name[:7], e.what, e.bytes) for e in garbage] == [
        ("train-0", "interrupted", 5),
        ("train-1", "leftover", 0),
    ]
    assert all(each.remove(store) for each in garbage)
    assert [each.what for each in found(store, [plan])] == ["leftover"]  # its progress
    assert begun.is_dir()
    assert (store.root / "notes.txt").exists()


def test_what_is_young_stays(store, tmp_path):
    plan = toy_plan(tmp_path)
    assert found(store, [plan[:1]], days=1.0) == []
    old = time.time() - 3 * 86400
    os.utime(store.folder(*plan[-1].node), (old, old))
    assert [e.path for e in found(store, [plan[:1]], days=2.0)] == [store.folder(*plan[-1].node)]


def test_what_somebody_works_on_stays(store, tmp_path):
    plan = toy_plan(tmp_path)
    (garbage,) = found(store, [plan[:-1]])
    with locked(garbage.path):
        assert not garbage.remove(store)
    assert garbage.path.is_dir()
    assert garbage.remove(store)


def test_checkpoints_that_were_read_go_when_asked_for(tmp_path):
    plan = [
        LargeStage(**{f: getattr(s, f) for f in ("title", "inputs", "word", "trouble")})
        for s in toy_plan(tmp_path)
    ]
    store = Store(tmp_path / "store")
    with InlineExecutor(store) as executor:
        run_plan(plan[:3], store, executor, Listener())  # a, b, c; d and f have to read a and b
    assert found(store, [plan]) == []
    assert found(store, [plan], checkpoints=True) == []  # e has to read c
    (garbage,) = found(store, [[s for s in plan if s.word in "abcd"]], checkpoints=True)
    assert (garbage.what, garbage.stage.word, garbage.bytes) == ("checkpoint", "c", 4)
    assert garbage.remove(store)
    assert store.discarded(*garbage.stage.node)


def test_without_a_store_there_is_nothing_to_clear(tmp_path):
    with pytest.raises(ArtifactError, match="no store"):
        found(Store(tmp_path / "none"), [])
