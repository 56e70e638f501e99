"""Files as other tools write them: each is read right, or asked about."""

import gzip
import io
import json
import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from crosscal.exceptions import DataError, SettingsError
from crosscal.predictions.external.columns import ColumnOptions
from crosscal.predictions.external.concat import concat_predictions
from crosscal.predictions.external.reader import read_external

NAMES = ("contradiction", "entailment", "neutral")
N = 60


@pytest.fixture(scope="module")
def truth():
    rng = np.random.default_rng(7)
    gold = rng.integers(0, 3, N)
    logits = rng.normal(size=(N, 3))
    logits[np.arange(N), gold] += 1.5
    powers = np.exp(logits)
    return powers / powers.sum(axis=1, keepdims=True), gold


def text(tmp_path, content, name):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def wide(truth, names=NAMES, prefix="", sign=",", decimals="."):
    p, gold = truth
    rows = [
        [*(f"{x:.6f}".replace(".", decimals) for x in row), NAMES[g]]
        for row, g in zip(p, gold, strict=True)
    ]
    head = [*(prefix + name for name in names), "label"]
    return "\n".join(sign.join(row) for row in [head, *rows]) + "\n"


def is_truth(found, truth, names=NAMES):
    p, gold = truth
    assert [found.classes[g] for g in found.gold] == [names[g] for g in gold]
    order = [found.classes.index(name) for name in names]
    np.testing.assert_allclose(found.values[:, order], p, atol=2e-6)


def read(origin, **options):
    return read_external(origin, ColumnOptions(**options))


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


# Quotes, delimiters, encodings, compression.

QUOTED = {
    "open": ['"an open quote'] * 3 + ["plain"] * 5,
    "inside": ['say "no"', 'a " b'] * 4,
    "closed too early": ['"a" b', "c"] * 4,
}


@pytest.mark.parametrize("kind", QUOTED)
def test_quotes_that_enclose_nothing_swallow_no_rows(tmp_path, kind):
    rows = [f"0.9\t0.1\t{i % 2}\t{words} {i}" for i, words in enumerate(QUOTED[kind] * 3)]
    path = text(tmp_path, "prob_0\tprob_1\tlabel\ttext\n" + "\n".join(rows) + "\n", "a.tsv")
    assert len(read(path)) == 24


def test_a_cell_of_several_lines_is_one_cell_and_swallowed_rows_are_an_error(tmp_path):
    rows = [f'0.9,0.1,{i % 2},"one, two\nthree"' for i in range(6)]
    head = "prob_0,prob_1,label,text\n"
    found = read(text(tmp_path, head + "\n".join(rows) + "\n", "a.csv"))
    assert len(found) == 6
    assert "6 cells run over several lines" in found.notes
    rows = ['0.9,0.1,0,"open, not closed', *['0.9,0.1,1,"a, b"'] * 4]
    with pytest.raises(DataError, match=r"a\.csv:2|fields"):
        read(text(tmp_path, head + "\n".join(rows) + "\n", "a.csv"))


UNICODE = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"]


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.json", "a"])
@pytest.mark.parametrize("encoding", UNICODE)
def test_encodings_are_recognised_and_said(tmp_path, truth, encoding, name):
    content = wide(truth).replace("neutral", "nötr")
    if "json" in name:
        rows = pd.read_csv(io.StringIO(content)).to_dict("records")
        dumped = [json.dumps(row, ensure_ascii=False) for row in rows]
        content = "\n".join(dumped) if name == "a.jsonl" else f"[{','.join(dumped)}]\n"
    found = read(text(tmp_path, content.encode(encoding), name))
    assert found.classes[-1] == "nötr"
    assert found.values.shape == (N, 3)
    said = any("encoding" in words for words in found.notes)
    assert said == (encoding not in ("utf-8", "utf-8-sig"))


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r", "gb18030", "shift_jis"])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl", "a"])
def test_other_encodings_are_asked_about_and_read_where_they_are_named(
    tmp_path, truth, encoding, name
):
    content = wide(truth, sign="\t" if name == "a.tsv" else ",").replace("neutral", "ничья")
    if name == "a.jsonl":
        rows = pd.read_csv(io.StringIO(content)).to_dict("records")
        content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path = text(tmp_path, content.encode(encoding), name)
    with pytest.raises(DataError, match="not UTF-8: byte .*--encoding") as caught:
        read(path)
    assert caught.value.where.startswith(f"{path}:")
    found = read(path, encoding=encoding)
    is_truth(found, truth, (*NAMES[:2], "ничья"))
    assert any(words.startswith("encoding: ") for words in found.notes)


