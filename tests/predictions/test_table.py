"""The prediction table: sorting, selecting, and every fault it must name."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from crosscal.exceptions import DataError
from crosscal.predictions import Predictions, Provenance, validate

PROVENANCE = Provenance(
    study="s",
    recipe="direct",
    seed=1,
    task="xnli",
    family="classification",
    encoder="e",
    choices=("a", "b", "c"),
)


def columns(**changes):
    """Six good rows, unsorted, with some columns replaced."""
    given = {
        "unit_ids": ["u2", "u1", "u3", "u1", "u2", "u3"],
        "cluster_ids": ["p1", "p1", "p2", "p1", "p1", "p2"],
        "languages": ["en", "en", "en", "de", "de", "de"],
        "splits": ["test"] * 6,
        "scores": np.arange(18.0).reshape(6, 3),
        "gold": [0, 1, 2, 1, 0, -1],
    }
    return given | changes


def table(**changes):
    """The good table with whole columns replaced or (None) dropped."""
    good = Predictions.from_arrays(PROVENANCE, **columns()).table
    for name, value in changes.items():
        index = good.column_names.index(name)
        good = good.remove_column(index)
        if value is not None:
            good = good.add_column(index, name, value)
    return good


def test_rows_are_sorted_and_selected():
    predictions = Predictions.from_arrays(PROVENANCE, **columns())
    assert predictions.table["language"].to_pylist() == ["de"] * 3 + ["en"] * 3
    assert predictions.languages("test") == ("de", "en")
    assert predictions.languages("dev") == ()
    part = predictions.select(language="en", split="test")
    assert part.unit_ids.tolist() == ["u1", "u2", "u3"]
    assert part.gold.tolist() == [1, 0, 2]
    assert part.scores.dtype == np.float64
    assert part.scores.tolist() == [[3, 4, 5], [0, 1, 2], [6, 7, 8]]
    assert part.cluster_ids.tolist() == ["p1", "p1", "p2"]


def test_code_point_order():
    ids = ["é", "Z", "a", "\U0001f600", "\uffff", "10"]
    predictions = Predictions.from_arrays(
        PROVENANCE, **columns(unit_ids=ids, languages=["en"] * 6, gold=[0] * 6)
    )
    assert predictions.table["unit_id"].to_pylist() == sorted(ids)


def test_extra_columns_are_kept():
    extra = {"answers": [["x"], [], ["y", "z"], ["x"], [], ["w"]], "length": range(6)}
    predictions = Predictions.from_arrays(PROVENANCE, **columns(), extra=extra)
    assert predictions.table["length"].to_pylist() == [3, 4, 5, 1, 0, 2]
    assert predictions.table["answers"].to_pylist()[-1] == ["y", "z"]


def test_units_may_have_their_own_choices():
    provenance = Provenance(**{**vars(PROVENANCE), "choices": None})
    scores = [[1, 2], [1, 2, 3], [0, 0, 0, 1], [1, 2], [3, 4, 5], [1, 1]]
    predictions = Predictions.from_arrays(provenance, **columns(scores=scores, gold=[0] * 6))
    part = predictions.select(language="en", split="test")
    given = part.scores.tolist()
    assert sorted(sum(np.isfinite(row)) for row in given) == sorted(
        len(row)
        for row, language, split in zip(
            scores, columns()["languages"], columns()["splits"], strict=True
        )
        if (language, split) == ("en", "test")
    )
    assert all(row[:2] != [-np.inf, -np.inf] for row in given)


def test_select_names_what_is_there():
    predictions = Predictions.from_arrays(PROVENANCE, **columns())
    with pytest.raises(DataError, match=r"'fr'.*'test'.*\['de', 'en'\]"):
        predictions.select(language="fr", split="test")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scores": np.full((6, 3), np.nan)}, "column 'scores', row 0: score is nan"),
        (
            {"scores": np.where(np.arange(18) == 5, np.inf, 0.0).reshape(6, 3)},
            "row 3: score is inf",
        ),
        ({"scores": np.zeros((6, 2))}, "row 0: 2 scores for 3 choices"),
        ({"gold": [0, 1, 2, 3, 0, 0]}, "column 'gold', row 0: gold is 3 with 3 choices"),
        ({"gold": [0, 1, -2, 0, 0, 0]}, "row 5: gold is -2"),
        ({"unit_ids": ["u1", "u1", "u3"] * 2}, r"row 1: unit is there twice \(test, de, u1\)"),
        ({"unit_ids": ["", "u1", "u3"] * 2}, "column 'unit_id', row 0: text is empty"),
        ({"cluster_ids": ["p"] * 5 + [""]}, "column 'cluster_id', row 2: text is empty"),
        ({"languages": ["en"] * 5 + [None]}, "column 'language', row 5: value is missing"),
        ({"gold": [0] * 5}, "different lengths"),
        ({"gold": ["x"] * 6}, "column 'gold': column cannot be read"),
        ({"scores": [["x"]] * 6}, "column 'scores': column cannot be read"),
        ({"extra": {"gold": [0] * 6}}, "name of a required one"),
        (
            {n: [] for n in ("unit_ids", "cluster_ids", "languages", "splits", "gold", "scores")},
            "no rows",
        ),
    ],
)
def test_from_arrays_faults(changes, message):
    with pytest.raises(DataError, match=message):
        Predictions.from_arrays(PROVENANCE, **columns(**changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"gold": None}, "column 'gold': column is missing"),
        ({"gold": pa.array([0.0] * 6)}, "column 'gold': type is double, not int32"),
        ({"scores": pa.array([[0.0] * 3] * 6)}, "type is list<.*double>"),
        ({"scores": pa.array([[0.0, None, 0.0]] * 6, pa.list_(pa.float32()))}, "score is None"),
        ({"unit_id": pa.array(["u1", "u3", "u2"] * 2)}, "row 2: rows are not sorted"),
        ({"gold": pa.array([0, None, 0, 0, 0, 0], pa.int32())}, "column 'gold', row 1: value"),
    ],
)
def test_table_faults(changes, message):
    with pytest.raises(DataError, match=message):
        Predictions(PROVENANCE, table(**changes))


def test_column_twice():
    good = table()
    twice = good.append_column("gold", good["gold"])
    with pytest.raises(DataError, match="column is there twice"):
        validate(twice, PROVENANCE.choices)


def test_single_choice():
    provenance = Provenance(**{**vars(PROVENANCE), "choices": None})
    with pytest.raises(DataError, match="1 scores, at least 2"):
        Predictions.from_arrays(provenance, **columns(scores=np.zeros((6, 1)), gold=[0] * 6))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"unit_ids": ["u2", "u1", "u3", "u1", "u2", "u4"]}, "en and de differ in split 'test'"),
        ({"cluster_ids": ["p1"] * 6}, None),
        ({"cluster_ids": ["p1"] * 5 + ["p9"]}, "column 'cluster_id'"),
        (
            {"languages": ["en", "en", "en", "de", "de", "en"], "unit_ids": list("abcabd")},
            "4 and 2",
        ),
    ],
)
def test_parallel(changes, message):
    predictions = Predictions.from_arrays(PROVENANCE, **columns(**changes))
    if message is None:
        predictions.check_parallel("test")
        return
    with pytest.raises(DataError, match=message):
        predictions.check_parallel("test")
    predictions.check_parallel("dev")


@pytest.mark.parametrize("choices", [("a",), ("a", "a")])
def test_choices_faults(choices):
    with pytest.raises(DataError, match="two or more different"):
        Provenance(**{**vars(PROVENANCE), "choices": choices})
