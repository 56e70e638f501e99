"""Distances from human distributions against scipy, all outcomes of few votes, simulation."""

from __future__ import annotations

from itertools import product
from math import factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.special import rel_entr
from scipy.stats import entropy

from crosscal.calibration import nll, nll_rows, softmax
from crosscal.calibration.human.distances import (
    human_distance,
    human_distance_debiased,
    human_distance_debiased_rows,
    human_distance_rows,
    human_nll,
    human_nll_rows,
    human_noise_floor,
    human_noise_floor_rows,
    human_ranking,
    human_ranking_rows,
)
from crosscal.calibration.human.entropies import (
    entropy_calibration,
    entropy_calibration_debiased,
    entropy_calibration_debiased_rows,
    entropy_calibration_rows,
    entropy_noise_floor_rows,
)
from crosscal.calibration.human.votes import (
    vote_entropy_debiased_rows,
    vote_entropy_rows,
    vote_shares,
)
from crosscal.exceptions import DataError, SettingsError

PLAIN = {
    "total-variation": lambda h, p: np.abs(h - p).sum() / 2,
    "squared": lambda h, p: ((h - p) ** 2).sum(),
    "kl": lambda h, p: rel_entr(h, p).sum(),
    "jensen-shannon": lambda h, p: jensenshannon(h, p) ** 2,
}


def drawn(seed, n=40, k=3, m=7):
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(n, k))
    return scores, rng.multinomial(m, softmax(rng.normal(size=(n, k))))


def all_votes(m, shares):
    """Every count of m votes, with its chance."""
    for counts in product(range(m + 1), repeat=len(shares)):
        if sum(counts) == m:
            ways = factorial(m) / np.prod([factorial(v) for v in counts])
            yield np.array([counts]), ways * np.prod(np.asarray(shares) ** counts)


@pytest.mark.parametrize("distance", PLAIN)
def test_distances(distance):
    scores, votes = drawn(0)
    p, h = softmax(scores), votes / votes.sum(axis=1, keepdims=True)
    expected = [PLAIN[distance](one, other) for one, other in zip(h, p, strict=True)]
    rows = human_distance_rows(scores, votes, distance=distance)
    np.testing.assert_allclose(rows, expected, atol=1e-12)
    np.testing.assert_allclose(
        human_distance_rows(p, votes, distance=distance, given="probabilities"), rows, atol=1e-12
    )
    assert human_distance(scores, votes, distance=distance) == pytest.approx(rows.mean())


@pytest.mark.parametrize("distance", PLAIN)
def test_distance_is_zero_at_the_shares_and_blind_to_the_names_of_labels(distance):
    scores, votes = drawn(1)
    same = human_distance_rows(vote_shares(votes), votes, distance=distance, given="probabilities")
    np.testing.assert_allclose(same, 0, atol=1e-12)
    assert (human_distance_rows(scores, votes, distance=distance) >= 0).all()
    order = [2, 0, 1]
    np.testing.assert_allclose(
        human_distance_rows(scores[:, order], votes[:, order], distance=distance),
        human_distance_rows(scores, votes, distance=distance),
        atol=1e-12,
    )


def test_one_annotator_is_a_gold_label():
    scores, votes = drawn(2, m=1)
    gold = votes.argmax(axis=1)
    np.testing.assert_allclose(human_nll_rows(scores, votes), nll_rows(scores, gold), atol=1e-12)
    kl = human_distance(scores, votes, distance="kl")
    assert kl == pytest.approx(nll(scores, gold), abs=1e-12)
    assert human_nll(scores, votes) == pytest.approx(kl)


def test_far_scores_and_absent_choices():
    assert human_distance_rows([[2e3, 0.0]], [[0, 1]], distance="kl").tolist() == [2e3]
    absent = [[0.0, -np.inf, 0.0]]
    assert human_distance_rows(absent, [[1, 0, 1]], distance="kl").tolist() == pytest.approx([0])
    assert human_distance_rows(absent, [[1, 1, 1]], distance="kl").tolist() == [np.inf]
    assert human_distance_rows(absent, [[1, 1, 0]]).tolist() == [0.5]


