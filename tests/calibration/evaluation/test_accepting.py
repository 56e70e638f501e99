"""Thresholds: what is kept above them, how right it is, and which one is needed."""

import numpy as np
import pytest

from crosscal.calibration import evaluate
from crosscal.calibration.estimation.engine import measure_outcomes, measure_samples
from crosscal.calibration.estimation.samples import EvaluationSettings, OutcomeSet, SampleSet
from crosscal.calibration.evaluation.accepting import ConfidentRows
from crosscal.calibration.evaluation.cluster_design import design_groups
from crosscal.calibration.selective.selective import coverage_at_risk
from crosscal.exceptions import SettingsError


def rows(n=400, seed=0, size=4):
    """Confidences about which accuracy rises, in clusters."""
    rng = np.random.default_rng(seed)
    confidence = rng.uniform(0.4, 1.0, n)
    correct = (rng.random(n) < 0.25 + 0.7 * confidence).astype(float)
    return confidence, correct, np.arange(n) // size


def confident(confidence, correct, cluster, replicates=300, seed=0):
    group = np.zeros(len(confidence), dtype=np.intp)
    (design,) = design_groups(group, 1, cluster, replicates=replicates, seed=seed)
    return ConfidentRows("all", confidence, correct, design, 0.95)


def test_what_is_kept_is_counted():
    confidence, correct, cluster = rows()
    for found in confident(confidence, correct, cluster).accepted([0.0, 0.7, 0.95, 1.0]):
        kept = confidence >= found.threshold
        assert found.n == kept.sum()
        assert found.kept == pytest.approx(kept.mean())
        if kept.any():
            assert found.accuracy == pytest.approx(correct[kept].mean())
            assert found.low < found.accuracy < found.high
        else:
            assert (found.accuracy, found.low, found.high) == (None, None, None)
        assert 0 <= found.kept_low <= found.kept <= found.kept_high <= 1


def test_all_rows_have_the_accuracy_and_interval_of_the_group():
    rng = np.random.default_rng(1)
    gold = rng.integers(0, 3, 300)
    scores = rng.normal(size=(300, 3)) + 1.5 * np.eye(3)[gold]
    found = evaluate(scores, gold, thresholds=[0.0], wanted=[0.1], replicates=200)
    (every,), group = found.accepted, found.groups["all"]
    assert every.accuracy == pytest.approx(group.means["accuracy"], abs=1e-12)
    assert (every.low, every.high) == pytest.approx(group.intervals["accuracy"], abs=1e-12)
    (needed,) = found.needed
    assert needed.kept == 1.0


def test_outcomes_alone_are_measured_as_the_engine_measures_rows():
    _, correct, cluster = rows()
    group = np.zeros(len(correct), dtype=np.intp)
    (design,) = design_groups(group, 1, cluster, replicates=200, seed=3)
    settings = EvaluationSettings(given="probabilities", notion=1, pair=True, errors=())
    values = np.full((len(correct), 2), 0.5)
    sample = SampleSet(values=values, gold=correct.astype(int), unit=design.unit)
    (whole,) = measure_samples([sample], design.resampling, settings)
    (alone,) = measure_outcomes([OutcomeSet(outcome=correct, unit=design.unit)], design.resampling)
    np.testing.assert_array_equal(alone.draws_low, whole["accuracy"].draws_low)


def test_the_needed_threshold_is_the_least_that_reaches():
    confidence, correct, cluster = rows(2000)
    made = confident(confidence, correct, cluster)
    for wanted in (0.78, 0.82, 0.86):
        (found,) = made.needed([wanted])
        assert found.kept == pytest.approx(coverage_at_risk(confidence, correct, 1 - wanted))
        kept = confidence >= found.threshold
        assert correct[kept].mean() >= wanted - 1e-12
        assert found.low <= found.threshold
        assert found.high is None or found.threshold <= found.high
    low, high = made.needed([0.5, 0.999])
    assert low.kept == 1.0
    assert (high.threshold, high.high, high.kept) == (None, None, None)


def test_intervals_hold_the_true_threshold():
    # Above t the accuracy is 0.25 + 0.7 (1 + t) / 2.
    wanted = 0.85
    truth = 2 * (wanted - 0.25) / 0.7 - 1
    below = above = 0
    for seed in range(120):
        (found,) = confident(*rows(1200, seed=seed), replicates=150, seed=seed).needed([wanted])
        below += truth < (1.0 if found.low is None else found.low)
        above += truth > (1.0 if found.high is None else found.high)
    # 2.5 % of each are promised: 3 of 120.
    assert below <= 9
    assert above <= 9


def test_a_single_cluster_has_no_interval():
    confidence, correct, _ = rows(40)
    made = confident(confidence, correct, np.zeros(40, dtype=int))
    (found,) = made.accepted([0.5])
    assert found.accuracy is not None
    assert (found.low, found.kept_low) == (None, None)
    (needed,) = made.needed([0.6])
    assert (needed.low, needed.high) == (None, None)


@pytest.mark.parametrize("option", ["thresholds", "wanted"])
def test_shares_out_of_range_are_refused(option):
    with pytest.raises(SettingsError, match="shares from 0 to 1"):
        evaluate([[0.0, 1.0]] * 9, [1] * 9, **{option: [95]})