def test_the_place_of_a_wrong_byte_is_that_of_the_file(tmp_path, truth, monkeypatch):
    monkeypatch.setattr("crosscal.predictions.external.sources.plain_files._BLOCK", 7)
    content = wide(truth).encode() + b"0.2,0.3,0.5,caf\xe9\n"
    with pytest.raises(DataError, match="byte 0xE9 at byte offset") as caught:
        read(text(tmp_path, content, "a.csv"))
    assert caught.value.where.endswith(f":{N + 2}")
    assert f"byte offset {content.index(0xE9)} " in caught.value.what
    with pytest.raises(DataError, match="byte 0xE9 at byte offset"):
        read(text(tmp_path, content[:-1], "a.csv"))  # cut within what may be a letter


def test_a_named_encoding_that_is_not_needed_is_doubted(tmp_path, truth):
    path = text(tmp_path, wide(truth).replace("neutral", "nötr").encode(), "a.csv")
    assert any("would be UTF-8, too" in words for words in read(path, encoding="cp1252").notes)
    with pytest.raises(SettingsError, match="no encoding is called 'cp9999'"):
        read(path, encoding="cp9999")


@pytest.mark.parametrize("name", ["gold.txt", "gold.csv"])
def test_labels_in_another_file_follow_the_same_rule(tmp_path, truth, name):
    p, gold = truth
    names = [*NAMES[:2], "ничья"]
    np.save(tmp_path / "p.npy", p)
    words = "".join(f"{names[g]}\n" for g in gold)
    words = words if name == "gold.txt" else f"label\n{words}"
    for encoding, named in (("utf-16", None), ("utf-16-be", None), ("cp1251", "cp1251")):
        (tmp_path / name).write_bytes(words.encode(encoding))
        found = read(
            tmp_path / "p.npy",
            labels=str(tmp_path / name),
            classes=tuple(names),
            probabilities="scores",
            encoding=named,
        )
        is_truth(found, truth, tuple(names))


@pytest.mark.parametrize(("sign", "name"), [(";", "a.csv"), ("\t", "a.csv"), ("|", "a.txt")])
def test_decimal_commas_and_delimiters(tmp_path, truth, sign, name):
    found = read(text(tmp_path, wide(truth, sign=sign, decimals=","), name))
    is_truth(found, truth)
    assert "decimals are written with commas" in found.notes


def test_compressed_files(tmp_path, truth):
    content = wide(truth).encode()
    is_truth(read(text(tmp_path, gzip.compress(content), "a.csv.gz")), truth)
    zstd = pa.Codec("zstd").compress(content, asbytes=True)
    is_truth(read(text(tmp_path, zstd, "a.csv.zst")), truth)
    with pytest.raises(DataError, match="truncated"):
        read(text(tmp_path, gzip.compress(content)[:200], "a.csv.gz"))


def test_standard_input(truth, monkeypatch):
    class Input:
        buffer = io.BytesIO(wide(truth).encode())

    monkeypatch.setattr("sys.stdin", Input())
    is_truth(read("-"), truth)


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


@pytest.mark.parametrize("name", ["logit", "decision_function"])
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


# Output of transformers.


def pipeline(truth, order):
    p, _ = truth
    return [[{"label": NAMES[i], "score": float(row[i])} for i in order] for row in p]


def test_pipelines(tmp_path, truth):
    _, gold = truth
    scored = pipeline(truth, (2, 0, 1))
    rows = [{"output": s, "gold": NAMES[g]} for s, g in zip(scored, gold, strict=True)]
    is_truth(read(text(tmp_path, lines(rows), "a.jsonl")), truth)
    labels = text(tmp_path, "\n".join(NAMES[g] for g in gold), "gold.txt")
    alone = text(tmp_path, json.dumps(scored), "a.json")
    is_truth(read(alone, labels=str(labels)), truth)
    rows = [
        {"labels": [e["label"] for e in s], "scores": [e["score"] for e in s], "gold": NAMES[g]}
        for s, g in zip(scored, gold, strict=True)
    ]
    is_truth(read(text(tmp_path, lines(rows), "z.jsonl")), truth)
    rows[5]["labels"][0] = "other"
    with pytest.raises(DataError, match=r"different sets of 'labels'"):
        read(text(tmp_path, lines(rows), "z.jsonl"))


def test_pipelines_that_give_the_best_label_only(tmp_path, truth):
    p, gold = truth
    best = p.argmax(axis=1)
    for wrap in (lambda d: d, lambda d: [d]):
        rows = [
            {"output": wrap({"label": NAMES[b], "score": float(row[b])}), "gold": NAMES[g]}
            for row, b, g in zip(p, best, gold, strict=True)
        ]
        found = read(text(tmp_path, lines(rows), "a.jsonl"))
        np.testing.assert_allclose(found.values, p.max(axis=1))
        assert found.gold.tolist() == (best == gold).astype(int).tolist()