@pytest.mark.parametrize("distance", PLAIN)
@pytest.mark.parametrize("p", [[0.2, 0.3, 0.5], [0.0, 0.9, 0.1], [1.0, 0.0, 0.0]])
@pytest.mark.parametrize("m", [1, 2, 4])
def test_noise_floor_is_the_mean_over_all_votes(distance, p, m):
    expected = sum(
        chance * PLAIN[distance](votes[0] / m, np.array(p))
        for votes, chance in all_votes(m, p)
        if chance > 0
    )
    floor = human_noise_floor([p], m, distance=distance, given="probabilities")
    assert floor == pytest.approx(expected, abs=1e-12)


def test_noise_floor_of_many_votes():
    """Squared distance: sum p (1 - p) / m; total variation: simulated."""
    p = np.array([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]])
    m = np.array([100, 1000])
    floor = human_noise_floor_rows(p, m, distance="squared", given="probabilities")
    np.testing.assert_allclose(floor, (p * (1 - p)).sum(axis=1) / m, rtol=1e-9)
    votes = np.random.default_rng(0).multinomial(100, p[0], size=4000)
    rows = human_distance_rows(np.tile(p[:1], (4000, 1)), votes, given="probabilities")
    floor = human_noise_floor(p[:1], 100, given="probabilities")
    assert floor == pytest.approx(rows.mean(), abs=4 * rows.std() / np.sqrt(4000))


@pytest.mark.parametrize("q", [[0.2, 0.3, 0.5], [0.0, 0.9, 0.1]])
@pytest.mark.parametrize("m", [2, 3, 5])
def test_squared_distance_debiased_is_unbiased(q, m):
    scores = np.array([[0.3, -0.2, 1.0]])
    truth = ((softmax(scores)[0] - q) ** 2).sum()
    mean = sum(chance * human_distance_debiased(scores, votes) for votes, chance in all_votes(m, q))
    assert mean == pytest.approx(truth, abs=1e-12)


@pytest.mark.parametrize("m", [1, 2, 3, 6])
def test_bias_of_entropy_and_of_kl_is_what_is_said(m):
    q, scores = np.array([0.2, 0.3, 0.5]), np.array([[0.3, -0.2, 1.0]])
    t = np.arange(m, 2000)[:, None]
    bias = -(q * (1 - q) ** t / t).sum()
    found = [
        (chance, vote_entropy_debiased_rows(votes)[0], vote_entropy_rows(votes)[0])
        for votes, chance in all_votes(m, q)
    ]
    mean = sum(chance * value for chance, value, _ in found)
    assert mean - entropy(q) == pytest.approx(bias, abs=1e-10)
    assert abs(sum(chance * value for chance, _, value in found) - entropy(q)) >= abs(bias) - 1e-12
    kl = sum(
        chance * human_distance_debiased(scores, votes, distance="kl")
        for votes, chance in all_votes(m, q)
    )
    truth = rel_entr(q, softmax(scores)[0]).sum()
    assert kl - truth == pytest.approx(-bias, abs=1e-10)
    signed = sum(
        chance * entropy_calibration_debiased(scores, votes) for votes, chance in all_votes(m, q)
    )
    assert signed - (entropy(softmax(scores)[0]) - entropy(q)) == pytest.approx(-bias, abs=1e-10)


def test_entropy_calibration():
    scores, votes = drawn(3)
    human = entropy(votes / votes.sum(axis=1, keepdims=True), axis=1)
    np.testing.assert_allclose(vote_entropy_rows(votes), human, atol=1e-12)
    expected = entropy(softmax(scores), axis=1) - human
    np.testing.assert_allclose(entropy_calibration_rows(scores, votes), expected, atol=1e-12)
    assert entropy_calibration(scores, votes) == pytest.approx(expected.mean())
    # Debiased, people are less sure of themselves, so the model seems more sure.
    assert (entropy_calibration_debiased_rows(scores, votes) <= expected + 1e-12).all()
    assert entropy_calibration([[1.0, 0.0]], [[1, 1]], given="probabilities") == -np.log(2)


