"""Votes of annotators in anyone's files: counts and labels read alike, each vote a label."""

import numpy as np
import pyarrow as pa
import pyarrow.csv as csv
import pytest

from crosscal.exceptions import DataError, SettingsError
from crosscal.predictions.external.columns import ColumnOptions
from crosscal.predictions.external.concat import NamedFile, join_files
from crosscal.predictions.external.reader import read_external

PROBABILITIES = np.array([[0.2, 0.3, 0.5], [0.9, 0.05, 0.05], [0.1, 0.8, 0.1]])
VOTES = np.array([[1, 1, 3], [5, 0, 0], [0, 2, 2]])
NAMES = ("no", "maybe", "yes")


def table(**more):
    columns = {f"prob_{name}": PROBABILITIES[:, i] for i, name in enumerate(NAMES)}
    return pa.table({**columns, **more})


def counts(order=(2, 0, 1)):
    return {f"votes_{NAMES[i]}": VOTES[:, i] for i in order}


def annotators():
    given = [np.repeat(NAMES, row).tolist() for row in VOTES]
    padded = [[*labels, *[None] * (5 - len(labels))] for labels in given]
    return {f"ann{i}": [row[i] for row in padded] for i in range(5)}


@pytest.mark.parametrize(
    ("columns", "options"),
    [
        (counts(), {"votes": "votes_*"}),
        (counts(), {"votes": "votes_no,votes_maybe,votes_yes"}),
        ({"counts": VOTES.tolist()}, {"votes": "counts"}),
        (annotators(), {"annotators": "ann*"}),
    ],
)
def test_counts_by_name_lists_and_labels_of_annotators_are_the_same_votes(columns, options):
    gold = {"label": ["yes", "no", "maybe"]}
    read = read_external(table(**columns, **gold), ColumnOptions(**options))
    assert read.votes.tolist() == VOTES.tolist()
    assert read.gold.tolist() == [2, 0, 1]
    assert read.cluster is None
    assert any("votes" in note for note in read.notes)


def test_without_labels_every_vote_is_one_and_those_of_a_row_depend():
    lang = {"lang": ["de", "en", "de"]}
    read = read_external(
        table(**counts(), **lang), ColumnOptions(votes="votes_*", group="lang", classes=NAMES)
    )
    assert read.gold.tolist() == [0, 1, 2, 2, 2, 0, 0, 0, 0, 0, 1, 1, 2, 2]
    assert np.bincount(read.cluster).tolist() == VOTES.sum(axis=1).tolist()
    assert [read.groups[g] for g in read.group] == ["de"] * 5 + ["en"] * 5 + ["de"] * 4
    assert read.values.tolist() == np.repeat(PROBABILITIES, VOTES.sum(axis=1), axis=0).tolist()
    # Each row's votes are counted once.
    assert read.votes[read.votes.any(axis=1)].tolist() == VOTES.tolist()


def write(path):
    csv.write_csv(table(**counts()), path)
    return path


def test_rows_of_several_files_stay_apart(tmp_path):
    options = ColumnOptions(votes="votes_*")
    parts = [read_external(write(tmp_path / name), options) for name in ("a.csv", "b.csv")]
    files = [NamedFile(tmp_path / name) for name in ("a.csv", "b.csv")]
    joined = join_files(parts, files, pooled=False)
    assert joined.votes.sum() == 2 * VOTES.sum()
    assert len(np.unique(joined.cluster)) == 6


def test_a_row_without_votes_needs_a_label():
    some = {name: np.where(np.arange(3) == 1, 0, column) for name, column in counts().items()}
    with pytest.raises(DataError, match="row 1"):
        read_external(table(**some), ColumnOptions(votes="votes_*"))
    read = read_external(
        table(**some, label=[2, 0, 1]), ColumnOptions(votes="votes_*", classes=NAMES)
    )
    assert read.votes.sum(axis=1).tolist() == [5, 0, 4]


@pytest.mark.parametrize(
    ("columns", "options", "words"),
    [
        ({"v1": [1, 2, 3], "v2": [1, 1, 1]}, {"votes": "v1,v2"}, "2 counts of votes for 3 classes"),
        ({**counts(), "votes_no": [1, -1, 0]}, {"votes": "votes_*"}, "votes are -1"),
        ({**counts(), "votes_no": [1, 0.5, 0]}, {"votes": "votes_*"}, "votes are 0.5"),
        ({**annotators(), "ann1": ["no", "nein", "no"]}, {"annotators": "ann*"}, "row 1"),
        (
            {"all": ["no,yes,yes", "no", "maybe"]},
            {"annotators": "all"},
            "row 0: unknown label 'no,yes,yes'. Give each annotator a column",
        ),
        (counts(), {"votes": "voices_*"}, "no column 'voices_"),
    ],
)
def test_what_is_no_vote_is_named(columns, options, words):
    gold = {"label": ["yes", "no", "maybe"]}
    with pytest.raises(DataError, match=words.replace("*", r"\*")):
        read_external(table(**columns, **gold), ColumnOptions(**options))


