"""Files as other tools write them: each is read right, or asked about."""

import io
import json
import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from crosscal.exceptions import DataError
from crosscal.predictions.external.columns import ColumnOptions
from crosscal.predictions.external.concat import concat_predictions
from crosscal.predictions.external.reader import read_external
from tests.predictions.external.truth_tables import NAMES, N, is_truth, lines, read, text, wide

# Classes without gold: their columns stay.


@pytest.mark.parametrize("prefix", ["", "prob_", "p(", "proba."])
def test_a_class_that_no_row_has_as_gold_is_a_class(tmp_path, truth, prefix):
    p, gold = truth
    kept = gold != 2
    some = (p[kept], gold[kept])
    content = wide(some, [f"{n})" if prefix == "p(" else n for n in NAMES], prefix)
    found = read(text(tmp_path, content, "a.csv"))
    is_truth(found, some)


def test_logits_of_which_one_may_be_a_class_without_gold_are_asked_about(tmp_path):
    content = "no,yes,seconds,label\n" + "1.5,-2.5,0.31,no\n-1.5,0.25,0.47,yes\n" * 10
    path = text(tmp_path, content, "a.csv")
    with pytest.raises(DataError, match="more than one reading.*'no,yes'.*'no,yes,seconds'"):
        read(path)
    assert read(path, scores="no,yes").values.shape == (20, 2)


# Columns that distract.


@pytest.mark.parametrize(
    "other", [{"input_ids": [0, 7, 2]}, {"p_value": 0.4}, {"prob_max": 0.9}, {"prob_margin": 0.1}]
)
def test_columns_beside_the_classes(tmp_path, truth, other):
    p, gold = truth
    rows = [
        {**other, **{f"prob_{i}": float(x) for i, x in enumerate(row)}, "label": int(g)}
        for row, g in zip(p, gold, strict=True)
    ]
    found = read(text(tmp_path, lines(rows), "a.jsonl"))
    is_truth(found, truth, ("0", "1", "2")) if found.classes == ("0", "1", "2") else None
    assert found.values.shape == (N, 3)


@pytest.mark.parametrize("other", ["margin", "entropy", "max"])
def test_statistics_beside_logits_are_said_to_be_left_out(tmp_path, other):
    row = f"logit_0,logit_1,logit_{other},label\n" + "2.5,-1,3.5,0\n-1,2.25,3.25,1\n" * 5
    found = read(text(tmp_path, row, "a.csv"))
    assert found.values.shape == (10, 2)
    assert any(f"not taken for scores: 'logit_{other}'" in words for words in found.notes)


def test_two_models_in_one_file_are_asked_about_unless_they_agree(tmp_path, truth):
    p, gold = truth
    other = np.roll(p, 1, axis=0)
    rows = [
        {"logits": np.log(a).tolist(), "probs": b.tolist(), "label": int(g)}
        for a, b, g in zip(p, other, gold, strict=True)
    ]
    with pytest.raises(DataError, match="more than one reading.*'logits'.*'probs'"):
        read(text(tmp_path, lines(rows), "a.jsonl"))
    for row, a in zip(rows, p, strict=True):
        row["probs"] = a.tolist()
    assert read(text(tmp_path, lines(rows), "a.jsonl")).values.shape == (N, 3)


def test_one_column_of_labels_or_a_question(tmp_path, truth):
    frame = pd.read_csv(io.StringIO(wide(truth)))
    frame["gold"] = [NAMES.index(name) for name in frame["label"]]
    is_truth(read(frame), truth)  # both say the same
    frame["gold"] = np.roll(frame["gold"], 1)
    with pytest.raises(DataError, match="more than one column could be the labels: label, gold"):
        read(frame)


# Labels.


def test_numbers_as_labels_of_named_classes_need_evidence(tmp_path, truth):
    p, gold = truth
    frame = pd.DataFrame(p, columns=[f"prob_{name}" for name in NAMES])
    frame["label"] = gold
    with pytest.raises(DataError, match=r"that 0 is contradiction.*--classes contradiction,ent"):
        read(frame.iloc[:8])
    is_truth(read(frame.iloc[:8], classes=NAMES), (p[:8], gold[:8]))
    # Named in another order the columns are put in it, not renamed.
    other = read(frame.iloc[:8], classes=("neutral", "entailment", "contradiction"))
    np.testing.assert_allclose(other.values, p[:8, [2, 1, 0]])
    assert other.gold.tolist() == gold[:8].tolist()


