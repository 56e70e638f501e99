"""Chosen classes whose confidences, or labels, are of something else."""

import numpy as np
import pytest

from crosscal.exceptions import DataError
from tests.predictions.external.truth_tables import NAMES, read

WORDS = np.array(NAMES)


def drawn(n=300, sharp=3.0):
    """Probabilities that are calibrated, and right classes drawn by them."""
    rng = np.random.default_rng(1)
    logits = sharp * rng.normal(size=(n, 3))
    p = np.exp(logits)
    p /= p.sum(axis=1, keepdims=True)
    return p, np.array([rng.choice(3, p=row) for row in p])


def test_the_probability_of_one_class_of_three_is_no_confidence():
    p, gold = drawn()
    columns = {"predicted": WORDS[p.argmax(axis=1)], "label": WORDS[gold]}
    with pytest.raises(DataError, match="is below 1/3.*only of 'neutral' it never is"):
        read({**columns, "confidence": p[:, 2]})
    found = read({**columns, "confidence": p[:, 2]}, confidence="confidence", predicted="predicted")
    assert "is below 1/3" in found.warnings[0]
    confidence = p.max(axis=1)
    assert read({**columns, "confidence": confidence}).warnings == ()
    confidence[:5] = 0.2
    found = read({**columns, "confidence": confidence})
    assert found.warnings[0].startswith("in 5 of 300 rows 'confidence' is below 1/3")


@pytest.mark.parametrize("paired", [False, True])
def test_labels_of_other_rows_are_no_better_than_chance(paired):
    def table(p, gold):
        if paired:
            chosen = WORDS[p.argmax(axis=1)]
            return {"predicted": chosen, "confidence": p.max(axis=1), "label": WORDS[gold]}
        return {"probs": p, "label": gold}

    p, gold = drawn()
    assert read(table(p, gold)).warnings == ()
    other = read(table(p, np.roll(gold, 1))).warnings
    assert len(other) == 1
    assert "no better than chance" in other[0]
    assert "belong to these rows" in other[0]
    assert len(read(table(p[:40], np.roll(gold[:40], 1))).warnings) == 0
    # Calibrated confidences near one in three say no more than chance, and that they do.
    assert read(table(*drawn(sharp=0.05))).warnings == ()