def test_first_rows_are_read_of_arrays_in_any_order(tmp_path, truth):
    p, gold = truth
    for order in "CF":
        np.savez(tmp_path / "a.npz", probs=np.array(p, order=order), label=gold)
        np.testing.assert_allclose(read(tmp_path / "a.npz").values, p)


def test_trainer_predictions_of_sentences_and_tokens(tmp_path):
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(6, 5, 3))
    labels = rng.integers(0, 3, (6, 5))
    labels[:, 3:] = -100
    path = tmp_path / "a.npz"
    np.savez(path, predictions=scores, label_ids=labels, metrics=np.array({"a": 1}, dtype=object))
    found = read(path)
    np.testing.assert_array_equal(found.values, scores[:, :3].reshape(-1, 3))
    assert found.gold.tolist() == labels[:, :3].ravel().tolist()
    assert found.cluster.tolist() == np.repeat(np.arange(6), 3).tolist()
    labels[2, 1] = 7
    np.savez(path, predictions=scores, label_ids=labels)
    with pytest.raises(DataError, match="row 2, position 1: label 7"):
        read(path)


# lm-evaluation-harness and lighteval.


def sample(i, likelihoods, target, *, texts=None, old=False, **more):
    texts = texts or [f" choice {j}" for j in range(len(likelihoods))]
    best = int(np.argmax(likelihoods))
    answers = [[x, False] if old else [str(x), "False"] for x in likelihoods]
    arguments = (
        [[f"question {i}", t] for t in texts]
        if old
        else {f"gen_args_{j}": {"arg_0": f"q {i}", "arg_1": t} for j, t in enumerate(texts)}
    )
    return {
        "doc_id": i, "doc": {"label": target}, "target": str(target), "arguments": arguments,
        "resps": [[a] for a in answers], "filtered_resps": answers, "filter": "none",
        "acc": float(best == target), **more,
    }  # fmt: skip


@pytest.mark.parametrize("old", [False, True])
def test_samples_of_the_evaluation_harness(tmp_path, old):
    rng = np.random.default_rng(0)
    scores = -20 + rng.normal(size=(N, 3)).round(3)
    gold = rng.integers(0, 3, N)
    rows = [
        sample(i, s, int(g), old=old) for i, (s, g) in enumerate(zip(scores, gold, strict=True))
    ]
    name = "samples_xnli_sw_2026-08-01T12-00-00.000001.jsonl"
    path = text(tmp_path, lines(rows), name)
    found = read(path)
    np.testing.assert_allclose(found.values, scores)
    assert found.gold.tolist() == gold.tolist()
    assert (found.groups, found.task) == (("sw",), "xnli")
    np.testing.assert_allclose(read(path, per_character=True).values, scores / len("choice 0"))
    rows[3]["acc"] = 1 - rows[3]["acc"]
    with pytest.raises(DataError, match=r":4: target.*names no right one"):
        read(text(tmp_path, lines(rows), name))
    rows[3]["filtered_resps"] = ["Paris"]
    with pytest.raises(DataError, match="'Paris' is text"):
        read(text(tmp_path, lines(rows), name))


def test_samples_of_several_tasks_and_targets_that_are_texts(tmp_path):
    texts = [" yes", " no"]
    two = [sample(i, [-3.0, -5.0 + i], 0, texts=texts) | {"target": "yes"} for i in range(2)]
    three = [sample(i, [-3.0, -5.0, -2.5], 2) for i in range(2)]
    one = read(text(tmp_path, lines(two), "samples_xcopa_qu.jsonl"))
    other = read(text(tmp_path, lines(three), "samples_mmlu_pro.jsonl"))
    assert (one.groups, one.gold.tolist()) == (("qu",), [0, 0])
    assert other.groups == ("mmlu_pro",)
    both = concat_predictions([one, other], ["a", "b"], pooled=True)
    assert both.values.shape == (4, 3)
    assert np.isneginf(both.values[:2, 2]).all()


@pytest.mark.parametrize("as_list", [True, False])
def test_columns_inside_of_records(tmp_path, as_list):
    rng = np.random.default_rng(0)
    scores, gold = rng.normal(size=(N, 4)), rng.integers(0, 4, N).tolist()
    rows = [
        {
            "doc": {"query": "q", "gold_index": [g] if as_list else g, "choices": ["a", "b"]},
            "model_response": {"logprobs": s.tolist(), "text": ["a"]},
            "metric": {"acc": 1.0},
        }
        for s, g in zip(scores, gold, strict=True)
    ]
    path = tmp_path / "details.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    for found in (
        read(path),
        read(path, scores="model_response.logprobs", labels="doc.gold_index"),
    ):
        np.testing.assert_allclose(found.values, scores)
        assert found.gold.tolist() == gold


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
