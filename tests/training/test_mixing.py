"""Mixing tasks: shares as the formulas say, steps as the shares say, masked text exactly."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

pytest.importorskip("torch")

from crosscal.tasks import EncodedDataset
from crosscal.training.mixing import Mixture, TrainingTask, plan_steps, shares
from crosscal.training.settings import TrainingSettings

SIZES = (4000, 1000, 200)
SETTINGS = TrainingSettings(epochs=1, batch_tokens=40, window_batches=5)


def blank(count, over="labels", seed=0):
    """Return a set of which only the lengths matter."""
    import pyarrow as pa

    lengths = np.random.default_rng(seed).integers(5, 15, count)
    total = int(lengths.sum())
    return EncodedDataset(
        ids=np.zeros(total, dtype=np.int32),
        token_type_ids=np.zeros(total, dtype=np.uint8),
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
        gold=np.zeros(count, dtype=np.int32),
        units=pa.table({}),
        softmax_over=over,
    )


def parts(*sizes, texts=()):
    tasks = [
        TrainingTask(name=f"t{i}", examples=blank(size, seed=i), development=None, outputs=2)
        for i, size in enumerate(sizes)
    ]
    running = [
        TrainingTask(name=f"m{i}", examples=blank(size, "vocabulary"), development=None, outputs=0)
        for i, size in enumerate(texts)
    ]
    return [*tasks, *running]


MIXTURES = [
    (Mixture(), (4000 / 5200, 1000 / 5200, 200 / 5200)),
    (Mixture(sampling="uniform"), (1 / 3, 1 / 3, 1 / 3)),
    (Mixture(sampling="capped", cap=1000), (1000 / 2200, 1000 / 2200, 200 / 2200)),
    (Mixture(sampling="capped"), (4000 / 5200, 1000 / 5200, 200 / 5200)),
    (Mixture(sampling="temperature", temperature=1), (4000 / 5200, 1000 / 5200, 200 / 5200)),
    (
        Mixture(sampling="temperature", temperature=2),
        tuple(n**0.5 / (4000**0.5 + 1000**0.5 + 200**0.5) for n in SIZES),
    ),
    (Mixture(sampling="temperature", temperature=1e9), (1 / 3, 1 / 3, 1 / 3)),
]


@pytest.mark.parametrize(("mixture", "expected"), MIXTURES)
def test_shares(mixture, expected):
    found = shares(SIZES, mixture)
    assert found.tolist() == pytest.approx(expected, rel=1e-6)
    assert found.sum() == pytest.approx(1)


@pytest.mark.parametrize(("mixture", "expected"), MIXTURES)
def test_steps_follow_the_shares(mixture, expected):
    steps = plan_steps(parts(*SIZES), mixture, SETTINGS, 3)
    seen = np.bincount([step.task for step in steps], minlength=3)
    errors = np.sqrt(np.array(expected) * (1 - np.array(expected)) / len(steps))
    assert (np.abs(seen / len(steps) - expected) < 4 * errors).all()
    # As many steps as one after the other, each counted up to the cap.
    capped = [min(n, mixture.cap) if mixture.sampling == "capped" else n for n in SIZES]
    tokens = [int(part.examples.lengths.sum()) for part in parts(*SIZES)]
    each = [max(1, round(total / 40)) for total in tokens]
    total = sum(batches * kept / n for batches, kept, n in zip(each, capped, SIZES, strict=True))
    assert len(steps) == round(total)


def test_parts_go_through_their_examples_in_rounds():
    """Whatever the shares: no example a second time before all others of its part."""
    made = parts(300, 50, 8)
    steps = plan_steps(made, Mixture(sampling="uniform"), SETTINGS, 1)
    for number, part in enumerate(made):
        seen = np.zeros(len(part.examples), dtype=int)
        for step in steps:
            if step.task == number:
                assert part.examples.lengths[step.groups].sum() <= 40
                np.add.at(seen, step.groups, 1)
                assert seen.max() - seen.min() <= 1
        assert seen.max() >= 1


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("tasks", [(400,), (400, 100)])
def test_share_of_masked_text_is_exact(share, tasks):
    without = plan_steps(parts(*tasks), Mixture(), SETTINGS, 5)
    made = parts(*tasks, texts=(80,))
    steps = plan_steps(made, Mixture(mlm=share), SETTINGS, 5)
    text = [step for step in steps if step.task == len(tasks)]
    assert len(steps) == round(len(without) / (1 - share))
    assert len(text) / len(steps) == pytest.approx(share, abs=1 / len(steps))
    # The steps of the tasks are what they are without it, in the same order.
    others = [step for step in steps if step.task < len(tasks)]
    assert [(s.task, s.groups.tolist()) for s in others] == [
        (s.task, s.groups.tolist()) for s in without
    ]
    # The text is everywhere, not in a lump.
    places = np.flatnonzero([step.task == len(tasks) for step in steps])
    halves = np.histogram(places, bins=2, range=(0, len(steps)))[0] / len(places)
    assert abs(halves[0] - 0.5) < 4 * 0.5 / np.sqrt(len(places))


def test_texts_share_equally():
    made = parts(2000, texts=(50, 500))
    steps = plan_steps(made, Mixture(mlm=0.5), SETTINGS, 2)
    counts = np.bincount([step.task for step in steps])
    assert counts[1] + counts[2] == counts[0]
    assert abs(counts[1] - counts[2]) < 4 * np.sqrt(counts[0])


@pytest.mark.parametrize("epochs", [1, 3])
def test_one_task_alone_sees_every_example_so_often(epochs):
    settings = SETTINGS.model_copy(update={"epochs": float(epochs)})
    for sampling in ("proportional", "uniform", "capped", "temperature"):
        steps = plan_steps(parts(123), Mixture(sampling=sampling, cap=5), settings, 1)
        seen = np.bincount(np.concatenate([step.groups for step in steps]))
        assert seen.tolist() == [epochs] * 123


def test_plan_depends_on_the_seed_alone():
    def plan(seed):
        steps = plan_steps(parts(60, 40, texts=(30,)), Mixture(mlm=0.2), SETTINGS, seed)
        return [(step.task, step.groups.tolist()) for step in steps]

    np.random.seed(1)
    first = plan(1)
    np.random.seed(2)
    assert plan(1) == first
    assert plan(2) != first


def test_tasks_of_equal_lengths_are_ordered_apart():
    """Each part has an order of its own, or equal sets would go hand in hand."""
    part = parts(60)[0]
    steps = plan_steps([part, part], Mixture(sampling="uniform"), SETTINGS, 1)
    orders = [[s.groups.tolist() for s in steps if s.task == number][:8] for number in (0, 1)]
    assert orders[0] != orders[1]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mlm", 1.0),
        ("mlm", -0.1),
        ("cap", 0),
        ("temperature", 0),
        ("sampling", "random"),
        ("share", 1),
    ],
)
def test_bounds(name, value):
    with pytest.raises(ValidationError, match=name):
        Mixture(**{name: value})
