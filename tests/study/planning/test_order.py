"""The order in which stages should run, and the disk that it needs."""

import pytest

from crosscal.study.planning.estimate import CostEstimate
from crosscal.study.planning.order import DiskUse, disk_use, economical_order
from tests.study.execution.test_needs import LargeStage
from tests.study.execution.toy import WordStage


@pytest.fixture
def plan(tmp_path):
    """Three intermediate trainings, of which each is the start of two others that are scored.

    Those two are trained on data of their own, which nothing but them reads.
    """

    def stage(kind, word, *inputs):
        nodes = {str(number): each.node for number, each in enumerate(inputs)}
        return kind(title=word, word=word, inputs=nodes, trouble=tmp_path)

    data = stage(WordStage, "data")
    starts = [stage(LargeStage, f"start{i}", data) for i in range(3)]
    own = [stage(WordStage, f"data-{t}") for t in "ab"]
    trained = [stage(LargeStage, f"{s.word}-{o.word[-1]}", s, o) for s in starts for o in own]
    scored = [stage(WordStage, f"{t.word}-scored", t) for t in trained]
    return [data, *own, *starts, *trained, *scored]


def costs(plan, seconds=lambda stage: 1.0):
    return {
        s.key: CostEstimate(
            seconds=seconds(s), bytes=100 if s.large else 1, speed="a matrix product"
        )
        for s in plan
    }


def run_through(order):
    """Words in the order in which one worker runs them."""
    done, ran, waiting = set(), [], list(order)
    while waiting:
        stage = next(s for s in waiting if set(s.inputs.values()) <= done)
        waiting.remove(stage)
        done.add(stage.node)
        ran.append(stage.word)
    return ran


def test_what_was_begun_is_finished_before_more_begins(plan):
    ran = run_through(economical_order(plan, costs(plan)))
    for number in range(3):
        mine = [i for i, word in enumerate(ran) if word.startswith(f"start{number}")]
        assert mine == list(range(min(mine), min(mine) + 5))
        a, b = (ran.index(f"start{number}-{t}") for t in "ab")
        assert ran.index(f"start{number}-{'a' if a < b else 'b'}-scored") == min(a, b) + 1


def test_the_cheap_one_of_equals_is_first(plan):
    dear = {"start0": 9.0, "start1": 2.0, "start2": 5.0}
    ran = run_through(economical_order(plan, costs(plan, lambda s: dear.get(s.word, 1.0))))
    assert sorted(dear, key=ran.index) == ["start1", "start2", "start0"]


def test_an_order_without_estimates_is_one_too(plan):
    assert sorted(run_through(economical_order(plan, {}))) == sorted(s.word for s in plan)


def test_discarding_needs_less_disk_and_the_order_matters(plan):
    estimates = costs(plan)
    order = economical_order(plan, estimates)
    everything = 9 * 100 + 9
    assert disk_use(order, estimates, discard=False) == DiskUse(everything, everything)
    # A start and one of its trainings at a time, at last with all small files but one.
    assert disk_use(order, estimates, discard=True) == DiskUse(9, 200 + 8)
    assert disk_use(plan, estimates, discard=True).peak > 600  # all starts, all trainings


def test_what_is_there_needs_no_disk(plan):
    left = [s for s in plan if s.word.startswith("start2")]
    estimates = costs(left)
    assert disk_use(plan, estimates, discard=True).end == 2
