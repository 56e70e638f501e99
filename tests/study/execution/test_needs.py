"""What has to run when some artifacts are whole, some are gone and some have facts alone."""

import random
from dataclasses import replace

import pytest

from crosscal.study.execution.executors import InlineExecutor
from crosscal.study.execution.needs import needed_stages, readers, unread
from crosscal.study.execution.scheduler import run_plan
from crosscal.study.execution.store import Store
from tests.study.execution.toy import GRAPH, TEXTS, Listener, WordStage, toy_plan


class LargeStage(WordStage):
    """Its text may be discarded; the file beside it stays."""

    large = ("text",)


@pytest.fixture
def plan(tmp_path):
    """The toy plan, of which a, c and d make something large."""
    return [
        LargeStage(**{f: getattr(s, f) for f in ("title", "inputs", "word", "trouble")})
        if s.word in "acd"
        else s
        for s in toy_plan(tmp_path)
    ]


def run(plan, tmp_path, **options):
    store, heard = Store(tmp_path / "store"), Listener()
    with InlineExecutor(store) as executor:
        run_plan(plan, store, executor, heard, **options)
    return store, heard.ended


def states(plan, store):
    return {
        s.word: "whole" if store.has(*s.node) else "facts" if store.discarded(*s.node) else "gone"
        for s in plan
    }


def test_what_every_stage_has_read_is_discarded(plan, tmp_path):
    store, ran = run(plan, tmp_path, checkpoints="discard")
    assert sorted(ran) == sorted(GRAPH)
    assert states(plan, store) == {**dict.fromkeys(GRAPH, "whole"), **dict.fromkeys("acd", "facts")}
    final = next(s for s in plan if s.word == "g")
    assert (store.open(*final.node) / "text").read_text() == TEXTS["g"]
    for stage in plan:
        assert store.details(*stage.node)["words"] == len(GRAPH[stage.word])
        if stage.word in "acd":
            kept = {p.name for p in store.facts_folder(*stage.node).iterdir()}
            assert kept == {"begun", "manifest.json"}


def test_what_was_discarded_does_not_run_again_unless_it_is_read(plan, tmp_path):
    run(plan, tmp_path, checkpoints="discard")
    store, ran = run(plan, tmp_path)
    assert ran == []
    renewed = [replace(s, word="e2", title="e2") if s.word == "e" else s for s in plan]
    node = next(s for s in renewed if s.word == "e2").node
    last = next(s for s in plan if s.word == "g")
    renewed[renewed.index(last)] = replace(last, inputs={**last.inputs, "e": node})
    assert [s.word for s in needed_stages(renewed, store)] == ["a", "c", "d", "e2", "g"]
    store, ran = run(renewed, tmp_path, checkpoints="discard")
    assert sorted(ran) == ["a", "c", "d", "e2", "g"]
    assert states(plan, store)["c"] == "facts"


def test_what_has_to_run_is_what_a_search_finds(plan, tmp_path):
    """Against the definition, tried on every stage, over random states of the store."""
    whole, _ = run(plan, tmp_path)
    kept = {s.word: whole.folder(*s.node) for s in plan}
    generator = random.Random(3)
    for number in range(40):
        state = {word: generator.choice(["whole", "facts", "gone"]) for word in GRAPH}
        store = Store(tmp_path / f"store{number}")
        store.root.mkdir()
        for stage in plan:
            folder = store.folder(*stage.node)
            if state[stage.word] != "gone":
                folder.symlink_to(kept[stage.word])
            if state[stage.word] == "facts":
                folder.rename(store.facts_folder(*stage.node))
        needed = {word for word in GRAPH if state[word] == "gone"}
        while True:
            read = {s for word in needed for s in GRAPH[word] if state[s] != "whole"}
            if read <= needed:
                break
            needed |= read
        assert {s.word for s in needed_stages(plan, store)} == needed


def test_a_stage_that_is_still_to_be_read_stays(plan):
    missing = {s.node for s in plan if s.word in "eg"}
    assert [s.word for s in unread(plan, missing)] == ["a"]  # c and d are read by e
    reading = readers(plan)
    assert {s.word: {r.word for r in reading.get(s.node, ())} for s in plan if s.word in "ab"} == {
        "a": {"c", "d"},
        "b": {"d", "f"},
    }


def test_a_discarding_that_was_killed_is_done_again(plan, tmp_path, monkeypatch):
    store, _ = run(plan, tmp_path)
    stage = next(s for s in plan if s.word == "c")

    def killed(folder):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("crosscal.study.execution.store.remove_folder", killed)
        with pytest.raises(KeyboardInterrupt):
            store.discard(*stage.node, stage.large)
    assert store.has(*stage.node)
    assert (store.open(*stage.node) / "text").read_text() == TEXTS["c"]
    assert store.discard(*stage.node, stage.large) == len(TEXTS["c"])
    assert store.discarded(*stage.node)
    assert store.discard(*stage.node, stage.large) == 0


def test_what_somebody_works_on_is_not_discarded(plan, tmp_path):
    from crosscal.artifacts import locked

    store, _ = run(plan, tmp_path)
    stage = next(s for s in plan if s.word == "c")
    with locked(store.folder(*stage.node)):
        assert store.discard(*stage.node, stage.large) == 0
    assert store.has(*stage.node)