@pytest.mark.parametrize("affix", ["vote_count_{}", "n.votes_{}", "{}", "doc.v {}"])
def test_counts_are_named_after_the_classes_behind_any_prefix(affix):
    turned = {affix.format(NAMES[i]): VOTES[:, i] for i in (2, 0, 1)}
    read = read_external(
        table(**turned, label=["yes", "no", "maybe"]),
        ColumnOptions(votes=affix.format("*"))
        if affix != "{}"
        else ColumnOptions(votes="yes,no,maybe"),
    )
    assert read.votes.tolist() == VOTES.tolist()


def test_counts_that_are_named_otherwise_are_asked_about_unless_listed():
    other = {f"votes_{name}": VOTES[:, i] for i, name in enumerate("cab")}
    gold = {"label": ["yes", "no", "maybe"]}
    with pytest.raises(DataError, match="which is which"):
        read_external(table(**other, **gold), ColumnOptions(votes="votes_*"))
    read = read_external(table(**other, **gold), ColumnOptions(votes="votes_c,votes_a,votes_b"))
    assert read.votes.tolist() == VOTES.tolist()


def test_classes_in_another_order_move_scores_and_votes_alike():
    turned = ("yes", "no", "maybe")
    columns = {"counts": VOTES.tolist(), "label": ["yes", "no", "maybe"]}
    read = read_external(table(**columns), ColumnOptions(votes="counts", classes=turned))
    assert read.votes.tolist() == VOTES[:, [2, 0, 1]].tolist()
    assert read.values.tolist() == PROBABILITIES[:, [2, 0, 1]].tolist()


def test_the_labels_of_all_annotators_are_read_in_one_way():
    scores = {f"p{i}": PROBABILITIES[:, i] for i in range(3)}
    frame = pa.table({**scores, "a": ["0", "1", "0"], "b": ["1", "2", "1"]})
    read = read_external(frame, ColumnOptions(annotators="a,b"))
    assert read.votes[read.votes.any(axis=1)].tolist() == [[1, 1, 0], [0, 1, 1], [1, 1, 0]]
    with pytest.raises(DataError, match="from 0 or from 1"):
        read_external(frame.drop(["a"]), ColumnOptions(annotators="b"))
    with pytest.raises(DataError, match="classes have names"):
        read_external(table(a=["0", "1", "0"]), ColumnOptions(annotators="a"))


def test_no_vote_is_for_a_choice_that_a_row_lacks():
    scores = {"scores": [[1.0, 2.0, -np.inf], [0.0, 1.0, 2.0]], "gold": [0, 1]}
    with pytest.raises(DataError, match="does not have"):
        read_external(pa.table({**scores, "v": [[1, 1, 1], [1, 1, 1]]}), ColumnOptions(votes="v"))


def test_the_highest_of_several_confidences_has_no_votes():
    frame = table(**counts(), right=[1, 0, 1])
    with pytest.raises(DataError, match="confidences"):
        read_external(
            frame,
            ColumnOptions(
                confidence="prob_no,prob_maybe,prob_yes", labels="right", votes="votes_*"
            ),
        )


def test_votes_need_all_scores_and_one_form():
    frame = pa.table({"confidence": [0.5, 0.6], "correct": [0, 1], "v1": [1, 0], "v2": [0, 1]})
    with pytest.raises(DataError, match="confidences"):
        read_external(
            frame, ColumnOptions(confidence="confidence", labels="correct", votes="v1,v2")
        )
    with pytest.raises(SettingsError, match="both"):
        ColumnOptions(votes="a", annotators="b")


def test_listed_columns_that_contradict_their_names_are_asked_about():
    slip = {"v_yes": VOTES[:, 2], "v_no": VOTES[:, 0], "v_mabye": VOTES[:, 1]}
    frame = table(**slip, label=["yes", "no", "maybe"])
    with pytest.raises(DataError, match="which is which"):
        read_external(frame, ColumnOptions(votes="v_yes,v_no,v_mabye"))
    read = read_external(frame, ColumnOptions(votes="v_no,v_mabye,v_yes"))
    assert read.votes.tolist() == VOTES.tolist()


def test_short_lists_of_counts_are_refused():
    frame = table(v=[[1, 1, 3], [5], [0, 2, 2]], label=["yes", "no", "maybe"])
    with pytest.raises(DataError, match="fewer counts"):
        read_external(frame, ColumnOptions(votes="v"))
