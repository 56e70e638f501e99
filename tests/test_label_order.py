from itertools import permutations

import numpy as np
import pytest

from crosscal.label_order import permuted_labels

NLI = ("entailment", "neutral", "contradiction")


def noisy(seed: int, accuracy: float, order: tuple[int, ...], count: int = 300):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, count)
    said = np.where(rng.random(count) < accuracy, truth, rng.integers(0, 3, count))
    place = np.argsort(order)  # label order[j] sits in column j of the scores
    return np.eye(3)[place[said]] + 0.01 * rng.random((count, 3)), truth


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_every_permutation_is_recognised(order):
    scores, truth = noisy(1, 0.6, order)
    expected = None if order == (0, 1, 2) else tuple(NLI[i] for i in order)
    assert permuted_labels(scores, truth, NLI) == expected


def test_chance_and_constant_models_are_not_called_permuted():
    for seed in range(200):
        scores, truth = noisy(seed, 0.0, (0, 1, 2))
        assert permuted_labels(scores, truth, NLI) is None
    truth = np.array([2] * 150 + [0] * 75 + [1] * 75)
    assert permuted_labels(np.tile([1.0, 0, 0], (300, 1)), truth, NLI) is None


def test_two_labels_swapped():
    truth = np.tile([0, 1], 50)
    assert permuted_labels(np.eye(2)[1 - truth], truth, ("a", "b")) == ("b", "a")


def test_shapes_are_checked():
    with pytest.raises(ValueError, match="shape"):
        permuted_labels(np.zeros((3, 2)), np.zeros(2, int), ("a", "b"))
