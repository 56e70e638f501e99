"""Calibration errors against references, closed forms, edges and invariances."""

from __future__ import annotations

import calibration as reference
import numpy as np
import pytest
from calibration.utils import (
    bin as reference_bin,
)
from calibration.utils import (
    get_equal_bins,
    get_equal_prob_bins,
    unbiased_l2_ce,
    unbiased_square_ce,
)
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.calibration import calibration_curve

from crosscal.calibration import (
    Bins,
    bin_table,
    ece,
    ece_debiased,
    make_bins,
    signed_gap,
    square_ce_debiased,
    top_label,
)
from crosscal.exceptions import DataError, SettingsError

PAIRS = st.integers(1, 60).flatmap(
    lambda n: st.tuples(
        arrays(
            float,
            n,
            elements=st.one_of(
                st.floats(0, 1), st.sampled_from([0.0, 1.0, 0.5, 0.2, 1 / 3, 2 / 3, 14 / 15])
            ),
        ),
        arrays(bool, n),
    )
)
RULES = st.fixed_dictionaries(
    {
        "bins": st.integers(1, 20),
        "edges": st.sampled_from(["right", "left"]),
        "scheme": st.sampled_from(["width", "mass"]),
    }
)


def random_scores(n=5010, k=3, seed=0):
    rng = np.random.default_rng(seed)
    gold = rng.integers(0, k, n)
    scores = rng.normal(size=(n, k)) * 2
    scores[np.arange(n), gold] += 1.5
    return scores, gold


def probabilities(scores):
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("k", [2, 3, 7])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("n", [5010, 97])
def test_uncertainty_calibration(n, k, seed):
    scores, gold = random_scores(n, k, seed)
    confidence, correct = top_label(scores, gold)
    probs = probabilities(scores)
    assert ece(confidence, correct) == pytest.approx(reference.get_ece(probs, gold), abs=1e-9)
    assert ece(confidence, correct, scheme="mass") == pytest.approx(
        reference.get_ece_em(probs, gold), abs=1e-9
    )


@pytest.mark.parametrize("scheme", ["width", "mass"])
def test_uncertainty_calibration_debiased_square(scheme):
    confidence, correct = top_label(*random_scores())
    data = list(zip(confidence, correct.astype(float), strict=True))
    make = get_equal_prob_bins if scheme == "width" else get_equal_bins
    binned = reference_bin(data, make(confidence, num_bins=15))
    ours = square_ce_debiased(confidence, correct, scheme=scheme)
    assert ours == pytest.approx(unbiased_square_ce(binned), abs=1e-9)
    assert max(ours, 0) ** 0.5 == pytest.approx(unbiased_l2_ce(binned), abs=1e-9)


def test_uncertainty_calibration_cannot_debias_the_first_power():
    # Its own debiased ECE raises whenever a bin is empty, as low ones are with three classes.
    scores, gold = random_scores()
    with pytest.raises(ValueError, match="at least 2 points"):
        reference.get_ece(probabilities(scores), gold, debias=True)


def test_edges_against_uncertainty_calibration():
    # Confidences on edges, 0 and 1 among them; positive-class form, so that all are reached.
    confidence = np.array([0, 1 / 15, 2 / 15, 0.2, 0.5, 14 / 15, 1.0, 1.0, 0.0])
    correct = np.array([1, 0, 1, 0, 1, 0, 0, 1, 0])
    assert ece(confidence, correct) == pytest.approx(
        reference.get_ece(confidence, correct), abs=1e-12
    )


def test_sklearn_calibration_curve():
    confidence, correct = top_label(*random_scores())
    table = bin_table(confidence, correct, make_bins(confidence))
    filled = table.n > 0
    accuracy, mean = calibration_curve(correct, confidence, n_bins=15)
    np.testing.assert_allclose(table.correct[filled] / table.n[filled], accuracy, atol=1e-9)
    np.testing.assert_allclose(table.mean_confidence[filled], mean, atol=1e-9)


@pytest.mark.parametrize("edges", ["right", "left"])
def test_zero_and_one_stay_inside(edges):
    bins = make_bins([0.5], bins=10, edges=edges)
    assert bins.index(np.array([0.0, 1.0])).tolist() == [0, 9]
    # The phantom bin of other packages would make this 0.525.
    assert ece([0.95, 1.0], [1, 0], bins=10, edges=edges) == pytest.approx(0.475)


def test_sides_of_an_edge():
    for i in range(1, 15):
        assert make_bins([0.5]).index(np.array([i / 15])) == i - 1
        assert make_bins([0.5], edges="left").index(np.array([i / 15])) == i


@pytest.mark.parametrize(
    ("confidence", "correct", "expected"),
    [([0.7], [1], 0.3), ([1.0], [0], 1.0), ([0.0], [0], 0.0), ([0.5, 0.5], [0, 1], 0.0)],
)
def test_closed_forms(confidence, correct, expected):
    for scheme in ("width", "mass"):
        assert ece(confidence, correct, scheme=scheme) == pytest.approx(expected, abs=1e-15)


