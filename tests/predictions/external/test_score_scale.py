"""Values that are neither probabilities nor logits are asked about, whatever they are called."""

import numpy as np
import pytest
from scipy.special import logit

from crosscal.exceptions import DataError
from tests.predictions.external.truth_tables import read

OTHER = {
    "per cent": (lambda p: 100 * p, "sum to 100.*Divide them by 100"),
    "whole per cent": (lambda p: np.round(100 * p), "sum to 100.*Divide"),
    "per mille": (lambda p: 1000 * p, "sum to 1000.*Divide them by 1000"),
    "votes": (lambda p: np.diff(np.round(20 * p.cumsum(1)), prepend=0), "votes.*by 20"),
    "log10": (np.log10, "logarithms to base 10.*by 2.302585"),
    "log2": (np.log2, "logarithms to base 2.*by 0.693147"),
    "surprisal": (lambda p: -np.log(p), "negative logarithms.*by -1.000000"),
    "bits": (lambda p: -np.log2(p), "negative logarithms to base 2"),
    "log-odds": (logit, "log-odds"),
}


@pytest.mark.parametrize("name", ["scores", "logits"])
@pytest.mark.parametrize("unit", OTHER)
def test_other_units_are_no_logits_unless_the_user_says_so(truth, unit, name):
    p, gold = truth
    change, message = OTHER[unit]
    columns = {name: change(p), "label": gold}
    with pytest.raises(DataError, match=message):
        read(columns)
    found = read(columns, scores=name)
    np.testing.assert_allclose(found.values, change(p))
    assert any("logits (named, though" in words for words in found.notes)


def test_log_odds_of_two_classes_are_opposites():
    x = np.random.default_rng(0).normal(size=30)
    columns = {"logit_0": -x, "logit_1": x, "label": (x > 0.3).astype(int)}
    with pytest.raises(DataError, match="each other's opposite.*--scores"):
        read(columns)
    assert read(columns, scores="logit_1").values[:, 0].tolist() == [0.0] * 30


def test_logits_and_logarithms_of_probabilities_are_read(truth):
    p, gold = truth
    for values in (np.log(p), np.log(p) + 3, 40 * np.log(p), np.abs(5 * np.log(p))[:, ::-1] + p):
        assert read({"logits": values, "label": gold}).value_kind == "scores"
