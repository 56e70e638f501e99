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
    [
        ("2GB", 2 * 10**9),
        ("500 mb", 5 * 10**8),
        ("1.5GiB", 3 * 2**29),
        ("7", 7),
        (64, 64),
    ],
)
def test_sizes_of_memory(text, size):
    assert parse_memory(text) == size
    assert parse_memory(None) is None
    assert parse_memory("9" * 400) > 10**399  # beyond what a float holds


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
    # Peaks of `crosscal calibrate`, as far as they were measured.
    for rows, classes, replicates, recalibrated, measured in (
        (4_000_000, 3, 1000, False, 0.95e9),
        (20_000_000, 3, 1000, False, 3.01e9),
        (300_000, 40, 100, False, 0.925e9),
        (300_000, 40, 100, True, 1.171e9),
        (20_000, 1000, 1000, False, 1.51e9),
    ):
        need = needed_memory(
            rows, classes, replicates=replicates, units=rows, recalibrated=recalibrated
        )
        assert measured <= need <= 1.34 * measured, (rows, classes, need)


def test_no_number_depends_on_the_bound(monkeypatch):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(90, 3))
    table = {f"logit_{i}": values[:, i] for i in range(3)}
    table |= {"label": rng.integers(0, 3, 90), "lang": np.repeat(["a", "b", "c"], 30)}
    given = {"group": "lang", "baseline": "a", "recalibrate": "temperature", "replicates": 100}
    one = crosscal.calibrate(table, **given).to_json()
    # So few that the draws of one group push out those of another.
    monkeypatch.setattr(crosscal.api, "kept_numbers", lambda memory: 3500)
    assert crosscal.calibrate(table, **given, memory="400MB").to_json() == one
    with pytest.raises(SettingsError, match="--memory"):
        crosscal.calibrate(table, **given, memory="10MB")


def test_several_files_share_the_bound(tmp_path):
    rng = np.random.default_rng(0)
    names = []
    for name in ("a", "b", "c"):
        names.append(tmp_path / f"{name}.npz")
        np.savez(
            names[-1], logits=rng.normal(size=(200_000, 3)), labels=rng.integers(0, 3, 200_000)
        )
    with pytest.raises(SettingsError, match="c.npz"):
        crosscal.calibrate(names, memory=13_000_000)