def test_ranking():
    votes = [[5, 3, 2], [5, 5, 0], [4, 3, 3], [1, 0, 0], [5, 3, 2]]
    scores = [[3.0, 2, 1], [1.0, 2, 0], [3.0, 1, 2], [2.0, 0, 1], [2.0, 2, 1]]
    assert human_ranking_rows(scores, votes).tolist() == [1, 1, 1, 1, 0]
    assert human_ranking_rows([[1.0, 2.0, 3.0]], [[3, 2, 1]]).tolist() == [0]
    assert human_ranking(scores, votes) == 0.8


@settings(max_examples=30)
@given(st.integers(0, 999))
def test_ranking_is_that_of_two_sorts_where_nothing_ties(seed):
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(20, 4))
    votes = np.array([rng.permutation([0, 2, 3, 7]) for _ in range(20)])
    expected = (np.argsort(scores, axis=1) == np.argsort(votes, axis=1)).all(axis=1)
    assert human_ranking_rows(scores, votes).tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("votes", "message"),
    [
        ([[1, 2]], "votes have shape"),
        ([1, 2, 3], "votes have shape"),
        ([[0, 0, 0]], "votes, row 0"),
        ([[1, -1, 1]], "votes, row 0"),
        ([[0.5, 0.5, 0]], "give how many annotators"),
        ([[1, np.nan, 1]], "votes, row 0"),
    ],
)
@pytest.mark.parametrize(
    "function",
    [
        human_distance,
        human_nll,
        human_ranking,
        entropy_calibration,
        entropy_calibration_debiased,
        human_distance_debiased,
    ],
)
def test_bad_votes(function, votes, message):
    with pytest.raises(DataError, match=message):
        function([[0.0, 1.0, 2.0]], votes)


def test_bad_settings():
    scores, votes = [[0.0, 1.0]], [[1, 1]]
    for function in (human_distance, human_noise_floor, human_distance_debiased):
        with pytest.raises(SettingsError, match="distance"):
            function(scores, votes, distance="cosine")
    with pytest.raises(SettingsError, match="no unbiased form"):
        human_distance_debiased(scores, votes, distance="total-variation")
    with pytest.raises(DataError, match="votes, row 1: one vote"):
        human_distance_debiased_rows([[0.0, 1.0]] * 2, [[1, 1], [1, 0]])
    for annotators in (0, [1, 2], 1.5):
        with pytest.raises(DataError, match="annotators"):
            human_noise_floor(scores, annotators)


def test_ranking_of_many_labels_needs_no_memory_for_their_pairs():
    # 300 rows of 20,000 labels: pairs of labels would take 120 GB.
    scores = np.tile(np.arange(20_000.0), (300, 1))
    votes = np.minimum(np.arange(20_000), 2) * np.ones((300, 1), dtype=int)
    assert human_ranking(scores, votes) == 1.0
    votes[0] = votes[0, ::-1]
    assert human_ranking(scores, votes) == pytest.approx(299 / 300)


def test_ranking_looks_at_all_pairs():
    rng = np.random.default_rng(8)
    for _ in range(200):
        k = int(rng.integers(2, 6))
        scores, votes = rng.integers(0, 3, (1, k)) / 1.0, rng.integers(0, 3, (1, k))
        votes[0, 0] += 1
        pairs = [(i, j) for i in range(k) for j in range(k) if votes[0, i] > votes[0, j]]
        agrees = all(scores[0, i] > scores[0, j] for i, j in pairs)
        assert human_ranking(scores, votes) == float(agrees)


@pytest.mark.parametrize("p", [[0.2, 0.3, 0.5], [0.0, 0.9, 0.1], [1.0, 0.0, 0.0]])
@pytest.mark.parametrize("m", [1, 2, 5])
def test_the_floor_of_the_entropy_is_that_of_all_votes(p, m):
    shown = sum(
        chance * entropy_calibration_debiased([p], votes, given="probabilities")
        for votes, chance in all_votes(m, p)
    )
    floor = entropy_noise_floor_rows([p, p], [m, m], given="probabilities")
    np.testing.assert_allclose(floor, shown, atol=1e-12)
    mixed = entropy_noise_floor_rows([p, p], [m, 9], given="probabilities")
    assert mixed[0] == pytest.approx(floor[0])