@pytest.mark.parametrize("kind", ["LABEL_{}", "label {}", "{}.0"])
def test_numbers_in_other_spellings(truth, kind):
    p, gold = truth
    found = read({"probs": p, "label": np.array([kind.format(g) for g in gold])})
    assert found.gold.tolist() == gold.tolist()


def test_labels_that_count_from_one(truth):
    p, gold = truth
    with pytest.raises(DataError, match="label 3 with 3 classes.*--classes 1,2,3"):
        read({"probs": p, "label": gold + 1})
    found = read({"probs": p, "label": gold + 1}, classes=("1", "2", "3"))
    assert found.gold.tolist() == gold.tolist()
    few = gold < 2
    with pytest.raises(DataError, match="can count from 0 or from 1"):
        read({"probs": p[few], "label": gold[few] + 1})


def test_rows_to_be_ignored_are_left_out_and_counted(tmp_path, truth):
    p, gold = truth
    labels = np.where(np.arange(N) % 4 == 0, -100, gold)
    found = read({"probs": p, "label": labels})
    assert (len(found), found.gold.tolist()) == (45, gold[labels >= 0].tolist())
    assert "15 rows with label -100 left out" in found.notes
    with pytest.raises(DataError, match="all labels are -100"):
        read({"probs": p, "label": np.full(N, -100)})
    # Places are those of the file.
    content = "p0,p1,label\n0.5,0.5,-100\n0.9,0.1,0\n0.5,nan,1\n"
    with pytest.raises(DataError, match="line 4"):
        read(text(tmp_path, content, "a.csv"))


def test_labels_from_another_file(tmp_path, truth):
    p, gold = truth
    np.save(tmp_path / "scores.npy", p)
    np.save(tmp_path / "gold.npy", gold)
    text(tmp_path, "\n".join(map(str, gold)) + "\n", "gold.txt")
    pd.DataFrame({"id": range(N), "label": gold}).to_csv(tmp_path / "gold.csv", index=False)
    for name in ("gold.npy", "gold.txt", "gold.csv", "gold.csv:label"):
        found = read(tmp_path / "scores.npy", labels=str(tmp_path / name))
        assert found.gold.tolist() == gold.tolist()
    text(tmp_path, "0\n1\n", "gold.txt")
    with pytest.raises(DataError, match="2 labels for 60 rows"):
        read(tmp_path / "scores.npy", labels=str(tmp_path / "gold.txt"))
    with pytest.raises(DataError, match="a file with the labels"):
        read(tmp_path / "scores.npy")


# Values.


def test_independent_sigmoids_are_asked_about_and_both_answers_work(tmp_path):
    rng = np.random.default_rng(0)
    values = rng.random((N, 4))
    columns = {"scores": values, "label": values.argmax(axis=1)}
    with pytest.raises(DataError, match="do not sum to one.*--confidence 'scores'.*--scores"):
        read(columns)
    found = read(columns, confidence="scores")
    assert found.value_kind == "confidence"
    np.testing.assert_allclose(found.values, values.max(axis=1))
    assert found.gold.all()
    assert read(columns, scores="scores").value_kind == "scores"
    frame = pd.DataFrame(values, columns=[f"prob_{i}" for i in range(4)])
    frame["label"] = columns["label"]
    with pytest.raises(DataError, match="--confidence 'prob_0,prob_1,prob_2,prob_3'"):
        read(frame)
    assert read(frame, confidence="prob_*").value_kind == "confidence"


def test_a_little_more_than_one_is_one_and_digits_are_shown(truth):
    p, gold = truth
    values = p.copy()
    values[3] = [1 + 1e-6, -1e-6, 0]
    found = read({"probs": values, "label": gold})
    assert found.values[3].tolist() == [1, 0, 0]
    conf = np.full(N, 1 + 1e-7)
    assert read({"confidence": conf, "correct": gold > 0}).values.max() == 1
    values[3] = [1.0000123 + 0.01, 0, -0.0100123]
    with pytest.raises(DataError, match=r"value is 1\.0100123"):
        read({"probs": values, "label": gold})


