"""Labels of another file belong to the row with the same id."""

import numpy as np
import pandas as pd
import pytest

from crosscal.exceptions import DataError
from tests.predictions.external.truth_tables import NAMES, N, read

NOTE = "whose rows are in another order"


@pytest.fixture
def frames(truth):
    p, gold = truth
    ids = [f"q{i}" for i in range(N)]
    scores = pd.DataFrame(p, columns=[f"prob_{name}" for name in NAMES]).assign(id=ids)
    labels = pd.DataFrame({"id": ids, "label": np.array(NAMES)[gold]})
    return scores, labels


def written(frame, path):
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    elif path.suffix == ".parquet":
        frame.to_parquet(path, index=False)
    else:
        frame.to_json(path, orient="records", lines=True)
    return path


def joined(scores, labels, folder, endings=(".csv", ".csv")):
    gold = written(labels, folder / f"gold{endings[1]}")
    return read(written(scores, folder / f"scores{endings[0]}"), labels=str(gold))


@pytest.mark.parametrize("endings", [(".csv", ".jsonl"), (".jsonl", ".csv"), (".parquet",) * 2])
def test_labels_in_another_order_are_matched_by_id(frames, truth, tmp_path, endings):
    scores, labels = frames
    found = joined(scores, labels.sample(frac=1, random_state=0), tmp_path, endings)
    assert found.gold.tolist() == truth[1].tolist()
    assert "matched by 'id'" in found.warnings[0]
    assert NOTE in found.warnings[0]
    assert not joined(scores, labels, tmp_path, endings).warnings


def test_numbers_are_the_same_ids_however_they_are_stored(frames, truth, tmp_path):
    scores, labels = (frame.assign(id=range(N)) for frame in frames)
    labels = labels.astype({"id": float}).iloc[::-1]
    found = joined(scores, labels, tmp_path, (".parquet", ".csv"))
    assert found.gold.tolist() == truth[1].tolist()


@pytest.mark.parametrize("name", ["example_id", "text"])
def test_ids_of_another_name_and_texts_tell_the_order_too(frames, truth, tmp_path, name):
    scores, labels = frames
    if name == "text":
        scores = scores.rename(columns={"id": name})
    labels = labels.rename(columns={"id": name})
    found = joined(scores, labels.iloc[::-1], tmp_path)
    assert found.gold.tolist() == truth[1].tolist()
    assert NOTE in found.warnings[0]
    other = labels.assign(**{name: [f"x{i}" for i in range(N)]})
    found = joined(scores, other, tmp_path)
    assert found.gold.tolist() == truth[1].tolist()
    assert not found.warnings


def test_an_index_in_both_files_tells_the_order(frames, truth, tmp_path):
    scores, labels = (frame.drop(columns="id") for frame in frames)
    scores.to_csv(tmp_path / "scores.csv")
    labels.iloc[::-1].to_csv(tmp_path / "gold.csv")
    found = read(tmp_path / "scores.csv", labels=str(tmp_path / "gold.csv"))
    assert found.gold.tolist() == truth[1].tolist()
    assert "by 'the index'" in found.warnings[0]


def test_ids_that_differ_are_refused(frames, tmp_path):
    scores, labels = frames
    other = labels.replace({"id": {"q7": "r7"}})
    with pytest.raises(DataError, match=r"gold\.csv: 1 of the 60 values.*the first is 'q7'"):
        joined(scores, other, tmp_path)
    more = pd.concat([labels, labels.head(1).assign(id="q99")])
    with pytest.raises(DataError, match=r"scores\.csv: 1 of the 61 .*'q99'.*Keep those labels"):
        joined(scores, more, tmp_path)
    twice = labels.replace({"id": {"q7": "q3"}})
    with pytest.raises(DataError, match=r"gold\.csv: 'id' holds 'q3' 2 times"):
        joined(scores, twice, tmp_path)


def test_ids_of_each_language_are_matched_within_it(frames, truth, tmp_path):
    lang = np.repeat(["en", "sw"], N // 2)
    ids = np.tile(np.arange(N // 2), 2)
    scores, labels = (frame.assign(id=ids, lang=lang) for frame in frames)
    found = joined(scores, labels.sample(frac=1, random_state=0), tmp_path)
    assert found.gold.tolist() == truth[1].tolist()
    assert "matched by" in found.warnings[0]
    # Without the language the order alone tells, and it has to be the same.
    without = labels.drop(columns="lang")
    assert joined(scores, without, tmp_path).gold.tolist() == truth[1].tolist()
    with pytest.raises(DataError, match="holds '0' 2 times"):
        joined(scores, without.iloc[::-1], tmp_path)


def test_groups_in_another_order_are_refused(frames, tmp_path):
    lang = np.repeat(["en", "sw"], N // 2)
    scores, labels = (frame.drop(columns="id").assign(lang=lang) for frame in frames)
    with pytest.raises(DataError, match="'lang' holds the same values.*another order"):
        joined(scores, labels.iloc[::-1], tmp_path)


def test_ids_that_disagree_are_asked_about(frames, tmp_path):
    scores, labels = frames
    with pytest.raises(DataError, match="by 'id' the labels have another order than by 'index'"):
        joined(scores.assign(index=range(N)), labels.iloc[::-1].assign(index=range(N)), tmp_path)


def test_the_option_for_labels_names_no_index(truth, tmp_path):
    p, gold = truth
    pd.DataFrame(p, columns=["p0", "p1", "p2"]).to_csv(tmp_path / "scores.csv", index=False)
    pd.Series(gold).to_csv(tmp_path / "gold.csv")
    with pytest.raises(DataError, match=r"there is '0'.*--labels \S*gold\.csv:0\b"):
        read(tmp_path / "scores.csv", labels=str(tmp_path / "gold.csv"))
    found = read(tmp_path / "scores.csv", labels=f"{tmp_path / 'gold.csv'}:0")
    assert found.gold.tolist() == gold.tolist()
