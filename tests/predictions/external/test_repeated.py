"""Several sets of predictions in one table: noted, and asked about where items are the same."""

import numpy as np
import pandas as pd
import pytest

from crosscal.exceptions import DataError
from crosscal.predictions.external.columns import ColumnOptions
from crosscal.predictions.external.reader import read_external
from tests.predictions.external.truth_tables import NAMES, N, read

WORDS = np.array(NAMES)
ITEM = np.tile(np.arange(N), 2)


@pytest.fixture
def frame(truth):
    p, gold = truth
    both = pd.DataFrame(np.vstack([p, p[::-1]]), columns=[f"prob_{name}" for name in NAMES])
    return both.assign(label=WORDS[np.tile(gold, 2)])


def twice(one, two):
    return np.repeat([one, two], N)


@pytest.mark.parametrize(
    ("name", "one", "two"),
    [("model", "a", "b"), ("system", "a", "b"), ("seed", 1, 2), ("checkpoint", 500, 900)],
)
def test_several_runs_without_ids_are_noted(frame, name, one, two):
    frame = frame.assign(**{name: twice(one, two)})
    found = read(frame)
    assert len(found) == 2 * N
    assert found.warnings == (
        f"column '{name}' has 2 values ({one}, {two}), measured together; --group {name} "
        "measures each",
    )
    assert read(frame, group=name).groups == (str(one), str(two))
    assert not read(frame, group=name).warnings


def test_several_runs_of_the_same_ids_are_asked_about(frame):
    frame = frame.assign(model=twice("a", "b"), id=ITEM).sample(frac=1, random_state=0)
    with pytest.raises(DataError, match="several predictions for each 'id', one for each of the 2"):
        read(frame)
    assert not read(frame, group="model", cluster="id").warnings
    together = read(frame, cluster="id").warnings
    assert ["'model' has 2 values" in words for words in together] == [True]
    # Where nothing is measured nothing is asked.
    assert len(read_external(frame, ColumnOptions(), labelled=False)) == 2 * N


def test_parts_and_runs_within_groups(frame):
    found = read(frame.assign(split=twice("dev", "test"), id=ITEM))
    assert "column 'split' has 2 values (dev, test)" in found.warnings[0]
    assert "share their 'id'" in found.warnings[1]
    # A value for each group pools nothing; a language is asked about by its ids.
    assert not read(frame.assign(lang=twice("en", "sw"), seed=twice(1, 2)), group="lang").warnings
    crossed = frame.assign(lang=np.tile(["en", "sw"], N), seed=twice(1, 2))
    assert "column 'seed' has 2 values" in read(crossed, group="lang").warnings[0]
    assert not read(frame.assign(lang=twice("en", "sw"))).warnings


def test_values_of_single_rows_are_no_runs(frame):
    assert not read(frame.assign(step=np.arange(2 * N), model="a")).warnings


def test_several_factors_and_groups_are_looked_at_together(truth):
    p, gold = truth
    each = pd.DataFrame(p, columns=[f"prob_{name}" for name in NAMES])
    each = each.assign(label=WORDS[gold], id=np.arange(N))
    runs = [each.assign(model=model, seed=seed) for model in "ab" for seed in (1, 2)]
    with pytest.raises(DataError, match="of the 4 combinations of 'model' and 'seed'"):
        read(pd.concat(runs))
    # Of parallel items, and of items that each language has for itself.
    for start in (0, N):
        both = [
            each.assign(lang=lang, model=model, id=each.id + shift)
            for lang, shift in (("en", 0), ("sw", start))
            for model in "ab"
        ]
        with pytest.raises(DataError, match="for each 'id', one for each of the 2 values of 'mod"):
            read(pd.concat(both), group="lang")
        assert len(read(pd.concat(both), group="lang", cluster="id")) == 4 * N


def test_prompts_and_steps_are_no_runs(frame):
    for name in ("prompt", "step", "method"):
        assert not read(frame.assign(**{name: np.arange(2 * N) % 30})).warnings
    assert len(read(frame.assign(step=twice(1, 2), id=ITEM))) == 2 * N