@pytest.mark.parametrize("name", ["logit", "raw_logit"])
def test_one_logit_is_that_of_class_one(tmp_path, name):
    x = np.array([2.0, -1.0, 0.5, -3.0])
    expected = 1 / (1 + np.exp(-x))
    for column in (x, x[:, None]):
        if column.ndim == 2 and name != "logit":
            continue
        found = read({name: column, "label": np.array([1, 0, 1, 0])})
        powers = np.exp(found.values)
        np.testing.assert_allclose((powers / powers.sum(axis=1, keepdims=True))[:, 1], expected)
    with pytest.raises(DataError, match="not known which name is class 1"):
        read({name: x, "label": np.array(["y", "n", "y", "n"])})
    found = read({name: x, "label": np.array(["y", "n", "y", "n"])}, classes=("n", "y"))
    assert found.gold.tolist() == [1, 0, 1, 0]


@pytest.mark.parametrize("name", ["decision_function", "svm_score"])
def test_a_margin_is_no_logit_unasked(name):
    frame = {name: np.array([2.0, -1.0, 0.5, -3.0]), "label": np.array([1, 0, 1, 0])}
    with pytest.raises(DataError, match=f"no log-odds.*--scores '{name}'"):
        read(frame)
    assert read(frame, scores=name).gold.tolist() == [1, 0, 1, 0]


# Confidence of the chosen label.


def test_confidence_of_what_was_predicted(truth):
    p, gold = truth
    best = p.argmax(axis=1)
    names = np.array(NAMES)
    columns = {"confidence": p.max(axis=1), "predicted": names[best], "label": names[gold]}
    found = read(columns)
    assert found.gold.tolist() == (best == gold).astype(int).tolist()
    assert found.classes is None
    numbers = {**columns, "label": gold}
    with pytest.raises(DataError, match="not labels of one kind"):
        read(numbers)
    assert read(numbers, classes=NAMES).gold.tolist() == found.gold.tolist()
    with pytest.raises(DataError, match="not labels of one kind"):
        read({**columns, "predicted": best, "label": gold + 1})


# Tables in memory and in other files.


def test_tables_in_memory(truth):
    p, gold = truth
    frame = pd.DataFrame({"probs": list(p), "label": [NAMES[g] for g in gold]})
    table = pa.table({"probs": p.tolist(), "label": [NAMES[g] for g in gold]})

    class Capsule:  # as polars has it
        def __arrow_c_stream__(self, schema=None):
            return table.__arrow_c_stream__(schema)

    for origin in (frame, table, Capsule(), {"probs": p, "label": np.array(NAMES)[gold]}):
        is_truth(read(origin, classes=NAMES), truth)
    with pytest.raises(DataError, match="no predictions can be read from int"):
        read(3)


def test_feather_and_arrow_streams(tmp_path, truth):
    p, gold = truth
    table = pa.table({"probs": p.tolist(), "label": gold})
    feather.write_feather(table, str(tmp_path / "a.feather"))
    with pa.ipc.new_stream(tmp_path / "a.arrow", table.schema) as stream:
        stream.write_table(table)
    for name in ("a.feather", "a.arrow"):
        found = read(tmp_path / name)
        np.testing.assert_allclose(found.values, p)
    (tmp_path / "b.feather").write_bytes((tmp_path / "a.feather").read_bytes()[:-30])
    with pytest.raises(DataError, match="truncated"):
        read(tmp_path / "b.feather")


@pytest.mark.parametrize("orient", ["records", "split", "columns", "list"])
def test_documents_of_pandas(tmp_path, truth, orient):
    frame = pd.read_csv(io.StringIO(wide(truth)))
    document = frame.to_dict("list") if orient == "list" else None
    content = json.dumps(document) if document else frame.to_json(orient=orient)
    is_truth(read(text(tmp_path, content, "a.json")), truth)


# Ids and names.


