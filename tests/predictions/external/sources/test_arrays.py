"""Arrays in memory: those with an index have to agree on it."""

import pandas as pd
import pytest

from crosscal.exceptions import DataError
from tests.predictions.external.truth_tables import read


@pytest.mark.parametrize("index", [None, [f"q{i}" for i in range(60)]])
def test_series_whose_indexes_are_in_another_order_are_refused(truth, index):
    p, gold = truth
    probs, label = pd.DataFrame(p, index=index), pd.Series(gold, index=index)
    right = gold.tolist()
    mixed = label.sample(frac=1, random_state=0)
    for scores in (probs, probs[0]):
        with pytest.raises(DataError, match=r"'probs' and 'label' have the same index.*another"):
            read({"probs": scores, "label": mixed})
    assert read({"probs": probs, "label": mixed.loc[probs.index]}).gold.tolist() == right
    assert read({"probs": probs, "label": label}).gold.tolist() == right
    # Of a split the index is left, and arrays have none.
    part = label.set_axis(range(100, 160))
    assert read({"probs": probs, "label": part}).gold.tolist() == right
    assert read({"probs": p, "label": part}).gold.tolist() == right
