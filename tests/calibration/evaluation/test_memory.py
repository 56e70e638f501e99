import re

import numpy as np
import pytest

import crosscal
from crosscal.calibration.evaluation.memory import (
    demand_memory,
    kept_numbers,
    needed_memory,
    parse_memory,
)
from crosscal.exceptions import SettingsError


@pytest.mark.parametrize(
    ("text", "size"),
    [("2GB", 2 * 10**9), ("500 mb", 5 * 10**8), ("1.5GiB", 3 * 2**29), ("7", 7), (64, 64)],
)
def test_sizes_of_memory(text, size):
    assert parse_memory(text) == size
    assert parse_memory(None) is None


@pytest.mark.parametrize("text", ["", "0", "-1GB", "two", "2 XB", "2iB", "nan"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(SettingsError, match="no size of memory"):
        parse_memory(text)


def test_what_needs_more_is_refused_with_what_would_do():
    given = {"replicates": 1000, "units": 20_000_000}
    with pytest.raises(SettingsError) as error:
        demand_memory(10**9, 20_000_000, 3, **given)
    words = str(error.value)
    assert "20,000,000 rows of 3 classes" in words
    assert "--memory" in words
    fitting = int(re.search(r"about ([0-9,]+) rows", words)[1].replace(",", ""))
    assert needed_memory(fitting, 3, **given) <= 10**9
    demand_memory(10**9, fitting, 3, **given)


def test_fewer_draws_are_kept_within_less_memory():
    assert kept_numbers(10**9) == 25_000_000
    assert kept_numbers(10**12) == 40_000_000


def test_the_estimate_is_not_below_what_was_measured():
    # Peak memory of 4 and 20 million rows of 3 classes: 0.95 and 3.01 GB.
    for rows, measured in ((4_000_000, 0.95e9), (20_000_000, 3.01e9)):
        need = needed_memory(rows, 3, replicates=1000, units=rows)
        assert measured <= need <= 1.2 * measured


def test_no_number_depends_on_the_bound():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(90, 3))
    table = {f"logit_{i}": values[:, i] for i in range(3)}
    table |= {"label": rng.integers(0, 3, 90), "lang": np.repeat(["a", "b", "c"], 30)}
    given = {"group": "lang", "baseline": "a", "recalibrate": "temperature", "replicates": 100}
    one, other = (crosscal.calibrate(table, **given, memory=m).to_json() for m in (None, "400MB"))
    assert one == other
    with pytest.raises(SettingsError, match="--memory"):
        crosscal.calibrate(table, **given, memory="10MB")