def test_ids_that_repeat_are_said(truth):
    p, gold = truth
    columns = {"probs": p, "label": gold, "id": np.arange(N) // 2}
    (warning,) = read(columns).warnings
    assert "60 rows" in warning
    assert "--cluster id" in warning
    columns["lang"] = np.array(["en", "sw"])[np.arange(N) % 2]
    assert read(columns, group="lang").warnings == ()
    assert read(columns, cluster="id").warnings == ()


def test_names_are_one_however_they_are_written(tmp_path, truth):
    p, gold = truth
    cluster = ["1", "1.0", " 1 ", "01"] * 15
    accent = ["e\u0301", "\u00e9"] * 30
    columns = {"probs": p, "label": gold, "item": np.array(cluster), "g": np.array(accent)}
    found = read(columns, cluster="item", group="g")
    assert found.cluster_names == ("1", "01")
    assert found.groups == ("\u00e9",)
    other = read({**columns, "item": np.full(N, 1.0)}, cluster="item")
    both = concat_predictions([found, other], ["a", "b"], pooled=False)
    assert len(set(both.cluster.tolist())) == 2


def test_files_with_classes_in_another_order_are_put_in_one(tmp_path, truth):
    one = read(text(tmp_path, wide(truth, prefix="prob_"), "a.csv"))
    p, gold = truth
    frame = pd.DataFrame(p[:, ::-1], columns=[f"prob_{n}" for n in NAMES[::-1]])
    frame["label"] = [NAMES[g] for g in gold]
    both = concat_predictions([one, read(frame)], ["a", "b"], pooled=False)
    np.testing.assert_allclose(both.values[:N], both.values[N:], atol=2e-6)
    assert both.gold[:N].tolist() == both.gold[N:].tolist()


def test_predictions_without_labels(tmp_path, truth):
    p, _ = truth
    frame = pd.DataFrame(p, columns=[f"prob_{name}" for name in NAMES])
    found = read_external(frame, ColumnOptions(), labelled=False)
    np.testing.assert_allclose(found.values, p)
    assert (set(found.gold.tolist()), found.classes) == ({-1}, NAMES)
    frame["logit_a"], frame["logit_b"] = p[:, 0], 5 * p[:, 1]
    with pytest.raises(DataError, match="more than one reading"):
        read_external(frame, ColumnOptions(), labelled=False)


def test_a_delimiter_that_is_not_clear_is_asked_about(tmp_path):
    content = "a;p0|b;p1\n" + "1;0.5|2;0.5\n" * 3
    with pytest.raises(DataError, match=r"a\.csv:1: cells could be divided by semicolons or by"):
        read(text(tmp_path, content, "a.csv"))


def test_a_probability_beside_chosen_labels_that_contradict_it_is_asked_about(truth):
    p, gold = truth
    right = gold < 1
    of_one = p[:, :1].sum(axis=1)
    chosen = of_one > 0.5
    frame = {"prob": np.maximum(of_one, 1 - of_one), "pred": chosen * 1, "label": right * 1}
    with pytest.raises(DataError, match="--confidence 'prob' --predicted 'pred'"):
        read(frame)
    found = read(frame, confidence="prob", predicted="pred")
    assert found.gold.tolist() == (chosen == right).tolist()
    # Where the column of choices agrees, it is the probability of class 1.
    found = read(frame | {"prob": of_one})
    np.testing.assert_allclose(found.values[:, 1], of_one)
    assert found.gold.tolist() == right.tolist()
    # Choices that are not the highest scores' speak against the order of the classes.
    many = {"probs": p[:, [1, 2, 0]], "confidence": p.max(axis=1), "pred": p.argmax(axis=1)}
    with pytest.raises(DataError, match="--confidence 'confidence' --predicted 'pred'"):
        read(many | {"label": gold})
    found = read(many | {"probs": p, "label": gold})
    np.testing.assert_allclose(found.values, p)


@pytest.mark.parametrize(
    ("cell", "options"),
    [
        ("{:.1f}%", {}),
        ("{:.1f}%", {"probabilities": "prob_*"}),
        ("1.234,{:02.0f}", {"scores": "prob_*"}),
    ],
)
def test_numbers_with_other_signs_are_shown(tmp_path, truth, cell, options):
    p, gold = truth
    rows = [
        ";".join([*(cell.format(100 * x) for x in row), NAMES[g]])
        for row, g in zip(p, gold, strict=True)
    ]
    content = "\n".join([";".join([*(f"prob_{name}" for name in NAMES), "label"]), *rows])
    first = cell.format(100 * p[0, 0])
    with pytest.raises(DataError, match=re.escape(first)) as raised:
        read(text(tmp_path, content + "\n", "a.csv"), **options)
    assert "prob_contradiction" in str(raised.value)
    assert "Write numbers as" in str(raised.value) or "write numbers as" in str(raised.value)


@pytest.mark.parametrize("sign", [", ", "\t ", " ; "])
def test_space_around_names_of_columns_is_no_part_of_them(tmp_path, truth, sign):
    content = wide(truth, prefix="prob_", sign=sign)
    is_truth(read(text(tmp_path, content, "a.csv")), truth)
    is_truth(read(text(tmp_path, content, "a.csv"), probabilities="prob_*", labels="label"), truth)


def test_files_that_are_not_what_they_are_called(tmp_path, truth):
    content = wide(truth, prefix="prob_")
    with pytest.raises(DataError, match=r"named \.gz, but it does not begin as a compressed file"):
        read(text(tmp_path, content, "a.csv.gz"))
    pq.write_table(pa.table({"prob": truth[0][:, 0], "label": truth[1] == 0}), tmp_path / "b.csv")
    with pytest.raises(DataError, match=r"named \.csv, but it begins as no text does"):
        read(tmp_path / "b.csv")
    with pytest.raises(DataError, match=r"'\.xlsx'\. Save the sheet as CSV"):
        read(text(tmp_path, b"PK\x03\x04", "c.xlsx"))


def test_labels_of_sentences_and_positions_in_a_file_of_their_own(tmp_path):
    rng = np.random.default_rng(3)
    logits, labels = rng.normal(size=(6, 5, 4)), rng.integers(-1, 4, (6, 5))
    labels[labels < 0] = -100
    np.save(tmp_path / "logits.npy", logits)
    np.save(tmp_path / "labels.npy", labels)
    found = read(tmp_path / "logits.npy", labels=str(tmp_path / "labels.npy"))
    keep = labels != -100
    assert found.gold.tolist() == labels[keep].tolist()
    np.testing.assert_allclose(found.values, logits[keep])
    np.save(tmp_path / "labels.npy", labels[:, :4])
    with pytest.raises(DataError, match="labels"):
        read(tmp_path / "logits.npy", labels=str(tmp_path / "labels.npy"))


def test_the_sentence_is_no_rival_of_the_labels():
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(4, 4, 4)), np.random.default_rng(1).integers(4, size=(4, 4))
    assert read({"logits": logits, "labels": labels}).gold.tolist() == labels.ravel().tolist()


