"""A guess is right or not made: random tables whose truth is known."""

import os

import numpy as np
import pytest

from crosscal.exceptions import DataError
from crosscal.predictions.external.columns import ColumnOptions
from crosscal.predictions.external.reader import read_external
from tests.predictions.external.odd_tables import odd_table
from tests.predictions.external.random_tables import Table

TABLES = int(os.environ.get("CROSSCAL_FUZZ", "120"))


def rightly_read(tables):
    """Count the tables that are read; each must be read right, or asked about with a remedy."""
    right, wrong = 0, []
    for seed, (table, origin) in enumerate(tables):
        try:
            found = read_external(origin, ColumnOptions())
        except DataError as error:
            assert error.remedy, error
            continue
        if table.agrees(found):
            right += 1
        else:
            wrong.append((seed, table.kind, list(table.columns), found.notes))
    assert not wrong, wrong
    return right


def test_random_tables_are_read_right_or_asked_about(tmp_path):
    tables = (Table(np.random.default_rng(seed)) for seed in range(TABLES))
    # Asking about everything would be no feat.
    assert rightly_read((table, table.write(tmp_path)) for table in tables) > TABLES / 3


def test_odd_tables_are_read_right_or_asked_about():
    tables = (odd_table(np.random.default_rng(seed)) for seed in range(TABLES))
    # Most hold what nobody can know; those that are plain are read.
    assert rightly_read((table, table.frame) for table in tables) > TABLES / 12


def test_a_class_named_like_a_statistic_makes_others_of_that_kind_doubtful(tmp_path):
    rng = np.random.default_rng(0)
    path = tmp_path / "f.csv"
    rows = ["score_sum,score_other,score_max,label"]
    for word in ["sum", "other"] * 30:
        rows.append(",".join([*(f"{x:.3f}" for x in rng.normal(size=3)), word]))
    path.write_text("\n".join(rows) + "\n")
    with pytest.raises(DataError, match="'score_max' could be scores of classes"):
        read_external(path, ColumnOptions())
    found = read_external(path, ColumnOptions(scores="score_sum,score_other"))
    assert found.classes == ("sum", "other")
