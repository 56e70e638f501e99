"""A guess is right or not made: random tables whose truth is known."""

import os

import numpy as np

from crosscal.exceptions import DataError
from crosscal.predictions.external.columns import ColumnOptions
from crosscal.predictions.external.reader import read_external
from tests.predictions.external.odd_tables import odd_table
from tests.predictions.external.random_tables import Table

TABLES = int(os.environ.get("CROSSCAL_FUZZ", "120"))


def test_random_tables_are_read_right_or_asked_about(tmp_path):
    right, wrong = 0, []
    for seed in range(TABLES):
        table = Table(np.random.default_rng(seed))
        path = table.write(tmp_path)
        try:
            found = read_external(path, ColumnOptions())
        except DataError as error:
            assert error.remedy, error
            continue
        if table.agrees(found):
            right += 1
        else:
            wrong.append((seed, table.layout, table.kind, list(table.columns), found.notes))
    assert not wrong, wrong
    # Asking about everything would be no feat.
    assert right > TABLES / 3


def test_odd_tables_are_read_right_or_asked_about():
    right, wrong = 0, []
    for seed in range(TABLES):
        table = odd_table(np.random.default_rng(seed))
        try:
            found = read_external(table.frame, ColumnOptions())
        except DataError as error:
            assert error.remedy, error
            continue
        if table.agrees(found):
            right += 1
        else:
            wrong.append((seed, table.kind, table.notes, list(table.columns), found.notes))
    assert not wrong, wrong
    # Most hold what nobody can know; those that are plain are read.
    assert right > TABLES / 12