def test_tables_without_rows(tmp_path, truth):
    p, gold = truth
    frame = pd.DataFrame(p, columns=[f"prob_{name}" for name in NAMES]).assign(label=gold)[:0]
    frame.to_parquet(tmp_path / "a.parquet")
    for origin in (frame, tmp_path / "a.parquet"):
        with pytest.raises(DataError, match="no rows"):
            read(origin)


def test_tensors_and_masks(truth):
    torch = pytest.importorskip("torch")
    p, gold = truth
    tensor = torch.tensor(np.log(p), requires_grad=True)
    for each, accuracy in ((tensor, 1e-12), (tensor.bfloat16(), 0.1)):
        found = read({"logits": each, "labels": torch.tensor(gold)})
        np.testing.assert_allclose(found.values, np.log(p), atol=accuracy)
    masked = np.ma.masked_array(np.log(p), mask=p > 0.9)
    with pytest.raises(DataError, match="NaN"):
        read({"logits": masked, "labels": gold})
    with pytest.raises(DataError, match="no predictions can be read from Series"):
        read(pd.Series(p[:, 0]))


def test_numbered_labels_of_transformers_are_their_numbers(truth):
    p, gold = truth
    best = p.argmax(axis=1)
    chosen = [f"LABEL_{i}" for i in best]
    found = read({"confidence": p.max(axis=1), "predicted": np.array(chosen), "gold": gold})
    assert found.gold.tolist() == (best == gold).astype(int).tolist()
    with pytest.raises(DataError, match="not labels of one kind"):
        read({"confidence": p.max(axis=1), "predicted": np.array(chosen), "gold": gold + 1})


def test_a_pipelines_best_label_beside_gold_names_the_options(truth):
    p, gold = truth
    best = p.argmax(axis=1)
    columns = {
        "label": np.array(NAMES)[best],
        "score": p.max(axis=1),
        "gold": np.array(NAMES)[gold],
    }
    with pytest.raises(
        DataError, match="perhaps --confidence 'score' --predicted 'label' --labels 'gold'"
    ):
        read(columns)
    found = read(columns, confidence="score", predicted="label", labels="gold")
    assert found.gold.tolist() == (best == gold).astype(int).tolist()
