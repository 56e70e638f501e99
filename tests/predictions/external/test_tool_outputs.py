"""What pipelines, trainers and evaluation harnesses write is read right, or asked about."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crosscal.exceptions import DataError
from crosscal.predictions.external.concat import concat_predictions
from tests.predictions.external.truth_tables import NAMES, N, is_truth, lines, read, text

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
