"""Contrasts at equal accuracy, and the split of the square loss."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosscal.calibration import ece, resample_clusters
from crosscal.calibration.comparison.brier_split import brier_split
from crosscal.calibration.comparison.contrasts import Answers
from crosscal.calibration.comparison.matching import accuracy_matched
from crosscal.exceptions import DataError

CLUSTERS = 200


def answers(rng, accuracy, *, sureness=0.1, per_cluster=3, costs=None):
    """Confidence is higher among right answers than among wrong ones, the same everywhere."""
    cluster = np.repeat(np.arange(CLUSTERS), per_cluster)
    correct = (rng.random(len(cluster)) < accuracy).astype(float)
    confidence = np.clip(rng.beta(5, 2, size=len(cluster)) + sureness * correct, 0, 1)
    made = {"square": (confidence - correct) ** 2} if costs is None else costs
    return Answers(confidence=confidence, correct=correct, cluster=cluster, costs=made)


def drawn_clusters(rng, replicates=200):
    return resample_clusters(CLUSTERS, replicates, entropy=(int(rng.integers(1000)),))


def test_matching_is_what_subsamples_show_on_average():
    rng = np.random.default_rng(0)
    baseline, target = answers(rng, 0.85), answers(rng, 0.6)
    found = accuracy_matched(baseline, target, drawn_clusters(rng))
    correct, accuracy = np.asarray(baseline.correct), np.mean(target.correct)
    wrong, right = np.flatnonzero(correct == 0), np.flatnonzero(correct == 1)
    kept = round(len(wrong) * accuracy / (1 - accuracy))
    shown = {"gap": [], "confidence": [], "square": []}
    for _ in range(2000):
        rows = np.concatenate([wrong, rng.choice(right, size=kept, replace=False)])
        confidence = baseline.confidence[rows]
        shown["gap"].append(np.mean(confidence - correct[rows]))
        shown["confidence"].append(confidence.mean())
        shown["square"].append(np.mean((confidence - correct[rows]) ** 2))
    for name, values in shown.items():
        assert found[name].matched == pytest.approx(np.mean(values), abs=2e-3)


def test_equal_answers_have_nothing_to_explain():
    rng = np.random.default_rng(1)
    same = answers(rng, 0.8)
    for contrast in accuracy_matched(same, same, drawn_clusters(rng)).values():
        assert contrast.baseline == pytest.approx(contrast.target, rel=1e-3)
        for part in (contrast.explained, contrast.beyond):
            assert part.value == pytest.approx(0, abs=1e-4)
            assert part.low <= 1e-4
            assert part.high >= -1e-4


def test_errors_more_often_made_alike_are_all_explained():
    rng = np.random.default_rng(2)
    found = accuracy_matched(answers(rng, 0.85), answers(rng, 0.6), drawn_clusters(rng))
    for name in ("ece_debiased", "gap"):
        assert found[name].explained.low > 0
        assert found[name].beyond.low < 0 < found[name].beyond.high


def test_what_accuracy_does_not_explain_is_beyond():
    rng = np.random.default_rng(3)
    surer = answers(rng, 0.6, sureness=0.0)
    surer = Answers(
        confidence=np.sqrt(surer.confidence),
        correct=surer.correct,
        cluster=surer.cluster,
        costs=surer.costs,
    )
    found = accuracy_matched(answers(rng, 0.85), surer, drawn_clusters(rng))
    assert found["ece_debiased"].beyond.low > 0
    assert found["gap"].beyond.low > 0


@settings(max_examples=20)
@given(st.integers(0, 10**6))
def test_parts_add_up(seed):
    rng = np.random.default_rng(seed)
    baseline, target = answers(rng, 0.8), answers(rng, 0.5)
    drawn = drawn_clusters(rng, 50)
    found = accuracy_matched(baseline, target, drawn)
    for name, contrast in found.items():
        total = contrast.explained.value + contrast.beyond.value
        assert total == pytest.approx(contrast.target - contrast.baseline, abs=1e-12), name


def test_every_row_twice_changes_no_mean():
    rng = np.random.default_rng(4)
    baseline, target, drawn = answers(rng, 0.8), answers(rng, 0.5), drawn_clusters(rng)

    def doubled(a):
        return Answers(
            confidence=np.tile(a.confidence, 2),
            correct=np.tile(a.correct, 2),
            cluster=np.tile(a.cluster, 2),
            costs={name: np.tile(cost, 2) for name, cost in a.costs.items()},
        )

    once = accuracy_matched(baseline, target, drawn)
    twice = accuracy_matched(doubled(baseline), doubled(target), drawn)
    for name in ("gap", "confidence", "square"):
        assert twice[name].beyond.value == pytest.approx(once[name].beyond.value)


def test_matched_replicates_are_those_of_copied_rows():
    rng = np.random.default_rng(5)
    baseline, target, drawn = answers(rng, 0.8), answers(rng, 0.5), drawn_clusters(rng, 60)
    found = accuracy_matched(baseline, target, drawn, level=0.9)
    right = np.asarray(baseline.correct) == 1
    factor = drawn.student(CLUSTERS)
    (first, ours), (second, theirs) = (drawn.virtual_row(n) for n in ("baseline", "target"))
    target_right = np.asarray(target.correct) == 1
    draws = []
    for r, row in enumerate(drawn.weights):

        def side(answers, chosen, share, extra, times=row, r=r):
            """Mean confidence of some rows and the virtual one, and their weight."""
            inside, counted = answers.confidence[chosen], times[answers.cluster[chosen]]
            whole = inside.mean()
            total = counted.sum() + extra * share
            mean = (counted @ inside + extra * share * whole) / total
            return whole + factor[r] * (mean - whole), total

        (yes, _), (no, _) = (
            side(baseline, right, ours[r], first[r]),
            side(baseline, ~right, 1 - ours[r], first[r]),
        )
        (good, heavy), (bad, light) = (
            side(target, target_right, theirs[r], second[r]),
            side(target, ~target_right, 1 - theirs[r], second[r]),
        )
        accuracy = heavy / (heavy + light)
        plain = accuracy * good + (1 - accuracy) * bad
        draws.append(np.clip(plain, 0, 1) - np.clip(accuracy * yes + (1 - accuracy) * no, 0, 1))
    expected = np.quantile(draws, [0.05, 0.95])
    part = found["confidence"].beyond
    np.testing.assert_allclose([part.low, part.high], expected, atol=1e-12)


def test_one_wrong_answer_is_enough_and_none_is_refused():
    rng = np.random.default_rng(6)
    target, drawn = answers(rng, 0.5), drawn_clusters(rng)
    correct = np.ones(3 * CLUSTERS)
    sure = {"confidence": np.full(3 * CLUSTERS, 0.9), "cluster": target.cluster}
    costs = {"square": np.zeros(3 * CLUSTERS)}
    with pytest.raises(DataError, match="every answer"):
        accuracy_matched(Answers(correct=correct, costs=costs, **sure), target, drawn)
    correct[7] = 0
    found = accuracy_matched(Answers(correct=correct, costs=costs, **sure), target, drawn)
    assert found["gap"].matched == pytest.approx(0.9 - np.mean(target.correct))
    # The other way round every answer may be right.
    right = Answers(correct=np.ones(3 * CLUSTERS), costs=costs, **sure)
    assert accuracy_matched(target, right, drawn)["gap"].target == pytest.approx(-0.1)


def test_bad_arrays_are_refused():
    rng = np.random.default_rng(7)
    good, drawn = answers(rng, 0.7), drawn_clusters(rng)
    for changed in (
        {"cluster": good.cluster[:-1]},
        {"cluster": good.cluster + 1},
        {"cluster": good.cluster.astype(float)},
        {"confidence": np.asarray(good.confidence) + 1},
        {"correct": np.full(3 * CLUSTERS, 0.5)},
        {"costs": {}},
        {"costs": {"square": np.full(3 * CLUSTERS, np.nan)}},
    ):
        fields = {name: getattr(good, name) for name in ("confidence", "correct", "cluster")}
        bad = Answers(**{**fields, "costs": good.costs, **changed})
        with pytest.raises(DataError):
            accuracy_matched(good, bad, drawn)


def test_split_adds_up_and_knows_calibration_from_refinement():
    rng = np.random.default_rng(8)
    n, cluster = 3 * CLUSTERS, np.repeat(np.arange(CLUSTERS), 3)
    confidence = rng.uniform(0.4, 1, size=n)
    calibrated = (rng.random(n) < confidence).astype(float)
    # The same knowledge, badly said: refinement stays, calibration goes.
    shouted = Answers(confidence=confidence**0.25, correct=calibrated, cluster=cluster)
    baseline = Answers(confidence=confidence, correct=calibrated, cluster=cluster)
    found = brier_split(baseline, shouted, drawn_clusters(rng, 600))
    total = found.calibration.value + found.refinement.value
    assert total == pytest.approx(found.total.value, abs=1e-12)
    change = np.mean((confidence**0.25 - calibrated) ** 2 - (confidence - calibrated) ** 2)
    assert found.total.value == pytest.approx(change)
    assert found.calibration.low > 0
    assert found.calibration.value == pytest.approx(
        np.mean((confidence**0.25 - confidence) ** 2), abs=0.02
    )
    assert found.refinement.low < 0.005
    # Right by chance, and saying so: calibration stays, refinement goes.
    coin = Answers(
        confidence=np.full(n, 0.7), correct=(rng.random(n) < 0.7).astype(float), cluster=cluster
    )
    found = brier_split(baseline, coin, drawn_clusters(rng, 600))
    assert found.calibration.low <= 0 <= found.calibration.high
    assert found.calibration.value == pytest.approx(0, abs=0.01)


def test_ece_of_the_baseline_is_the_plain_debiased_one():
    rng = np.random.default_rng(10)
    same = answers(rng, 0.75)
    found = accuracy_matched(same, same, drawn_clusters(rng))["ece_debiased"]
    assert 0 <= found.baseline <= ece(same.confidence, same.correct)


@pytest.mark.parametrize("compare", [accuracy_matched, brier_split])
def test_replicates_without_any_row_of_a_language_say_nothing(compare):
    rng = np.random.default_rng(4)
    baseline = Answers(
        confidence=rng.uniform(0.4, 1, 40), correct=np.arange(40) % 2, cluster=np.arange(40)
    )
    target = Answers(confidence=[0.7, 0.8], correct=[1, 0], cluster=np.array([0, 1]))
    drawn = resample_clusters(40, 200, entropy=(4,))
    assert (drawn.weights[:, :2].sum(axis=1) == 0).any()
    found = compare(baseline, target, drawn)
    contrast = found["gap"].beyond if isinstance(found, dict) else found.total
    assert np.isfinite([contrast.low, contrast.high]).all()
    assert contrast.high - contrast.low > 0.1  # two rows tell little
