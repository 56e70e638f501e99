"""A column of how many cases each row stands for: read if asked, and never guessed."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crosscal.exceptions import DataError, SettingsError
from crosscal.predictions.external.columns import WEIGHTS, ColumnOptions
from crosscal.predictions.external.concat import NamedFile, join_files
from crosscal.predictions.external.reader import read_external

GIVEN = ColumnOptions(weights="weight")
HEAD = "p0,p1,label,weight"
LINES = ("0.9,0.1,0,2", "0.2,0.8,1,0", "0.4,0.6,0,1.5")


def csv(path, *lines, head=HEAD):
    path.write_text("\n".join([head, *lines]) + "\n")
    return path


def test_weights_are_read_from_any_file(tmp_path):
    text = read_external(csv(tmp_path / "a.csv", *LINES), GIVEN)
    assert text.weights.tolist() == [2.0, 0.0, 1.5]
    assert "weights: 'weight' (named)" in text.notes
    columns = {"p0": [0.9, 0.2], "p1": [0.1, 0.8], "label": [0, 1]}
    table = pa.table({**columns, "weight": pa.array([3, 1], pa.int64())})
    pq.write_table(table, tmp_path / "a.parquet")
    for origin in (table, tmp_path / "a.parquet"):
        assert read_external(origin, GIVEN).weights.tolist() == [3.0, 1.0]
    arrays = {"scores": np.eye(2), "labels": np.arange(2), "weight": np.array([0.5, 4.0])}
    assert read_external(arrays, GIVEN).weights.tolist() == [0.5, 4.0]
    comma = csv(tmp_path / "b.csv", "0,9;0,1;0;2,5", "0,2;0,8;1;1", head=HEAD.replace(",", ";"))
    assert read_external(comma, GIVEN).weights.tolist() == [2.5, 1.0]


@pytest.mark.parametrize("name", [*WEIGHTS, "Sample_Weight"])
def test_no_column_is_taken_for_weights_by_its_name(tmp_path, name):
    file = csv(tmp_path / "a.csv", *LINES, head=HEAD.replace("weight", name))
    read = read_external(file, ColumnOptions())
    assert read.weights is None
    assert read.values.tolist() == [[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]]
    assert f"'{name}' is not used; if rows stand for so many cases, give --weights {name}" in (
        read.notes
    )
    # Of what is given as something else, nothing is said; nor where no labels are wanted.
    other = read_external(file, ColumnOptions(group=name))
    assert not [note for note in (*other.notes,) if "not used" in note]
    plain = read_external(file, ColumnOptions(), labelled=False)
    assert not [note for note in plain.notes if "not used" in note]


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("-1", "a.csv: column 'weight', line 3: the weight is -1.0"),
        ("nan", "line 3: the weight is nan"),
        ("inf", "line 3: the weight is inf"),
        ("", "column 'weight', line 3: value is missing"),
        ("much", "a.csv:3: column 'weight': 'much' is not a number"),
    ],
)
def test_what_is_no_weight_is_named_with_its_line(tmp_path, cell, words):
    file = csv(tmp_path / "a.csv", LINES[0], f"0.2,0.8,1,{cell}", *[LINES[2]] * 1200)
    with pytest.raises(DataError, match=words):
        read_external(file, GIVEN)


def test_lines_are_counted_with_those_that_are_left_out(tmp_path):
    file = csv(tmp_path / "a.csv", "0.9,0.1,-100,-1", LINES[0], "0.2,0.8,1,-2")
    with pytest.raises(DataError, match=r"line 4: the weight is -2\.0"):
        read_external(file, GIVEN)


def test_all_zero_is_refused(tmp_path):
    file = csv(tmp_path / "a.csv", "0.9,0.1,0,0", "0.2,0.8,1,0")
    with pytest.raises(DataError, match=r"column 'weight': all weights are zero\. Name another"):
        read_external(file, GIVEN)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"weights": "wight"}, "no column 'wight'.*Did you mean 'weight'"),
        ({"weights": "word"}, "column 'word': the column does not hold numbers, as 'x'"),
        ({"weights": "label", "labels": "label"}, "column 'label' is to be weights and --labels"),
        ({"weights": "weight", "group": "weight"}, "is to be weights and --group"),
        ({"weights": "p1", "probabilities": "p0,p1"}, "'p1' is to be scores and weights"),
        ({"weights": "weight", "votes": "weight,p1"}, "'weight' is to be votes and weights"),
    ],
)
def test_a_column_is_one_thing(tmp_path, options, words):
    lines = [f"{line},x" for line in LINES]
    file = csv(tmp_path / "a.csv", *lines, head=f"{HEAD},word")
    with pytest.raises(DataError, match=words):
        read_external(file, ColumnOptions(**options))


def test_an_array_is_no_name():
    with pytest.raises(SettingsError, match="list instead of a column's name"):
        ColumnOptions(weights=[1.0, 2.0])


def test_several_files_keep_their_weights(tmp_path):
    files = [csv(tmp_path / name, *LINES) for name in ("a.csv", "b.csv")]
    parts = [read_external(file, GIVEN) for file in files]
    for pooled in (False, True):
        joined = join_files(parts, [NamedFile(file) for file in files], pooled=pooled)
        assert joined.weights.tolist() == [2.0, 0.0, 1.5] * 2


def test_every_vote_of_a_row_has_its_weight(tmp_path):
    file = csv(
        tmp_path / "a.csv", "0.9,0.1,2,1,3", "0.2,0.8,0,2,1", head="p_no,p_yes,v_no,v_yes,weight"
    )
    read = read_external(file, ColumnOptions(votes="v_*", weights="weight"))
    assert read.gold.tolist() == [0, 0, 1, 1, 1]
    assert read.weights.tolist() == [3.0, 3.0, 3.0, 1.0, 1.0]