def test_saturated_confidence():
    # float32 softmax reaches exactly 1 at a margin of about 17.
    confidence, correct = np.ones(100), np.arange(100) < 90
    for edges in ("right", "left"):
        for scheme in ("width", "mass"):
            assert ece(confidence, correct, edges=edges, scheme=scheme) == pytest.approx(0.1)
    assert signed_gap(confidence, correct) == pytest.approx(0.1)


def test_mass_bins_never_split_ties():
    confidence = np.repeat([0.4, 0.6, 0.9], [50, 3, 47])
    index = make_bins(confidence, bins=10, scheme="mass").index(confidence)
    assert all(len(set(index[confidence == c])) == 1 for c in (0.4, 0.6, 0.9))


@given(PAIRS, RULES)
def test_between_gap_and_one(pair, rules):
    confidence, correct = pair
    value = ece(confidence, correct, **rules)
    assert abs(signed_gap(confidence, correct)) - 1e-12 <= value <= 1 + 1e-12
    debiased = ece_debiased(confidence, correct, **rules)
    assert 0 <= debiased <= value + 1e-12


@given(PAIRS, RULES, st.randoms(use_true_random=False))
def test_order_of_rows_is_irrelevant(pair, rules, random):
    confidence, correct = pair
    order = list(range(len(confidence)))
    random.shuffle(order)
    for error in (ece, ece_debiased, square_ce_debiased):
        assert error(confidence[order], correct[order], **rules) == pytest.approx(
            error(confidence, correct, **rules), abs=1e-9
        )


@given(PAIRS, st.integers(2, 5))
def test_duplicated_rows_change_nothing(pair, times):
    confidence, correct = pair
    many = np.tile(confidence, times), np.tile(correct, times)
    assert ece(*many) == pytest.approx(ece(confidence, correct), abs=1e-12)
    assert signed_gap(*many) == pytest.approx(signed_gap(confidence, correct), abs=1e-12)
    if len(confidence) > 1:
        square = square_ce_debiased(*many, scheme="width")
        assert square >= square_ce_debiased(*pair, scheme="width") - 1e-9


@given(PAIRS)
def test_rows_are_their_own_clusters_by_default(pair):
    names = [f"row {i}" for i in range(len(pair[0]))]
    assert ece_debiased(*pair, clusters=names) == pytest.approx(ece_debiased(*pair), abs=1e-9)


@given(st.permutations(range(4)))
def test_names_of_classes_are_irrelevant(order):
    scores, gold = random_scores(200, 4)
    new = np.argsort(order)
    relabelled = top_label(scores[:, order], new[gold])
    assert ece(*relabelled) == pytest.approx(ece(*top_label(scores, gold)), abs=1e-12)


@given(PAIRS)
def test_tables_add_up(pair):
    confidence, correct = pair
    bins, half = make_bins([0.5]), len(confidence) // 2
    if half == 0:
        return
    both = bin_table(confidence[:half], correct[:half], bins) + bin_table(
        confidence[half:], correct[half:], bins
    )
    whole = bin_table(confidence, correct, bins)
    np.testing.assert_array_equal(both.n, whole.n)
    np.testing.assert_allclose(both.excess, whole.excess, atol=1e-12)


def test_tables_of_other_bins_do_not_add():
    with pytest.raises(SettingsError, match="different bins"):
        bin_table([0.5], [1], make_bins([0.5])) + bin_table([0.5], [1], Bins(upper=np.ones(1)))


@pytest.mark.parametrize("shape", [lambda c: c, lambda c: c - 0.15, lambda c: 0.4 + 0.3 * c])
def test_debiasing_helps(shape):
    rng = np.random.default_rng(1)
    grid = rng.beta(4, 1.5, 400_000)
    bins = make_bins([0.5])
    index = bins.index(grid)
    truth = np.abs(np.bincount(index, weights=grid - shape(grid), minlength=15)).sum() / grid.size
    plain, debiased = [], []
    for _ in range(100):
        confidence = rng.beta(4, 1.5, 600)
        correct = rng.random(600) < shape(confidence)
        plain.append(ece(confidence, correct))
        debiased.append(ece_debiased(confidence, correct))
    assert abs(np.mean(debiased) - truth) < 0.5 * abs(np.mean(plain) - truth) + 0.002


@pytest.mark.parametrize(
    ("confidence", "correct", "message"),
    [
        ([], [], "shape"),
        ([[0.5]], [1], "shape"),
        ([0.5, 0.5], [1], "correct has shape"),
        ([0.5, np.nan], [1, 0], "confidence, row 1: NaN"),
        ([0.5, 1.01], [1, 0], "confidence, row 1: confidence is 1.01"),
        ([-0.1], [1], "row 0: confidence is -0.1"),
        ([0.5], [2], "correct is 2"),
    ],
)
def test_bad_arrays(confidence, correct, message):
    for error in (ece, signed_gap, ece_debiased, square_ce_debiased):
        with pytest.raises(DataError, match=message):
            error(confidence, correct)


@pytest.mark.parametrize(
    "rules", [{"bins": 0}, {"edges": "middle"}, {"scheme": "volume"}], ids=lambda r: next(iter(r))
)
def test_bad_rules(rules):
    with pytest.raises(SettingsError):
        ece([0.5], [1], **rules)
